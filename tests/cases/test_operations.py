"""Cases 113 to 117: processes that die, leave and are replaced, a new CA, a set clock, and time."""

import asyncio
import contextlib
import signal
import ssl
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import h2.events
import h11
import psutil
import pytest
from cryptography import x509
from mitmproxy.proxy import server

from bench import soak
from proxy_addon.compat import idle_clock, leaf
from proxy_addon.forward import Forward
from proxy_addon.parts import read_settings
from proxy_addon.route import Observer, Route
from reauth import ca
from reauth.claim import TokenVerdict, check_token
from tests.cases.registry import case, plant
from tests.e2e.browsing import chromium_behind_and_beside, firefox_behind_and_beside, quiet_street
from tests.h2_client import h2_client
from tests.proxy_addon.harness import KEYS, Client, House, connected, ingest, now, until
from tests.proxy_addon.test_route import SENDER, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

BROWSERS = {"chromium": chromium_behind_and_beside, "firefox": firefox_behind_and_beside}
HTML = b"<!doctype html><html><head><title>t</title></head><body>page</body></html>"
TEXT = [("Content-Type", "text/plain")]
SUPERVISOR, FAREWELL = "proxy_addon/supervisor.py", "proxy_addon/compat/farewell.py"


def children(proxy: Any) -> list[psutil.Process]:
    """Proxy processes."""
    return psutil.Process(proxy.process.pid).children()


def owner(proxy: Any, client: Client) -> int:
    """Which of them has a client's connection."""
    port = client.writer.get_extra_info("sockname")[1]
    (found,) = [
        child.pid
        for child in children(proxy)
        if any(each.raddr and each.raddr[1] == port for each in child.net_connections("tcp"))
    ]
    return found


class Load:
    """People who ask again and again, each in a way of their own, and what went wrong."""

    def __init__(self, street: Any, people: int) -> None:
        self._street = street
        self._stop = asyncio.Event()
        self._tasks = [asyncio.ensure_future(self._go_on(n % 2 == 0)) for n in range(people)]
        self.done = 0
        self.wrong: list[str] = []

    async def _go_on(self, keeps: bool) -> None:
        url = self._street.plain.url
        while not self._stop.is_set():
            try:
                async with connected(self._street.proxy, url, self._street.house) as client:
                    while not self._stop.is_set():
                        answer = await client.ask(target="/load")
                        assert (200, b"load") == (answer.status, answer.body)
                        self.done += 1
                        if not keeps or answer.value("connection") == "close":
                            break
            except (OSError, EOFError, AssertionError, h11.RemoteProtocolError) as error:
                self.wrong.append(type(error).__name__)

    async def more(self, count: int) -> None:
        """Until so many more answers have come."""
        wanted = self.done + count
        await until(lambda: self.done >= wanted, 60)

    async def end(self) -> None:
        """Let them leave."""
        self._stop.set()
        await asyncio.wait(self._tasks)


# 113


@case(
    113,
    plant(SUPERVISOR, "        if not self._accepted and not self.elders:", "        if True:"),
    plant(SUPERVISOR, "        if not serving:", "        if not serving and not self._accepted:"),
)
async def test_a_process_that_is_killed_loses_its_own_connections_and_no_other(tmp_path):
    """The others serve, its place is taken, and what is in mid-answer elsewhere comes whole."""
    async with quiet_street(tmp_path, "processes = 2") as own:
        own.plain.put("/load", b"load", headers=TEXT, framing="length")
        more = asyncio.Event()
        own.plain.put("/long", b"first", more, b"last", headers=TEXT)
        async with AsyncExitStack() as stack:
            held: dict[int, list[Any]] = {}
            while len(held) < 2 or min(len(each) for each in held.values()) < 2:
                client = await stack.enter_async_context(
                    connected(own.proxy, own.plain.url, own.house)
                )
                await client.send(target="/long")
                await client.head()
                pieces = client.pieces()
                assert b"first" == await anext(pieces)
                held.setdefault(owner(own.proxy, client), []).append(pieces)
            victim, other = held
            load = Load(own, 4)
            await load.more(20)
            lost = len(load.wrong)
            psutil.Process(victim).kill()
            await until(lambda: victim not in {child.pid for child in children(own.proxy)})
            await load.more(20)
            await until(lambda: len(children(own.proxy)) == 2)
            await load.more(20)
            await load.end()
            more.set()
            for pieces in held[other]:
                assert b"last" == b"".join([piece async for piece in pieces])

    assert 0 == lost
    assert len(load.wrong) <= 4  # each had one connection at most in the one that was killed
    assert 1 == len(own.proxy.events("process_died"))


# 114


