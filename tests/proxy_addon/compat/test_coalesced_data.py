"""DATA frames that come together, on a real HTTP/2 connection."""

import h2.config
import h2.connection
import h2.events
import pytest
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

from proxy_addon.compat import coalesced_data

ENDS = h2.events.StreamEnded


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """mitmproxy as it was, afterwards too."""
    monkeypatch.setattr(
        BufferedH2Connection, "receive_data", BufferedH2Connection.receive_data
    )


@pytest.fixture
def patched(stock: None) -> None:
    """The patch, in this process, until the test is over."""
    coalesced_data.apply()
    coalesced_data.apply()


def read(*sent: tuple[int, bytes, bool]) -> list[object]:
    """What a proxy is told of frames (stream, data, last) that come in one read."""
    near = BufferedH2Connection(h2.config.H2Configuration(client_side=False))
    far = h2.connection.H2Connection(h2.config.H2Configuration())
    near.initiate_connection()
    far.initiate_connection()
    far.receive_data(near.data_to_send())
    names = {":method": "POST", ":path": "/", ":scheme": "https", ":authority": "a"}
    for stream in {stream for stream, _, _ in sent}:
        far.send_headers(stream, list(names.items()))
    near.receive_data(far.data_to_send())
    for stream, data, last in sent:
        far.send_data(stream, data, end_stream=last)
    return near.receive_data(far.data_to_send())


def told(events: list[object]) -> list[tuple[int, bytes | None]]:
    """Streams with their data, or None for their end."""
    return [
        (event.stream_id, getattr(event, "data", None))
        for event in events
        if isinstance(event, h2.events.DataReceived | ENDS)
    ]


@pytest.mark.usefixtures("patched")
def test_frames_that_follow_each_other_are_one_piece():
    """With all that the flow control is owed, and the end that the last of them has."""
    events = read((1, b"a", False), (1, b"", False), (1, b"bc", True))
    (data,) = [event for event in events if isinstance(event, h2.events.DataReceived)]

    assert [(1, b"abc"), (1, None)] == told(events)
    assert (3, True) == (data.flow_controlled_length, data.stream_ended is not None)


@pytest.mark.usefixtures("patched")
def test_frames_of_several_streams_keep_their_order():
    """Nothing is moved past what came between."""
    sent = [(1, b"a", False), (3, b"x", True), (1, b"b", False), (1, b"c", False)]

    assert [(1, b"a"), (3, b"x"), (3, None), (1, b"bc")] == told(read(*sent))


@pytest.mark.usefixtures("stock")
def test_without_the_patch_each_frame_is_a_piece():
    """When this fails, mitmproxy does it itself: the row in the table goes."""
    assert [(1, b"a"), (1, b"b")] == told(read((1, b"a", False), (1, b"b", False)))
