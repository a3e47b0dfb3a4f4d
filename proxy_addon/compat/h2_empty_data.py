"""An empty DATA frame is no data.

Towards a browser or origin of HTTP/1 mitmproxy writes every piece of a body as a chunk of its own,
and a chunk of no bytes ends the body: the rest is lost, or taken for the next answer. 11.0.2 makes
one of each empty last frame, which many servers send (mended by
https://github.com/mitmproxy/mitmproxy/pull/7574); 12.2 of those amid a body still
(https://github.com/mitmproxy/mitmproxy/pull/8242).
"""

from collections.abc import Generator

import h2.events  # type: ignore[import-untyped] # h2 publishes none
from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.layers.http._http2 import Http2Connection, StreamState

_stock = Http2Connection.handle_h2_event


def apply() -> None:
    """Give streams no empty pieces."""
    Http2Connection.handle_h2_event = _handle_h2_event  # type: ignore[method-assign] # the patch


def _handle_h2_event(
    self: Http2Connection, event: h2.events.Event
) -> Generator[Command, object, bool]:
    empty = isinstance(event, h2.events.DataReceived) and not event.data
    if empty and self.streams.get(event.stream_id) is StreamState.HEADERS_RECEIVED:
        # It may be padded: that counts against the window all the same.
        self.h2_conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        return False
    return (yield from _stock(self, event))
