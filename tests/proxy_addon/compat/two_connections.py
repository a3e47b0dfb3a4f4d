"""A browser and an origin, both in memory, with mitmproxy's own layers between them.

No socket, no clock: each step hands over what one of them has sent. What mitmproxy keeps can be
read off its objects.
"""

import random
from collections import deque

import h2.config
import h2.connection
import h2.events
from h2.settings import SettingCodes
from mitmproxy import connection, options
from mitmproxy.proxy import commands, context, events, layers
from mitmproxy.proxy.layers.http import HTTPMode

from proxy_addon.compat.socket_waits import Drained

OPTIONS = {
    "body_size_limit": None, "http2_ping_keepalive": 0, "normalize_outbound_headers": True,
    "store_streamed_bodies": False, "stream_large_bodies": None, "validate_inbound_headers": True,
    "websocket": False,
}  # fmt: skip
"""Those of mitmproxy's that its layers ask for."""


class Peer:
    """One end: an h2 connection, and what has come on each of its streams."""

    def __init__(self, conn: connection.Connection, is_client: bool) -> None:
        self.conn = conn
        config = h2.config.H2Configuration(client_side=is_client, header_encoding="latin-1")
        self.http = h2.connection.H2Connection(config)
        self.http.initiate_connection()
        self.got: dict[int, bytearray] = {}
        self.owed: dict[int, int] = {}
        """Bytes that came and were not acknowledged."""
        self.ended: list[int] = []
        self.reset: list[int] = []
        self.trailers: dict[int, list] = {}
        self.begun: list[int] = []
        self.sent: dict[int, int] = {}
        self.deaf = False
        """Whether its socket takes nothing."""

    def hear(self, data: bytes) -> None:
        """Take what came."""
        for event in self.http.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                stream = event.stream_id
                self.got.setdefault(stream, bytearray()).extend(event.data)
                self.owed[stream] = self.owed.get(stream, 0) + event.flow_controlled_length
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.append(event.stream_id)
            elif isinstance(event, h2.events.TrailersReceived):
                self.trailers[event.stream_id] = list(event.headers)
            elif isinstance(event, h2.events.StreamReset):
                self.reset.append(event.stream_id)
            elif isinstance(event, h2.events.RequestReceived):
                self.begun.append(event.stream_id)

    def take(self, stream: int) -> None:
        """Acknowledge what came on a stream, and let more come."""
        owed = self.owed.pop(stream, 0)
        if owed:
            self.http.increment_flow_control_window(owed)
            if stream not in self.ended + self.reset:
                self.http.increment_flow_control_window(owed, stream)

    def say(self, stream: int, size: int) -> int:
        """Send as much of so many bytes as the windows let out; what they are tells their place."""
        size = min(size, self.http.local_flow_control_window(stream))
        sent = self.sent.get(stream, 0)
        for at in range(0, size, 16384):
            piece = pattern(stream, sent + at, min(16384, size - at))
            self.http.send_data(stream, piece)
        self.sent[stream] = sent + size
        return size


