"""TLS on both sides of a real proxy: what the origin sees of the client, and the other way."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.connection import Client as Connection
from mitmproxy.connection import Server
from mitmproxy.proxy.layers.tls import parse_client_hello

from proxy_addon.handshakes import ASKED_FOR, Handshakes, mirrored
from tests.origin import Origin, certificates
from tests.proxy_addon.harness import (
    KINDS,
    PATIENCE,
    Client,
    House,
    Running,
    ingest,
    running,
    until,
)

CLOSED = "127.0.0.2"


class Kept:
    """Something that can be referred to weakly."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def context(house: House) -> ssl.SSLContext:
    return certificates(house.folder, "127.0.0.1", CLOSED, "localhost")[1]


@pytest.fixture(scope="module", params=KINDS)
def proxy(request: pytest.FixtureRequest, house: House, context: object) -> Iterator[Running]:
    house.write(
        'allow_private = ["127.0.0.0/8"]\nupstream_ca = "origin-ca.pem"\n'
        f'closed = ["{CLOSED}"]'
    )
    with running(request.param, house) as proxy:
        yield proxy


def demanding(house: House) -> ssl.SSLContext:
    """A server's context that demands a certificate of the client's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(house.folder / "origin.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(house.folder / "origin-ca.pem")
    return context


async def status(proxy: Running, url: str, trust: ssl.SSLContext) -> int:
    async with Client(proxy.port, url, trust) as client:
        assert await client.open()
        return (await asyncio.wait_for(client.ask(target="/"), PATIENCE)).status


async def test_an_origin_that_wants_the_clients_certificate_gets_it(
    proxy: Running, house: House, context: object
):
    """The first time too; the next time it is not even asked. Such a site works, unwatched."""
    trust = ssl.create_default_context(cafile=str(house.folder / "origin-ca.pem"))
    trust.load_cert_chain(house.folder / "origin.pem")
    async with ingest(house) as people, Origin(demanding(house)) as origin:
        assert [404, 404] == [await status(proxy, origin.url, trust) for _ in range(2)]
        assert 3 == origin.connections
        name = 'tunnelled_total{reason="client_certificate"}'
        await until(lambda: people.counters[name] == 2)


async def test_a_closed_site_is_not_tunnelled_by_what_its_origin_asks(
    proxy: Running, house: House, context: object
):
    """Watched or not at all: it finds no certificate, and that is all."""
    async with Origin(demanding(house), CLOSED) as origin:
        with suppress(OSError, h11.RemoteProtocolError):  # it is the origin that hangs up
            assert 404 != await status(proxy, origin.url, house.trust)
        assert [] == origin.seen


@asynccontextmanager
async def untrue(folder: Path, *names: str):
    """An origin whose issuer nobody knows."""
    _, context = certificates(folder, *names)
    async with Origin(context) as origin:
        yield origin


async def test_an_origin_that_is_not_to_be_trusted_is_not_to_be_trusted_behind_us(
    proxy: Running, house: House, tmp_path: Path
):
    """A certificate that fails, and no page of ours; it is never spoken to."""
    async with ingest(house) as people, untrue(tmp_path, "127.0.0.1") as origin:
        with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
            await status(proxy, origin.url, house.trust)
        assert [] == origin.seen
        await until(lambda: people.counters["untrue_origin_total"] == 1)


async def test_who_does_not_look_still_does_not_get_through(
    proxy: Running, house: House, tmp_path: Path
):
    """Our own check stays on, whatever a client is content with."""
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    async with untrue(tmp_path, "127.0.0.1") as origin:
        assert 502 == await status(proxy, origin.url, careless)
        assert [] == origin.seen


async def test_the_name_that_an_origin_shows_is_the_name_that_the_browser_sees(
    proxy: Running, house: House, context: object
):
    """Of our CA, but another's."""
    async with Origin(context, "127.0.0.3") as origin:  # not in the certificate
        with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
            await status(proxy, origin.url, house.trust)


async def test_the_origin_is_offered_the_clients_ciphers(
    proxy: Running, house: House, context: object
):
    """In its order, and none that it did not offer."""
    mine = ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES256-GCM-SHA384"]
    trust = ssl.create_default_context(cafile=str(house.folder / "state" / "ca" / "ca.pem"))
    trust.set_ciphers(":".join(mine))
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    greetings: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greetings.put_nowait(await reader.read(65536))
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        with suppress(OSError, ssl.SSLError, ConnectionError, TimeoutError, AssertionError):
            await status(proxy, url, trust)
        hello = await asyncio.wait_for(greetings.get(), PATIENCE)
        offered = parse_client_hello(hello).cipher_suites

    assert mine == list(mirrored(tuple(offered)))


@given(st.lists(st.integers(0, 0xFFFF)).map(tuple))
def test_only_what_is_known_and_safe_is_offered_on(offered: tuple[int, ...]):
    """GREASE, export ciphers and nonsense are not; the order is the client's."""
    known = mirrored(offered)

    assert len(known) <= len(offered)
    assert not [name for name in known if "NULL" in name or "EXP" in name or "RC4" in name]


def test_a_connection_made_later_bears_the_same_ciphers():
    """A client greets once; a stranger's greeting is not its own."""
    handshakes = Handshakes(Counter(), lambda: 0.0, dict)
    client, other = (Connection(peername=("x", n), sockname=("y", 2)) for n in (1, 3))
    first, second, third = (Server(address=("a", 1)) for _ in range(3))
    hello = SimpleNamespace(cipher_suites=[0xC02B])
    place = SimpleNamespace(client=client, server=first)
    handshakes.greeted(SimpleNamespace(context=place, client_hello=hello))
    handshakes.connecting(client, second)
    handshakes.connecting(other, third)

    assert list(mirrored((0xC02B,))) == list(first.cipher_list) == list(second.cipher_list)
    assert [] == list(third.cipher_list)


def test_what_an_origin_asked_for_is_forgotten_after_a_day():
    """It may have stopped asking, and is to be watched then."""
    now = [0.0]
    handshakes = Handshakes(Counter(), lambda: now[0], dict)
    server, conn = Server(address=("a", 1)), Kept()
    handshakes._asking.add(conn)  # as OpenSSL's callback leaves it
    data = SimpleNamespace(conn=server, ssl_conn=conn)
    handshakes.ended(data, closed=True)
    assert not handshakes.asks(("a", 1))
    handshakes.ended(data, closed=False)
    assert handshakes.asks(("a", 1)) and not handshakes.asks(("a", 2)) and not handshakes.asks(None)
    now[0] = ASKED_FOR

    assert not handshakes.asks(("a", 1))

