"""A streamed body that breaks off does so for the browser too, and nothing of it is lost before.

mitmproxy asks a stream's callable for what it still holds only where a body ends well: when the
origin breaks off, the last lines that came are dropped. And a callable has no means to break off
itself (https://github.com/mitmproxy/mitmproxy/issues/4711): a page that is corrupt half-way would
end as if it were whole. Here a callable may have three things more: `break_off()`, which gives what
is left when no more will come; `cut`, which is True once no more may go out; and `patience`, the
seconds before its client is told so.
"""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from mitmproxy import flow
from mitmproxy.proxy import events
from mitmproxy.proxy.commands import Command, RequestWakeup
from mitmproxy.proxy.layers.http import DropStream, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import (
    RequestProtocolError,
    ResponseData,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook

_MESSAGE = "the body cannot be read any further"
_Commands = Generator[Command, Any, None]
_stock_stream = HttpStream.state_stream_response_body
_stock_error = HttpStream.handle_protocol_error
_stock_event = HttpStream._handle_event


def apply() -> None:
    """Let streams break off, and say their last words when the origin does."""
    HttpStream.state_stream_response_body = _stream  # type: ignore[method-assign] # the patch
    HttpStream.handle_protocol_error = _error  # type: ignore[method-assign] # the patch
    HttpStream._handle_event = _event  # type: ignore[method-assign] # the patch


def _stream(self: HttpStream, event: events.Event) -> _Commands:
    """Pass a piece on; where its callable could not, end the body on both sides."""
    yield from _stock_stream(self, event)
    assert self.flow.response
    if not isinstance(event, ResponseData) or not getattr(self.flow.response.stream, "cut", False):
        return
    yield from _later(self, partial(_break_off, self))


def _break_off(self: HttpStream) -> _Commands:
    """End a body on both sides, as one that is not whole."""
    self.flow.error = flow.Error(_MESSAGE)
    yield HttpErrorHook(self.flow)
    # Each with its own code: a status in 11.0.2, a member of an enumeration in 12.2.
    for kind, side in (
        (ResponseProtocolError, self.context.client),
        (RequestProtocolError, self.context.server),
    ):
        yield SendHttp(kind(self.stream_id, _MESSAGE, kind.code), side)
    self.client_state = self.server_state = self.state_errored
    self.flow.live = False
    yield DropStream(self.stream_id)


def _error(self: HttpStream, event: RequestProtocolError | ResponseProtocolError) -> _Commands:
    """Send what a callable holds before the client is told that the origin is gone."""
    gone = isinstance(event, ResponseProtocolError) and self.client_state != self.state_errored
    if not gone or self.server_state != self.state_stream_response_body:
        yield from _stock_error(self, event)
        return
    assert self.flow.response
    break_off = getattr(self.flow.response.stream, "break_off", None)
    for piece in break_off() if break_off else ():
        yield SendHttp(ResponseData(self.stream_id, piece), self.context.client)
    yield from _later(self, partial(_stock_error, self, event))


def _later(self: HttpStream, end: Callable[[], _Commands]) -> _Commands:
    """Do it when the client had time to read what went out; nothing more goes out meanwhile."""
    assert self.flow.response
    patience = getattr(self.flow.response.stream, "patience", 0.0)
    if not patience:
        yield from end()
        return

    self.__dict__["end"] = end
    self.server_state = _ignore
    yield RequestWakeup(patience)


def _ignore(_: events.Event) -> _Commands:
    yield from ()


def _event(self: HttpStream, event: events.Event) -> _Commands:
    """Take the wakeup, which no stream expects."""
    if isinstance(event, events.Wakeup):
        end: Callable[[], _Commands] = self.__dict__.pop("end")
        return end()
    commands: _Commands = _stock_event(self, event)
    return commands
