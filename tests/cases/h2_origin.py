"""An HTTP/2 origin whose answers are coroutines: they read and write a stream as they please."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import h2.config
import h2.connection
import h2.events

Headers = list[tuple[str, str]]


class Exchange:
    """One request, and the answer to it."""

    def __init__(self, link: "Link", stream: int, headers: Headers) -> None:
        self._link, self.stream, self.headers = link, stream, headers
        self.body = bytearray()
        self.owed = 0
        """Bytes that came and were not acknowledged."""
        self.ended = False
        self.reset: int | None = None
        self.trailers: Headers = []
        self.sent = 0

    def value(self, name: str) -> str:
        """Of the header of that name."""
        return dict(self.headers)[name]

    @property
    def stalled(self) -> bool:
        """Whether no window lets more out, and all that was let out has gone."""
        return self._link.http.local_flow_control_window(self.stream) == 0

    async def head(self, status: int = 200, headers: Headers = (), *, end: bool = False) -> None:
        """Send a head, of an interim answer too."""
        self._link.http.send_headers(self.stream, [(":status", str(status)), *headers], end)
        await self._link.flush()

    async def write(self, data: bytes) -> None:
        """Send data, as the windows allow."""
        at = 0
        while at < len(data):
            await self.until(lambda: not self.stalled)
            http = self._link.http
            size = min(http.local_flow_control_window(self.stream), http.max_outbound_frame_size)
            http.send_data(self.stream, data[at : at + size])
            piece = len(data[at : at + size])
            at, self.sent = at + piece, self.sent + piece
            await self._link.flush()

    async def end(self, trailers: Headers = ()) -> None:
        """End the answer."""
        if trailers:
            self._link.http.send_headers(self.stream, trailers, end_stream=True)
        else:
            self._link.http.end_stream(self.stream)
        await self._link.flush()

    async def break_off(self, code: int = 2) -> None:
        """Reset the stream."""
        self._link.http.reset_stream(self.stream, code)
        await self._link.flush()

    async def read(self) -> None:
        """Wait for more of the request's body, and let still more come."""
        await self.until(lambda: self.owed or self.ended)
        if self.owed:
            owed, self.owed = self.owed, 0
            self._link.http.acknowledge_received_data(owed, self.stream)
            await self._link.flush()

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something holds; ConnectionError when the stream was reset meanwhile."""
        async with self._link.changed:
            await self._link.changed.wait_for(lambda: true() or self.reset is not None)
        if self.reset is not None:
            raise ConnectionError(self.reset)


Handler = Callable[[Exchange], Awaitable[None]]


class Link:
    """One connection."""

    def __init__(self, origin: "H2Scripted", reader, writer) -> None:
        self._origin, self._reader, self._writer = origin, reader, writer
        self.http = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="latin-1")
        )
        self.http.decoder.max_header_list_size = 1 << 20  # it is not what is tested
        self.http.initiate_connection()
        self.changed = asyncio.Condition()
        self.exchanges: dict[int, Exchange] = {}
        self.tasks: set[asyncio.Task] = set()

    async def flush(self) -> None:
        """Send what is to be sent."""
        self._writer.write(self.http.data_to_send())
        await self._writer.drain()

    async def run(self) -> None:
        """Serve until the connection ends."""
        await self.flush()
        try:
            while data := await self._reader.read(1 << 16):
                for event in self.http.receive_data(data):
                    self._take(event)
                await self.flush()
                async with self.changed:
                    self.changed.notify_all()
        except OSError:
            pass
        async with self.changed:
            for exchange in self.exchanges.values():
                exchange.reset = -1 if exchange.reset is None else exchange.reset
            self.changed.notify_all()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            exchange = Exchange(self, event.stream_id, list(event.headers))
            self.exchanges[event.stream_id] = exchange
            self._origin.exchanges.append(exchange)
            handler = self._origin.handlers[exchange.value(":path").partition("?")[0]]
            self.tasks.add(asyncio.ensure_future(self._answer(handler, exchange)))
            return
        exchange = self.exchanges.get(getattr(event, "stream_id", None) or 0)
        if exchange is None:
            return
        if isinstance(event, h2.events.DataReceived):
            exchange.body += event.data
            exchange.owed += event.flow_controlled_length
        elif isinstance(event, h2.events.TrailersReceived):
            exchange.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            exchange.ended = True
        elif isinstance(event, h2.events.StreamReset):
            exchange.reset = int(event.error_code)

    @staticmethod
    async def _answer(handler: Handler, exchange: Exchange) -> None:
        try:
            await handler(exchange)
        except ConnectionError:
            pass  # the stream, or all, is gone: the test sees it in `reset`


class H2Scripted:
    """Calls the handler of a path."""

    url = ""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.exchanges: list[Exchange] = []
        self._tasks: set[asyncio.Task] = set()

    def on(self, path: str, handler: Handler) -> str:
        """Have a path answered; its address."""
        self.handlers[path] = handler
        return self.url + path

    async def accept(self, reader, writer) -> None:
        """Serve a connection."""
        self._tasks.add(asyncio.current_task())
        link = Link(self, reader, writer)
        try:
            await link.run()
        except asyncio.CancelledError:
            pass
        finally:
            for task in link.tasks:
                task.cancel()
            await asyncio.gather(*link.tasks, return_exceptions=True)
            writer.transport.abort()

    async def stop(self) -> None:
        """End all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)


@asynccontextmanager
async def h2_origin(chain: Path) -> AsyncIterator[H2Scripted]:
    """One such origin, with the certificate chain and key of a file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    context.set_alpn_protocols(["h2"])
    origin = H2Scripted()
    server = await asyncio.start_server(origin.accept, "127.0.0.1", 0, ssl=context)
    origin.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield origin
    finally:
        server.close()
        await origin.stop()
