"""The pages: what they say of users and alerts, and what devices get."""

import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from reauth import ca
from reauth.alert import Reason, Resemblance, Risk, State, Step, move
from reauth.console.health import Readiness
from reauth.console.views import moment
from reauth.decide import POLICIES
from reauth.ports import Commit
from tests.rows import DAY, NOON, alarm, scored, session

SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)|javascript:|\son\w+=|style=", re.IGNORECASE)


async def page(client, path):
    """A page's text; it is one that the policy lets work."""
    answer = await client.get(path)
    text = await answer.text()
    assert 200 == answer.status, text
    assert not SCRIPT.search(text)
    return text


async def keep(store, *alerts):
    """Have alerts in the store, each of a session of its own, if it is of one."""
    sessions = [session(alert.session, alert.user) for alert in alerts if alert.session]
    await store.commit(Commit(sessions=sessions, alerts=alerts))


async def test_the_loop_turns(browse):
    """/livez asks nothing else."""
    answer = await (await browse()).get("/livez")

    assert (200, "ok\n") == (answer.status, await answer.text())


async def test_ready_is_200_and_not_ready_503(browse):
    """With the reason for people."""

    async def full():
        return "2 % free"

    ready = await (await browse()).get("/readyz")
    starting = await browse()
    assert 503 == (await starting.get("/startupz")).status
    not_ready = await (await browse(readiness=Readiness({"disk": full}))).get("/readyz")

    assert (200, {"ready": True, "checks": {"store": "ok"}}) == (ready.status, await ready.json())
    assert 503 == not_ready.status
    assert {"ready": False, "checks": {"disk": "2 % free"}} == await not_ready.json()


async def test_browsers_are_sent_to_the_proxy(browse):
    """Everything but this machine's own names."""
    answer = await (await browse()).get("/proxy.pac")

    assert "application/x-ns-proxy-autoconfig" == answer.content_type
    assert 'return "PROXY 127.0.0.1:8080";' in await answer.text()


@pytest.mark.parametrize(
    "proxy, host, wanted",
    [
        ("0.0.0.0:8080", "proxy.example.org:8082", "PROXY proxy.example.org:8080"),
        ("[::]:8080", "[2001:db8::1]:8082", "PROXY [2001:db8::1]:8080"),
        ("0.0.0.0:8080", "192.0.2.7", "PROXY 192.0.2.7:8080"),
    ],
)
async def test_a_proxy_on_all_addresses_has_the_name_that_was_asked(browse, proxy, host, wanted):
    """0.0.0.0 is no address to go to."""
    client = await browse(proxy=proxy, local=False)

    answer = await client.get("/proxy.pac", headers={"Host": host})

    assert f'return "{wanted}";' in await answer.text()


@pytest.mark.parametrize("host", ['a";alert(1);"', "a b", "ä.example", "a\\u0022"])
async def test_no_header_gets_into_the_script(browse, host):
    """The file is a program that browsers run."""
    client = await browse(proxy="0.0.0.0:8080")

    answer = await client.get("/proxy.pac", headers={"Host": host})

    assert 400 == answer.status


async def test_a_proxy_that_nobody_knows_is_503(browse):
    """Rather than a port that is wrong."""
    client = await browse(proxy=None)

    assert 503 == (await client.get("/proxy.pac")).status
    assert "The proxy is not running" in await page(client, "/setup")


async def test_the_certificate_is_given_without_its_key(browse, site):
    """PEM holds all that is to be trusted, DER the one that signs."""
    client = await browse()
    ca.rotate(site.ca)

    pem, der = [await (await client.get(f"/ca.{form}")).read() for form in ("pem", "der")]

    assert b"PRIVATE" not in pem
    assert 2 == len(x509.load_pem_x509_certificates(pem))
    signing = ca.load(site.ca).certificate.fingerprint(hashes.SHA256())
    assert signing == x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256())