@case(
    114,
    plant(FAREWELL, '["Connection"] = "close"', '["Connection"] = "keep-alive"'),
    plant(FAREWELL, "last_stream_id=_ANY_STREAM", "last_stream_id=0"),
    plant("proxy_addon/master.py", "        farewell.leave()", "        end = 0.0"),
)
async def test_a_reload_under_load_drops_no_connection(tmp_path):
    """What is under way comes whole from the old generation; what is kept is ended politely."""
    async with quiet_street(tmp_path, "processes = 2") as own:
        own.plain.put("/load", b"load", headers=TEXT, framing="length")
        more = asyncio.Event()
        own.plain.put("/long", b"first", more, b"last", headers=TEXT)
        own.second.put("/second", b"second", headers=TEXT)
        old = {child.pid for child in children(own.proxy)}
        async with (
            connected(own.proxy, own.plain.url, own.house) as streaming,
            connected(own.proxy, own.plain.url, own.house) as kept,
            h2_client(own.second.url, own.house.trust, own.proxy.port) as second,
        ):
            await streaming.send(target="/long")
            await streaming.head()
            pieces = streaming.pieces()
            assert b"first" == await anext(pieces)
            assert None is (await kept.ask(target="/load")).value("connection")
            assert 200 == (await second.ask("GET", own.second.url + "/second")).status
            told, receive = [], second.http.receive_data
            second.http.receive_data = lambda data: noted(told, receive(data))
            load = Load(own, 4)
            await load.more(20)
            own.proxy.process.send_signal(signal.SIGUSR2)
            await until(lambda: own.proxy.events("renewed"), 90)
            await load.more(40)
            last = await kept.ask(target="/load")
            await until(lambda: told or second.lost)
            await load.end()
            more.set()
            assert b"last" == b"".join([piece async for piece in pieces])
        await until(lambda: not old & {child.pid for child in children(own.proxy)}, 60)

    assert [] == load.wrong
    assert (200, "close") == (last.status, last.value("connection"))
    assert [(0, 2**31 - 1)] == [(int(e.error_code), e.last_stream_id) for e in told[:1]]
    assert [] == own.proxy.events("process_died")


def noted(told: list[Any], events: list[Any]) -> list[Any]:
    """The events of an HTTP/2 connection; a GOAWAY is kept, as h2 takes no stream after it."""
    told += [each for each in events if isinstance(each, h2.events.ConnectionTerminated)]
    return events


@case(
    114,
    plant(
        SUPERVISOR,
        "                self._dismiss(lambda other: other.slot < 0)",
        "                self._tell(signal.SIGKILL)",
    ),
)
async def test_a_browser_notices_nothing_of_a_reload(town):
    """Its page asks on and on, before, during and after it."""
    town.secure.put("/reloaded", HTML, headers=[("Content-Type", "text/html")])
    town.secure.put("/asked", b"here", headers=TEXT, framing="length")
    before = len(town.proxy.events("renewed"))
    async with town.page() as page:
        await page.goto(town.secure.url + "/reloaded")
        await page.evaluate(
            """() => { window.got = []; window.stop = false; (async () => {
                 while (!window.stop) {
                   try { window.got.push(await (await fetch("/asked")).text()) }
                   catch (error) { window.got.push(String(error)) }
                   await new Promise(go => setTimeout(go, 20)) } })() }"""
        )
        town.proxy.process.send_signal(signal.SIGUSR2)
        await until(lambda: len(town.proxy.events("renewed")) > before, 90)
        count = await page.evaluate("() => window.got.length")
        await page.wait_for_function(f"() => window.got.length > {count} + 20")
        got = await page.evaluate("() => { window.stop = true; return [...new Set(window.got)] }")

    assert ["here"] == got


# 115


@dataclass
class Borrowed:
    """What a browser needs of a street: whose proxy, where it keeps itself, whom it trusts."""

    proxy: Any
    house: Any
    authorities: Any


@case(115, plant("proxy_addon/parts.py", "        leaf.renew()", "        pass"))
async def test_a_browser_that_has_both_cas_sees_nothing_of_their_change(town, tmp_path):
    """The next one is distributed while the present one signs; then it signs, at once."""
    async with quiet_street(tmp_path) as own:
        folder = own.house.folder / "state" / "ca"
        own.secure.put("/", HTML, headers=[("Content-Type", "text/html")])
        ca.rotate(folder)
        paths = [own.house.folder / name for name in ("old.pem", "new.pem")]
        for path, name in zip(paths, ("ca.pem", "next.pem"), strict=True):
            path.write_bytes((folder / name).read_bytes())
        old, new = (x509.load_pem_x509_certificate(path.read_bytes()) for path in paths)
        both = (*paths, own.house.folder / "origin-ca.pem")
        street = Borrowed(own.proxy, SimpleNamespace(folder=own.house.folder / "b"), both)
        async with BROWSERS[town.name](street) as (behind, _), town.page(behind) as page:
            await page.goto(own.secure.url)
            assert "t" == await page.title()
            (await issued(own, paths)).verify_directly_issued_by(old)
            ca.finish(folder)
            own.proxy.process.send_signal(signal.SIGHUP)
            await until(lambda: own.proxy.events("reloaded"))
            (await issued(own, paths)).verify_directly_issued_by(new)
            async with town.page(behind) as later:
                await later.goto(own.secure.url + "/?again")
                assert "t" == await later.title()
            await page.goto(own.secure.url + "/?once-more")
            assert "t" == await page.title()


