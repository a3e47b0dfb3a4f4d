"""Cases 84 to 94: protocols that are not one page at a time."""

import asyncio
import hashlib
import json
import os
import ssl
import struct
import sys
import zlib
from contextlib import asynccontextmanager

import psutil
import pytest
import pytest_asyncio
import websockets

from reauth.settings import Settings
from tests.cases.h2_origin import h2_origin
from tests.cases.nginx import nginx
from tests.cases.registry import ROOT, case, plant
from tests.cases.served import put, raw_origin
from tests.cases.test_framing import spoken
from tests.e2e.browsing import quiet_street
from tests.h2_client import h2_client
from tests.proxy_addon.harness import PATIENCE, connected, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADDON = "proxy_addon/addon.py"
PAGE = "proxy_addon/page.py"
FLOW = "proxy_addon/compat/h2_flow_control.py"
WINDOWS = "proxy_addon/compat/h2_windows.py"
STREAMED = plant(PAGE, "        flow.response.stream = True", "        pass")
HTML = b"<!doctype html><html><head><title>t</title></head><body>page</body></html>"


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def second(road):
    """An HTTP/2 origin whose answers are coroutines."""
    async with h2_origin(road.house.folder / "origin.pem") as origin:
        yield origin


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def server(road, tmp_path_factory):
    """A real nginx."""
    folder = tmp_path_factory.mktemp("nginx")
    async with nginx(folder, road.house.folder / "origin.pem") as started:
        yield started


def serving(road):
    """A context for servers of other makes, with the origins' certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(road.house.folder / "origin.pem")
    return context


# 84: WebSocket


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def echo(road):
    """A WebSocket server that says everything again; its ports, plain and over TLS."""

    async def answer(connection):
        try:
            async for message in connection:
                await connection.send(message)
        except websockets.ConnectionClosed:
            pass

    options = {"max_size": None, "compression": "deflate"}
    async with (
        websockets.serve(answer, "127.0.0.1", 0, **options) as plain,
        websockets.serve(answer, "127.0.0.1", 0, ssl=serving(road), **options) as secure,
    ):
        yield [each.sockets[0].getsockname()[1] for each in (plain, secure)]


RAW = plant(ADDON, '    "rawtcp": True,', '    "rawtcp": False,')


@case(84, RAW)
async def test_a_websocket_echoes_small_and_large_messages(road, echo):
    """20 MB in one message, compressed and not, over TLS and without; control frames too."""
    through = f"http://127.0.0.1:{road.proxy.port}"
    large = os.urandom(1 << 20) * 20
    for scheme, port in zip(("ws", "wss"), echo, strict=True):
        trust = road.house.trust if scheme == "wss" else None
        for compression in ("deflate", None):
            async with websockets.connect(
                f"{scheme}://127.0.0.1:{port}/", proxy=through, ssl=trust, max_size=None,
                compression=compression,
            ) as connection:  # fmt: skip
                named = [each.name for each in connection.protocol.extensions]
                assert (["permessage-deflate"] if compression else []) == named
                for message in ("text", b"", b"\0" * 70_000):
                    await connection.send(message)
                    assert message == await connection.recv()
                await asyncio.wait_for(await connection.ping(), PATIENCE)
            if compression == "deflate" and scheme == "ws":
                continue  # compressing noise twice is the client's work, not the proxy's
            async with websockets.connect(
                f"{scheme}://127.0.0.1:{port}/", proxy=through, ssl=trust, max_size=None,
                compression=compression,
            ) as connection:  # fmt: skip
                await connection.send(large)
                assert large == await asyncio.wait_for(connection.recv(), PATIENCE)


@case(84, RAW)
async def test_a_browsers_websocket_echoes(town, echo):
    """A page's own, with what browsers negotiate, and 20 MB."""
    url = put(town.plain, "/sockets", HTML)
    talked = """port => new Promise((done, failed) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`), said = [];
      const large = new Uint8Array(20 << 20).fill(7);
      socket.binaryType = "arraybuffer";
      socket.onerror = () => failed(new Error("refused"));
      socket.onopen = () => { socket.send("text"); socket.send(large); };
      socket.onmessage = ({data}) => {
        said.push(typeof data === "string" ? data : data.byteLength);
        if (said.length === 2) { done([socket.extensions, ...said]); socket.close(); }
      };
    })"""
    async with town.page() as page:
        await page.goto(url)
        extensions, *said = await page.evaluate(talked, echo[0])

    assert extensions.startswith("permessage-deflate")
    assert ["text", 20 << 20] == said


