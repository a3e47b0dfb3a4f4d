"""Empty DATA frames, from an HTTP/2 origin to a browser that speaks HTTP/1."""

import h2.events
import pytest
from mitmproxy.connection import Client
from mitmproxy.http import Request, Response
from mitmproxy.options import Options
from mitmproxy.proxy import context
from mitmproxy.proxy.layers.http import _events as http_events
from mitmproxy.proxy.layers.http import _http1, _http2
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.version import VERSION

from proxy_addon.compat import h2_empty_data


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patch, in this process, until the test is over."""
    monkeypatch.setattr(
        _http2.Http2Connection, "handle_h2_event", _http2.Http2Connection.handle_h2_event
    )
    h2_empty_data.apply()
    h2_empty_data.apply()


def frame(data: bytes, *, last: bool = False, padding: int = 0) -> h2.events.DataReceived:
    """A DATA frame, as h2 tells of it."""
    event = h2.events.DataReceived.__new__(h2.events.DataReceived)
    event.data, event.stream_id, event.flow_controlled_length = data, 1, len(data) + padding
    event.stream_ended = h2.events.StreamEnded.__new__(h2.events.StreamEnded) if last else None
    return event


def pieces(*frames: h2.events.DataReceived) -> list[bytes]:
    """What a stream is given of these frames."""
    given = Options()
    for name in ("validate_inbound_headers", "normalize_outbound_headers"):
        given.add_option(name, bool, True, "")
    given.add_option("http2_ping_keepalive", int, 58, "")
    place = context.Context(Client(peername=("a", 1), sockname=("b", 2)), given)
    place.server.alpn = b"h2"
    layer = _http2.Http2Client(place)
    layer.h2_conn.initiate_connection()
    layer.h2_conn.send_headers(1, [(":method", "GET"), (":path", "/"), (":scheme", "https")])
    layer.streams[1] = _http2.StreamState.HEADERS_RECEIVED
    said = [command for each in frames for command in layer.handle_h2_event(each)]
    return [each.event.data for each in said if isinstance(each, ReceiveHttp)]


@pytest.mark.usefixtures("patched")
def test_an_empty_frame_gives_no_piece():
    """Neither amid a body nor at its end, padded or not."""
    assert [b"a", b"b"] == pieces(
        frame(b"a"), frame(b""), frame(b"", padding=9), frame(b"b"), frame(b"", last=True)
    )


def test_without_the_patch_an_empty_frame_amid_a_body_ends_it():
    """When this fails, mitmproxy has closed the hole: the row in the table goes."""
    given = pieces(frame(b"a"), frame(b""), frame(b"b"))
    client = Client(peername=("a", 1), sockname=("b", 2))
    layer = _http1.Http1Server(context.Context(client, Options()))
    layer.request = Request.make("GET", "http://a/")
    layer.response = Response.make(200, headers={"transfer-encoding": "chunked"})
    sent = [c.data for piece in given for c in layer.send(http_events.ResponseData(1, piece))]

    assert b"0\r\n\r\n" == sent[1]


@pytest.mark.skipif(VERSION != "11.0.2", reason="mended in 12.0")
def test_without_the_patch_an_empty_last_frame_ends_a_body_twice():
    """Many servers end a body so."""
    assert [b"a", b""] == pieces(frame(b"a"), frame(b"", last=True))