def pattern(stream: int, start: int, size: int) -> bytes:
    """Bytes of which no two places within reach look alike."""
    start = (start + stream * 4099) % _AGAIN
    if size <= _AGAIN:
        return _NOISE[start : start + size]
    return (_NOISE[:_AGAIN] * (2 + size // _AGAIN))[start : start + size]


_AGAIN = 100_003
_NOISE = random.Random(11).randbytes(_AGAIN) * 2


class Between:
    """mitmproxy's layer of one connection of a browser, and its two ends."""

    def __init__(self, window: int = 65535, alpn: bytes | None = b"h2") -> None:
        given = options.Options()
        for name, value in OPTIONS.items():
            given.add_option(name, str | None if value is None else type(value), value, "")
        client = connection.Client(peername=("a", 1), sockname=("b", 2), alpn=alpn)
        place = context.Context(client, given)
        place.server.address, place.server.alpn = ("origin", 80), b"h2"
        client.state = place.server.state = connection.ConnectionState.OPEN
        self.layer = layers.HttpLayer(place, HTTPMode.regular)
        self.client, self.origin = Peer(client, True), Peer(place.server, False)
        self.client.http.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.client.http.increment_flow_control_window(2**31 - 1 - 65535)
        self.origin.http.increment_flow_control_window(2**31 - 1 - 65535)
        self.events: deque = deque()
        self.waiting: list[Drained] = []
        self.holds = False
        """Whether hooks are left without an answer."""
        self.pending: list = []
        self.run(events.Start())
        if alpn is not None:
            self.settle()

    @property
    def streams(self):
        """mitmproxy's, by the browser's number."""
        return self.layer.streams

    def h2(self, peer: Peer):
        """mitmproxy's end of a connection."""
        layer = self.layer.connections[peer.conn]
        return getattr(layer, "child_layer", layer)

    def kept(self) -> int:
        """Bytes of bodies that mitmproxy keeps."""
        buffers = [
            self.h2(peer).h2_conn.stream_buffers
            for peer in (self.client, self.origin) if peer.conn in self.layer.connections
        ]  # fmt: skip
        sent = sum(
            len(each.data) for buffer in buffers for kept in buffer.values() for each in kept
        )
        ways = [way for stream in self.streams.values() for way in stream.__dict__.get("ways", ())]
        waits = [e for s in self.streams.values() for e in s._paused_event_queue]
        return (
            sent + sum(len(getattr(e, "data", b"")) for way in ways for e in way.held)
            + sum(len(getattr(e, "data", b"")) for e in waits)
        )  # fmt: skip

    def ask(self, method: str = "GET", end: bool = True) -> int:
        """Begin a request; the browser's number of the stream."""
        stream = self.client.http.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "http"), (":path", "/")]
        self.client.http.send_headers(stream, [*head, (":authority", "origin:80")], end_stream=end)
        self.settle()
        return stream

    def answer(self, stream: int) -> None:
        """Begin the answer to the origin's stream."""
        self.origin.http.send_headers(stream, [(":status", "200")])
        self.settle()

    def settle(self) -> None:
        """Hand everything over until nobody has anything to say."""
        moved = True
        while moved:
            moved = False
            for peer in self._peers():
                if not peer.deaf and (data := peer.http.data_to_send()):
                    moved = True
                    for at in range(0, len(data), 65535):
                        self.run(events.DataReceived(peer.conn, data[at : at + 65535]))
            for asked in self.waiting[:]:
                if not self._end_of(asked.connection).deaf:
                    moved = True
                    self.waiting.remove(asked)
                    self.run(events.Wakeup(asked))

    def _peers(self) -> list[Peer]:
        return [self.client, self.origin] if self.client.conn.alpn else [self.origin]

    def let(self) -> None:
        """Answer the hooks that were held."""
        self.holds = False
        pending, self.pending = self.pending, []
        for hook in pending:
            self.run(events.HookCompleted(hook))
        self.settle()

    def _end_of(self, conn: connection.Connection) -> Peer:
        return self.client if conn is self.client.conn else self.origin

    def run(self, event: events.Event) -> None:
        """Let mitmproxy take an event, and do as it says."""
        self.events.append(event)
        while self.events:
            for command in self.layer.handle_event(self.events.popleft()):
                self._obey(command)

    def _obey(self, command: commands.Command) -> None:
        if isinstance(command, commands.SendData):
            self._end_of(command.connection).hear(command.data)
        elif isinstance(command, Drained):
            self.waiting.append(command)
        elif isinstance(command, commands.StartHook):
            self._hook(command)
        elif isinstance(command, commands.CloseConnection):
            raise AssertionError(command)

    def _hook(self, hook: commands.StartHook) -> None:
        (flow,) = hook.args()
        if hook.name == "requestheaders":
            flow.request.stream = True
        elif hook.name == "responseheaders":
            flow.response.stream = True
        if hook.blocking:
            if self.holds:
                self.pending.append(hook)
            else:
                self.events.append(events.HookCompleted(hook))
