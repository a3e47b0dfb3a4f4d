"""The windows that mitmproxy's ends of HTTP/2 connections give to streams."""

import h2.config
import pytest
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

from proxy_addon.compat import h2_windows
from proxy_addon.compat.h2_windows import FIRST, LARGEST, TOTAL
from tests.proxy_addon.compat.two_connections import Peer


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patch, in this process, until the test is over."""
    for name in ("__init__", "acknowledge_received_data"):
        monkeypatch.setattr(BufferedH2Connection, name, getattr(BufferedH2Connection, name))
    h2_windows.apply()
    h2_windows.apply()


class Pair:
    """An origin, and our end of the connection to it; streams have begun both ways."""

    def __init__(self, streams: int = 1) -> None:
        self.ours = BufferedH2Connection(h2.config.H2Configuration(client_side=True))
        self.origin = Peer(None, False)
        self.ours.initiate_connection()
        self.origin.http.increment_flow_control_window(2**31 - 1 - 65535)
        self.events: list = []
        for _ in range(streams):
            stream = self.ours.get_next_available_stream_id()
            head = [(":method", "GET"), (":scheme", "http"), (":path", "/")]
            self.ours.send_headers(stream, [*head, (":authority", "a")], end_stream=True)
        self.swap()
        for stream in self.origin.begun:
            self.origin.http.send_headers(stream, [(":status", "200")])
        self.swap()

    def swap(self) -> None:
        """Hand over what both have sent."""
        self.origin.hear(self.ours.data_to_send())
        self.events += self.ours.receive_data(self.origin.http.data_to_send())
        self.origin.hear(self.ours.data_to_send())

    def flow(self, stream: int, size: int, *, taken: bool = True) -> int:
        """Send so much, as far as the window goes, and take it as mitmproxy does."""
        size = self.origin.say(stream, size)
        self.swap()
        if taken:
            self.ours.acknowledge_received_data(size, stream)
        self.swap()
        return size

    def left(self, stream: int) -> int:
        """What the origin may send on a stream."""
        return self.origin.http.local_flow_control_window(stream)


def test_without_the_patch_a_stream_may_send_two_gigabytes():
    """When this fails, mitmproxy has closed the hole: the row in the table goes."""
    assert Pair().left(1) == 2**31 - 1


@pytest.mark.usefixtures("patched")
def test_a_stream_that_flows_gets_a_wider_window_step_by_step():
    """No wider than may be held of it."""
    pair, seen = Pair(), []
    for _ in range(40):
        seen.append(pair.left(1))
        pair.flow(1, pair.left(1))

    assert FIRST == seen[0] and LARGEST == max(seen) == seen[-1]
    assert seen == sorted(seen)


@pytest.mark.usefixtures("patched")
def test_a_stream_that_is_held_gets_no_more_until_it_is_released():
    """Then all that it had."""
    pair = Pair()
    h2_windows.hold(pair.ours, 1)
    while pair.flow(1, 1 << 20):
        pass
    assert 0 == pair.left(1)

    h2_windows.release(pair.ours, 1)
    pair.swap()
    assert FIRST <= pair.left(1) <= LARGEST


@pytest.mark.usefixtures("patched")
def test_the_windows_of_one_connection_do_not_grow_without_end():
    """The first windows aside: a stream must be able to begin."""
    pair = Pair(100)
    for _ in range(10):
        for stream in pair.origin.begun:
            pair.flow(stream, pair.left(stream))
    widest = sorted((pair.left(stream) for stream in pair.origin.begun), reverse=True)

    assert widest[0] > FIRST == widest[-1]
    assert sum(widest) <= TOTAL + 100 * FIRST


@pytest.mark.usefixtures("patched")
def test_a_stream_that_has_ended_leaves_its_window_to_others():
    """However it ended."""
    pair = Pair(60)
    for number, stream in enumerate(pair.origin.begun):
        for _ in range(6):
            pair.flow(stream, pair.left(stream))
        if number % 2:
            pair.origin.http.end_stream(stream)
        else:
            pair.ours.reset_stream(stream)
        pair.swap()

    assert LARGEST in pair.ours.windows.values()
    assert sum(pair.ours.windows.values()) <= TOTAL


@pytest.mark.usefixtures("patched")
def test_the_connections_own_window_never_ends():
    """What is held of one stream, or was lost with it, is not taken from the others."""
    pair = Pair(2)
    pair.ours._inbound_flow_control_window_manager.current_window_size = 2**29
    pair.origin.http.outbound_flow_control_window = 2**29
    h2_windows.hold(pair.ours, 1)

    pair.flow(1, 1000)

    assert pair.ours.inbound_flow_control_window > 2**30
