"""Trailers, sent by raw sockets through a real mitmproxy, both ways."""

from pathlib import Path

import pytest
from mitmproxy import connection, options
from mitmproxy.http import Headers, Request, Response
from mitmproxy.proxy import commands, context, events
from mitmproxy.proxy.layers.http import _events as http_events
from mitmproxy.proxy.layers.http import _http1
from mitmproxy.proxy.layers.http._base import ReceiveHttp

from proxy_addon.compat import h1_trailers
from tests.proxy_addon.compat.host import READY, Origin, asked, mitmdump, started

PATCHED = """
from proxy_addon.compat import h1_trailers
h1_trailers.apply()
h1_trailers.apply()
"""
STREAMED = """
def requestheaders(flow):
    flow.request.stream = True

def responseheaders(flow):
    flow.response.stream = True
"""
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BODY = b"4\r\npage\r\n"
TRAILERS = b"0\r\nServer-Timing: db;dur=3\r\nExpires: 0\r\n\r\n"
PASSED = b"0\r\nserver-timing: db;dur=3\r\nexpires: 0\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"
REQUEST = b"%s http://127.0.0.1:%d/ HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"

ways = pytest.mark.parametrize("way", ["", STREAMED], ids=["buffered", "streamed"])


def get(origin: Origin) -> bytes:
    return REQUEST % (b"GET", origin.port, origin.port) + b"\r\n"


def post(origin: Origin) -> bytes:
    head = REQUEST % (b"POST", origin.port, origin.port)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + BODY + TRAILERS


@ways
def test_an_origins_trailers_reach_the_browser(tmp_path: Path, way: str):
    """In the last chunk, names in lower case; the body before them is as it was."""
    with (
        Origin(HEAD + BODY + TRAILERS) as origin,
        started(mitmdump(tmp_path, PATCHED + way + READY)) as proxy,
    ):
        answer, = asked(proxy, get(origin), until=b"expires: 0\r\n\r\n")

    assert BODY + PASSED == answer.partition(b"\r\n\r\n")[2]


@ways
def test_a_browsers_trailers_reach_the_origin(tmp_path: Path, way: str):
    """The same the other way: an upload whose checksum comes last."""
    with (
        Origin(PLAIN, end=b"expires: 0\r\n\r\n") as origin,
        started(mitmdump(tmp_path, PATCHED + way + READY)) as proxy,
    ):
        answer, = asked(proxy, post(origin), until=b"second")
        received = origin.received

    assert PLAIN == answer
    assert b"4\r\npage\r\n" + PASSED in received


@ways
def test_trailers_belong_to_their_message_alone(tmp_path: Path, way: str):
    """The next response on the same connection, chunked again, ends as it did at the origin."""
    second = HEAD + BODY + b"0\r\n\r\n"
    with (
        Origin(HEAD + BODY + TRAILERS, second) as origin,
        started(mitmdump(tmp_path, PATCHED + way + READY)) as proxy,
    ):
        answers = asked(proxy, get(origin), get(origin), until=b"\r\n\r\n" + BODY + b"0\r\n")

    assert b"server-timing" in b"".join(answers)
    assert b"server-timing" not in answers[1].rpartition(HEAD)[2]


@ways
def test_framing_in_trailers_goes_no_further(tmp_path: Path, way: str):
    """A length or a coding after the body is an attack, or a mistake that HTTP/2 punishes."""
    bad = b"0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: x\r\n\r\n"
    with (
        Origin(HEAD + BODY + bad) as origin,
        started(mitmdump(tmp_path, PATCHED + way + READY)) as proxy,
    ):
        answer, = asked(proxy, get(origin), until=b"page\r\n0\r\n\r\n")

    assert BODY + b"0\r\n\r\n" == answer.partition(b"\r\n\r\n")[2]


def test_without_the_patch_the_page_has_no_end(tmp_path: Path):
    """When this fails, mitmproxy has closed the hole: the row in the table goes."""
    with Origin(HEAD + BODY + TRAILERS) as origin, started(mitmdump(tmp_path, READY)) as proxy:
        answer, = asked(proxy, get(origin), until=b"0\r\n", patience=1.5)

    assert b"page\r\n0\r\n" not in answer


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patch, in this process, until the test is over."""
    for place, name in (
        (_http1, "make_body_reader"), (_http1.Http1Connection, "read_body"),
        (_http1.Http1Server, "send"), (_http1.Http1Client, "send"),
    ):  # fmt: skip
        monkeypatch.setattr(place, name, getattr(place, name))
    h1_trailers.apply()


def server() -> _http1.Http1Server:
    """Our side of a browser's connection, in the midst of a request."""
    client = connection.Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2))
    layer = _http1.Http1Server(context.Context(client, options.Options()))
    layer.request = Request.make("GET", "http://example.org/")
    return layer


