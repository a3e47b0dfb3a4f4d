"""An HTTP/2 stream's window is what may be held of it, and no larger.

mitmproxy promises every peer a window of two gigabytes for each stream, and for the connection
(https://github.com/mitmproxy/mitmproxy/pull/7317): whatever is not read on the one side, the
other side sends all the same. Here a stream begins with `FIRST` bytes; one that flows gets up to
`LARGEST`, while the sum on its connection stays below `TOTAL`. What is held (`h2_flow_control` says
which streams are) is not acknowledged. The connection's own window stays as wide as can be: a
stalled stream would take it from its siblings, and one that is aborted would keep it.
"""

from typing import Any

from h2.stream import StreamState  # type: ignore[import-untyped] # h2 publishes none
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

FIRST = 1 << 17
"""Bytes of a stream's window at its beginning: of a hundred streams, the most that h2 lets a peer
open (`MAX_CONCURRENT_STREAMS` in its settings), 12.5 MiB, which leaves room below `TOTAL`."""
LARGEST = 1 << 20
"""Bytes of the window of a stream that flows (transparency.md, section 3.3)."""
TOTAL = 1 << 24
"""Bytes of the windows on one connection up to which one of them may grow (the same place)."""
_WIDE = 2**31 - 1
"""The largest window there is (RFC 9113, section 6.9.1)."""
_RECEIVING = (StreamState.OPEN, StreamState.HALF_CLOSED_LOCAL)


def apply() -> None:
    """Let streams have windows of a size that can be held."""
    BufferedH2Connection.__init__ = _begin  # type: ignore[method-assign] # the patch
    BufferedH2Connection.acknowledge_received_data = _acknowledge


def hold(h2_conn: BufferedH2Connection, stream_id: int) -> None:
    """Acknowledge nothing of a stream."""
    h2_conn.__dict__["owed"].add(stream_id)


def release(h2_conn: BufferedH2Connection, stream_id: int) -> None:
    """Acknowledge what came meanwhile, and what comes."""
    owed: set[int] = h2_conn.__dict__["owed"]
    if stream_id in owed:
        owed.discard(stream_id)
        _open(h2_conn, stream_id)


def _begin(self: BufferedH2Connection, config: Any) -> None:
    _stock_begin(self, config)
    self.local_settings.initial_window_size = FIRST
    self.local_settings.acknowledge()  # as the stock code does: it holds from the first frame on
    self.__dict__.update(owed=set(), windows={})


def _acknowledge(self: BufferedH2Connection, acknowledged_size: int, stream_id: int) -> None:
    """Called by mitmproxy when a stream has been given what came."""
    if self.inbound_flow_control_window <= _WIDE // 2:
        self.increment_flow_control_window(_WIDE - self.inbound_flow_control_window)
    if acknowledged_size and stream_id not in self.__dict__["owed"]:
        _open(self, stream_id)


def _open(h2_conn: BufferedH2Connection, stream_id: int) -> None:
    """Open a stream's window again once half of it is used, and wider if it may be."""
    stream = h2_conn.streams.get(stream_id)
    if stream is None or stream.state_machine.state not in _RECEIVING:
        return
    windows: dict[int, int] = h2_conn.__dict__["windows"]
    size, left = windows.get(stream_id, FIRST), stream.inbound_flow_control_window
    if left > size // 2:
        return
    if size < LARGEST:
        for each in [each for each in windows if _is_gone(h2_conn, each)]:
            del windows[each]
        if sum(windows.values()) + size <= TOTAL:
            size = windows[stream_id] = 2 * size
    h2_conn.increment_flow_control_window(size - left, stream_id)


def _is_gone(h2_conn: BufferedH2Connection, stream_id: int) -> bool:
    """Whether a stream has ended, and nothing of it is held."""
    stream = h2_conn.streams.get(stream_id)
    closed = stream is None or stream.state_machine.state is StreamState.CLOSED
    return closed and stream_id not in h2_conn.__dict__["owed"]


_stock_begin = BufferedH2Connection.__init__
