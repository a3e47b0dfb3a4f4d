"""Interim responses of an HTTP/1 origin (103 Early Hints and the like) reach a browser of HTTP/1.1.

mitmproxy takes the first head that an origin sends for the final one: after a 103 the page never
comes (https://github.com/mitmproxy/mitmproxy/issues/2229). Here they are handed on at once, in
their order, as RFC 9110, section 15.2, asks of a proxy, without what speaks of one connection only
or leads round us; 100 Continue is not, as mitmproxy gives that answer itself. Nor is what an older
browser could not read, nor anything where one side speaks HTTP/2 (`h2_informational` is for both).
101 is final: the protocol changes with it.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from mitmproxy.http import Headers
from mitmproxy.net.http import http1
from mitmproxy.net.http.validate import validate_headers
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http import HttpStream
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._http1 import Http1Client

_INTERIM = re.compile(rb"HTTP/\d\.\d 1(?!01)\d\d[ \r\n]")
DROPPED = {
    b"connection", b"content-length", b"keep-alive", b"proxy-connection", b"trailer",
    b"transfer-encoding", b"upgrade", b"alt-svc",
}  # fmt: skip
"""What speaks of one connection only, of a body, or of a way round us."""
_Commands = Generator[commands.Command, Any, None]
_stock_read = Http1Client.read_headers
_stock_wait = HttpStream.state_wait_for_response_headers


class InterimEvent(HttpEvent):
    """An interim response, in whatever version."""


@dataclass
class Interim(InterimEvent):
    """Its head, as it will be written."""

    head: bytes


def apply() -> None:
    """Let the reader of origins' heads go on to the final one."""
    Http1Client.read_headers = _read_headers  # type: ignore[method-assign] # the patch
    HttpStream.state_wait_for_response_headers = _wait  # type: ignore[method-assign] # the patch


def _read_headers(self: Http1Client, event: events.ConnectionEvent) -> _Commands:
    # Without a request, data is an error that the stock reader reports.
    if isinstance(event, events.DataReceived) and self.request:
        while _INTERIM.match(bytes(self.buf)) and (lines := self.buf.maybe_extract_lines()):
            head = _rewritten([bytes(line) for line in lines])
            if head:
                yield ReceiveHttp(Interim(self.stream_id or 0, head))
    yield from _stock_read(self, event)


def _rewritten(lines: list[bytes]) -> bytes:
    """What is handed on of a head; nothing where it cannot be read, or is not for the browser."""
    try:
        response = http1.read_response_head(lines)
        kept = [each for each in response.headers.fields if each[0].lower() not in DROPPED]
        response.headers = Headers(kept)
        validate_headers(response)
    except ValueError:
        return b""
    response.http_version = "HTTP/1.1"
    if response.status_code == 100:
        return b""
    head: bytes = http1.assemble_response_head(response)  # type: ignore[no-untyped-call] # published
    return head


def _wait(self: HttpStream, event: HttpEvent) -> _Commands:
    """Called for what comes before a final head, and for that head."""
    if not isinstance(event, Interim):
        yield from _stock_wait(self, event)
    elif self.flow.request.http_version == "HTTP/1.1":
        yield commands.SendData(self.context.client, event.head)
