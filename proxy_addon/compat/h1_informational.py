"""Interim responses of an HTTP/1 origin (103 Early Hints and the like) are skipped.

mitmproxy takes the first head that an origin sends for the final one: after a 103 the page never
comes (https://github.com/mitmproxy/mitmproxy/issues/2229). They are dropped rather than handed on,
as mitmproxy's HTTP/2 drops them too; 100 Continue it answers to the browser itself. 101 is final:
the protocol changes with it.
"""

import re
from collections.abc import Generator

from mitmproxy.proxy import events
from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.layers.http._http1 import Http1Client

_INTERIM = re.compile(rb"HTTP/\d\.\d 1(?!01)\d\d[ \r\n]")
_stock = Http1Client.read_headers


def apply() -> None:
    """Let the reader of origins' heads pass over interim ones."""
    Http1Client.read_headers = _read_headers  # type: ignore[method-assign] # the patch


def _read_headers(
    self: Http1Client, event: events.ConnectionEvent
) -> Generator[Command, object, None]:
    # Without a request, data is an error that the stock reader reports.
    if isinstance(event, events.DataReceived) and self.request:
        while _INTERIM.match(bytes(self.buf)) and self.buf.maybe_extract_lines():
            pass
    yield from _stock(self, event)
