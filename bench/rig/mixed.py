"""Mixed load, as an hour of people browsing brings it: a site, and what its visitors do.

Each visit is a small coroutine that begins and ends by itself; `Crowd` starts them at an even rate
and in turn, so that two runs differ by their length alone.
"""

import asyncio
import gzip
import itertools
import os
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import brotli
import h2.config
import h2.connection
import h2.events
import h2.exceptions
from aiohttp import web

_TEXT = "".join(f"<p id=p{place}>words of a page {place * 7919}</p>\n" for place in range(2500))
PAGE = f"<!doctype html><html><head><title>t</title></head><body>{_TEXT}</body></html>".encode()
_PAGES = {"gzip": gzip.compress(PAGE), "br": brotli.compress(PAGE, quality=4), "identity": PAGE}
_FILE = os.urandom(2_000_000)
_SCRIPT = b"let a = 1;\n" * 60
PATIENCE = 30.0
"""s that a visit may take, but for those that are meant to be long."""
_HTTP2 = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_HTTP2.check_hostname = False
_HTTP2.verify_mode = ssl.CERT_NONE
_HTTP2.set_alpn_protocols(["h2"])
LONG = 10
"""Events of a stream, messages of a WebSocket, s of a stall."""


async def _page(request: web.Request) -> web.Response:
    coding = request.query["coding"]
    headers = {} if coding == "identity" else {"Content-Encoding": coding}
    return web.Response(body=_PAGES[coding], content_type="text/html", headers=headers)


async def _bytes(request: web.Request) -> web.Response:
    return web.Response(body=_FILE, content_type="application/octet-stream")


async def _script(request: web.Request) -> web.Response:
    return web.Response(body=_SCRIPT, content_type="text/javascript")


async def _upload(request: web.Request) -> web.Response:
    size = 0
    async for piece in request.content.iter_chunked(65536):
        size += len(piece)
    return web.Response(text=str(size))


