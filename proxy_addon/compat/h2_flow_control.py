"""What one side does not read, the other side is not asked for: flow control from end to end.

mitmproxy promises every HTTP/2 peer a window of two gigabytes, acknowledges at once, and keeps what
it cannot send on: a browser that reads its socket but opens no window for a paused video makes it
hold the whole of it (https://github.com/mitmproxy/mitmproxy/pull/7317; transparency.md, section
3.1, measured 750 MB in three seconds). Uploads pile up the same way, before an origin that does not
read, or while a connection to it is still being made.

Theory of operation. A body runs from a *source* (the connection that it comes by) through a stream
to a *sink* (the connection that it leaves by). Nothing is added to the way of a body that flows:

- A sink that keeps more than `MARK` of a stream says `Full` to the stream, and `Room` when it is
  through. HTTP/2 keeps what the peer's windows do not let out; towards an origin, what its socket
  has not taken counts too (`Drained`), as nobody else waits for that socket.
- A stream whose sink is full, or that waits for a hook or a connection, holds what comes, as it
  came, trailers and end in their order. What it holds beyond `MARK` makes it say `Hold` to the
  source, and `Release` when it holds nothing any more.
- An HTTP/2 source acknowledges at once what is not held, so that a stream's window (`h2_windows`)
  is the most of it that may be held. The connection's own window is no limit: a stalled stream
  would take it from its siblings. An HTTP/1 source has one stream; its socket is not read
  (`socket_waits`).
"""

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events, tunnel
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import Layer
from mitmproxy.proxy.layers.http import HttpStream, SendHttp
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestEndOfMessage,
    RequestProtocolError,
    RequestTrailers,
    ResponseData,
    ResponseEndOfMessage,
    ResponseProtocolError,
    ResponseTrailers,
)
from mitmproxy.proxy.layers.http._http1 import Http1Client, Http1Connection
from mitmproxy.proxy.layers.http._http2 import Http2Client, Http2Connection

from proxy_addon.compat.h2_windows import hold, release
from proxy_addon.compat.socket_waits import Drained, read

MARK = 1 << 16
"""Bytes of a stream that are kept before anybody is told: what one read of a socket brings."""
MANY = 64
"""Pieces that count as `MARK` however small they are; each weighs some hundred bytes itself."""
MERGED = 1 << 12
"""Bytes up to which small pieces are held as one."""

_Commands = Generator[commands.Command, Any, None]
_REQUEST, _RESPONSE = 0, 1
_WAYS: dict[type, int] = {
    RequestData: _REQUEST,
    RequestTrailers: _REQUEST,
    RequestEndOfMessage: _REQUEST,
    ResponseData: _RESPONSE,
    ResponseTrailers: _RESPONSE,
    ResponseEndOfMessage: _RESPONSE,
    ResponseProtocolError: _RESPONSE,  # what came before the origin broke off is still owed
}


@dataclass
class Full(HttpEvent):
    """A sink to its stream: send no more, either way as `way` says."""

    way: int


@dataclass
class Room(HttpEvent):
    """A sink to its stream: go on."""

    way: int


@dataclass
class Hold(HttpEvent):
    """A stream to its source: what comes is held."""


@dataclass
class Release(HttpEvent):
    """A stream to its source: all has gone on."""


_DATA = (RequestData, ResponseData)
_SINKS = (Full, Room)
_HOLDING = (Hold, Release)


def apply() -> None:
    """Let bodies flow as fast as they are read, and no faster."""
    HttpStream.handle_event = _stream_event  # type: ignore[method-assign,assignment] # the patch
    HttpStream.passthrough = _passthrough  # type: ignore[method-assign] # the patch
    Http1Connection._handle_event = _http1_event  # type: ignore[method-assign] # the patch
    Http2Connection._handle_event = _http2_event  # type: ignore[method-assign] # the patch
    Http2Client._handle_event = _http2_client_event  # type: ignore[method-assign] # the patch


# --- streams


class _Way:
    """One direction of a stream."""

    __slots__ = ("blocked", "held", "size", "told")

    def __init__(self) -> None:
        self.blocked = False
        self.held: deque[HttpEvent] = deque()
        self.size = 0
        self.told = False

    def hold(self, event: Any) -> None:
        """Keep a piece behind the others; small ones become one."""
        if not isinstance(event, _DATA):
            self.held.append(event)
            return
        self.size += len(event.data)
        last = self.held[-1] if self.held else None
        if isinstance(last, type(event)) and len(last.data) + len(event.data) <= MERGED:
            last.data += event.data
        else:
            self.held.append(event)

    def take(self) -> HttpEvent:
        """Give the next piece."""
        event = self.held.popleft()
        if isinstance(event, _DATA):
            self.size -= len(event.data)
        return event

    def drop(self) -> None:
        """Forget all: nobody waits for it any more."""
        self.held.clear()
        self.size, self.blocked = 0, False


