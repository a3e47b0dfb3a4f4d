"""An IPv6 address stands in brackets when another proxy is asked to connect to it.

mitmproxy asks for `::1:443`, which no proxy understands
(https://github.com/mitmproxy/mitmproxy/issues/8326, mended after 12.2.3).
"""

from collections.abc import Generator
from typing import Any

from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.layers.http._hooks import HttpConnectUpstreamHook
from mitmproxy.proxy.layers.http._upstream_proxy import HttpUpstreamProxy

_stock = HttpUpstreamProxy.start_handshake


def apply() -> None:
    """Write the address as RFC 9110, section 9.3.6, wants it."""
    HttpUpstreamProxy.start_handshake = _start  # type: ignore[method-assign] # the patch


def _start(self: HttpUpstreamProxy) -> Generator[Command, Any, None]:
    for command in _stock(self):
        if isinstance(command, HttpConnectUpstreamHook):
            request = command.flow.request
            if ":" in request.host and not request.authority.startswith("["):
                request.authority = f"[{request.host}]:{request.port}"
                if "host" in request.headers:
                    request.headers["host"] = request.authority
        yield command
