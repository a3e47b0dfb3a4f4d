"""What is learnt of clients who refuse our certificate, at a real proxy and in a hash of it."""

import asyncio
from collections import Counter
from pathlib import Path
from subprocess import PIPE
from types import SimpleNamespace

import pytest
from mitmproxy import http
from mitmproxy.connection import Client as Connection

from proxy_addon import tunnels as module
from proxy_addon.tunnels import Tunnels, is_browser, ja4
from tests.origin import Origin, certificates
from tests.proxy_addon.harness import KEYS, PATIENCE, House, connected, ingest, running, until

CHROME = [0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014]
CHROME += [0x009C, 0x009D, 0x002F, 0x0035]
SIGNATURES = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]
UNTOLD = "tlsv1 alert unknown ca"


def words(numbers, size):
    text = b"".join(number.to_bytes(2, "big") for number in numbers)
    return len(text).to_bytes(size, "big") + text


def greeting(ciphers=CHROME, extra=(), alpn=(b"h2", b"http/1.1"), grease=False):
    """A ClientHello with Chrome's extensions, as FoxIO's own example has them."""
    kinds = [0x0005, 0x000A, 0x000B, 0x0012, 0x0015, 0x0017, 0x001B, 0x0023, 0x002D, 0x0033]
    named = [(kind, b"") for kind in (*kinds, 0xFF01, 0, 16)]
    named += [(43, words([0x0304, 0x0303], 1)), (13, words(SIGNATURES, 2))]
    named += [(kind, b"") for kind in extra]
    if grease:
        ciphers, named = [0x3A3A, *ciphers], [(0x1A1A, b""), *named]
    return SimpleNamespace(
        cipher_suites=ciphers, extensions=named, alpn_protocols=list(alpn), sni="x"
    )


def test_a_form_is_the_published_one():
    """FoxIO's example of Chrome, without the one extension that they count and we leave out."""
    with_alps = greeting(extra=(0x4469,))

    assert "t13d1516h2_8daaf6152771_e5627efa2ab1" == ja4(with_alps)


def test_order_and_grease_do_not_change_a_form():
    """Browsers shuffle both anew with each connection."""
    one, other = greeting(grease=True), greeting(ciphers=CHROME[::-1])
    other.extensions.reverse()

    assert ja4(one) == ja4(other) == ja4(greeting())


def test_a_bare_greeting_has_a_form_too():
    """Total over whatever greets."""
    bare = SimpleNamespace(cipher_suites=[], extensions=[], alpn_protocols=[])

    assert ja4(bare).startswith("t12i000000_")
    assert not is_browser(bare)


@pytest.mark.parametrize("told", [{"grease": True}, {"extra": (34,)}, {"extra": (65037,)}])
def test_what_only_browsers_send_makes_a_browser(told):
    """Chromium's GREASE, Firefox's delegated credentials, ECH."""
    assert is_browser(greeting(**told))
    assert not is_browser(greeting())


class Case:
    """Tunnels, and clients that greet."""

    def __init__(self, approved=(), keep_host=False) -> None:
        self.now = 0.0
        self.counters: Counter[str] = Counter()
        self.tunnels = Tunnels(
            KEYS, self.counters, lambda: self.now, approved.__contains__, keep_host
        )

    def greets(self, host="app.example", hello=None, protocol="tcp"):
        client = Connection(peername=("x", 1), sockname=("y", 2), transport_protocol=protocol)
        data = SimpleNamespace(
            client_hello=hello or greeting(), context=SimpleNamespace(client=client)
        )
        return client, self.tunnels.greets(data, host)

    def refused(self, error=UNTOLD, **how):
        client, _ = self.greets(**how)
        client.error = error
        self.tunnels.fails(client)

    @property
    def key(self):
        [name] = [name for name in self.counters if name.startswith("tls_")]
        return name.split('"')[1]


@pytest.mark.parametrize(
    "error",
    [
        UNTOLD,
        "sslv3 alert bad certificate",
        "OpenSSL Error([('SSL routines', '', 'ssl/tls alert certificate unknown')])",
    ],
)
def test_a_refusal_is_told_without_the_hosts_name(error):
    """Only who has our keys can find the host; another kind or host is another key."""
    case = Case()
    case.refused(error)
    assert 1 == case.counters[f'tls_failed{{key="{case.key}"}}']
    assert "app" not in case.key
    case.refused(hello=greeting(ciphers=CHROME[1:]))
    case.refused(host="other.example")

    assert 3 == len(case.counters)


@pytest.mark.parametrize("error", [None, "connection closed", "no shared cipher"])
def test_other_ends_of_a_handshake_say_nothing(error):
    """A user who closes a tab."""
    case = Case()
    case.refused(error)

    assert not case.counters


