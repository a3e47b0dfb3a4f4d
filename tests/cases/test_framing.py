"""Cases 36 to 39: what stands around a body."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from tests.cases.h2_origin import h2_origin
from tests.cases.registry import case, plant
from tests.cases.served import parted, raw_origin, said
from tests.h2_client import h2_client
from tests.proxy_addon.harness import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

TRAILERS = "proxy_addon/compat/h1_trailers.py"
INTERIM = "proxy_addon/compat/h1_informational.py"
SECOND = "proxy_addon/compat/h2_informational.py"
FLOW = "proxy_addon/compat/h2_flow_control.py"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\npage"


@pytest_asyncio.fixture(loop_scope="session")
async def second(road):
    """An HTTP/2 origin."""
    async with h2_origin(road.house.folder / "origin.pem") as origin:
        yield origin


@asynccontextmanager
async def spoken(answer):
    """An origin whose connections a coroutine serves; its address."""

    async def serve(reader, writer):
        try:
            await answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def request(url, method="GET", *lines):
    """The bytes of a request to a proxy."""
    place = url.partition("://")[2].partition("/")[0]
    head = [f"{method} {url} HTTP/1.1", f"Host: {place}", *lines, "Connection: close", "", ""]
    return "\r\n".join(head).encode()


@case(36, plant(TRAILERS, "self.trailers = http.Headers(kept) if kept else None",
                "self.trailers = None"))  # fmt: skip
async def test_trailers_of_http_1_arrive(road):
    """In both directions, with the body before them as it was."""
    chunks = b"4\r\nbody\r\n0\r\nServer-Timing: db;dur=3\r\nx-sum: 1\r\n\r\n"
    async with raw_origin() as origin:
        url = origin.put("/t", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
        answer = parted(await said(road, request(url)))

    assert b"4\r\nbody\r\n0\r\nserver-timing: db;dur=3\r\nx-sum: 1\r\n\r\n" == answer.body


@case(36, plant(FLOW, "    ResponseEndOfMessage: _RESPONSE,", ""))
async def test_trailers_of_http_2_arrive_behind_the_whole_body(road, second):
    """Though they need no window, and the body waits for one; an upload's trailers as well."""
    size = 300_000

    async def answer(exchange):
        await exchange.until(lambda: exchange.ended)
        await exchange.head(200, [("content-type", "application/grpc")])
        await exchange.write(bytes(size))
        await exchange.end([("grpc-status", "0")])

    url = second.on("/t", answer)
    async with h2_client(url, road.house.trust, road.proxy.port) as client:
        stream = await client.send("POST", url, end=False, reads=False)
        await client.upload(stream, b"up")
        client.http.send_headers(stream.number, [("x-sum", "2")], end_stream=True)
        await client.flush()
        await client.until(lambda: len(stream.body) == 65535)
        beside = await client.ask("POST", second.on("/beside", told))
        assert (200, False) == (beside.status, stream.over)
        client.http.increment_flow_control_window(size, stream.number)
        await client.flush()
        await client.until(lambda: stream.over)

    assert size == len(stream.body) and [("grpc-status", "0")] == stream.trailers
    assert (b"up", [("x-sum", "2")]) == (second.exchanges[0].body, second.exchanges[0].trailers)


async def told(exchange):
    """Answer with a head alone."""
    await exchange.head(200, end=True)


@case(37, plant(INTERIM, "        while _INTERIM.match(bytes(self.buf)) and (lines",
                "        while not self.buf and (lines"))  # fmt: skip
async def test_early_hints_arrive_early(road):
    """Before the page is sent; then the page, and nothing else."""
    more = asyncio.Event()
    async with raw_origin() as origin:
        url = origin.put("/", HINTS, more, b"HTTP/1.1 102 Processing\r\n\r\n" + HINTS + PAGE)
        reader, writer = await asyncio.open_connection("127.0.0.1", road.proxy.port)
        writer.write(request(url))
        first = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        more.set()
        rest = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()

    assert HINTS == first
    assert rest == b"HTTP/1.1 102 Processing\r\n\r\n" + HINTS + PAGE


