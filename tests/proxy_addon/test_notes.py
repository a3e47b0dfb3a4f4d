"""What is told beside batches: which pages, which requests, and nothing of them."""

from collections import Counter
from dataclasses import replace

import pytest

from proxy_addon.forward import Forward
from proxy_addon.notes import OF_LATE, Notes
from proxy_addon.policy import RequestHead
from proxy_addon.route import Observer, Route, Sender
from reauth.claim import Claim, make_token
from reauth.settings import Proxy, Settings
from tests.proxy_addon.harness import KEYS
from tests.proxy_addon.test_route import NOW, SENDER

GONE_TO = {"sec-fetch-dest": "document", "sec-fetch-mode": "navigate", "sec-fetch-site": "none"}
FORM = GONE_TO | {"sec-fetch-site": "same-origin"}
FETCH = {"sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"}
TOKEN = make_token(KEYS, SENDER.audience, bytes(range(8)), NOW)


class Town:
    """Notes, and what waits to be told."""

    def __init__(self, **proxy: object) -> None:
        settings = Settings(proxy=Proxy(**proxy))
        self.now = NOW
        counters: Counter[str] = Counter()
        self.forward = Forward(settings, KEYS, counters, lambda: NOW)
        observer = Observer("1", "sha256-x", b"script")
        route = Route(settings, KEYS, observer, self.forward, counters, lambda: NOW)
        self.notes = Notes(route, self.forward, lambda: self.now)

    @property
    def told(self) -> list[Claim]:
        """All of it."""
        return [waiting.claim for waiting in self.forward._queue]

    def names(self) -> list[str]:
        """Which of the four things."""
        return [claim.token for claim in self.told]

    def served(self, path: str = "/a", sender: Sender = SENDER, **headers: str) -> None:
        """A watched page, as a browser goes to one unless it says otherwise."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        head = RequestHead("GET", path, "a.example", fields or GONE_TO)
        self.notes.served(head, sender, TOKEN)

    def requested(self, method: str, headers: dict[str, str], path: str = "/a") -> None:
        """A request on its way to the origin."""
        self.notes.requested(RequestHead(method, path, "a.example", headers), SENDER)


async def test_a_page_is_told_by_its_id_and_its_site_alone():
    """Whose, where by keyed hash, when; never which one of the site."""
    town = Town()

    town.served("/secret?q=1")

    [claim] = town.told
    assert (claim.token, claim.user, claim.client) == ("page", "ann", "10.0.0.1")
    assert (claim.page, claim.received) == (bytes(range(8)).hex(), NOW)
    assert "secret" not in repr(claim) and "a.example" not in repr(claim)


async def test_a_page_that_is_gone_to_again_is_told_as_such():
    """Its query aside; an hour after it was last, it is another visit."""
    town = Town()
    for path, later in (("/a", 0), ("/a?x=2", 60), ("/b", 0), ("/a", OF_LATE)):
        town.now += later
        town.served(path)

    assert town.names() == ["page", "again", "page", "page"]


async def test_people_at_one_address_are_told_apart():
    """What one has read is new to another."""
    town = Town()
    bob = replace(SENDER, identity=replace(SENDER.identity, user="bob"))
    for sender in (SENDER, bob, bob):
        town.served(sender=sender)

    assert town.names() == ["page", "page", "again"]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_dest": "iframe"},
        {"sec_fetch_dest": "document", "sec_purpose": "prefetch;prerender"},
        {"purpose": "prefetch", "accept": "text/html"},
    ],
    ids=["frame", "prerender", "prefetch"],
)
async def test_what_nobody_goes_to_is_not_told(headers: dict[str, str]):
    """Frames come with their page, and what is fetched ahead may never be shown."""
    town = Town()

    town.served(**headers)

    assert town.told == []


async def test_a_client_without_fetch_metadata_goes_to_pages_too():
    """Scripts and old browsers."""
    town = Town()

    town.served(accept="text/html")

    assert town.names() == ["page"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_script_that_changes_something_is_told_once(method: str):
    """What it asks again and again it does without anybody."""
    town = Town()
    for path in ("/api/1", "/api/1", "/api/2", "/api/1?t=3"):
        town.requested(method, FETCH, path)

    assert town.names() == ["unsafe", "unsafe"]


async def test_a_form_is_told_each_time():
    """It is sent by somebody, also to the same place."""
    town = Town()
    for _ in range(3):
        town.requested("POST", FORM)

    assert town.names() == ["unsafe"] * 3


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", FETCH),
        ("POST", FETCH | {"sec-fetch-mode": "no-cors"}),
        ("POST", FETCH | {"sec-fetch-site": "cross-site"}),
        ("POST", {}),
        ("POST", FORM | {"sec-fetch-dest": "iframe"}),
    ],
    ids=["read", "beacon", "other-site", "application", "frame"],
)
async def test_what_is_no_change_by_a_page_of_the_site_is_not_told(
    method: str, headers: dict[str, str]
):
    """Applications outside browsers post all day."""
    town = Town()

    town.requested(method, headers)

    assert town.told == []


async def test_where_much_waits_notes_are_left_out():
    """Batches have the room; what is not told speaks against nobody."""
    town = Town(forward_queue=8)
    for number in range(20):
        town.served(f"/{number}")

    assert len(town.told) == 4


async def test_memory_of_pages_is_bounded(monkeypatch: pytest.MonkeyPatch):
    """What was seen longest ago is forgotten first."""
    monkeypatch.setattr("proxy_addon.notes.MEMORY", 2)
    town = Town()
    for path in ("/1", "/2", "/3", "/1", "/3"):
        town.served(path)

    assert town.names() == ["page"] * 4 + ["again"]


async def test_pages_without_the_observer_are_told_if_somebody_goes_to_them():
    """By their site alone; frames and what is fetched ahead are nobody's page."""
    town = Town()
    ahead = GONE_TO | {"sec-purpose": "prefetch"}
    for headers in (GONE_TO, ahead, {"sec-fetch-dest": "iframe"}):
        town.notes.unwatched(RequestHead("GET", "/secret", "a.example", headers), SENDER)

    [claim] = town.told
    assert ("unwatched", "", None) == (claim.token, claim.page, claim.host)


async def test_tunnels_are_told_by_their_site():
    """Each of them: nobody knows what goes over it."""
    town = Town()
    town.notes.tunnelled(SENDER)

    [claim] = town.told
    assert ("tunnelled", SENDER.identity.user) == (claim.token, claim.user)


async def test_changes_are_told_only_where_they_are_wanted():
    """Pages are told all the same: coverage is of everybody."""
    town = Town()
    town.notes._acts = False
    town.requested("POST", FORM)
    town.served()

    assert ["page"] == town.names()
