"""A process that leaves says so to those whose connections it keeps.

mitmproxy has no end but the abrupt one (https://github.com/mitmproxy/mitmproxy/issues/3895 asks for
another): a browser whose kept connection is closed under its request shows an error, or sends what
it may not send twice. Here a process that takes no more connections ends those that it has: over
HTTP/1 by `Connection: close` on the next answer, over HTTP/2 by a GOAWAY that still takes what is
on its way (RFC 9113, section 6.8). What stays idle after that is closed.

The launcher calls `apply` in each of its processes, and `leave` in one that goes.
"""

import asyncio
from collections.abc import Callable, Generator
from typing import Any

from hyperframe.frame import GoAwayFrame
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http._events import ResponseHeaders
from mitmproxy.proxy.layers.http._http1 import Http1Server, should_make_pipe
from mitmproxy.proxy.layers.http._http2 import Http2Server
from mitmproxy.proxy.server import ConnectionHandler

LINGER = 5.0
"""s that a kept connection must be idle before it is closed: a request may be on its way."""
_ANY_STREAM = 2**31 - 1
"""Last stream of a GOAWAY that refuses none (RFC 9113, section 6.8)."""

_Commands = Generator[commands.Command, Any, None]
_leaving = asyncio.Event()


class Farewell(commands.RequestWakeup):
    """Asks to be woken so many s after this process has begun to leave."""


def apply() -> None:
    """Let the connections of browsers be told; once in a process, after other patches."""
    for server, told in ((Http1Server, _http1), (Http2Server, _http2)):
        then = _first(told, server._handle_event)
        server._handle_event = then  # type: ignore[method-assign] # the patch
    wakeup = ConnectionHandler.wakeup

    async def wait(self: ConnectionHandler, request: commands.RequestWakeup) -> None:
        if isinstance(request, Farewell):
            await _leaving.wait()
        await wakeup(self, request)

    ConnectionHandler.wakeup = wait  # type: ignore[method-assign] # the patch


def leave() -> None:
    """Begin to end what is kept."""
    send = Http1Server.send

    def last(self: Http1Server, event: Any) -> _Commands:
        if isinstance(event, ResponseHeaders) and event.response.status_code >= 200:
            assert self.request
            if not should_make_pipe(self.request, event.response):
                response = event.response.copy()
                response.headers["Connection"] = "close"
                event = ResponseHeaders(event.stream_id, response, event.end_stream)
        yield from send(self, event)

    Http1Server.send = last  # type: ignore[method-assign] # the patch
    _leaving.set()


def _first(told: Callable[[Any], _Commands], then: Callable[[Any, Any], _Commands]) -> Any:
    """A layer's `_handle_event` that keeps farewells from it, and asks for the first."""

    def handle(self: Any, event: events.Event) -> _Commands:
        if isinstance(event, events.Wakeup) and isinstance(event.command, Farewell):
            return told(self)
        if isinstance(event, events.Start):
            return begin(self, event)
        return then(self, event)

    def begin(self: Any, event: events.Event) -> _Commands:
        yield from then(self, event)
        yield Farewell(0)

    return handle


def _http1(self: Http1Server) -> _Commands:
    if self.state == self.read_headers and not self.buf:
        if self.__dict__.get("idle_since") == self.stream_id:
            yield commands.CloseConnection(self.conn)
            return
        self.__dict__["idle_since"] = self.stream_id
    if self.state not in (self.passthrough, self.done):
        yield Farewell(LINGER)


def _http2(self: Http2Server) -> _Commands:
    if "told" not in self.__dict__:
        self.__dict__["told"] = True
        frame = GoAwayFrame(0, last_stream_id=_ANY_STREAM)
        yield commands.SendData(self.conn, frame.serialize())
    elif not self.h2_conn.open_inbound_streams:
        self.h2_conn.close_connection()
        yield commands.SendData(self.conn, self.h2_conn.data_to_send())
        yield from self.close_connection("this process leaves")
        return
    yield Farewell(LINGER)