async def issued(street: Any, trusted: list[Any]) -> x509.Certificate:
    """The certificate that a client of the proxy is shown, who trusts these."""
    trust = ssl.create_default_context()
    for path in trusted:
        trust.load_verify_locations(path)
    async with Client(street.proxy.port, street.secure.url, trust) as client:
        assert await client.open()
        der = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(der)


# 116

STEPS = [timedelta(days=-400), timedelta(hours=-1), timedelta(hours=1), timedelta(days=60)]


@case(
    116,
    plant(
        "proxy_addon/compat/leaf.py",
        "        if not self._since <= now < self._since + KEY_LIFE:",
        "        if self._since == _EPOCH:",
    ),
)
@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_a_leaf_is_valid_by_a_clock_that_was_set(tmp_path, step):
    """Whichever way it was set, and by however much; one that was made before is not shown then."""
    clock = [datetime.now(UTC)]
    ca.create(tmp_path / "ca", days=365)
    store = leaf.LeafStore(tmp_path / "ca", lambda: clock[0])
    names = [x509.DNSName("a.example")]
    for _ in range(2):
        shown = x509.load_pem_x509_certificate(store.get_cert("a.example", names).cert.to_pem())
        assert shown.not_valid_before_utc <= clock[0] < shown.not_valid_after_utc
        clock[0] += step


@case(
    116,
    plant("proxy_addon/route.py", "        now = self._clock()", "        now = 0.0"),
)
@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_a_page_goes_on_being_observed_when_the_clock_is_set(tmp_path, step):
    """Its token is good, or is renewed: genuine is genuine at any time."""
    clock = [1_790_000_000.0]
    house = House(tmp_path)
    house.write()
    settings, counters = read_settings(str(house.config)), Counter()
    forward = Forward(settings, KEYS, counters, now)
    observer = Observer("1", "sha256-x", b"script")
    one = Route(settings, KEYS, observer, forward, counters, lambda: clock[0])
    token = one.token(SENDER)
    clock[0] += step.total_seconds()
    body = bytes([1, len(token)]) + token.encode() + b"movement"
    async with ingest(house):
        sending = asyncio.ensure_future(forward.run())
        answer = await one.receive(request(body=body), SENDER)
        forward.close()
        await sending

    assert answer.status_code in (200, 204)
    renewed = answer.content.decode() or token
    assert TokenVerdict.OK == check_token(KEYS, renewed, SENDER.audience, clock[0])[0]
    assert (200 == answer.status_code) == (step > timedelta(hours=12))


@case(
    116,
    plant(
        "proxy_addon/compat/idle_clock.py",
        "self.last_activity + self.timeout - time.monotonic()",
        "self.last_activity + self.timeout - time.time()",
    ),
)
@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_a_connection_that_waits_is_not_cut_by_a_set_clock(monkeypatch, step):
    """Nor is one that is dead kept for as long as the clock was set back."""
    for name in ("__init__", "register_activity", "watch"):
        monkeypatch.setattr(server.TimeoutWatchdog, name, getattr(server.TimeoutWatchdog, name))
    idle_clock.apply()
    ended = {60.0: asyncio.Event(), 0.05: asyncio.Event()}

    def end(bound: float) -> Any:
        async def told() -> None:
            ended[bound].set()

        return told

    dogs = [server.TimeoutWatchdog(bound, end(bound)) for bound in ended]
    day = idle_clock.time.time
    monkeypatch.setattr(idle_clock.time, "time", lambda: day() + step.total_seconds())
    tasks = [asyncio.ensure_future(dog.watch()) for dog in dogs]
    await asyncio.wait_for(ended[0.05].wait(), 10)
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)

    assert not ended[60.0].is_set()


# 117


@pytest.mark.slow
@case(
    117,
    plant(
        "proxy_addon/forward.py",
        "self._idle.pop() if self._idle else await self._open()",
        "await self._open()",
    ),
)
async def test_mixed_load_leaves_nothing_behind(tmp_path):
    """A minute of what `make soak` does for an hour: gross growth shows, and any descriptor."""
    soaked = await soak.soak(tmp_path, 45, 10, 1.0)
    found = soak.figures(soaked, 10)

    assert 0 == soaked.failed, found["counts"]
    assert found["descriptors_last"] <= found["descriptors_first"] + 8
    assert found["rss_last_mb"] <= found["rss_first_mb"] + 40