# 85, 88: streams of events


EVENTS = "text/event-stream"


@case(85, STREAMED)
async def test_an_event_arrives_before_the_next_is_sent(road):
    """One by one, over HTTP/1."""
    turns = [asyncio.Event() for _ in range(3)]
    pieces = [piece for n, turn in enumerate(turns) for piece in (b"data: %d\n\n" % n, turn)]
    url = put(road.plain, "/events", *pieces, kind=EVENTS)
    async with connected(road.proxy, road.plain.url, road.house) as client:
        await client.send(target="/events", headers={"Accept": EVENTS})
        assert EVENTS == (await client.head()).value("content-type"), url
        got = [None async for _ in in_turn(client.pieces(), turns)]
    assert 3 == len(got)


async def in_turn(pieces, turns):
    """Let the next piece be sent once this one has come."""
    waiting = list(turns)
    async for piece in pieces:
        yield piece
        waiting.pop(0).set()


@case(85, STREAMED)
async def test_a_browser_hears_each_event_before_the_next_is_sent(town):
    """By EventSource."""
    more = asyncio.Event()
    put(town.plain, "/heard", b"data: first\n\n", more, b"data: second\n\n", kind=EVENTS)
    listens = """() => {
      window.heard = [];
      const source = new EventSource("/heard");
      source.onmessage = event => window.heard.push(event.data);
      source.onerror = () => source.close();
    }"""
    async with town.page() as page:
        await page.goto(put(town.plain, "/listens", HTML))
        await page.evaluate(listens)
        await page.wait_for_function("window.heard.length == 1")
        more.set()
        await page.wait_for_function("window.heard.length == 2")
        assert ["first", "second"] == await page.evaluate("window.heard")


@case(88, STREAMED)
@pytest.mark.parametrize("coded", [False, True])
async def test_each_token_arrives_before_the_next_is_made(road, second, coded):
    """The answer to a POST, over HTTP/2, as it comes from a language model; gzip too."""
    tokens = ["Once", " upon", " a", " time"]
    packer = zlib.compressobj(wbits=31)
    came = asyncio.Queue()

    def packed(text, last=False):
        if not coded:
            return text
        return packer.compress(text) + packer.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)

    async def answer(exchange):
        await exchange.until(lambda: exchange.ended)
        coding = [("content-encoding", "gzip")] if coded else []
        await exchange.head(200, [("content-type", EVENTS), *coding])
        for token in tokens:
            await exchange.write(packed(f"data: {json.dumps({'t': token})}\n\n".encode()))
            await asyncio.wait_for(came.get(), PATIENCE)
        await exchange.write(packed(b"data: [DONE]\n\n", last=True))
        await exchange.end()

    url = second.on(f"/model{coded}", answer)
    async with h2_client(url, road.house.trust, road.proxy.port) as client:
        stream = await client.send("POST", url, {"accept": EVENTS}, end=False)
        await client.upload(stream, b'{"stream": true}', end=True)

        def read():
            body = bytes(stream.body)
            return zlib.decompressobj(wbits=31).decompress(body) if coded else body

        for token in tokens:
            await client.until(lambda: token.encode() in read())  # noqa: B023 - at once
            came.put_nowait(token)
        await client.until(lambda: stream.over)
        assert read().endswith(b"data: [DONE]\n\n")


# 86: gRPC


