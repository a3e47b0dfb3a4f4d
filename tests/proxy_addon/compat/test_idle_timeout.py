"""How long mitmproxy's connections may be silent."""

import pytest
from mitmproxy.connection import Client
from mitmproxy.options import Options
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.server import ConnectionHandler
from mitmproxy.version import VERSION

from proxy_addon.compat import idle_timeout


class Handler(ConnectionHandler):
    """Of a browser."""

    async def handle_hook(self, hook: object) -> None:
        """None is called."""


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patch, in this process, until the test is over."""
    monkeypatch.setattr(ConnectionHandler, "__init__", ConnectionHandler.__init__)
    idle_timeout.apply()
    idle_timeout.apply()


async def timeout(seconds: int | None, protocol: str = "tcp") -> int:
    """Of a connection where the option says so many, or is not there."""
    options = Options()
    if seconds is not None:
        options.add_option(idle_timeout.OPTION, int, seconds, "")
    client = Client(peername=("a", 1), sockname=("b", 2), transport_protocol=protocol)
    return Handler(Context(client, options)).timeout_watchdog.timeout


@pytest.mark.usefixtures("patched")
async def test_the_option_is_heard():
    """Datagrams keep mitmproxy's own time."""
    assert 7 == await timeout(7)
    assert 20 == await timeout(7, "udp")


@pytest.mark.usefixtures("patched")
@pytest.mark.skipif(VERSION != "11.0.2", reason="12.2 has the option always")
async def test_without_the_option_the_time_is_mitmproxys():
    """As in a stock mitmdump before our script is loaded."""
    assert idle_timeout.STOCK == await timeout(None)


@pytest.mark.skipif(VERSION != "11.0.2", reason="12.2 hears its own option")
async def test_without_the_patch_the_time_is_fixed():
    """When this fails, mitmproxy has closed the hole: the row in the table goes."""
    assert idle_timeout.STOCK == await timeout(7)