async def test_setting_up_shows_the_fingerprint_and_every_platform(browse, site):
    """To compare before trusting; during a rotation the next one too."""
    client, about = await browse(), ca.show(site.ca)

    text = await page(client, "/setup")

    assert about["sha256"] in text
    for platform in ("Linux", "macOS", "Windows", "iPhone", "Android"):
        assert platform in text
    assert "/proxy.pac" in text
    ca.rotate(site.ca)
    assert ca.show(site.ca)["next"]["sha256"] in await page(client, "/setup")


async def test_an_empty_house_says_how_it_fills(browse):
    """Each page with words, none with an empty table."""
    client = await browse()

    assert "Nobody is watched yet" in await page(client, "/")
    assert "Nobody yet" in await page(client, "/users")
    assert "No alerts in the last 30 days" in await page(client, "/alerts")


async def test_no_page_tells_when_somebody_worked(browse, store):
    """The purpose is the takeover of an account: times of use are nobody's business."""
    await store.commit(
        Commit(sessions=[session("s1", "anna")], trajectories=[scored(1, user="anna")])
    )
    client = await browse()

    for path in ("/", "/users", "/alerts"):
        assert not re.search(r"last seen|idle|active hours|2026-05-28", await page(client, path))


async def test_names_are_text(browse, store):
    """Whoever may choose a name must not choose what a page does."""
    name = '<img src=x onerror="alert(1)">'
    await keep(store, alarm(user=name))
    client = await browse()

    for path in ("/", "/users", "/alerts", "/alerts/a1"):
        assert "<img" not in await (await client.get(path)).text()


async def test_the_front_page_shows_what_waits(browse, store):
    """Open and acknowledged, newest first; closed ones not."""
    await keep(store, *(alarm(f"a{n}", f"s{n}", raised_at=NOON - n) for n in range(3)))
    for actions in (["ack"], ["ack", "dismiss"]):
        for action in actions:
            alert = await store.alert(f"a{len(actions)}")
            moved = move(alert, action, Step(NOON, action, "me", ""))
            assert await store.update_alert(moved, alert.state)

    text = await page(await browse(), "/")

    assert ["/alerts/a0", "/alerts/a1"] == re.findall(r'href="(/alerts/a\d)"', text)
    assert "<b>2</b> alerts wait" in text


async def test_what_is_wrong_stands_on_the_front_page(browse):
    """Failing open is shown, not hidden."""

    async def full():
        return "2 % free"

    text = await page(await browse(readiness=Readiness({"disk": full})), "/")

    assert "<b>disk</b>: 2 % free" in text


async def test_the_list_is_newest_first_and_narrowed_by_state_and_time(browse, store):
    """By links, so that they work without a script."""
    ages = {"a0": 1, "a1": 2, "a2": 60}
    await keep(
        store,
        *(alarm(name, name, raised_at=NOON - age * DAY) for name, age in ages.items()),
    )
    client = await browse()

    def listed(text):
        return re.findall(r'href="/alerts/(a\d)"', text)

    assert ["a0", "a1"] == listed(await page(client, "/alerts"))
    assert ["a0", "a1", "a2"] == listed(await page(client, "/alerts?days=365"))
    assert [] == listed(await page(client, "/alerts?state=expired"))
    for wrong in ("state=shut", "days=x", "days=9"):
        assert 400 == (await client.get(f"/alerts?{wrong}")).status


async def test_an_alert_is_shown_with_its_evidence(browse, store):
    """The picture, the numbers, the facts, and what to do next."""
    await keep(store, alarm())

    text = await page(await browse(), "/alerts/a1")

    assert "<svg" in text
    assert "61 of the last 100 trajectories" in text
    assert "-3.25" in text
    assert "reauth alerts ack a1" in text


@pytest.mark.parametrize("rule", [name for name in POLICIES if name != "window"])
async def test_an_alert_of_any_rule_says_how_far_it_went(browse, store, rule):
    """Its level against its bound, and that low scores are only part of it."""
    await keep(store, alarm(rule=rule, level=8.125, bound=7.5, limit=0))

    text = await page(await browse(), "/alerts/a1")

    assert "was 8.12; 7.50\nraises an alert" in text
    assert "the last 100 trajectories, of which 61 were unlike" in text


