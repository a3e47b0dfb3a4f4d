"""An upload whose length HTTP/2 does not tell has a frame towards an origin of HTTP/1.

In HTTP/2 a body ends with its stream, and no header need speak of it. mitmproxy writes such a
request to an HTTP/1 origin without `Content-Length` and without chunks, and nobody has reported it
(`Http1Client.send` in
https://github.com/mitmproxy/mitmproxy/blob/v12.2.3/mitmproxy/proxy/layers/http/_http1.py): there
the request has ended with its head (RFC 9112, section 6.3), and the body is taken for the next one.
Here it goes in chunks.
"""

from collections.abc import Generator
from typing import Any

from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.layers.http._base import HttpEvent
from mitmproxy.proxy.layers.http._events import RequestHeaders
from mitmproxy.proxy.layers.http._http1 import Http1Client

_FRAMES = ("content-length", "transfer-encoding")
_stock = Http1Client.send


def apply() -> None:
    """Let every body that goes to an origin of HTTP/1 be framed."""
    Http1Client.send = _send  # type: ignore[method-assign] # the patch


def _send(self: Http1Client, event: HttpEvent) -> Generator[Command, Any, None]:
    if isinstance(event, RequestHeaders) and not event.end_stream:
        request = event.request
        newer = request.is_http2 or request.is_http3
        if newer and not any(name in request.headers for name in _FRAMES):
            event.request = request.copy()
            event.request.headers["transfer-encoding"] = "chunked"
    return _stock(self, event)
