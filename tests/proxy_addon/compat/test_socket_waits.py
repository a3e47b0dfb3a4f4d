"""Whom the reader of a connection waits for: real sockets, of which one takes nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from mitmproxy.connection import Client, Connection, ConnectionState, Server
from mitmproxy.options import Options
from mitmproxy.proxy import events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO

from proxy_addon.compat import socket_waits
from proxy_addon.compat.socket_waits import Drained, read

SHORT = 0.2
"""s after which what has not ended waits for somebody."""


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """mitmproxy as it was, afterwards too."""
    for name in ("drain_writers", "wakeup"):
        monkeypatch.setattr(ConnectionHandler, name, getattr(ConnectionHandler, name))


@pytest.fixture
def patched(stock: None) -> None:
    """The patch, in this process, until the test is over."""
    socket_waits.apply()
    socket_waits.apply()


class Handler(ConnectionHandler):
    """Of a browser; keeps what its layer is told."""

    def __init__(self, alpn: bytes) -> None:
        given = Options()
        given.add_option("tcp_timeout", int, 600, "")
        client = Client(peername=("a", 1), sockname=("b", 2), state=ConnectionState.OPEN)
        client.alpn = alpn
        super().__init__(Context(client, given))
        self.far: list[socket.socket] = []
        self.told: list[events.Event] = []
        self.layer = self

    async def handle_hook(self, hook: object) -> None:
        """None is called."""

    def handle_event(self, event: events.Event) -> list[object]:
        """As a layer's."""
        self.told.append(event)
        return []

    async def connect(self, connection: Connection) -> None:
        """Give a connection a socket, whose other end reads nothing by itself."""
        near, far = socket.socketpair()
        near.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=near)
        self.far.append(far)
        self.transports[connection] = ConnectionIO(None, reader, writer)

    async def waits(self, connection: Connection) -> bool:
        """Whether the reader of a connection would wait, after a read, for somebody."""
        task = self.transports[connection].handler = asyncio.ensure_future(self.drain_writers())
        await asyncio.wait([task], timeout=SHORT)
        done = task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return not done

    def fill(self, connection: Connection) -> None:
        """Write more than a socket takes."""
        self.transports[connection].writer.write(bytes(1 << 22))


@asynccontextmanager
async def handled(alpn: bytes) -> AsyncIterator[tuple[Handler, Server, Server]]:
    """A browser's handler, and two origins."""
    handler, origins = Handler(alpn), (Server(address=("a", 1)), Server(address=("b", 1)))
    for connection in (handler.client, *origins):
        await handler.connect(connection)
    try:
        yield handler, *origins
    finally:
        for far in handler.far:
            far.close()
        for io in handler.transports.values():
            io.writer.transport.abort()
        await asyncio.sleep(0)


@pytest.mark.usefixtures("stock")
async def test_without_the_patch_one_origin_stops_the_whole_browser():
    """When this fails, mitmproxy has closed the hole: the row in the table goes."""
    async with handled(b"h2") as (handler, deaf, other):
        handler.fill(deaf)
        assert await handler.waits(handler.client)
        assert await handler.waits(other)


@pytest.mark.usefixtures("patched")
async def test_an_origin_that_takes_nothing_is_waited_for_by_itself_alone():
    """The browser's other streams go on."""
    async with handled(b"h2") as (handler, deaf, other):
        handler.fill(deaf)
        assert not await handler.waits(handler.client)
        assert not await handler.waits(other)
        assert await handler.waits(deaf)


@pytest.mark.usefixtures("patched")
async def test_a_browser_that_takes_nothing_is_waited_for_by_everybody():
    """All that its origins send goes there."""
    async with handled(b"h2") as (handler, origin, _):
        handler.fill(handler.client)
        assert await handler.waits(origin)
        assert await handler.waits(handler.client)


@pytest.mark.usefixtures("patched")
@pytest.mark.parametrize("alpn", [b"http/1.1", None])
async def test_a_browser_with_one_stream_waits_for_its_origin(alpn: bytes):
    """An upload over HTTP/1, or what is relayed raw, waits where it is read."""
    async with handled(alpn) as (handler, deaf, _):
        handler.fill(deaf)
        assert await handler.waits(handler.client)


@pytest.mark.usefixtures("patched")
async def test_what_must_not_be_read_is_read_when_it_may_be():
    """Others meanwhile."""
    async with handled(b"h2") as (handler, held, other):
        read(held, False)
        read(held, False)
        assert await handler.waits(held)
        assert not await handler.waits(other)
        read(held, True)
        read(held, True)
        assert not await handler.waits(held)


@pytest.mark.usefixtures("patched")
async def test_who_asked_is_woken_when_a_socket_has_taken_all():
    """Not before."""
    async with handled(b"h2") as (handler, origin, _):
        handler.fill(origin)
        asked = Drained(origin)
        task = asyncio.ensure_future(handler.wakeup(asked))
        handler.wakeup_timer.add(task)
        await asyncio.wait([task], timeout=SHORT)
        assert [] == handler.told

        far = handler.far[1]
        far.setblocking(False)
        while not task.done():
            try:
                far.recv(1 << 20)
            except BlockingIOError:
                await asyncio.sleep(0)
        assert [asked] == [event.command for event in handler.told]
        assert not handler.wakeup_timer


@pytest.mark.usefixtures("patched")
async def test_who_asked_is_woken_when_a_connection_is_gone():
    """Nothing waits for ever."""
    async with handled(b"h2") as (handler, origin, _):
        handler.fill(origin)
        asked = [Drained(origin), Drained(Server(address=("c", 1)))]
        tasks = [asyncio.ensure_future(handler.wakeup(each)) for each in asked]
        await asyncio.sleep(0)
        handler.transports[origin].writer.transport.abort()
        await asyncio.wait_for(asyncio.gather(*tasks), 5)

        assert 2 == len(handler.told)