@pytest.mark.parametrize("lane, words", [("bot", "unlike a hand"), ("replay", "seen before")])
async def test_an_alert_of_a_lane_says_what_it_asked(browse, store, lane, words):
    """With what all lanes said together, and without a template that there is none of."""
    risk = Risk(91, (Reason(lane, 0.9), Reason("identity", 0.125)))
    other = {"kind": lane, "limit": 0, "template_version": 0, "risk": risk}
    await keep(store, alarm(lane=lane, rule="cusum", level=8.0, bound=7.5, **other))

    text = await page(await browse(), "/alerts/a1")

    assert words in text
    assert "91 of 100" in text
    assert "another person 12 %" in text
    assert "<dt>Template" not in text


async def test_the_populations_alert_speaks_of_many(browse, store):
    """It is nobody's, and comes from no client."""
    many = {"user": None, "client": "", "session": None, "lane": None, "evidence": ()}
    await keep(store, alarm(kind="population", rule="population", low=5, window=40, **many))
    client = await browse()

    assert "5 of 40 people who were compared" in await page(client, "/alerts/a1")
    assert "many users" in await page(client, "/alerts?days=365")


async def test_an_alert_of_refused_tokens_speaks_of_tokens(browse, store):
    """Nobody's movement was judged."""
    await keep(store, alarm(kind="tokens", rule="tokens", low=3, limit=3, evidence=()))

    text = await page(await browse(), "/alerts/a1")

    assert "3 page tokens of this sender were refused; 3 raise an alert" in text


async def test_an_alert_of_silence_says_what_was_counted(browse, store):
    """In words; nobody's movement was judged."""
    await keep(store, alarm(kind="absence", rule="silent", low=10, limit=10, evidence=()))

    text = await page(await browse(), "/alerts/a1")

    assert "none told that it was there: 10; 10 raise an alert" in text


@pytest.mark.parametrize(
    "actions, words",
    [
        (["ack"], ["reauth alerts confirm a1", "reauth alerts dismiss a1", "acknowledged"]),
        (["ack", "confirm"], ["true_positive", "confirmed", "somebody else sat there"]),
        (["expire"], ["expired"]),
    ],
)
async def test_an_alert_says_where_it_is_in_its_life(browse, store, actions, words):
    """And what may follow."""
    await keep(store, alarm())
    for action in actions:
        alert = await store.alert("a1")
        moved = move(alert, action, Step(NOON, action, "me", "somebody else sat there"))
        await store.update_alert(moved, alert.state)

    text = await page(await browse(), "/alerts/a1")

    assert [] == [word for word in words if word not in text]
    closed = (await store.alert("a1")).state is not State.ACKNOWLEDGED
    assert closed == ("What next" not in text)


async def test_whom_the_movement_resembles_is_shown_as_evidence(browse, store):
    """With how likely it is, and what that is worth; a name alone would be an accusation."""
    await keep(store, alarm(resembles=Resemblance("berta", 0.75)))

    text = await page(await browse(), "/alerts/a1")

    assert "berta (75 %): evidence where to look, no proof" in text


async def test_an_alert_of_nobody_known_is_shown_too(browse, store):
    """Refused tokens have no user, no session, no lane."""
    await keep(store, alarm(user=None, evidence=()))

    text = await page(await browse(), "/alerts/a1")

    assert "unknown user" in text


async def test_an_unknown_alert_is_404(browse):
    """It may have been deleted by age."""
    assert 404 == (await (await browse()).get("/alerts/a9")).status


@pytest.mark.parametrize("at", [-279_684_976_708.8, 1e300, float("nan"), float("-inf")])
def test_every_number_is_a_moment_for_a_reader(at):
    """A clock that says nonsense breaks no page; the calendar's nearest is shown."""
    assert len(moment(at).split()) == 2