TALK = """
import asyncio, sys, grpc
port, target, ca = int(sys.argv[1]), sys.argv[2], open(sys.argv[3], "rb").read()

async def main():
    trust = grpc.ssl_channel_credentials(ca)
    options = [("grpc.max_receive_message_length", -1)]
    async with grpc.aio.secure_channel(target, trust, options=options) as channel:
        unary = channel.unary_unary("/test.Echo/Unary")
        assert b"up:small" == await unary(b"small", timeout=60)
        large = bytes(3_000_000)
        assert b"up:" + large == await unary(large, timeout=60)
        try:
            await channel.unary_unary("/test.Echo/Fails")(b"", timeout=60)
        except grpc.aio.AioRpcError as error:
            assert (grpc.StatusCode.FAILED_PRECONDITION, "no") == (error.code(), error.details())
        call = channel.stream_stream("/test.Echo/Talk")(timeout=60)
        for number in range(5):
            await call.write(b"%d" % number)
            assert b"up:%d" % number == await call.read()
        await call.done_writing()
        assert grpc.aio.EOF == await call.read()
        assert (("count", "5"),) == tuple(await call.trailing_metadata())
        print("talked")

asyncio.run(main())
"""


@asynccontextmanager
async def grpc_server(road):
    """A real one; its port."""
    import grpc  # noqa: PLC0415 - here, as it starts threads

    async def unary(message, context):
        return b"up:" + message

    async def fails(message, context):
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no")

    async def talk(messages, context):
        count = 0
        async for message in messages:
            count += 1
            yield b"up:" + message
        context.set_trailing_metadata((("count", str(count)),))

    handlers = grpc.method_handlers_generic_handler("test.Echo", {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Fails": grpc.unary_unary_rpc_method_handler(fails),
        "Talk": grpc.stream_stream_rpc_method_handler(talk),
    })  # fmt: skip
    chain = (road.house.folder / "origin.pem").read_bytes()
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers((handlers,))
    port = server.add_secure_port(
        "127.0.0.1:0", grpc.ssl_server_credentials([(chain, chain)])
    )
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


@case(86, plant(PAGE, "flow.request.stream = not length.isdecimal() or",
                "flow.request.stream = length.isdecimal() and"))  # fmt: skip
async def test_grpc_talks_both_ways_at_once(road):
    """Unary calls, a failing one, and a talk in which each side waits for the other's word."""
    async with grpc_server(road) as port:
        ca = road.house.folder / "state" / "ca" / "ca.pem"
        way = f"http://127.0.0.1:{road.proxy.port}"
        names = {"grpc_proxy": way, "https_proxy": way}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", TALK, str(road.proxy.port), f"127.0.0.1:{port}", str(ca),
            env={**os.environ, **names, "no_proxy": "", "no_grpc_proxy": ""},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 120)

    assert b"talked\n" == out, err.decode()[-2000:]


# 87: long polls


@case(87, plant(ADDON, "options[idle_timeout.OPTION] = int(self.parts.settings.proxy.idle_timeout)",
                "options[idle_timeout.OPTION] = 1"),
      plant("proxy_addon/compat/idle_timeout.py",
            "getattr(context.options, OPTION, STOCK)", "1"))  # fmt: skip
async def test_a_long_poll_is_answered_however_late(tmp_path):
    """The time is shrunk: what is silent for less is left alone, what is silent for all of it is
    closed. By default it is several times what long polls take."""
    assert Settings().proxy.idle_timeout >= 4 * 120
    async with quiet_street(tmp_path, proxy="idle_timeout_s = 8") as street:
        more = asyncio.Event()
        url = put(street.plain, "/poll", more, b"news", kind="text/plain")
        silent, other = await asyncio.open_connection("127.0.0.1", street.proxy.port)
        async with connected(street.proxy, url, street.house) as client:
            await client.send(target="/poll")
            assert 200 == (await client.head()).status
            await asyncio.sleep(1.6)  # longer than any defect would wait, far from the time itself
            assert not silent.at_eof()
            more.set()
            assert [b"news"] == [piece async for piece in client.pieces()]
        await asyncio.wait_for(silent.read(), PATIENCE)
        other.close()


# 89 to 91: streams side by side


@case(89, plant(ADDON, '    "connection_strategy": "eager",', '    "connection_strategy": "lazy",'))
async def test_a_client_is_offered_what_its_origin_speaks(road, server):
    """One that speaks both gets HTTP/1.1 to such an origin, and HTTP/2 to the other kind."""
    both = ["h2", "http/1.1"]
    assert "http/1.1" == await offered(road, server.secure, both)
    assert "h2" == await offered(road, server.second, both)
    assert "http/1.1" == await offered(road, server.second, both[1:])


