"""How long nothing may happen on a connection can be set, in 11.0.2 as in 12.2.

There it is fixed at ten minutes (https://github.com/mitmproxy/mitmproxy/issues/7909); the newer
line has an option, which this brings to the older one under the same name.
"""

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader
from mitmproxy.proxy import server
from mitmproxy.proxy.context import Context

OPTION = "tcp_timeout"
STOCK = 600
"""s, mitmproxy's own in both lines."""

_stock = server.ConnectionHandler.__init__


def apply() -> None:
    """Let connections ask the option."""
    server.ConnectionHandler.__init__ = _init  # type: ignore[method-assign] # the patch


def offer(loader: Loader) -> None:
    """Add the option where mitmproxy has none."""
    if OPTION not in ctx.options:
        loader.add_option(OPTION, int, STOCK, "Seconds until a silent TCP connection is closed.")


def _init(self: server.ConnectionHandler, context: Context) -> None:
    _stock(self, context)
    if self.client.transport_protocol == "tcp":
        self.timeout_watchdog.timeout = getattr(context.options, OPTION, STOCK)
