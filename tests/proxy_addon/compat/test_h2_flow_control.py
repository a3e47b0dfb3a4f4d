"""Bodies through mitmproxy's layers in memory: what is kept, what waits, and that none is lost."""

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy.proxy import events

from proxy_addon.compat import h2_flow_control, h2_windows, socket_waits
from proxy_addon.compat.h2_flow_control import MARK
from proxy_addon.compat.h2_windows import FIRST, LARGEST, TOTAL
from tests.proxy_addon.compat.two_connections import Between, pattern

HALF = 1 << 15
BOUND = LARGEST + 2 * MARK + 16384
"""The most that is kept of one stream: its window, what is kept without a word, and a piece."""


@pytest.fixture(autouse=True, scope="module")
def patched():
    """The patches, in this process, until the module is over."""
    places = (
        (h2_flow_control.HttpStream, "handle_event"), (h2_flow_control.HttpStream, "passthrough"),
        (h2_flow_control.Http1Connection, "_handle_event"),
        (h2_flow_control.Http2Connection, "_handle_event"),
        (h2_flow_control.Http2Client, "_handle_event"),
        (h2_windows.BufferedH2Connection, "__init__"),
        (h2_windows.BufferedH2Connection, "acknowledge_received_data"),
        (socket_waits.ConnectionHandler, "drain_writers"),
        (socket_waits.ConnectionHandler, "wakeup"),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for place, name in places:
            patch.setattr(place, name, getattr(place, name))
        for each in (h2_flow_control, h2_windows, socket_waits):
            each.apply()
        yield


def downloads(between: Between, count: int) -> list[tuple[int, int]]:
    """That many answers that have begun: the browser's number of each stream, and the origin's."""
    pairs = []
    for _ in range(count):
        stream = between.ask()
        pairs.append((stream, between.origin.begun[-1]))
        between.answer(pairs[-1][1])
    return pairs


def uploads(between: Between, count: int) -> list[tuple[int, int]]:
    """The same of requests whose bodies are about to come."""
    asked = [between.ask("POST", end=False) for _ in range(count)]
    return list(zip(asked, between.origin.begun[-count:], strict=True))


def pour(between: Between, peer, stream: int, size: int) -> int:
    """Send until no window lets more out; how much that was."""
    total = 0
    while total < size and (said := peer.say(stream, min(size - total, 100_000))):
        total += said
        between.settle()
    return total


def drink(between: Between, peer, stream: int) -> None:
    """Read until nothing more comes."""
    while peer.owed.get(stream):
        peer.take(stream)
        between.settle()


def test_of_a_download_that_is_not_read_no_more_is_kept_than_its_window():
    """The origin may send on only when the browser opens its window."""
    between = Between()
    (seen, source), = downloads(between, 1)

    sent = pour(between, between.origin, source, 1 << 30)

    assert len(between.client.got[seen]) == 65535
    assert sent < BOUND and between.kept() < BOUND


def test_without_the_patch_all_of_it_is_kept(monkeypatch: pytest.MonkeyPatch):
    """When this fails, mitmproxy has closed the hole: the row in the table goes."""
    for place, name, stock in (
        (h2_flow_control.HttpStream, "handle_event", h2_flow_control.Layer.handle_event),
        (h2_flow_control.Http2Connection, "_handle_event", h2_flow_control._stock_http2),
    ):
        monkeypatch.setattr(place, name, stock)
    between = Between()
    (_, source), = downloads(between, 1)

    assert pour(between, between.origin, source, 1 << 24) == 1 << 24
    assert between.kept() == (1 << 24) - 65535


def test_of_an_upload_that_is_not_read_no_more_is_kept_than_its_window():
    """The same the other way."""
    between = Between()
    (source, seen), = uploads(between, 1)

    sent = pour(between, between.client, source, 1 << 30)

    assert len(between.origin.got[seen]) == 65535
    assert sent < BOUND and between.kept() < BOUND


def test_a_stalled_stream_does_not_stop_its_siblings():
    """However many: the connection's own windows are nobody's prey."""
    between = Between()
    *stalled, (seen, source) = downloads(between, 50)
    for _, each in stalled:
        pour(between, between.origin, each, 1 << 22)

    sent = 0
    for _ in range(10):
        sent += pour(between, between.origin, source, 1 << 20)
        drink(between, between.client, seen)

    assert sent > 10 * FIRST // 2
    assert between.client.got[seen] == pattern(source, 0, sent)
    assert between.kept() < TOTAL + 50 * (FIRST + 2 * MARK)


@pytest.mark.parametrize("trailers", [False, True])
def test_the_end_comes_after_all_that_was_held(trailers: bool):
    """Trailers too, though they need no window."""
    between = Between()
    (seen, source), = downloads(between, 1)
    sent = pour(between, between.origin, source, 1 << 22)
    if trailers:
        between.origin.http.send_headers(source, [("checksum", "1")], end_stream=True)
    else:
        between.origin.http.end_stream(source)
    between.settle()

    assert [] == between.client.ended
    drink(between, between.client, seen)

    assert between.client.got[seen] == pattern(source, 0, sent)
    assert [seen] == between.client.ended
    assert bool(between.client.trailers) == trailers
    assert {} == between.streams


def test_an_aborted_stream_leaves_nothing_behind():
    """What was held goes, the origin is told, and its window is free for others."""
    between = Between()
    for _ in range(40):
        (seen, source), = downloads(between, 1)
        pour(between, between.origin, source, 1 << 22)
        between.client.http.reset_stream(seen, ErrorCodes.CANCEL)
        between.settle()
        assert source in between.origin.reset

    assert 0 == between.kept() and {} == between.streams
    (seen, source), = downloads(between, 1)
    assert sum(between.h2(between.origin).h2_conn.windows.values()) <= 3 * LARGEST
    for _ in range(8):
        sent = pour(between, between.origin, source, 1 << 20)
        drink(between, between.client, seen)
    assert sent >= LARGEST // 2


def test_what_came_before_an_origin_broke_off_still_arrives():
    """Then the browser is told; a truncated answer stays truncated where it was."""
    between = Between()
    (seen, source), = downloads(between, 1)
    pour(between, between.origin, source, 1 << 22)
    between.origin.http.reset_stream(source, ErrorCodes.INTERNAL_ERROR)
    between.settle()

    assert [] == between.client.reset
    drink(between, between.client, seen)

    assert [seen] == between.client.reset
    assert len(between.client.got[seen]) > 65535


def test_what_comes_while_a_hook_waits_is_bounded_and_in_order():
    """As while a connection to an origin is being made: an upload does not pile up."""
    between = Between()
    between.holds = True
    source = between.ask("POST", end=False)

    sent = pour(between, between.client, source, 1 << 24)
    kept = between.kept()
    between.let()
    seen = between.origin.begun[0]
    between.client.http.end_stream(source)
    between.settle()
    drink(between, between.origin, seen)

    assert sent == kept <= BOUND
    assert between.origin.got[seen] == pattern(source, 0, sent)
    assert [seen] == between.origin.ended


def test_an_upload_over_http_1_is_not_read_on_while_it_waits():
    """Its connection has no windows: its socket is left alone, until all that came has gone on."""
    between = Between(alpn=None)
    between.holds = True
    client = between.client.conn
    head = b"POST http://origin:80/ HTTP/1.1\r\nHost: origin\r\nContent-Length: 300000\r\n\r\n"
    between.run(events.DataReceived(client, head))
    for at in range(0, 240_000, 60_000):
        assert client not in socket_waits._unread
        between.run(events.DataReceived(client, pattern(1, at, 60_000)))
    assert client in socket_waits._unread
    between.let()
    seen = between.origin.begun[0]
    drink(between, between.origin, seen)
    assert client not in socket_waits._unread

    between.run(events.DataReceived(client, pattern(1, 240_000, 60_000)))
    between.settle()
    drink(between, between.origin, seen)
    assert between.origin.got[seen] == pattern(1, 0, 300_000)


def test_an_origins_socket_that_takes_nothing_stops_an_upload_that_has_a_window():
    """Its window may be two gigabytes: what its socket has not taken is kept all the same."""
    between = Between()
    (source, seen), = uploads(between, 1)
    between.origin.deaf = True
    between.origin.http.increment_flow_control_window(1 << 30, seen)
    between.origin.deaf = False
    between.settle()
    between.origin.deaf = True

    sent = pour(between, between.client, source, 1 << 24)
    assert sent < BOUND
    between.origin.deaf = False
    between.settle()

    assert between.origin.got[seen] == pattern(source, 0, sent)


def test_bodies_that_wait_for_a_free_stream_are_bounded_and_keep_their_order():
    """An origin may allow few streams at once; the others' uploads wait with their heads."""
    between = Between()
    between.origin.http.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 1})
    first = uploads(between, 1)[0]
    second = between.ask("POST", end=False)

    sent = pour(between, between.client, second, 1 << 24)
    assert sent < BOUND and between.kept() < BOUND
    between.client.http.end_stream(first[0])
    between.settle()
    between.answer(first[1])
    between.origin.http.end_stream(first[1])
    between.settle()
    seen = between.origin.begun[1]
    drink(between, between.origin, seen)

    assert between.origin.got[seen] == pattern(second, 0, sent)


