"""What another proxy is asked for an origin with an IPv6 address."""

import pytest
from mitmproxy.connection import Client, Server
from mitmproxy.options import Options
from mitmproxy.proxy.commands import SendData
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._upstream_proxy import HttpUpstreamProxy

from proxy_addon.compat import upstream_ipv6


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patch, in this process, until the test is over."""
    monkeypatch.setattr(HttpUpstreamProxy, "start_handshake", HttpUpstreamProxy.start_handshake)
    upstream_ipv6.apply()
    upstream_ipv6.apply()


def asked(host: str) -> bytes:
    """The request to connect to port 443 of a host."""
    given = Options()
    given.add_option("http_connect_send_host_header", bool, True, "")
    place = Context(Client(peername=("a", 1), sockname=("b", 2)), given)
    place.server = Server(address=(host, 443))
    layer = HttpUpstreamProxy(place, Server(address=("proxy", 3128)), True)
    commands = list(layer.start_handshake())
    return b"".join(each.data for each in commands if isinstance(each, SendData))


@pytest.mark.usefixtures("patched")
@pytest.mark.parametrize(
    ("host", "place"), [("2001:db8::1", b"[2001:db8::1]:443"), ("192.0.2.1", b"192.0.2.1:443"),
                        ("example.org", b"example.org:443")],
)  # fmt: skip
def test_a_literal_of_ipv6_is_bracketed_and_nothing_else_is(host: str, place: bytes):
    """In the request line and in its Host."""
    assert asked(host).startswith(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n" % (place, place))


def test_without_the_patch_the_port_runs_into_the_address():
    """When this fails, mitmproxy has closed the hole: the row in the table goes."""
    assert asked("2001:db8::1").startswith(b"CONNECT 2001:db8::1:443 ")
