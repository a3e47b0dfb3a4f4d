"""Interim responses, sent by a raw socket through a real mitmproxy."""

from pathlib import Path

import pytest
from mitmproxy import connection, options
from mitmproxy.http import Request
from mitmproxy.proxy import context, events
from mitmproxy.proxy.layers.http import _events as http_events
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._http1 import Http1Client

from proxy_addon.compat import h1_informational
from tests.proxy_addon.compat.host import READY, Origin, asked, mitmdump, started

PATCHED = """
from proxy_addon.compat import h1_informational
h1_informational.apply()
h1_informational.apply()
"""
STREAMED = """
def responseheaders(flow):
    flow.response.stream = True
"""
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"
REQUEST = b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"


def request(origin: Origin) -> bytes:
    return REQUEST % (origin.port, origin.port)


@pytest.mark.parametrize("way", ["", STREAMED], ids=["buffered", "streamed"])
@pytest.mark.parametrize("before", [HINTS, HINTS + PROCESSING, PROCESSING * 50], ids=len)
def test_the_page_comes_after_interim_responses(tmp_path: Path, before: bytes, way: str):
    """Once, whole, and with the connection left in order for the next one."""
    with (
        Origin(before + PAGE, PAGE) as origin,
        started(mitmdump(tmp_path, PATCHED + way + READY)) as proxy,
    ):
        answers = asked(proxy, request(origin), request(origin), until=b"page")

    assert [before + PAGE, PAGE] == answers


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n", b""),
        (b"HTTP/1.0 103 Hm\r\nA: 1\r\n\r\n", b"HTTP/1.1 103 Hm\r\nA: 1\r\n\r\n"),
        (b"HTTP/1.1 103 Hm\r\nalt-SVC: x\r\nContent-Length: 9\r\n\r\n", b"HTTP/1.1 103 Hm\r\n\r\n"),
        (b"HTTP/1.1 103 Hm\r\nno colon\r\n\r\n", b""),
        (b"HTTP/1.1 103 Hm\r\na b: 1\r\n\r\n", b""),
    ],
)  # fmt: skip
def test_what_is_not_for_the_browser_stays_behind(tmp_path: Path, before: bytes, after: bytes):
    """Answers that mitmproxy gives, ways round us, lengths, and what cannot be read."""
    with Origin(before + PAGE) as origin, started(mitmdump(tmp_path, PATCHED + READY)) as proxy:
        answers = asked(proxy, request(origin), until=b"page")

    assert [after + PAGE] == answers


def test_an_old_browser_gets_the_page_alone(tmp_path: Path):
    """HTTP/1.0 knows no interim responses (RFC 9110, section 15.2)."""
    with Origin(HINTS + PAGE) as origin, started(mitmdump(tmp_path, PATCHED + READY)) as proxy:
        old = request(origin).replace(b"HTTP/1.1", b"HTTP/1.0")
        answers = asked(proxy, old, until=b"page")

    assert [PAGE] == answers


def test_without_the_patch_the_page_never_comes(tmp_path: Path):
    """When this fails, mitmproxy has closed the hole: the row in the table goes."""
    with Origin(HINTS + PAGE) as origin, started(mitmdump(tmp_path, READY)) as proxy:
        answers = asked(proxy, request(origin), until=b"page", patience=1.5)

    assert b"page" not in answers[0]


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patch, in this process, until the test is over."""
    monkeypatch.setattr(Http1Client, "read_headers", Http1Client.read_headers)
    h1_informational.apply()


def happened(*pieces: bytes, hang_up: bool = False) -> list[object]:
    """What a connection to an origin makes of these pieces."""
    client = connection.Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2))
    place = context.Context(client, options.Options())
    place.server.state = connection.ConnectionState.OPEN
    layer = Http1Client(place)
    layer.request, layer.stream_id = Request.make("GET", "http://example.org/"), 1
    layer.request_done = True
    coming: list[events.Event] = [events.DataReceived(layer.conn, piece) for piece in pieces]
    if hang_up:
        coming.append(events.ConnectionClosed(layer.conn))
    out = list(layer.handle_event(events.Start()))
    for event in coming:
        out += layer.handle_event(event)
    return [each.event for each in out if isinstance(each, ReceiveHttp)]


def body(seen: list[object]) -> bytes:
    return b"".join(each.data for each in seen if isinstance(each, http_events.ResponseData))


def test_however_the_bytes_are_split_the_page_is_the_same(patched: None):
    """Every split point, and every byte alone."""
    whole = HINTS + PROCESSING + PAGE
    cuts = [(whole[:at], whole[at:]) for at in range(1, len(whole))]

    for pieces in (*cuts, tuple(bytes([each]) for each in whole)):
        seen = happened(*pieces)
        heads = [each for each in seen if isinstance(each, http_events.ResponseHeaders)]
        assert [200] == [head.response.status_code for head in heads]
        assert b"page" == body(seen)
        assert isinstance(seen[-1], http_events.ResponseEndOfMessage)


def test_an_origin_that_hangs_up_after_a_hint_has_not_answered(patched: None):
    """An error, as without the hint; never an empty page."""
    assert [h1_informational.Interim, http_events.ResponseProtocolError] == [
        type(each) for each in happened(HINTS, hang_up=True)
    ]


def test_a_change_of_protocol_is_a_final_response(patched: None):
    """WebSocket opens with 101; what is no status at all stays the stock reader's affair."""
    first = happened(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")[0]

    assert isinstance(first, http_events.ResponseHeaders)
    assert 101 == first.response.status_code
    assert isinstance(happened(b"HTTP/1.1 1x3 Hm\r\n\r\n")[0], http_events.ResponseProtocolError)
