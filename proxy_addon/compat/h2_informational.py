"""Interim responses of an HTTP/2 origin (103 Early Hints above all) reach a browser of HTTP/2.

mitmproxy drops them, and says in its source that this violates the specification
(`Http2Client.handle_h2_event` in
https://github.com/mitmproxy/mitmproxy/blob/v12.2.3/mitmproxy/proxy/layers/http/_http2.py). Browsers
heed them over HTTP/2 alone: their pages would come later. They are handed on as `h1_informational`
does it. Where the two sides speak different versions they stay dropped: no browser would have got
one from that origin.
"""

from collections.abc import Generator
from typing import Any

import h2.events  # type: ignore[import-untyped] # h2 publishes none
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http import HttpStream, SendHttp
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._http2 import Http2Client, Http2Server

from proxy_addon.compat.h1_informational import DROPPED, InterimEvent

_OURS = (b"100", b"101")
"""mitmproxy gives the one itself; the other is none of HTTP/2 (RFC 9113, section 8.6)."""
_Commands = Generator[commands.Command, Any, None]
_stock_receive = Http2Client.handle_h2_event
_stock_wait = HttpStream.state_wait_for_response_headers
_stock_send = Http2Server._handle_event


class Interim(InterimEvent):
    """Its headers, status included."""

    headers: list[tuple[bytes, bytes]]


def apply() -> None:
    """Hand interim responses on, from one HTTP/2 connection to the other."""
    Http2Client.handle_h2_event = _receive  # type: ignore[method-assign] # the patch
    HttpStream.state_wait_for_response_headers = _wait  # type: ignore[method-assign] # the patch
    Http2Server._handle_event = _send  # type: ignore[method-assign] # the patch


def _receive(self: Http2Client, event: h2.events.Event) -> Generator[commands.Command, Any, bool]:
    if isinstance(event, h2.events.InformationalResponseReceived):
        kept = [(k, v) for k, v in event.headers if k not in DROPPED]
        if dict(kept).get(b":status") not in _OURS:
            interim = Interim(event.stream_id)
            interim.headers = kept
            yield ReceiveHttp(interim)
        return False
    return (yield from _stock_receive(self, event))


def _wait(self: HttpStream, event: HttpEvent) -> _Commands:
    """Called for what comes before a final head, and for that head."""
    if not isinstance(event, Interim):
        yield from _stock_wait(self, event)
    elif self.flow.request.is_http2:
        yield SendHttp(event, self.context.client)


def _send(self: Http2Server, event: events.Event) -> _Commands:
    if not isinstance(event, Interim):
        yield from _stock_send(self, event)
    elif self.is_open_for_us(event.stream_id):
        self.h2_conn.send_headers(event.stream_id, event.headers)
        yield commands.SendData(self.conn, self.h2_conn.data_to_send())
