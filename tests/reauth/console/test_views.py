"""The pages: what they say of users and alerts, and what devices get."""

import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from reauth import ca
from reauth.console.health import Readiness
from reauth.console.views import moment
from reauth.ports import Commit
from tests.rows import alarm, scored, session

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
    starting = await browse(readiness=Readiness({}))
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
    assert "No such alerts in the last 30 days" in await page(client, "/alerts")


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


@pytest.mark.parametrize("at", [-279_684_976_708.8, 1e300, float("nan"), float("-inf")])
def test_every_number_is_a_moment_for_a_reader(at):
    """A clock that says nonsense breaks no page; the calendar's nearest is shown."""
    assert len(moment(at).split()) == 2
