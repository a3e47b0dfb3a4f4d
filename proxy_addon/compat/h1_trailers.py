"""Trailers of HTTP/1 messages are handed on.

mitmproxy raises NotImplementedError on them, within the connection's handler: the client hangs
(https://github.com/mitmproxy/mitmproxy/issues/2474). Those that come by HTTP/2 and leave by HTTP/1
meet an assertion. Here they go the way that mitmproxy has for those of HTTP/2, and leave in the
last chunk; where a message has no chunks there is no place for them, and they are dropped, as
RFC 9110, section 6.5.1, lets an intermediary do.
"""

from collections.abc import Callable, Generator
from typing import Any

import h11
from h11._readers import ChunkedReader
from h11._receivebuffer import ReceiveBuffer
from mitmproxy import http
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http import _http1
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    RequestEndOfMessage,
    RequestTrailers,
    ResponseEndOfMessage,
    ResponseTrailers,
)

LAST_CHUNK = b"0\r\n\r\n"
"""As mitmproxy writes it (RFC 9112, section 7.1)."""

HOP_BY_HOP = {
    b"connection", b"content-length", b"host", b"keep-alive", b"proxy-connection", b"te",
    b"trailer", b"transfer-encoding", b"upgrade",
}
"""Never in trailers: framing and routing (RFC 9110, section 6.5.1); in HTTP/2, to which mitmproxy
hands them unseen, an error of the stream (RFC 9113, section 8.2.2)."""

_Commands = Generator[commands.Command, object, None]
_stock_reader = _http1.make_body_reader
_stock_read = _http1.Http1Connection.read_body
_stock_send: dict[type[_http1.Http1Connection], Callable[[Any, HttpEvent], _Commands]] = {
    _http1.Http1Server: _http1.Http1Server.send,
    _http1.Http1Client: _http1.Http1Client.send,
}


def apply() -> None:
    """Let HTTP/1 connections read trailers and write them."""
    _http1.make_body_reader = _make_body_reader
    _http1.Http1Connection.read_body = _read_body  # type: ignore[method-assign] # the patch
    for kind in _stock_send:
        kind.send = _send  # type: ignore[method-assign] # the patch


class _Reader(ChunkedReader):
    """Keeps the trailers back, so that the stock code sees the end that it knows."""

    def __init__(self) -> None:
        super().__init__()
        self.trailers: http.Headers | None = None

    def __call__(self, buf: ReceiveBuffer) -> h11.Data | h11.EndOfMessage | None:
        event = super().__call__(buf)
        if not isinstance(event, h11.EndOfMessage) or not event.headers:
            return event
        # h11 gives the names in lower case, which HTTP/2 demands.
        kept = [(name, value) for name, value in event.headers if name not in HOP_BY_HOP]
        self.trailers = http.Headers(kept) if kept else None
        return h11.EndOfMessage()


def _make_body_reader(expected_size: int | None) -> _http1.TBodyReader:
    return _Reader() if expected_size is None else _stock_reader(expected_size)


def _read_body(self: _http1.Http1Connection, event: events.Event) -> _Commands:
    """Put the trailers before the end of the message, where mitmproxy's streams expect them."""
    chunked = isinstance(self.body_reader, _Reader)
    return _read_chunks(self, event) if chunked else _stock_read(self, event)


def _read_chunks(self: _http1.Http1Connection, event: events.Event) -> _Commands:
    for command in _stock_read(self, event):
        reader = self.body_reader
        if isinstance(reader, _Reader) and reader.trailers and _ends(self, command):
            trailers, reader.trailers = reader.trailers, None
            yield ReceiveHttp(_trailers_of(self)(self.stream_id or 0, trailers))
        yield command


def _ends(connection: _http1.Http1Connection, command: commands.Command) -> bool:
    return isinstance(command, ReceiveHttp) and isinstance(
        command.event, connection.ReceiveEndOfMessage
    )


def _trailers_of(
    connection: _http1.Http1Connection,
) -> type[RequestTrailers] | type[ResponseTrailers]:
    return RequestTrailers if isinstance(connection, _http1.Http1Server) else ResponseTrailers


def _send(self: Any, event: HttpEvent) -> _Commands:
    """Keep trailers until the last chunk, and write them into it."""
    if isinstance(event, RequestTrailers | ResponseTrailers):
        self.__dict__["trailers"] = event.trailers
        return _nothing()
    ending = isinstance(event, RequestEndOfMessage | ResponseEndOfMessage)
    # Taken at the end in any case: they must not turn up in the connection's next message.
    trailers = self.__dict__.pop("trailers", None) if ending else None
    sent = _stock_send[type(self)](self, event)
    return _end(self, sent, trailers) if trailers else sent


def _nothing() -> _Commands:
    yield from ()


def _end(connection: Any, sent: _Commands, trailers: http.Headers) -> _Commands:
    for command in sent:
        last = isinstance(command, commands.SendData) and command.data == LAST_CHUNK
        yield _last_chunk(connection, trailers) if last else command


def _last_chunk(connection: _http1.Http1Connection, trailers: http.Headers) -> commands.SendData:
    return commands.SendData(connection.conn, b"0\r\n%s\r\n" % bytes(trailers))
