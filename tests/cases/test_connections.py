"""Cases 95 to 100: connections that are no plain page of a plain site."""

import asyncio
import ssl
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from reauth.claim import Audience, TokenVerdict, check_token
from tests.cases.faults import curl, proxy_that_resolves, served_with, warning
from tests.cases.registry import case, plant
from tests.e2e.browsing import SYMBOL, chromium_behind_and_beside, firefox_behind_and_beside
from tests.origin import Origin
from tests.proxy_addon.harness import DOCUMENT, KEYS, PATIENCE, Client, connected, now, until
from tests.proxy_addon.test_addon import TAG

pytestmark = pytest.mark.asyncio(loop_scope="session")

BROWSERS = {"chromium": chromium_behind_and_beside, "firefox": firefox_behind_and_beside}
HSTS = "strict-transport-security"
HTML = b"<!doctype html><html><head><title>t</title></head><body>page</body></html>"
PAGE = {"framing": "length"}
SITE = "proxy_addon/parts.py"
TLS = "proxy_addon/tls.py"
SHAKES = "proxy_addon/handshakes.py"
LEARNT = "proxy_addon/tunnels.py"


@dataclass
class Borrowed:
    """What a browser needs of a street: whose proxy, where it keeps itself, whom it trusts."""

    proxy: Any
    house: Any
    authorities: Any


# 95


@case(95, plant("proxy_addon/headers.py", '"alt-svc"', '"strict-transport-security"'))
async def test_a_host_that_wants_https_for_ever_has_it(town, tmp_path):
    """It is said as the origin said it, and the browser upgrades by itself from then on.

    What is preloaded is a list in browsers, of hosts that are not at hand here.
    """
    said = "max-age=600; includeSubDomains"
    allow = 'allow_private = ["127.0.0.0/8"]'
    async with proxy_that_resolves(tmp_path, {"hsts.test": ["127.0.0.1"]}, allow) as (own, house):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "origin.pem")
        street = Borrowed(own, house, (house.folder / "state" / "ca" / "ca.pem",))
        async with Origin(context) as origin, BROWSERS[town.name](street) as (behind, _):
            origin.put("/", HTML, headers=[("Content-Type", "text/html"), (HSTS, said)])
            url = f"https://hsts.test:{origin.port}/"
            async with connected(own, url, house) as client:
                answer = await client.ask(target="/", headers=DOCUMENT)
            async with town.page(behind) as page:
                await page.goto(url)
                await page.goto(url.replace("https:", "http:"))
                assert "https:" == await page.evaluate("location.protocol")
                assert 1 == await page.evaluate(SYMBOL)

    assert [said] == answer.values(HSTS)


# 96


@case(96, plant(LEARNT, "self._learnt = dict(learnt)", "self._learnt = {}"))
async def test_an_application_that_trusts_its_own_authority_only_works(road):
    """After three refusals it is tunnelled; a client that greets otherwise is watched on."""
    async with Origin(served_with(road.house.folder, "pinned", "localhost")) as origin:
        url = f"https://localhost:{origin.port}/"
        asked = ("-o", "/dev/null", "-w", "%{http_code}", "-x", _proxy(road), url)
        pinned = (*asked, "--cacert", road.house.folder / "origin-ca.pem")
        assert [b"000"] * 3 == [await curl(*pinned) for _ in range(3)]
        await until(lambda: road.people.control.snapshot().get("tunnels"))
        async with asyncio.timeout(PATIENCE):
            while await curl(*pinned) != b"404":
                pass  # the word is on its way to the proxy
        ours = road.house.folder / "state" / "ca" / "ca.pem"
        assert b"404" == await curl(*asked, "--cacert", ours, "--ciphers", "ECDHE+CHACHA20")


@case(96, plant(LEARNT, "return not browser or self._approved(greeting.host)", "return True"))
async def test_a_browsers_refusal_switches_nothing_off(town, tmp_path):
    """A real one that does not trust us, as often as it likes: the same host is still watched."""
    known = len(town.people.control.snapshot().get("tunnels", ()))
    own = SimpleNamespace(folder=tmp_path)
    stranger = Borrowed(town.proxy, own, (town.house.folder / "origin-ca.pem",))
    async with Origin(served_with(town.house.folder, town.name, "localhost")) as origin:
        origin.put("/", HTML)
        url = f"https://localhost:{origin.port}/"
        counted = town.people.counters["tunnel_refused_total"]
        async with BROWSERS[town.name](stranger) as (behind, _):
            for _ in range(4):
                async with town.page(behind) as page:
                    assert "" != await warning(page, url)
        await until(lambda: town.people.counters["tunnel_refused_total"] >= counted + 3)
        assert known == len(town.people.control.snapshot().get("tunnels", ()))
        async with town.page() as page:
            await page.goto(url)
            await town.is_watched(page)


# 97