def _stream_event(self: HttpStream, event: events.Event) -> _Commands:
    """Hold what cannot go on, before the stream sees it."""
    ways: tuple[_Way, _Way] | None = self.__dict__.get("ways")
    way = _WAYS.get(type(event))
    if ways is None:
        waits = way is not None and self._paused and _is_long(self._paused_event_queue)
        if not waits and not isinstance(event, Full):
            return Layer.handle_event(self, event)
        ways = self.__dict__["ways"] = (_Way(), _Way())
    return _way_event(self, ways, way, event)


def _way_event(
    self: HttpStream, ways: tuple[_Way, _Way], way: int | None, event: Any
) -> _Commands:
    if isinstance(event, _SINKS):
        ways[event.way].blocked = isinstance(event, Full)
    elif way is not None and (ways[way].blocked or ways[way].held or _waits(self)):
        ways[way].hold(event)
    else:
        yield from _pass(self, ways, event)
    for each in ways:
        while each.held and not self._paused and (not each.blocked or _is_over(self)):
            yield from _pass(self, ways, each.take())
    yield from _tell(self, ways)


def _pass(stream: HttpStream, ways: tuple[_Way, _Way], event: events.Event) -> _Commands:
    """Let the stream see an event; what breaks it off ends all holding."""
    broken = isinstance(event, RequestProtocolError | ResponseProtocolError)
    if broken:
        for each in ways:
            each.drop()
        if stream.client_state == stream.server_state == stream.state_done:
            return  # it came behind the end, which was held: the stream is no more
    yield from Layer.handle_event(stream, event)


def _is_over(stream: HttpStream) -> bool:
    """Whether a stream throws away what comes."""
    return stream.state_errored in (stream.client_state, stream.server_state)


def _waits(stream: HttpStream) -> bool:
    return stream._paused is not None and _is_long(stream._paused_event_queue)


def _is_long(queue: deque[events.Event]) -> bool:
    """Whether more waits for a hook or a connection than is kept without a word."""
    return len(queue) >= MANY or sum(len(getattr(e, "data", b"")) for e in queue) >= MARK


def _tell(stream: HttpStream, ways: tuple[_Way, _Way]) -> _Commands:
    """Let the sources know whether what they bring is held."""
    sources: tuple[Connection, Connection] = (stream.context.client, stream.context.server)
    for way, source in zip(ways, sources, strict=True):
        if way.told:
            changes = not way.held
        else:
            changes = way.size >= MARK or len(way.held) >= MANY
        if changes and source.transport_protocol == "tcp":  # HTTP/3 has a way of its own
            way.told = not way.told
            kind = Hold if way.told else Release
            yield SendHttp(kind(stream.stream_id), source)


def _passthrough(self: HttpStream, event: events.Event) -> _Commands:
    """What is relayed after an upgrade is no stream any more."""
    if not isinstance(event, _SINKS):
        yield from _stock_passthrough(self, event)


# --- sinks


class _Sink:
    """What a connection has told the streams whose bodies leave by it.

    Parameters
    ----------
    way
        The way of these bodies.
    """

    __slots__ = ("asked", "full", "sent", "way")

    def __init__(self, way: int) -> None:
        self.way = way
        self.full: set[int] = set()
        self.sent = 0
        self.asked = False

    def wait(self, context: Context, conn: Connection, size: int) -> _Commands:
        """Ask for the socket, as soon as so much has been written that it may not take."""
        self.sent += size
        if self.sent >= MARK and not self.asked:
            self.asked = True
            yield Drained(_transport(context, conn))

    def tell(self, stream: int, full: bool) -> _Commands:
        """Say it, unless it was said."""
        if full and stream not in self.full:
            self.full.add(stream)
            yield ReceiveHttp(Full(stream, self.way))
        elif not full and stream in self.full:
            self.full.discard(stream)
            yield ReceiveHttp(Room(stream, self.way))


def _sink(connection: Any) -> _Sink:
    sink: _Sink | None = connection.__dict__.get("sink")
    if sink is None:
        way = _REQUEST if isinstance(connection, Http1Client | Http2Client) else _RESPONSE
        sink = connection.__dict__["sink"] = _Sink(way)
    return sink


