"""An HTTP/2 client that does as it is told: it reads streams, or lets them stall, one by one."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.settings

PATIENCE = 40.0
"""s to wait for what must happen."""
_KEPT = {h2.events.ResponseReceived: "headers", h2.events.TrailersReceived: "trailers"}


@dataclass
class Stream:
    """What has come on a stream, and what will be done with what comes."""

    number: int
    reads: bool = True
    """Whether its window is opened as it is used."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    early: list[list[tuple[str, str]]] = field(default_factory=list)
    """Heads of interim answers."""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False
    reset: int | None = None

    @property
    def status(self) -> int:
        """Of the answer; 0 before it has come."""
        return int(dict(self.headers).get(":status", 0))

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.ended or self.reset is not None


class H2Client:
    """One connection.

    Parameters
    ----------
    window
        Of each stream, at first.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: int
    ) -> None:
        self._reader, self._writer = reader, writer
        self._changed = asyncio.Condition()
        config = h2.config.H2Configuration(header_encoding="latin-1")
        self.http = h2.connection.H2Connection(config)
        self.http.local_settings.initial_window_size = window
        self.http.local_settings.acknowledge()
        self.http.initiate_connection()
        self.http.increment_flow_control_window(2**30)
        self.streams: dict[int, Stream] = {}
        self.echoes = 0
        self.lost = False

    async def run(self) -> None:
        """Read until the connection ends."""
        await self.flush()
        while data := await self._reader.read(1 << 16):
            for event in self.http.receive_data(data):
                self._take(event)
            await self.flush()
            async with self._changed:
                self._changed.notify_all()
        self.lost = True
        async with self._changed:
            self._changed.notify_all()

    def _take(self, event: h2.events.Event) -> None:
        stream = self.streams.get(getattr(event, "stream_id", None) or 0)
        name = _KEPT.get(type(event))
        self.echoes += isinstance(event, h2.events.PingAckReceived)
        if stream is None:
            return
        if name is not None:
            setattr(stream, name, list(event.headers))
        elif isinstance(event, h2.events.InformationalResponseReceived):
            stream.early.append(list(event.headers))
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            if stream.reads and event.flow_controlled_length:
                self.http.acknowledge_received_data(event.flow_controlled_length, stream.number)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.reset = int(event.error_code)

    async def flush(self) -> None:
        """Send what is to be sent."""
        self._writer.write(self.http.data_to_send())
        await self._writer.drain()

    async def taken(self) -> None:
        """Send what is to be sent, and wait until the other side has read it."""
        wanted = self.echoes + 1
        self.http.ping(bytes(8))
        await self.flush()
        await self.until(lambda: self.echoes == wanted)

    async def until(self, true, seconds: float = PATIENCE) -> None:
        """Wait until something holds of what has come."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: true() or self.lost)
        assert true(), "the connection was lost"

    async def send(
        self, method: str, url: str, headers: dict[str, str] | None = None, *,
        end: bool = True, reads: bool = True,
    ) -> Stream:  # fmt: skip
        """Send a request's head."""
        scheme, _, rest = url.partition("://")
        place, slash, path = rest.partition("/")
        stream = Stream(self.http.get_next_available_stream_id(), reads)
        self.streams[stream.number] = stream
        head = [(":method", method), (":scheme", scheme), (":authority", place)]
        head += [(":path", slash + path or "/"), *(headers or {}).items()]
        self.http.send_headers(stream.number, head, end_stream=end)
        await self.flush()
        return stream

    async def upload(self, stream: Stream, data: bytes, *, end: bool = False) -> int:
        """Send as much of a body as the windows let out now; how much that was."""
        size = min(len(data), self.http.local_flow_control_window(stream.number))
        for at in range(0, size, self.http.max_outbound_frame_size):
            piece = data[at : min(size, at + self.http.max_outbound_frame_size)]
            self.http.send_data(stream.number, piece)
        if end and size == len(data):
            self.http.end_stream(stream.number)
        await self.flush()
        return size

    async def ask(self, method: str, url: str, headers: dict[str, str] | None = None) -> Stream:
        """Send a request without a body; its whole answer."""
        stream = await self.send(method, url, headers)
        await self.until(lambda: stream.over)
        return stream

    async def abort(self, stream: Stream) -> None:
        """Want no more of a stream."""
        self.http.reset_stream(stream.number, 8)  # CANCEL
        await self.flush()


@asynccontextmanager
async def h2_client(
    url: str, trust: ssl.SSLContext, proxy: int | None = None, window: int = 65535
) -> AsyncIterator[H2Client]:
    """A connection to a URL's origin: through the proxy on a port, or straight."""
    context = ssl.create_default_context()
    context.check_hostname = trust.check_hostname
    context.verify_mode = trust.verify_mode
    if trust.verify_mode is not ssl.CERT_NONE:
        context.load_verify_locations(cadata=_certificates(trust))
    context.set_alpn_protocols(["h2"])
    place = url.partition("://")[2].partition("/")[0]
    host, _, port = place.rpartition(":")
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy or int(port))
    if proxy:
        writer.write(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.partition(b"\r\n")[0], head
    await writer.start_tls(context, server_hostname=host.strip("[]"))
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
    client = H2Client(reader, writer, window)
    task = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        writer.close()
        try:
            await writer.wait_closed()
        except (OSError, ssl.SSLError):
            pass


def _certificates(trust: ssl.SSLContext) -> str:
    return "".join(map(ssl.DER_cert_to_PEM_cert, trust.get_ca_certs(binary_form=True)))
