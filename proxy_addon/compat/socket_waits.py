"""Each connection waits for the sockets that its own data go to, and for nobody else's.

After every read mitmproxy waits until all sockets around a browser's connection have taken what was
written to them, one reader at a time (https://github.com/mitmproxy/mitmproxy/issues/5034 is where
that took its form). It bounds memory, but over HTTP/2 one origin that does not read an upload stops
all other streams of its browser. Here a read of an origin waits for the browser's socket, and a
read of an HTTP/2 browser for its own alone; the streams themselves wait for the origins, by
`Drained`. What must not be read for a while is not (`read`).
"""

import asyncio
from weakref import WeakKeyDictionary

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.server import ConnectionHandler

_unread: WeakKeyDictionary[Connection, asyncio.Event] = WeakKeyDictionary()
"""Connections whose sockets are not read, with what ends it."""


class Drained(commands.RequestWakeup):
    """Asks to be woken when a connection's socket has taken what was written, or is closed."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(0)
        self.connection = connection


def apply() -> None:
    """Let each connection wait for itself."""
    ConnectionHandler.drain_writers = _drain_writers  # type: ignore[method-assign] # the patch
    ConnectionHandler.wakeup = _wakeup  # type: ignore[method-assign] # the patch


def read(connection: Connection, on: bool) -> None:
    """Go on reading a connection's socket, or stop after what has been read."""
    if not on:
        _unread.setdefault(connection, asyncio.Event())
    elif (waiting := _unread.pop(connection, None)) is not None:
        waiting.set()


async def _drain_writers(self: ConnectionHandler) -> None:
    """Called after each read, by the task that reads."""
    task = asyncio.current_task()
    mine = next((c for c, io in self.transports.items() if io.handler is task), self.client)
    apart = self.client.alpn == b"h2"
    for connection, io in list(self.transports.items()):
        if io.writer is None or (apart and connection not in (self.client, mine)):
            continue
        try:
            await io.writer.drain()
        except OSError as error:
            if io.handler is not None:
                io.handler.cancel(f"Error sending data: {error}")
    while (waiting := _unread.get(mine)) is not None:
        await waiting.wait()


async def _wakeup(self: ConnectionHandler, request: commands.RequestWakeup) -> None:
    if not isinstance(request, Drained):
        await _stock_wakeup(self, request)
        return
    io = self.transports.get(request.connection)
    try:
        if io is not None and io.writer is not None:
            await io.writer.drain()
    except OSError:
        pass  # it is gone: what is sent to it is thrown away
    task = asyncio.current_task()
    assert task is not None
    self.wakeup_timer.discard(task)
    await self.server_event(events.Wakeup(request))


_stock_wakeup = ConnectionHandler.wakeup