@case(37, plant(SECOND, 'if dict(kept).get(b":status") not in _OURS:', "if False:"))
async def test_early_hints_arrive_early_over_http_2_too(road, second):
    """Where browsers heed them; without what would lead them round us."""
    more = asyncio.Event()

    async def answer(exchange):
        await exchange.head(103, [("link", "</style.css>; rel=preload"), ("alt-svc", "h3")])
        await more.wait()
        await exchange.head(103, [("link", "</more.css>; rel=preload")])
        await exchange.head(200, [("content-type", "text/plain")])
        await exchange.write(b"page")
        await exchange.end()

    url = second.on("/hints", answer)
    async with h2_client(url, road.house.trust, road.proxy.port) as client:
        stream = await client.send("GET", url)
        await client.until(lambda: stream.early)
        assert [[(":status", "103"), ("link", "</style.css>; rel=preload")]] == stream.early
        more.set()
        await client.until(lambda: stream.over)
    assert (200, b"page", 2) == (stream.status, bytes(stream.body), len(stream.early))


@case(37, plant(INTERIM, '    elif self.flow.request.http_version == "HTTP/1.1":',
                "    else:"))  # fmt: skip
async def test_an_old_browser_gets_its_page_alone(road):
    """HTTP/1.0 knows no interim answers."""
    async with raw_origin() as origin:
        old = request(origin.put("/", HINTS + PAGE)).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
        assert (await said(road, old)).startswith(b"HTTP/1.1 200 OK\r\n")


@case(38, plant(INTERIM, "    if response.status_code == 100:", "    if False:"))
async def test_who_asks_before_an_upload_is_told_once_to_go_on(road):
    """Before a byte of the body is sent, large or small; the origin's own word comes too late."""
    asked = []

    async def answer(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await reader.readexactly(size)
        writer.write(PAGE)

    async with spoken(answer) as url:
        for size in (5, 200_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", road.proxy.port)
            lines = (f"Content-Length: {size}", "Expect: 100-continue")
            writer.write(request(url + "/", "POST", *lines))
            first = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            writer.write(bytes(size))
            rest = await asyncio.wait_for(reader.read(), PATIENCE)
            writer.close()
            assert first.startswith(b"HTTP/1.1 100 ")
            assert PAGE == rest
            assert b"expect" not in asked[-1].lower()


COOKIES = [(f"c{n}", "v" * 40) for n in range(300)]
LONG = "x" * 65536


@case(39, plant("proxy_addon/page.py",
                "fields = headers.strip_alt_svc(flow.response.headers.fields)",
                "fields = headers.strip_alt_svc(flow.response.headers.fields[:99])"))  # fmt: skip
async def test_long_headers_arrive_as_they_were(road):
    """64 kB in one line and 300 cookies, up and down, over HTTP/1."""
    asked = []

    async def answer(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(head + b"\r\nok")

    async with spoken(answer) as url:
        lines = b"".join(b"Set-Cookie: %s=%s\r\n" % (k.encode(), v.encode()) for k, v in COOKIES)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Long: %s\r\n" % LONG.encode() + lines
        cookie = "Cookie: " + "; ".join(f"{k}={v}" for k, v in COOKIES)
        got = await said(road, request(url + "/", "GET", cookie, f"X-Long: {LONG}"))

    assert head + b"\r\nok" == got
    assert cookie.encode() in asked[0] and f"X-Long: {LONG}\r\n".encode() in asked[0]


@case(39, plant("proxy_addon/compat/h2_long_headers.py", "LIMIT = 1 << 18", "LIMIT = 1 << 16"))
async def test_long_headers_arrive_over_http_2_too(road, second):
    """Where a list of headers has a limit that each side sets for the other."""

    async def answer(exchange):
        cookies = [("set-cookie", f"{k}={v}") for k, v in COOKIES]
        await exchange.head(200, [("x-long", LONG), *cookies], end=True)

    url = second.on("/long", answer)
    async with h2_client(url, road.house.trust, road.proxy.port) as client:
        client.http.decoder.max_header_list_size = 1 << 20
        headers = {"x-long": LONG, "cookie": "; ".join(f"{k}={v}" for k, v in COOKIES)}
        stream = await client.ask("GET", url, headers)

    assert 200 == stream.status
    assert ("x-long", LONG) in stream.headers
    assert 300 == sum(name == "set-cookie" for name, _ in stream.headers)
    assert LONG == second.exchanges[0].value("x-long")