def _transport(context: Context, conn: Connection) -> Connection:
    """The connection whose socket carries `conn`: another one, through an upstream proxy."""
    for layer in reversed(context.layers):
        if isinstance(layer, tunnel.TunnelLayer) and layer.conn is conn:
            conn = layer.tunnel_connection
    return conn


def _waits_for_origins(context: Context) -> bool:
    """Whether streams must wait for an origin's socket; over HTTP/1 the browser's reading does."""
    return context.client.alpn == b"h2"


def _http1_event(self: Http1Connection, event: events.Event) -> _Commands:
    if isinstance(event, _HOLDING):
        read(_transport(self.context, self.conn), isinstance(event, Release))
        return _nothing()
    if isinstance(event, events.Wakeup):
        return _http1_drained(self)
    if isinstance(event, RequestData) and _waits_for_origins(self.context):
        return _http1_upload(self, event)
    return _stock_http1(self, event)  # most events: no generator of ours around it


def _nothing() -> _Commands:
    yield from ()


def _http1_drained(self: Http1Connection) -> _Commands:
    sink = _sink(self)
    sink.asked, sink.sent = False, 0
    for stream in list(sink.full):
        yield from sink.tell(stream, False)


def _http1_upload(self: Http1Connection, event: RequestData) -> _Commands:
    yield from _stock_http1(self, event)
    sink = _sink(self)
    yield from sink.wait(self.context, self.conn, len(event.data))
    yield from sink.tell(event.stream_id, sink.asked)


def _http2_event(self: Http2Connection, event: events.Event) -> _Commands:
    if isinstance(event, _HOLDING):
        yield from _owe(self, event)
        return
    sink = _sink(self)
    if isinstance(event, events.Wakeup):
        sink.asked, sink.sent = False, 0
    else:
        yield from _stock_http2(self, event)
    if isinstance(event, _DATA):
        if sink.way == _REQUEST and _waits_for_origins(self.context):
            yield from sink.wait(self.context, self.conn, len(event.data))
        yield from sink.tell(event.stream_id, _is_full(self, sink, event.stream_id))
    elif sink.full:
        for stream in list(sink.full):
            yield from sink.tell(stream, _is_full(self, sink, stream))


def _is_full(connection: Http2Connection, sink: _Sink, stream: int) -> bool:
    if sink.asked:
        return True
    kept = connection.h2_conn.stream_buffers.get(stream, ())
    return len(kept) >= MANY or sum(len(each.data) for each in kept) >= MARK


def _http2_client_event(self: Http2Client, event: events.Event) -> _Commands:
    """The same, where streams have other numbers, and may wait for their turn."""
    if isinstance(event, _HOLDING):
        ours = self.our_stream_id.get(event.stream_id)
        if ours is not None:
            event.stream_id = ours
            yield from _http2_event(self, event)
    elif isinstance(event, events.Wakeup) and isinstance(event.command, Drained):
        for command in _http2_event(self, event):
            if isinstance(command, ReceiveHttp):
                command.event.stream_id = self.their_stream_id[command.event.stream_id]
            yield command
    elif self.__dict__.get("replays"):
        yield from _stock_http2_client(self, event)
    else:
        yield from _park(self, event)


def _park(self: Http2Client, event: events.Event) -> _Commands:
    """Let nobody send more of a body whose head waits, before all that waits has gone out."""
    parked: set[int] = self.__dict__.setdefault("parked", set())
    theirs = event.stream_id if isinstance(event, RequestData) else -1  # it is about to be changed
    self.__dict__["replays"] = True
    yield from _stock_http2_client(self, event)
    self.__dict__["replays"] = False
    if theirs in self.stream_queue:
        parked.add(theirs)
        yield ReceiveHttp(Full(theirs, _REQUEST))
    for stream in parked - self.stream_queue.keys():
        parked.discard(stream)
        yield ReceiveHttp(Room(stream, _REQUEST))


def _owe(connection: Http2Connection, event: Hold | Release) -> _Commands:
    """Begin or cease to withhold what a stream may send."""
    h2_conn = connection.h2_conn
    if isinstance(event, Hold):
        hold(h2_conn, event.stream_id)
        return
    release(h2_conn, event.stream_id)
    if data := h2_conn.data_to_send():
        yield commands.SendData(connection.conn, data)


_stock_passthrough = HttpStream.passthrough
_stock_http1 = Http1Connection._handle_event
_stock_http2 = Http2Connection._handle_event
_stock_http2_client = Http2Client._handle_event