async def offered(road, url, protocols):
    """What a client and the proxy agree on."""
    place = url.removeprefix("https://")
    reader, writer = await asyncio.open_connection("127.0.0.1", road.proxy.port)
    writer.write(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    context = ssl.create_default_context(cafile=road.house.folder / "state" / "ca" / "ca.pem")
    context.set_alpn_protocols(protocols)
    await writer.start_tls(context, server_hostname="127.0.0.1")
    try:
        return writer.get_extra_info("ssl_object").selected_alpn_protocol()
    finally:
        writer.close()


async def told(exchange):
    """Answer with a body in two pieces, and an empty one between them."""
    await exchange.until(lambda: exchange.ended)
    await exchange.head(200, [("content-type", "text/plain")])
    await exchange.write(b"two ")
    exchange._link.http.send_data(exchange.stream, b"")
    await exchange.write(b"pieces" + bytes(exchange.body))
    exchange._link.http.send_data(exchange.stream, b"", end_stream=True)
    await exchange._link.flush()


@case(89)
async def test_a_client_of_http_1_reads_what_an_origin_also_serves_by_http_2(road, server):
    """By HTTP/1.1 on both sides: nobody is answered in a version that they did not offer."""
    size = 100_000
    server.put("of-either", size)
    place = server.second.removeprefix("https://")
    async with connected(road.proxy, server.second, road.house) as client:
        for _ in range(3):
            answer = await client.ask(target="/of-either", headers={"Host": place})
            assert (200, size) == (answer.status, len(answer.body))


@case(89, plant("proxy_addon/compat/h2_empty_data.py",
                "    empty = isinstance(event, h2.events.DataReceived) and not event.data",
                "    empty = False"),
      plant("proxy_addon/compat/h1_uploads.py",
            'event.request.headers["transfer-encoding"] = "chunked"', "pass"))  # fmt: skip
async def test_an_upload_by_http_2_is_framed_for_an_origin_of_http_1(tmp_path):
    """Whose length nobody told, with empty frames amid and at its end."""
    bodies = []

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head.lower()
        bodies.append(await reader.readuntil(b"\r\n0\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with spoken(answer) as origin, reversed_to(origin, tmp_path) as street:
        url = f"https://127.0.0.1:{street.proxy.port}"
        async with h2_client(url, street.house.trust) as client:
            stream = await client.send("POST", f"{url}/", end=False)
            for piece in (b"one", b"", b"two"):
                client.http.send_data(stream.number, piece)
                await client.taken()  # by itself: what is read together is passed on together
            client.http.send_data(stream.number, b"", end_stream=True)
            await client.flush()
            await client.until(lambda: stream.over)

    assert (200, b"ok") == (stream.status, bytes(stream.body))
    assert b"onetwo" == b"".join(bodies[0].split(b"\r\n")[1:-3:2])


@asynccontextmanager
async def reversed_to(url, folder):
    """A proxy in front of one plain origin: clients of HTTP/2 meet an origin of HTTP/1."""
    async with quiet_street(folder, proxy=f'mode = "reverse:{url}"') as street:
        yield street


@case(89)
@case(91, plant(FLOW, "read(_transport(self.context, self.conn), isinstance(event, Release))",
                "pass"))  # fmt: skip
async def test_clients_of_http_2_read_an_origin_of_http_1(server, tmp_path):
    """Each stream whole; one that stalls stops itself alone, and its origin."""
    name, size = "/of-http-1", 100_000
    server.put(name[1:], size)
    server.put("endless", 600_000_000)
    async with reversed_to(server.plain, tmp_path) as street:
        url = f"https://127.0.0.1:{street.proxy.port}"
        memory = grown(street)
        async with h2_client(url, street.house.trust) as client:
            stalled = await client.send("GET", f"{url}/endless", reads=False)
            await client.until(lambda: len(stalled.body) == 65535)
            for _ in range(30):
                stream = await client.ask("GET", url + name)
                assert (200, size) == (stream.status, len(stream.body))
                assert memory() < 20_000_000
            assert 65535 == len(stalled.body)


def grown(street):
    """Gives bytes by which the proxy's processes have grown since now."""
    processes = psutil.Process(street.proxy.process.pid).children()

    def used():
        return sum(each.memory_info().rss for each in processes)

    begun = used()
    return lambda: used() - begun


@case(90, plant(WINDOWS, '    if acknowledged_size and stream_id not in self.__dict__["owed"]:',
                "    if False:"))  # fmt: skip
async def test_a_hundred_streams_come_whole_side_by_side(road, server):
    """More than an origin allows at first, each larger than its first window."""
    for number in range(100):
        data = hashlib.sha256(b"%d" % number).digest() * 5000
        (server.files / f"side{number}").write_bytes(data)
    async with h2_client(server.second + "/", road.house.trust, road.proxy.port) as client:
        streams = [await client.send("GET", f"{server.second}/side{n}") for n in range(100)]
        await client.until(lambda: all(stream.over for stream in streams))
    for number, stream in enumerate(streams):
        assert hashlib.sha256(b"%d" % number).digest() * 5000 == stream.body, number


@case(91, plant(FLOW, "return len(kept) >= MANY or sum(len(each.data) for each in kept) >= MARK",
                "return False"))  # fmt: skip
async def test_a_stalled_download_is_not_kept(road, second):
    """The origin is stopped where it stands; siblings come meanwhile, and afterwards the rest."""
    size, piece = 600_000_000, bytes(1 << 20)

    async def endless(exchange):
        await exchange.head(200, [("content-type", "video/mp4")])
        while exchange.sent < size:
            await exchange.write(piece)

    url, beside = second.on("/endless", endless), second.on("/beside", told)
    async with h2_client(url, road.house.trust, road.proxy.port) as client:
        await client.ask("GET", beside)
        memory = grown(road)
        stalled = await client.send("GET", url, reads=False)
        await client.until(lambda: len(stalled.body) == 65535)
        source = second.exchanges[-1]
        await until(lambda: (source.stalled and source.sent > 65535) or source.sent > 60_000_000)
        for _ in range(20):
            stream = await client.ask("GET", beside)
            assert (200, b"two pieces") == (stream.status, bytes(stream.body))
        assert source.stalled and source.sent < 2 << 20
        assert memory() < 20_000_000
        stalled.reads = True
        client.http.acknowledge_received_data(65535, stalled.number)
        await client.flush()
        await client.until(lambda: len(stalled.body) > 20_000_000)
        await client.abort(stalled)


@case(91)
async def test_a_stalled_upload_is_not_kept(road, second):
    """The same the other way."""

    async def deaf(exchange):
        await exchange.until(lambda: exchange.ended)

    url, beside = second.on("/deaf", deaf), second.on("/beside", told)
    async with h2_client(url, road.house.trust, road.proxy.port) as client:
        await client.ask("GET", beside)
        memory, sent = grown(road), 0
        upload = await client.send("POST", url, end=False)
        for _ in range(40):
            sent += await client.upload(upload, bytes(2 << 20))
            stream = await client.ask("GET", beside)
            assert b"two pieces" == stream.body
        assert 65535 < sent < 2 << 20
        assert memory() < 20_000_000
        await client.abort(upload)


# 92, 93: what breaks off


@case(92, plant(FLOW, "        if stream.client_state == stream.server_state == stream.state_done:",
                "        if broken:"))  # fmt: skip
async def test_a_client_that_aborts_stops_its_origin(road, second):
    """Amid a download that it had let stall, over HTTP/2: that stream alone."""

    async def endless(exchange):
        await exchange.head(200)
        while True:
            await exchange.write(bytes(1 << 16))

    url, beside = second.on("/aborted", endless), second.on("/beside", told)
    async with h2_client(url, road.house.trust, road.proxy.port) as client:
        stream = await client.send("GET", url, reads=False)
        await client.until(lambda: len(stream.body) == 65535)
        source = second.exchanges[-1]
        await until(lambda: source.stalled)
        await client.abort(stream)
        await until(lambda: source.reset is not None)
        assert 8 == source.reset
        assert 200 == (await client.ask("GET", beside)).status


@case(92)
async def test_a_client_that_leaves_stops_its_origin(road):
    """Over HTTP/1 a connection is all that there is to end."""
    async with raw_origin() as origin:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
        url = origin.put("/left", head, bytes(100_000), stays=True)
        reader, writer = await asyncio.open_connection("127.0.0.1", road.proxy.port)
        writer.write(f"GET {url} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        await reader.readexactly(50_000)
        writer.close()
        await asyncio.wait_for(origin.gone.wait(), PATIENCE)


@case(93, plant(FLOW, "    ResponseProtocolError: _RESPONSE,", ""))
async def test_an_origins_reset_reaches_the_client_behind_what_came(road, second):
    """Not as an end; and its siblings do not notice."""

    async def breaks(exchange):
        await exchange.head(200, [("content-type", "video/mp4")])
        await exchange.write(bytes(250_000))
        await exchange.break_off()

    url, beside = second.on("/breaks", breaks), second.on("/beside", told)
    async with h2_client(url, road.house.trust, road.proxy.port) as client:
        stream = await client.send("GET", url, reads=False)
        await client.until(lambda: len(stream.body) == 65535)
        await until(lambda: second.exchanges[-1].sent == 250_000)
        assert 200 == (await client.ask("GET", beside)).status
        client.http.increment_flow_control_window(1 << 20, stream.number)
        await client.flush()
        await client.until(lambda: stream.over)
        assert (False, 250_000) == (stream.ended, len(stream.body))
        assert 200 == (await client.ask("GET", beside)).status


@case(93)
async def test_an_origin_that_breaks_off_over_http_1_is_broken_off(road):
    """Before its head: 502. In its body: what came, and no end."""

    async def resets(reader, writer):
        target = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        if target == b"/late":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n")
            await writer.drain()
            await more.wait()
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(*SO_LINGER, linger)
        writer.close()

    more = asyncio.Event()
    origin = await asyncio.start_server(resets, "127.0.0.1", 0)
    place = f"127.0.0.1:{origin.sockets[0].getsockname()[1]}"
    try:
        for target, known in (("/early", b"HTTP/1.1 502 "), ("/late", b"HTTP/1.1 200 ")):
            reader, writer = await asyncio.open_connection("127.0.0.1", road.proxy.port)
            writer.write(f"GET http://{place}{target} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            assert head.startswith(known)
            if target == "/late":
                assert b"4\r\nbody\r\n" == await reader.readexactly(9)
                more.set()
                assert b"" == await asyncio.wait_for(reader.read(), PATIENCE)
            writer.close()
    finally:
        origin.close()


SO_LINGER = (1, 13)
"""SOL_SOCKET and SO_LINGER of Linux: with a time of 0 a close is a reset."""


# 94: no way round us


@case(94, plant("proxy_addon/headers.py", 'return _without(fields, frozenset({b"alt-svc"}))',
                "return fields"))  # fmt: skip
async def test_no_origin_names_another_way_to_it(road, server):
    """`Alt-Svc` is gone from every answer, whatever the protocol; the rest of the head is not."""
    for base in (server.plain, server.secure):
        async with connected(road.proxy, base, road.house) as client:
            answer = await client.ask(target="/alt")
            assert (200, b"alt", []) == (answer.status, answer.body, answer.values("alt-svc"))
    async with h2_client(server.second + "/", road.house.trust, road.proxy.port) as client:
        stream = await client.ask("GET", server.second + "/alt")
        assert b"alt" == stream.body and "alt-svc" not in dict(stream.headers)
        direct = await client.ask("GET", server.second + "/alt")
        assert 200 == direct.status
    async with h2_client(server.second + "/", trusting(road)) as client:
        assert "alt-svc" in dict((await client.ask("GET", server.second + "/alt")).headers)


def trusting(road):
    """Of the origins themselves."""
    return ssl.create_default_context(cafile=road.house.folder / "origin-ca.pem")


@case(94)
async def test_quic_has_no_way_through(road):
    """Nobody listens for datagrams here, and the gateway's rules refuse them at once."""
    processes = psutil.Process(road.proxy.process.pid).children()
    assert [] == [each for one in processes for each in one.net_connections(kind="udp")]
    rules = (ROOT / "config" / "nftables.conf").read_text()
    assert "udp dport 443 reject" in rules