def test_a_browsers_refusal_says_nothing_unless_the_operator_wants_it():
    """Known by its greeting, or by what it wrote over a connection that greeted alike."""
    case = Case()
    case.refused(hello=greeting(grease=True))
    client, _ = case.greets()
    case.tunnels.speaks(client, http.Headers())
    case.tunnels.speaks(client, http.Headers(sec_fetch_dest="document"))
    case.refused()
    assert {"tunnel_refused_total": 2} == case.counters

    case = Case(approved=("app.example",))
    case.refused(hello=greeting(grease=True))
    assert 1 == case.counters[f'tls_failed{{key="{case.key}"}}']


def test_a_success_is_told_now_and_then():
    """That one is enough, and a busy site must not fill the counters."""
    case = Case()
    for _ in range(3):
        case.tunnels.holds(case.greets()[0])
    assert [1] == list(case.counters.values())
    case.now = 300.0
    case.tunnels.holds(case.greets()[0])

    assert [2] == list(case.counters.values())


def test_what_was_learnt_counts_until_it_ends():
    """For this kind and host; on our own clock, whatever became of the control stream."""
    case = Case()
    case.refused()
    case.tunnels.take([(case.key, 50.0)])

    assert case.greets()[1]
    assert not case.greets(host="other.example")[1]
    assert not case.greets(hello=greeting(ciphers=CHROME[1:]))[1]
    case.now = 50.0
    assert not case.greets()[1]


def test_what_was_learnt_of_others_does_not_count_for_browsers():
    """An impostor may greet as somebody's application does, not as their browser."""
    case = Case(approved=("app.example",))
    case.refused(hello=greeting(grease=True))
    learnt = [(case.key, 50.0)]
    case.tunnels.take(learnt)
    assert case.greets(hello=greeting(grease=True))[1]
    case = Case()
    case.tunnels.take(learnt)

    assert not case.greets(hello=greeting(grease=True))[1]


def test_without_a_host_or_a_stream_nothing_is_kept():
    """Datagrams are told by others; nobody's name is no key."""
    case = Case()
    assert not case.greets(host=None)[1]
    assert not case.greets(protocol="udp")[1]
    stranger = Connection(peername=("x", 1), sockname=("y", 2))
    case.tunnels.fails(stranger)
    case.tunnels.holds(stranger)
    case.tunnels.speaks(stranger, http.Headers(sec_fetch_dest="x"))

    assert not case.counters


def test_what_is_remembered_is_bounded(monkeypatch):
    """Names and forms are the clients' to choose."""
    monkeypatch.setattr(module, "_KEPT", 2)
    case = Case()
    for number in range(5):
        client, _ = case.greets(hello=greeting(ciphers=[number]), host=f"{number}.example")
        case.tunnels.holds(client)
        case.tunnels.speaks(client, http.Headers(sec_fetch_dest="x"))

    assert len(case.tunnels._told) <= 2 and len(case.tunnels._browsers) <= 2


def test_the_log_names_hosts_only_where_the_operator_wants_it(caplog):
    """As with claims: a keyed hash says "the same as before", no more."""
    for keep in (False, True):
        caplog.clear()
        Case(keep_host=keep).refused()
        [record] = caplog.records
        assert keep is ("host" in record.fields)


async def test_an_application_that_trusts_its_own_authority_only_gets_through(tmp_path: Path):
    """After three refusals; whoever greets otherwise is still watched."""
    house = House(tmp_path)
    _, context = certificates(tmp_path, "localhost")
    house.write('allow_private = ["127.0.0.0/8"]\nupstream_ca = "origin-ca.pem"')
    async with ingest(house) as people, Origin(context) as origin:
        url = f"https://localhost:{origin.port}"
        with running("launcher", house) as proxy:

            async def status() -> str:
                """By curl, as asyncio hangs up without saying why."""
                process = await asyncio.create_subprocess_exec(
                    *("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url),
                    *("--cacert", str(tmp_path / "origin-ca.pem")),
                    *("-x", f"http://127.0.0.1:{proxy.port}"),
                    stdout=PIPE,
                )
                return (await asyncio.wait_for(process.communicate(), PATIENCE))[0].decode()

            assert ["000"] * 3 == [await status() for _ in range(3)]
            await until(lambda: people.control.snapshot().get("tunnels"))
            async with asyncio.timeout(PATIENCE):
                while await status() != "404":
                    pass  # the stream is on its way
            async with connected(proxy, url, house) as client:
                shown = client.writer.get_extra_info("peercert")

    assert "reauth" in str(shown["issuer"])
