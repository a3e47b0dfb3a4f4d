"""How long a list of headers mitmproxy's ends of HTTP/2 connections take."""

import h2.config
import h2.connection
import pytest
from h2.exceptions import ProtocolError
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

from proxy_addon.compat import h2_long_headers


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patch, in this process, until the test is over."""
    name = "DEFAULT_MAX_HEADER_LIST_SIZE"
    monkeypatch.setattr(BufferedH2Connection, name, getattr(BufferedH2Connection, name))
    h2_long_headers.apply()
    h2_long_headers.apply()


def received(size: int) -> list:
    """What becomes of a request with a header of that size."""
    browser = h2.connection.H2Connection(h2.config.H2Configuration())
    ours = BufferedH2Connection(h2.config.H2Configuration(client_side=False))
    for end in (browser, ours):
        end.initiate_connection()
    head = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a")]
    browser.send_headers(1, [*head, ("x", "v" * size)], end_stream=True)
    return ours.receive_data(browser.data_to_send())


@pytest.mark.usefixtures("patched")
def test_a_list_of_headers_may_be_as_long_as_browsers_allow():
    """No longer: it is kept in memory."""
    assert received(h2_long_headers.LIMIT - 1000)
    with pytest.raises(ProtocolError):
        received(h2_long_headers.LIMIT)


def test_without_the_patch_64_kib_end_the_connection():
    """When this fails, mitmproxy has closed the hole: the row in the table goes."""
    with pytest.raises(ProtocolError):
        received(1 << 16)
