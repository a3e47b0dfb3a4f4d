"""What a load balancer says of its clients, and who may say it."""

import asyncio
import ipaddress
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.proxy.mode_servers import ServerInstance

from proxy_addon.compat import proxy_protocol
from proxy_addon.compat.proxy_protocol import LONGEST, SIGNATURE, source
from tests.e2e.browsing import quiet_street
from tests.proxy_addon.harness import PATIENCE, until

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def header(command: int = 0x21, family: int = 0x11, told: bytes | None = None, more: bytes = b""):
    """A header; of a client at 192.0.2.7, port 4711, where nothing else is said."""
    if told is None:
        told = bytes([192, 0, 2, 7, 127, 0, 0, 1]) + struct.pack("!HH", 4711, 8080)
    told += more
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(told)) + told


SIX = ipaddress.ip_address("2001:db8::7").packed + bytes(16) + struct.pack("!HH", 1, 2)


async def read(data: bytes) -> tuple[tuple[str, int] | None, bytes]:
    """What is read of a connection's bytes, and what is left of them."""
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await source(reader), await reader.read()


async def test_the_clients_address_is_read_and_nothing_behind_the_header():
    """Over IPv4 and IPv6, with what else is told left unread."""
    assert (("192.0.2.7", 4711), b"GET") == await read(header() + b"GET")
    assert (("192.0.2.7", 4711), b"GET") == await read(header(more=b"\x04\0\1x") + b"GET")
    assert (("2001:db8::7", 1), b"") == await read(header(family=0x21, told=SIX))


async def test_a_balancer_that_speaks_for_itself_keeps_its_address():
    """It looks whether we are alive."""
    assert (None, b"x") == await read(header(command=0x20, family=0, told=b"") + b"x")


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"PROXY TCP4 192.0.2.7 127.0.0.1 471 80\r\n\r\n",
        header()[:-1], header(command=0x11), header(command=0x22), header(family=0x12),
        header(family=0x31), header(family=0), header(told=b"12345678901"),
        header(family=0x21), header(more=bytes(LONGEST)),
    ],
)  # fmt: skip
async def test_what_is_no_header_is_refused(bad: bytes):
    """Version 1, datagrams, sockets of a file system, and what is cut."""
    with pytest.raises((ValueError, EOFError)):
        await read(bad)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_address_or_refused(data: bytes):
    """Behind a good beginning too."""
    for whole in (data, SIGNATURE + data):
        try:
            named, _ = asyncio.run(read(whole))
        except (ValueError, EOFError):
            continue
        assert named is None or ipaddress.ip_address(named[0])


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch):
    """The patch with mitmproxy's own handling noted instead: whom it met, and who was refused."""
    seen: list[object] = []

    async def stock(self, reader, writer=None):
        seen.append(writer.get_extra_info("peername")[:2])
        seen.append(await reader.read())
        seen.append(writer.get_extra_info("sockname") is not None)
        writer.close()

    monkeypatch.setattr(ServerInstance, "handle_stream", ServerInstance.handle_stream)
    monkeypatch.setattr(proxy_protocol, "_stock", stock)
    proxy_protocol.apply()
    proxy_protocol.apply()
    yield seen
    proxy_protocol.trust((), lambda: None)


async def say(data: bytes) -> bytes:
    """Connect, say that and no more; what is answered."""

    async def handle(reader, writer):
        await ServerInstance.handle_stream(None, reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(data)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        await writer.wait_closed()
    return answer


async def test_a_listed_peer_names_its_client(met: list):
    """mitmproxy, and all that follows, knows no other address."""
    proxy_protocol.trust(LOOPBACK, lambda: met.append("refused"))
    await say(header() + b"GET")

    assert [("192.0.2.7", 4711), b"GET", True] == met


async def test_a_listed_peer_that_does_not_is_closed_and_counted(met: list):
    """It could be anybody."""
    proxy_protocol.trust(LOOPBACK, lambda: met.append("refused"))
    assert b"" == await say(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    assert ["refused"] == met


async def test_nobody_else_is_believed(met: list):
    """The bytes go on as they came, and are an error further on."""
    for peers in ((), (ipaddress.ip_network("192.0.2.0/24"),)):
        proxy_protocol.trust(peers, lambda: met.append("refused"))
        met.clear()
        await say(header())
        assert "127.0.0.1" == met[0][0] and header() == met[1]


@pytest.mark.parametrize(
    ("peer", "listed"),
    [("::ffff:127.0.0.1", True), ("127.9.9.9", True), ("::1", False), ("fe80::1%eth0", False)],
)
def test_a_peer_is_listed_by_its_address_however_it_is_written(peer: str, listed: bool):
    """A listener for both families shows IPv4 as IPv6."""
    proxy_protocol.trust(LOOPBACK, lambda: None)
    try:
        assert listed == proxy_protocol._is_listed((peer, 1))
        assert not proxy_protocol._is_listed(None)
    finally:
        proxy_protocol.trust((), lambda: None)


async def test_users_behind_a_balancer_are_told_apart(tmp_path: Path):
    """Through the real proxy: whom the address map names, and what a stranger's word is worth."""
    people = tmp_path / "addresses.csv"
    people.write_text("192.0.2.7,alice\n")
    async with quiet_street(
        tmp_path, 'proxy_protocol_from = ["127.0.0.1/32"]', f'[identity]\naddress_map = "{people}"'
    ) as street:
        street.plain.put("/", b"page")
        request = f"GET {street.plain.url}/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        for preface, good in ((header(), True), (b"", False)):
            reader, writer = await asyncio.open_connection("127.0.0.1", street.proxy.port)
            writer.write(preface + request.encode())
            try:
                answer = await asyncio.wait_for(reader.read(), PATIENCE)
            except ConnectionError:
                answer = b""
            writer.close()
            assert good == (b"page" in answer) and good == bool(answer)
        await until(lambda: street.people.counters["proxy_protocol_refused_total"] == 1)