def test_a_flood_of_tiny_pieces_weighs_no_more_than_a_large_one():
    """Each piece is an object: small ones are kept as one."""
    between = Between(window=0)
    (seen, source), = downloads(between, 1)
    for at in range(20_000):
        between.origin.http.send_data(source, pattern(source, at, 1))
    between.settle()

    way = between.streams[seen].ways[1]
    assert len(way.held) <= 20_000 // h2_flow_control.MERGED + 2
    between.client.http.increment_flow_control_window(1 << 20, seen)
    between.settle()
    assert between.client.got[seen] == pattern(source, 0, 20_000)


def test_a_body_that_flows_is_never_held():
    """Nothing is added to its way."""
    between = Between(window=1 << 24)
    (seen, source), = downloads(between, 1)
    for _ in range(20):
        pour(between, between.origin, source, HALF)

    assert "ways" not in vars(between.streams[seen])


step = st.one_of(
    st.tuples(st.just("say"), st.integers(0, 3), st.integers(1, 400_000)),
    st.tuples(st.just("take"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("abort"), st.integers(2, 3), st.just(0)),
    st.tuples(st.just("deaf"), st.integers(0, 1), st.just(0)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(step, max_size=40), st.integers(0, 1 << 18))
def test_no_byte_is_lost_whoever_stalls(steps: list[tuple[str, int, int]], window: int):
    """Two downloads and two uploads, read in any order or not at all, one of each aborted: in the
    end all of the others is there, in order, and meanwhile little is kept."""
    between = Between(window)
    pairs = [each(between, 1)[0] for each in (downloads, uploads) * 2]
    ends = [(between.origin, between.client), (between.client, between.origin)] * 2
    streams = [pair[::-1] if at % 2 == 0 else pair for at, pair in enumerate(pairs)]
    aborted = set()
    for what, at, size in steps:
        (source, sink), (there, here) = ends[at], streams[at]
        if what == "say" and at not in aborted:
            pour(between, source, there, size)
        elif what == "take" and at not in aborted:
            sink.take(here)
        elif what == "abort" and at not in aborted:
            aborted.add(at)
            number = pairs[at][0]
            between.client.http.reset_stream(number, ErrorCodes.CANCEL)
        elif what == "deaf":
            between.origin.deaf = bool(at)
        between.settle()
        assert between.kept() <= 4 * BOUND
    between.origin.deaf = False
    between.settle()
    for at in {0, 1, 2, 3} - aborted:
        (source, sink), (there, here) = ends[at], streams[at]
        sink.http.increment_flow_control_window(1 << 26, here)
        between.settle()
        source.http.end_stream(there)
        between.settle()
        assert sink.got.get(here, b"") == pattern(there, 0, source.sent.get(there, 0))
        assert here in sink.ended
    assert between.kept() == 0