async def _events(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for number in range(LONG):
        await response.write(f"data: {number}\n\n".encode())
        await asyncio.sleep(1)
    return response


async def _echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


@asynccontextmanager
async def site(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """A site over HTTP/1.1, of which all but HTTP/2 is asked; its port."""
    app = web.Application(client_max_size=1 << 30)
    handlers = {
        "/page": _page, "/file": _bytes, "/script": _script, "/events": _events, "/echo": _echo,
    }  # fmt: skip
    for path, handler in handlers.items():
        app.router.add_get(path, handler)
    app.router.add_post("/upload", _upload)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    served = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await served.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class _Sending:
    """One HTTP/2 connection of the site: sends no more than it is given a window for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self._http = h2.connection.H2Connection(config)
        self._left: dict[int, memoryview] = {}

    async def serve(self) -> None:
        """Until the other side leaves."""
        self._http.initiate_connection()
        while True:
            self._writer.write(self._http.data_to_send())
            data = await self._reader.read(65536)
            if not data:
                return
            for event in self._http.receive_data(data):
                self._take(event)
            for stream in list(self._left):
                self._send(stream)

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            body = _FILE if dict(event.headers)[":path"] == "/file" else PAGE
            head = [(":status", "200"), ("content-type", "text/html")]
            self._http.send_headers(event.stream_id, head)
            self._left[event.stream_id] = memoryview(body)
        elif isinstance(event, h2.events.StreamReset):
            self._left.pop(event.stream_id, None)

    def _send(self, stream: int) -> None:
        left = self._left[stream]
        while left and (window := self._http.local_flow_control_window(stream)):
            piece = min(window, self._http.max_outbound_frame_size, len(left))
            self._http.send_data(stream, left[:piece])
            left = left[piece:]
        self._left[stream] = left
        if not left:
            self._http.end_stream(stream)
            del self._left[stream]


@asynccontextmanager
async def second_site(context: ssl.SSLContext) -> AsyncIterator[int]:
    """The page and the file over HTTP/2; its port."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Sending(reader, writer).serve()
        except (OSError, h2.exceptions.ProtocolError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    context.set_alpn_protocols(["h2"])
    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@dataclass
class Visitor:
    """Who visits, and through what.

    Parameters
    ----------
    proxy
        Its port.
    trust
        Context that trusts the proxy's CA.
    secure, plain, second
        URLs of the site over TLS, without, and over HTTP/2.
    post
        URL and body of a batch that the proxy will take.
    """

    proxy: int
    trust: ssl.SSLContext
    secure: str
    plain: str
    second: str
    post: Callable[[], tuple[str, bytes]]
    counts: Counter[str] = field(default_factory=Counter)
    names: "itertools.cycle[int]" = field(default_factory=lambda: itertools.cycle(range(200)))

    async def __aenter__(self) -> "Visitor":
        self.session = self._session()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self.trust, limit=0)  # streams would take its turns
        return aiohttp.ClientSession(
            connector=connector,
            proxy=f"http://127.0.0.1:{self.proxy}",
            auto_decompress=False,
            headers={"Accept": "text/html", "Accept-Encoding": "gzip, br"},
        )

    async def _get(
        self, url: str, session: aiohttp.ClientSession | None = None, **headers: str
    ) -> bytes:
        async with (session or self.session).get(url, headers=headers) as response:
            assert response.status == 200, response.status
            return await response.read()

    async def page_gzip(self) -> None:
        """A compressed page over TLS."""
        got = await self._get(f"{self.secure}/page?coding=gzip", **{"Sec-Fetch-Dest": "document"})
        assert got and got != _PAGES["gzip"], len(got)

    async def page_brotli(self) -> None:
        """The same in Brotli, without TLS."""
        await self._get(f"{self.plain}/page?coding=br", **{"Sec-Fetch-Dest": "document"})

    async def script(self) -> None:
        """What passes unchanged."""
        got = await self._get(f"{self.secure}/script", **{"Sec-Fetch-Dest": "script"})
        assert got == _SCRIPT

    async def download(self) -> None:
        """Two megabytes."""
        assert await self._get(f"{self.secure}/file") == _FILE

    async def upload(self) -> None:
        """As many the other way."""
        async with self.session.post(f"{self.secure}/upload", data=_FILE) as response:
            assert await response.text() == str(len(_FILE))

    async def batch(self) -> None:
        """What the observer sends."""
        url, body = self.post()
        async with self.session.post(url, data=body) as response:
            assert response.status == 204, response.status

    async def events(self) -> None:
        """An event stream to its end."""
        assert (await self._get(f"{self.secure}/events")).count(b"data:") == LONG

    async def socket(self) -> None:
        """A WebSocket, a message a second."""
        async with self.session.ws_connect(f"{self.secure}/echo") as socket:
            for number in range(LONG):
                await socket.send_str(str(number))
                assert (await socket.receive_str()) == str(number)
                await asyncio.sleep(1)

    async def newcomer(self) -> None:
        """A connection of one's own."""
        async with self._session() as session:
            assert await self._get(f"{self.secure}/script", session) == _SCRIPT

    async def abort(self) -> None:
        """A download that somebody does not want after all."""
        async with self._session() as session, session.get(f"{self.secure}/file") as response:
            await response.content.readexactly(65536)
            response.connection.transport.abort()

    async def stall(self) -> None:
        """A download that nobody reads for a while, and then leaves."""
        async with self._session() as session, session.get(f"{self.plain}/file"):
            await asyncio.sleep(LONG)

    async def streams(self) -> None:
        """Five requests at once over one HTTP/2 connection, of a name of many."""
        async with _Second(self) as second:
            for _ in range(5):
                second.ask("/page")
            left = 5
            while left:
                ended = [isinstance(each, h2.events.StreamEnded) for each in await second.read()]
                left -= sum(ended)

    async def stalled_stream(self) -> None:
        """One that never gives its window back, and leaves."""
        async with _Second(self, acknowledge=False) as second:
            second.ask("/file")
            come = 0
            while come < 60_000:  # of the window of 65,535
                come += sum(
                    len(each.data)
                    for each in await second.read()
                    if isinstance(each, h2.events.DataReceived)
                )
            await asyncio.sleep(LONG)


class _Second:
    """An HTTP/2 connection through the proxy."""

    def __init__(self, visitor: Visitor, acknowledge: bool = True) -> None:
        self._visitor = visitor
        self._acknowledge = acknowledge
        self._http = h2.connection.H2Connection(
            h2.config.H2Configuration(header_encoding="utf-8")
        )

    async def __aenter__(self) -> "_Second":
        place = self._visitor.second.removeprefix("https://")
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._visitor.proxy)
        self._reader = reader
        self._writer.write(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        name = f"site{next(self._visitor.names)}.visited.localhost"
        await self._writer.start_tls(_HTTP2, server_hostname=name)
        self._http.initiate_connection()
        self._place = place
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()

    def ask(self, path: str) -> None:
        """Send a request."""
        stream = self._http.get_next_available_stream_id()
        head = {":method": "GET", ":scheme": "https", ":authority": self._place, ":path": path}
        dest = {"sec-fetch-dest": "document", "accept": "text/html"}
        self._http.send_headers(stream, list((head | dest).items()), end_stream=True)

    async def read(self) -> list[h2.events.Event]:
        """Say what waits, and read on."""
        self._writer.write(self._http.data_to_send())
        data = await self._reader.read(65536)
        assert data, "the proxy hung up"
        found = self._http.receive_data(data)
        for event in found:
            if isinstance(event, h2.events.ResponseReceived):
                assert dict(event.headers)[":status"] == "200", event.headers
            if self._acknowledge and isinstance(event, h2.events.DataReceived):
                length = event.flow_controlled_length
                self._http.acknowledge_received_data(length, event.stream_id)
        return found


WEIGHTS = {
    "page_gzip": 8, "page_brotli": 4, "script": 12, "download": 1, "upload": 1, "batch": 6,
    "newcomer": 4, "streams": 2, "events": 1, "socket": 1, "abort": 1, "stall": 1,
    "stalled_stream": 1,
}  # fmt: skip
"""How often each is done, of their sum."""


async def crowd(visitor: Visitor, rate: float, seconds: float) -> None:
    """Visits at an even rate for so long; what fails is counted by its kind."""
    loop = asyncio.get_running_loop()
    turns = sorted(
        ((place + 0.5) / weight, name)
        for name, weight in WEIGHTS.items()
        for place in range(weight)
    )
    under_way: set[asyncio.Task[None]] = set()
    start = loop.time()
    for number, (_, name) in enumerate(itertools.cycle(turns)):
        if number / rate > seconds:
            break
        await asyncio.sleep(start + number / rate - loop.time())
        task = asyncio.create_task(_visit(visitor, name, getattr(visitor, name)))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    if under_way:
        await asyncio.wait(under_way)


async def _visit(visitor: Visitor, name: str, visit: Callable[[], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await visit()
        visitor.counts[name] += 1
    except (OSError, TimeoutError, aiohttp.ClientError, AssertionError, EOFError) as error:
        visitor.counts[f"{name} failed: {type(error).__name__} {error}"[:100]] += 1