def happened(*pieces: bytes) -> list[object]:
    """What a connection to an origin makes of these pieces."""
    place = server().context
    place.server.state = connection.ConnectionState.OPEN
    layer = _http1.Http1Client(place)
    layer.request, layer.stream_id = Request.make("GET", "http://example.org/"), 1
    out = list(layer.handle_event(events.Start()))
    for piece in pieces:
        out += layer.handle_event(events.DataReceived(layer.conn, piece))
    return [each.event for each in out if isinstance(each, ReceiveHttp)]


def sent(layer: _http1.Http1Server, head: tuple[bytes, bytes], *then: object) -> bytes:
    """The bytes that a response with this header makes."""
    response = Response.make(200)
    response.headers = Headers([head])
    out = list(layer.send(http_events.ResponseHeaders(1, response)))
    for event in then:
        out += layer.send(event)
    return b"".join(each.data for each in out if isinstance(each, commands.SendData))


END = http_events.ResponseEndOfMessage(1)
SECRET = http_events.ResponseTrailers(1, Headers([(b"secret", b"1")]))
LOOKS_LAST = http_events.ResponseData(1, b"0\r\n\r\n")


def test_where_there_are_no_chunks_trailers_are_dropped_and_stay_dropped(patched: None):
    """As for an answer by HTTP/2 with a length: never in the connection's next response."""
    layer = server()
    plain = sent(layer, (b"content-length", b"5"), LOOKS_LAST, SECRET, END)
    chunked = sent(layer, (b"transfer-encoding", b"chunked"), END)

    assert plain.endswith(b"\r\n\r\n0\r\n\r\n") and b"secret" not in plain
    assert chunked.endswith(b"\r\n\r\n0\r\n\r\n") and b"secret" not in chunked


def test_a_body_that_looks_like_a_last_chunk_stays_whole(patched: None):
    """Only the end of the message is written anew."""
    whole = sent(server(), (b"transfer-encoding", b"chunked"), LOOKS_LAST, SECRET, END)

    assert whole.endswith(b"\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\nsecret: 1\r\n\r\n")


def test_however_the_bytes_are_split_the_trailers_are_the_same(patched: None):
    """Every split point: one set of trailers, after the body and before the end."""
    whole = HEAD + BODY + TRAILERS

    for at in range(1, len(whole)):
        seen = happened(whole[:at], whole[at:])
        assert b"page" == b"".join(
            each.data for each in seen if isinstance(each, http_events.ResponseData)
        )
        last, end = seen[-2:]
        assert isinstance(last, http_events.ResponseTrailers)
        assert ((b"server-timing", b"db;dur=3"), (b"expires", b"0")) == last.trailers.fields
        assert isinstance(end, http_events.ResponseEndOfMessage)


@pytest.mark.parametrize("last", [b"0\r\n\r\n", b"0\r\nHost: x\r\n\r\n"])
def test_no_trailers_are_none(patched: None, last: bytes):
    """Nor are trailers of which nothing may go on."""
    kinds = [type(each) for each in happened(HEAD + BODY + last)]

    assert http_events.ResponseTrailers not in kinds
    assert http_events.ResponseEndOfMessage is kinds[-1]


def test_damaged_trailers_are_the_origins_error(patched: None):
    """Told to the browser, where the stock code let it wait."""
    assert http_events.ResponseProtocolError is type(
        happened(HEAD + BODY + b"0\r\nno colon\r\n\r\n")[-1]
    )


@pytest.mark.parametrize("size", [-1, 0, 5])
def test_bodies_without_chunks_are_read_as_ever(patched: None, size: int):
    """Only chunked bodies have trailers."""
    assert not isinstance(_http1.make_body_reader(size), h1_trailers._Reader)
    assert isinstance(_http1.make_body_reader(None), h1_trailers._Reader)