@case(97, plant(SHAKES, "            late_tunnel.ask(server)", "            pass"))
async def test_a_site_that_knows_people_by_certificate_gets_theirs(road):
    """At the first visit, by both versions of TLS; nothing is put into its pages."""
    folder = road.house.folder
    for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = served_with(folder, "mutual", "localhost")
        context.maximum_version, context.verify_mode = newest, ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "origin-ca.pem")
        async with Origin(context) as origin:
            origin.put("/", HTML, **PAGE)
            shown = ("--cert", folder / "origin.pem", "--cacert", folder / "origin-ca.pem")
            url = f"https://localhost:{origin.port}/"
            assert HTML == await curl("-x", _proxy(road), "-H", "Accept: text/html", *shown, url)


@case(97, plant(SHAKES, 'b"SSLv3/TLS read server certificate request"', 'b"never"'))
async def test_a_site_that_would_take_a_certificate_is_the_same_behind_us(town):
    """A browser that has none shows the page as it came from its own origin, unwatched."""
    context = served_with(town.house.folder, "optional", "localhost")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(town.house.folder / "origin-ca.pem")
    async with Origin(context) as origin:
        origin.put("/", HTML)
        async with town.page() as page:
            await page.goto(f"https://localhost:{origin.port}/")
            assert "page" in await page.content()
            assert 0 == await page.evaluate(SYMBOL)


# 98


@case(
    98,
    plant(SHAKES, "            self._faults[server] = _fault(data.ssl_conn)", "            pass"),
    plant("proxy_addon/stand_in.py", "elif fault in _NAMES or (fault in _DATES", "elif (False"),
)
async def test_a_browser_warns_in_its_own_words(town):
    """The same ones as without us, for each fault; nothing is asked of such an origin."""
    folder, host = town.house.folder, "localhost"
    faults = {
        "expired": served_with(folder, "expired", host, days=(-9, -3)),
        "early": served_with(folder, "early", host, days=(3, 9)),
        "itself": served_with(folder, "itself", host, by="itself"),
        "nobody": served_with(folder, "nobody", host, by="nobody"),
        "other": served_with(folder, "other", "other.example"),
    }
    for fault, context in faults.items():
        async with Origin(context) as origin:
            url = f"https://{host}:{origin.port}/"
            async with town.page(town.direct) as bare, town.page() as seen:
                told = await warning(bare, url), await warning(seen, url)
            assert told[0] == told[1] != "", fault
            assert [] == origin.seen


# 99


@case(
    99,
    plant(TLS, "if address.version == 4 or address.is_loopback:", "if address.version == 4:"),
    plant("proxy_addon/addon.py", 'f"[{host}]" if ":" in host', '"[]" if ":" in host'),
)
async def test_however_a_host_is_written_it_is_the_same_site(tmp_path):
    """An address in brackets, a name of other letters, a port in Host, a Host unlike the SNI."""
    names = {"xn--bcher-kva.test": ["127.0.0.1"], "plain.test": ["127.0.0.1"]}
    allow = 'allow_private = ["127.0.0.0/8", "::1/128"]'
    async with proxy_that_resolves(tmp_path, names, allow) as (proxy, house):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "origin.pem")
        async with Origin(context) as origin, Origin(host="::1") as six:
            for place, host in (
                (f"http://[::1]:{six.port}", f"[::1]:{six.port}"),
                (f"https://xn--bcher-kva.test:{origin.port}", f"xn--bcher-kva.test:{origin.port}"),
                (f"https://plain.test:{origin.port}", f"plain.test:{origin.port}"),
                (f"https://plain.test:{origin.port}", "elsewhere.test"),
            ):
                asked = six if "::1" in place else origin
                asked.put("/", HTML)
                async with connected(proxy, place, house) as client:
                    answer = await client.ask(target="/", headers={**DOCUMENT, "Host": host})
                token = TAG.search(answer.body)[2].decode()
                audience = Audience(None, "unknown|127.0.0.1", f"{place.partition(':')[0]}://{host}")
                assert TokenVerdict.OK == check_token(KEYS, token, audience, now())[0]
                assert [host] == asked.seen[-1].values("host")


# 100


@case(100, plant(TLS, "return port not in _BAD_PORTS", "return True"))
async def test_a_tunnel_to_a_shell_or_a_mail_server_is_refused(road):
    """No browser asks for one; nothing is connected, not even to find out."""
    for port in (22, 25):
        client = Client(road.proxy.port, f"https://127.0.0.1:{port}", road.house.trust)
        async with client:
            assert not await client.open()
            assert 502 == client.connect_status
    counted = 'outbound_refused_total{reason="port"}'
    await until(lambda: road.people.counters[counted] >= 2)


@case(100, plant(TLS, "        if self._ports:", "        if False:"))
async def test_an_operators_ports_are_the_only_ones(tmp_path):
    """Listed, a port that no browser uses is reached; what is not is refused."""
    async with Origin() as listed, Origin() as other:
        listed.put("/", HTML)
        allow = f'allow_private = ["127.0.0.0/8"]\nconnect_ports = ["{listed.port}"]'
        async with proxy_that_resolves(tmp_path, {}, allow) as (proxy, house):
            async with connected(proxy, listed.url, house) as client:
                assert 200 == (await client.ask(target="/")).status
            async with connected(proxy, other.url, house) as client:
                assert 502 == (await client.ask(target="/")).status
        assert [] == other.seen


def _proxy(road):
    return f"http://127.0.0.1:{road.proxy.port}"
