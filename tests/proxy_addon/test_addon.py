"""A real proxy, of both kinds, between a real client and a real origin."""

import asyncio
import base64
import gzip
import re
import signal
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import bcrypt
import h2.config
import h2.connection
import h2.events
import h11
import pytest
from mitmproxy import http
from mitmproxy.connection import Server
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test import tflow
from mitmproxy.test.tflow import ttcpflow as ttcp
from mitmproxy.test.tflow import tudpflow as tudp

from proxy_addon.addon import VISIT, Addon, _origin
from proxy_addon.identity import UNKNOWN
from proxy_addon.page import Visit
from proxy_addon.parts import Parts
from proxy_addon.policy import RequestHead, Site, Standing
from proxy_addon.route import Sender
from reauth.claim import Audience, TokenVerdict, check_token, make_token
from tests.origin import H2Origin, Origin, certificates
from tests.proxy_addon.harness import (
    DOCUMENT,
    INSTALLATION,
    KEYS,
    KINDS,
    OBS,
    PATIENCE,
    Answer,
    Client,
    House,
    Running,
    ask,
    connected,
    ingest,
    now,
    running,
    until,
)

PAGE = b"<!doctype html><html><head><title>t</title></head><body>page</body></html>"
TAG = re.compile(rb"<script src=\"?(/obs/[^ \"]+)\"?[^>]*data-k=\"?([\w-]+)[^>]*></script>")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def context(house: House) -> ssl.SSLContext:
    return certificates(house.folder, "127.0.0.1", "127.0.0.2", "127.0.0.3", "localhost")[1]


@pytest.fixture(scope="module", params=KINDS)
def proxy(request: pytest.FixtureRequest, house: House, context: object) -> Iterator[Running]:
    house.write(
        'allow_private = ["127.0.0.0/8"]\nupstream_ca = "origin-ca.pem"\n'
        'closed = ["127.0.0.2"]\nexclude = ["127.0.0.3"]\nclosed_buffer_kib = 64'
    )
    with running(request.param, house) as proxy:
        yield proxy


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_page_is_served_with_the_tag_first_in_its_head(
    proxy: Running, house: House, context: ssl.SSLContext, scheme: str
):
    """The tag is all that is added, and its token was made for this page's origin."""
    async with Origin(context if scheme == "https" else None) as origin:
        origin.put("/", PAGE)
        answer = await ask(proxy, origin.url, house, target="/", headers=DOCUMENT)

    found = TAG.search(answer.body)
    assert found and answer.body[: found.start()].endswith(b"<head>")
    assert PAGE == TAG.sub(b"", answer.body)
    audience = Audience(None, "unknown|127.0.0.1", origin.url)
    assert TokenVerdict.OK == check_token(KEYS, found[2].decode(), audience, now())[0]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_an_origin_that_is_away_is_away_for_its_client_too(
    proxy: Running, house: House, context: ssl.SSLContext, scheme: str
):
    """On a connection that is kept: scripts would take a page of ours for one of the site's.

    Without TLS the client knows that it asks a proxy, and is answered by it.
    """
    async with Origin(context if scheme == "https" else None) as origin:
        origin.put("/", PAGE, framing="length")
        async with connected(proxy, origin.url, house) as client:
            assert 200 == (await client.ask(target="/")).status
            await origin.__aexit__()
            if scheme == "http":
                assert 502 == (await client.ask(target="/")).status
            else:
                with pytest.raises((OSError, h11.RemoteProtocolError)):
                    await client.ask(target="/")


async def test_the_script_of_the_tag_is_what_its_integrity_says(proxy: Running, house: House):
    """The tag's file is served by us to every origin, opaque ones too, and is cached for ever."""
    async with Origin() as origin:
        origin.put("/", PAGE)
        page = await ask(proxy, origin.url, house, target="/", headers=DOCUMENT)
        path = TAG.search(page.body)[1].decode()
        script = await ask(proxy, origin.url, house, target=path)

    assert 200 == script.status
    assert "text/javascript; charset=utf-8" == script.value("content-type")
    assert "nosniff" == script.value("x-content-type-options")
    assert "cross-origin" == script.value("cross-origin-resource-policy")
    assert "*" == script.value("access-control-allow-origin")
    assert "immutable" in script.value("cache-control")
    assert ["/"] == [seen.target for seen in origin.seen]


async def test_a_gzipped_page_is_injected_and_its_csp_made_to_fit(proxy: Running, house: House):
    """The origin is asked for what it would be asked anyway; nothing that was barred is allowed."""
    policy = "default-src 'none'"
    async with Origin() as origin:
        headers = (
            ("Content-Type", "text/html"), ("Content-Encoding", "gzip"),
            ("Content-Security-Policy", policy), ("Alt-Svc", 'h3=":443"'),
        )  # fmt: skip
        origin.put("/", gzip.compress(PAGE), headers=headers, framing="length")
        accepts = {**DOCUMENT, "Accept-Encoding": "gzip, br"}
        answer = await ask(proxy, origin.url, house, target="/", headers=accepts)

    assert PAGE == TAG.sub(b"", answer.body)
    assert ["gzip, br"] == origin.seen[0].values("accept-encoding")
    assert "unsafe" not in answer.value("content-security-policy")
    assert OBS in answer.value("content-security-policy")
    assert policy in answer.value("content-security-policy")
    assert answer.value("alt-svc") is None


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", PAGE),
        ("application/json", b'{"html": "<head>"}'),
        ("image/png", bytes(range(256)) * 500),
        ("application/octet-stream", b""),
    ],
)
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_what_is_no_page_passes_byte_for_byte(
    proxy: Running, house: House, kind: str, body: bytes, framing: str
):
    """Also when the browser asked for a document."""
    async with Origin() as origin:
        headers = (("Content-Type", kind), ("ETag", '"v1"'))
        origin.put("/x", body, headers=headers, framing=framing)
        answer = await ask(proxy, origin.url, house, target="/x", headers=DOCUMENT)

    assert body == answer.body
    assert '"v1"' == answer.value("etag")


@pytest.mark.parametrize("kind", ["text/html", "text/event-stream"])
async def test_what_the_origin_says_first_arrives_before_it_says_more(
    proxy: Running, house: House, kind: str
):
    """A page and an event stream alike: nothing is held back for what is still to come."""
    more = asyncio.Event()
    async with Origin() as origin:
        first = b"<!doctype html><head>" if kind == "text/html" else b"data: 1\n\n"
        origin.put("/s", first, more, b"rest", headers=(("Content-Type", kind),))
        async with connected(proxy, origin.url, house) as client:
            await client.send(target="/s", headers=DOCUMENT)
            await client.head()
            pieces = client.pieces()
            got = await anext(pieces)
            assert not more.is_set()
            more.set()
            got += b"".join([piece async for piece in pieces])

    assert first + b"rest" == TAG.sub(b"", got)


async def test_a_large_upload_reaches_the_origin_while_it_is_sent(proxy: Running, house: House):
    """Requests of unknown length are streamed: the origin has the first piece before the last."""
    async with Origin() as origin:
        page = origin.put("/up", b"ok", headers=(("Content-Type", "text/plain"),))
        async with connected(proxy, origin.url, house) as client:
            await client.send("POST", "/up", {"Transfer-Encoding": "chunked"})
            await client.send_more(b"a" * 1000)
            await asyncio.wait_for(page.arrived.wait(), PATIENCE)
            await client.send_more(b"b" * 1000, last=True)
            await client.head()

    assert b"a" * 1000 + b"b" * 1000 == origin.seen[0].body


async def curl(proxy: Running, house: House, *arguments: str) -> Answer:
    """What curl gets over HTTP/2 through the proxy."""
    trust = ["--cacert", str(house.folder / "state" / "ca" / "ca.pem")]
    command = ["curl", "-sS", "-i", "--http2", "--suppress-connect-headers", "--path-as-is"]
    command += ["-x", f"http://127.0.0.1:{proxy.port}", *trust, *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    head, _, body = told.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first.startswith("HTTP/2 "), first
    return Answer(int(first.split()[1]), [tuple(line.split(": ", 1)) for line in lines], body)


@pytest.mark.usefixtures("context")
async def test_a_page_over_http2_is_injected_and_its_batches_are_ours(
    proxy: Running, house: House
):
    """Both sides speak it as the origin does; no header of HTTP/1 comes in, no path gets out."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(house.folder / "origin.pem")
    async with H2Origin(context) as origin, ingest(house):
        origin.put("/", PAGE[:20], PAGE[20:])
        page = await curl(proxy, house, "-H", "Sec-Fetch-Dest: document", origin.url + "/")
        body = house.folder / "batch"
        body.write_bytes(batch(origin.url))
        sent = await curl(proxy, house, "--data-binary", f"@{body}", f"{origin.url}{OBS}b")
        hidden = await curl(proxy, house, f"{origin.url}/x/../%6fbs/{INSTALLATION}/b?x")

    assert PAGE == TAG.sub(b"", page.body) != page.body
    assert (None, None) == (page.value("transfer-encoding"), page.value("content-length"))
    assert (204, 405) == (sent.status, hidden.status)
    assert [("GET", "/")] == [(seen.method, seen.target) for seen in origin.seen]


@pytest.mark.parametrize(
    "target",
    [
        f"/obs/{INSTALLATION}/nothing",
        f"/%6fbs/{INSTALLATION}/b",
        f"//obs//{INSTALLATION}/b",
        f"/x/../obs/{INSTALLATION}/b",
        f"/x/%2e%2e/obs/./{INSTALLATION}/privacy2",
        f"/%256fbs/{INSTALLATION}/b",
        f"/obs%2f{INSTALLATION}%2fb",
        f"/OBS/{INSTALLATION.upper()}/b",
        f"/obs;v=1/{INSTALLATION}/b",
        f"/obs\\{INSTALLATION}\\b",
        f"/obs/{INSTALLATION}?x",
        f"/obs/{INSTALLATION}/challenge",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_no_spelling_of_our_path_reaches_an_origin(
    proxy: Running, house: House, target: str, method: str
):
    """Not even as a 404 of the origin's."""
    async with Origin() as origin:
        answer = await ask(proxy, origin.url, house, method=method, target=target)

    assert answer.status in (404, 405)
    assert [] == origin.seen


@pytest.mark.parametrize("target", ["/obs/", "/obs/00ff00ff00ff/b", "/obs", "/a/obs/x?obs"])
async def test_a_site_keeps_its_own_obs(proxy: Running, house: House, target: str):
    """Only what lies under our installation's name is ours."""
    async with Origin() as origin:
        page = target.partition("?")[0]
        origin.put(page, b"mine", headers=(("Content-Type", "text/plain"),))
        answer = await ask(proxy, origin.url, house, target=target)

    assert b"mine" == answer.body
    assert [target] == [seen.target for seen in origin.seen]


def batch(url: str, user: str | None = None, source: str = "unknown", life: float = 60.0) -> bytes:
    token = make_token(KEYS, Audience(user, f"{source}|127.0.0.1", url), b"page id.", now() + life)
    return bytes([1, len(token)]) + token.encode() + b"the rest is the ingest's"


async def test_a_batch_is_acknowledged_once_it_is_stored(proxy: Running, house: House):
    """It bears the claim that the proxy makes, and none of the credentials that came with it."""
    async with Origin() as origin, ingest(house) as people:
        body = batch(origin.url)
        secrets = {"Cookie": "c=secret", "Authorization": "Bearer secret"}
        request = {"method": "POST", "target": OBS + "b", "headers": secrets, "body": body}
        answer = await ask(proxy, origin.url, house, **request)

    (accepted,) = people.intake.accepted
    assert (204, b"") == (answer.status, answer.body)
    assert "no-store" == answer.value("cache-control")
    assert body == accepted.body
    claim = accepted.claim
    assert (None, "127.0.0.1", "unknown") == (claim.user, claim.client, claim.source)
    assert (b"page id.".hex(), "ok", None) == (claim.page, claim.token, claim.host)
    assert b"secret" not in repr(accepted).encode()
    assert [] == origin.seen


async def test_an_expired_token_is_renewed_and_its_batch_kept(proxy: Running, house: House):
    """A stored copy of a page goes on being observed."""
    async with Origin() as origin, ingest(house) as people:
        request = {"method": "POST", "target": OBS + "b", "body": batch(origin.url, life=-60.0)}
        answer = await ask(proxy, origin.url, house, **request)

    assert 200 == answer.status
    audience = Audience(None, "unknown|127.0.0.1", origin.url)
    assert TokenVerdict.OK == check_token(KEYS, answer.body.decode(), audience, now())[0]
    assert "restored" == people.intake.accepted[0].claim.token


@pytest.mark.parametrize("what", ["user", "origin", "forged"])
async def test_a_token_of_somebody_else_is_refused(proxy: Running, house: House, what: str):
    """Nothing is stored; a page of the same origin may go on with a token of its own."""
    async with Origin() as origin, ingest(house) as people:
        body = {
            "user": batch(origin.url, user="eve"),
            "origin": batch("https://elsewhere.example"),
            "forged": bytes([1, 4]) + b"AAAA",
        }[what]
        request = {"method": "POST", "target": OBS + "b", "body": body}
        own = {"Sec-Fetch-Site": "same-origin"}
        answer = await ask(proxy, origin.url, house, **request, headers=own)
        silent = await ask(proxy, origin.url, house, **request)
        await until(lambda: people.counters["bad_tokens_total"] >= 2)
        await until(lambda: len(people.intake.senders) >= 2)

    assert 403 == answer.status == silent.status
    assert b"" == silent.body
    audience = Audience(None, "unknown|127.0.0.1", origin.url)
    assert TokenVerdict.OK == check_token(KEYS, answer.body.decode(), audience, now())[0]
    assert [] == people.intake.accepted
    assert {(None, "127.0.0.1", "bad")} == {
        (sender.user, sender.client, sender.token) for sender in people.intake.senders
    }


async def test_other_sites_may_not_send_but_opaque_frames_may(proxy: Running, house: House):
    """A sandboxed frame has no origin to show; it has the page's token."""
    async with Origin() as origin, ingest(house) as people:
        request = {"method": "POST", "target": OBS + "b", "body": batch(origin.url)}
        cross = {"Sec-Fetch-Site": "cross-site"}
        foreign = {"Origin": "https://elsewhere.example"}
        refused = [await ask(proxy, origin.url, house, **request, headers=cross)]
        refused += [await ask(proxy, origin.url, house, **request, headers=foreign)]
        frame = cross | {"Origin": "null"}
        opaque = await ask(proxy, origin.url, house, **request, headers=frame)

    assert [403, 403] == [answer.status for answer in refused]
    assert [None, None] == [answer.value("access-control-allow-origin") for answer in refused]
    assert (204, "null") == (opaque.status, opaque.value("access-control-allow-origin"))
    assert 1 == len(people.intake.accepted)


@pytest.mark.parametrize("headers", [{"Content-Length": "65537"}, {"Transfer-Encoding": "chunked"}])
async def test_what_cannot_be_a_batch_is_killed_unread(
    proxy: Running, house: House, headers: dict[str, str]
):
    """An answer of ours would have all of it read into memory first."""
    async with Origin() as origin, ingest(house) as people:
        async with connected(proxy, origin.url, house) as client:
            await client.send("POST", OBS + "b", headers)
            with pytest.raises((ConnectionError, h11.RemoteProtocolError)):
                await client.head()
        await until(lambda: people.counters["oversize_total"] >= 1)

    assert [] == origin.seen == people.intake.accepted


def resident(proxy: Running) -> int:
    """Most MiB that a process of the proxy ever held."""
    listing = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listing.stdout.splitlines()[1:]]
    mine = str(proxy.process.pid)
    pids = [row[0] for row in rows if mine in row]
    told = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return max(int(re.search(r"VmHWM:\s+(\d+)", text)[1]) for text in told) >> 10


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_body_that_no_head_told_of_ends_its_request_and_not_our_memory(
    proxy: Running, house: House, method: str
):
    """Over HTTP/2 a request needs no length, and ours are answered when they have come whole."""
    context = ssl.create_default_context(cafile=str(house.folder / "state" / "ca" / "ca.pem"))
    context.set_alpn_protocols(["h2"])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(house.folder / "origin.pem")
    async with H2Origin(server) as origin:
        place = origin.url.removeprefix("https://")
        before = resident(proxy)
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        await writer.start_tls(context, server_hostname="127.0.0.1")
        seen = await upload(reader, writer, method, place)
        writer.close()

    assert resident(proxy) < before + 20
    assert any(isinstance(event, h2.events.StreamReset) for event in seen)
    assert [] == origin.seen


async def upload(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, place: str
) -> list[h2.events.Event]:
    """Send 64 MiB to our path as long as the proxy lets us; what it says meanwhile."""
    spoken = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    spoken.initiate_connection()
    path = OBS + "privacy"
    spoken.send_headers(
        1, [(":method", method), (":scheme", "https"), (":authority", place), (":path", path)]
    )
    seen, sent = [], 0
    while sent < 64 << 20 and not any(isinstance(e, h2.events.StreamReset) for e in seen):
        room = min(spoken.local_flow_control_window(1), spoken.max_outbound_frame_size)
        if room:
            spoken.send_data(1, bytes(room))
            sent += room
        writer.write(spoken.data_to_send())
        await writer.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01 if room else 5):
                data = await reader.read(65536)
                if not data:
                    break
                seen += spoken.receive_data(data)
    return seen


async def test_without_the_ingest_pages_load_and_batches_wait(proxy: Running, house: House):
    """503 for our path alone, with the time to come back."""
    async with Origin() as origin:
        origin.put("/", PAGE)
        page = await ask(proxy, origin.url, house, target="/", headers=DOCUMENT)
        request = {"method": "POST", "target": OBS + "b", "body": batch(origin.url)}
        away = await ask(proxy, origin.url, house, **request)
        async with ingest(house):
            back = await ask(proxy, origin.url, house, **request)

    assert TAG.search(page.body)
    assert (503, "5") == (away.status, away.value("retry-after"))
    assert 204 == back.status


async def test_a_store_that_is_down_is_no_acknowledgement(proxy: Running, house: House):
    """The ingest's own refusal of one batch is what its browser is told."""
    async with Origin() as origin, ingest(house) as people:
        people.intake.broken = True
        request = {"method": "POST", "target": OBS + "b", "body": batch(origin.url)}
        answer = await ask(proxy, origin.url, house, **request)

    assert 503 == answer.status
    assert int(answer.value("retry-after")) >= 5


async def test_our_own_listeners_stay_refused_where_private_ones_are_allowed(
    proxy: Running, house: House
):
    """Nobody reaches the proxy through itself; the metadata service is not on the list."""
    answers = [
        await ask(proxy, f"http://127.0.0.1:{proxy.port}", house, target="/"),
        await ask(proxy, f"http://localhost:{proxy.port}", house, target="/"),
        await ask(proxy, "http://169.254.169.254", house, target="/latest"),
        await ask(proxy, "http://[::ffff:10.0.0.1]", house, target="/"),
    ]

    assert [502] * 4 == [answer.status for answer in answers]
    assert all(b"refused by the proxy" in answer.body for answer in answers)


async def test_a_closed_site_is_injected_whole_or_not_served(proxy: Running, house: House):
    """Its pages are watched or refused, its pictures are nobody's business."""
    async with Origin(host="127.0.0.2") as origin:
        origin.put("/", PAGE[:30], PAGE[30:])
        origin.put("/big", b"<!doctype html><head>" + b"x" * 65536, framing="length")
        origin.put("/grown", b"<!doctype html><head>", b"x" * 65536)
        origin.put("/partial", PAGE, status=206)
        origin.put("/p.png", b"png", headers=(("Content-Type", "image/png"),))
        served = await ask(proxy, origin.url, house, target="/", headers=DOCUMENT)
        refused = [
            await ask(proxy, origin.url, house, target=path, headers=DOCUMENT)
            for path in ("/big", "/grown", "/partial")
        ]
        picture = await ask(proxy, origin.url, house, target="/p.png")

    assert PAGE == TAG.sub(b"", served.body) != served.body
    assert [(503, b"")] * 3 == [(answer.status, answer.body) for answer in refused]
    assert b"png" == picture.body


async def test_an_excluded_site_is_not_decrypted(
    proxy: Running, house: House, context: ssl.SSLContext
):
    """The client sees the origin's own certificate; over http the page stays as it is."""
    theirs = House.__new__(House)
    theirs.trust = ssl.create_default_context(cafile=str(house.folder / "origin-ca.pem"))
    async with Origin(context, "127.0.0.3") as origin, Origin(host="127.0.0.3") as plain:
        for each in (origin, plain):
            each.put("/", PAGE)
        tunnelled = await ask(proxy, origin.url, theirs, target="/", headers=DOCUMENT)
        passed = await ask(proxy, plain.url, house, target="/", headers=DOCUMENT)

    assert PAGE == tunnelled.body == passed.body


async def test_the_kill_switch_stops_injection_and_lists_reach_every_process(
    proxy: Running, house: House
):
    """What the people's side says is done within seconds, and undone; pages from before are
    refused meanwhile, without a token to go on with."""
    async with Origin() as origin, ingest(house, observe=False) as people:
        origin.put("/", PAGE)

        async def watched() -> bool:
            page = await ask(proxy, origin.url, house, target="/", headers=DOCUMENT)
            return TAG.search(page.body) is not None

        for observe in (False, True):
            people.control.change(observe=observe)
            async with asyncio.timeout(PATIENCE):
                while await watched() is not observe:  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.1)
            request = {"method": "POST", "target": OBS + "b", "body": batch(origin.url)}
            sent = await ask(proxy, origin.url, house, **request)
            assert (204 if observe else 403) == sent.status


async def test_websocket_frames_pass_as_they_are(proxy: Running, house: House):
    """The relay after a 101 is raw: no frame is read, merged or kept."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        )
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()
        ended.set()

    ended = asyncio.Event()
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    head = (
        f"GET http://127.0.0.1:{port}/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade"
        "\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n"
    )
    writer.write(head.encode())
    assert b" 101 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
    frame = b"\x82\x05\xff\x00no!"
    writer.write(frame)
    assert frame == await asyncio.wait_for(reader.readexactly(len(frame)), PATIENCE)
    writer.close()
    await writer.wait_closed()
    await asyncio.wait_for(ended.wait(), PATIENCE)
    server.close()


SABOTAGE = """
import proxy_addon.page
def broken(*args, **named): raise RuntimeError("http://secret.example/?q")
proxy_addon.page.decide = broken
"""


@pytest.mark.parametrize("kind", KINDS)
async def test_a_hook_that_raises_is_counted_and_the_site_chooses(kind: str, tmp_path: Path):
    """mitmproxy alone would serve the page and tell nobody; a closed site would be unwatched."""
    house = House(tmp_path)
    house.write('allow_private = ["127.0.0.0/8"]\nclosed = ["127.0.0.2"]')
    script = tmp_path / "sabotage.py"
    script.write_text(SABOTAGE)
    with running(kind, house, script) as proxy:
        async with ingest(house) as people, Origin() as origin, Origin(host="127.0.0.2") as shut:
            for each in (origin, shut):
                each.put("/", PAGE)
            page = await ask(proxy, origin.url, house, target="/", headers=DOCUMENT)
            closed = await ask(proxy, shut.url, house, target="/", headers=DOCUMENT)
            name = 'hook_errors_total{hook="responseheaders"}'
            await until(lambda: people.counters[name] == 2)
        log = "".join(proxy.log)

    assert (200, PAGE) == (page.status, page.body)
    assert (503, b"") == (closed.status, closed.body)
    assert "hook_failed" in log
    assert "secret.example" not in log


@pytest.fixture(scope="module")
def guarded_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = House(tmp_path_factory.mktemp("guarded"))
    certificates(house.folder, "127.0.0.1")
    digest = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    (house.folder / "htpasswd").write_text(f"ann:{digest}\n")
    house.write(
        'allow_private = ["127.0.0.0/8"]\nupstream_ca = "origin-ca.pem"',
        '[identity]\nhtpasswd = "htpasswd"\naddress_map = "map.csv"\nrealm = "the \\"house\\""',
    )
    return house


@pytest.fixture(scope="module", params=KINDS)
def guarded(request: pytest.FixtureRequest, guarded_house: House) -> Iterator[Running]:
    (guarded_house.folder / "map.csv").write_text("10.0.0.0/8,elsewhere\n")
    with running(request.param, guarded_house) as proxy:
        yield proxy


ANN = {"Proxy-Authorization": "Basic " + base64.b64encode(b"ann:secret").decode()}
EVE = {"Proxy-Authorization": "Basic " + base64.b64encode(b"ann:guess").decode()}


async def user_told(proxy: Running, url: str, house: House, headers: dict[str, str]) -> str | None:
    """Whom a batch's claim names."""
    async with ingest(house) as people:
        request = {"method": "POST", "target": OBS + "b"}
        for user, source in ((None, "unknown"), ("ann", "proxy_auth"), ("bob", "address_map")):
            body = batch(url, user, source)
            if 204 == (await ask(proxy, url, house, **request, headers=headers, body=body)).status:
                return people.intake.accepted[-1].claim.user
    raise AssertionError


async def test_over_http_every_request_is_authenticated(guarded: Running, guarded_house: House):
    """And no origin sees what was shown to us."""
    async with Origin() as origin:
        origin.put("/", PAGE)
        asked = [
            await ask(guarded, origin.url, guarded_house, target="/", headers=DOCUMENT | headers)
            for headers in ({}, EVE, ANN)
        ]
        async with connected(guarded, origin.url, guarded_house) as client:
            kept = ANN | {"Proxy-Connection": "keep-alive"}
            again = [await client.ask(target="/", headers=headers) for headers in (ANN, kept, {})]
        ours = await ask(guarded, origin.url, guarded_house, target=OBS + "privacy")
        user = await user_told(guarded, origin.url, guarded_house, ANN)

    assert [[]] * 3 == [seen.values("proxy-connection") for seen in origin.seen]
    assert [407, 407, 200] == [answer.status for answer in asked]
    assert 'Basic realm="the \\"house\\"", charset="UTF-8"' == asked[0].value("proxy-authenticate")
    assert [200, 200, 407] == [answer.status for answer in again]
    assert (407, "ann") == (ours.status, user)
    assert 3 == len(origin.seen)
    assert [[]] * 3 == [seen.values("proxy-authorization") for seen in origin.seen]


async def test_a_tunnel_is_authenticated_once(guarded: Running, guarded_house: House):
    """What is sent inside is its user's, and a browser that was refused may try again."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(guarded_house.folder / "origin.pem")
    async with Origin(context) as origin:
        origin.put("/", PAGE)
        refused = Client(guarded.port, origin.url, guarded_house.trust)
        async with refused:
            assert not await refused.open(EVE)
        async with connected(guarded, origin.url, guarded_house, headers=ANN) as client:
            pages = [await client.ask(target="/", headers=DOCUMENT) for _ in range(2)]

    assert 407 == refused.connect_status
    assert [200, 200] == [page.status for page in pages]
    token = TAG.search(pages[0].body)[2].decode()
    audience = Audience("ann", "proxy_auth|127.0.0.1", origin.url)
    assert TokenVerdict.OK == check_token(KEYS, token, audience, now())[0]


async def test_the_address_map_is_read_anew_on_a_signal(guarded: Running, guarded_house: House):
    """Whom it names is not asked for a password; a file that cannot be read changes nothing."""
    places = guarded_house.folder / "map.csv"

    async def served() -> int:
        return (await ask(guarded, origin.url, guarded_house, target="/")).status

    async def reloaded(text: str, event: str) -> None:
        before = "".join(guarded.log).count(event)
        places.write_text(text)
        guarded.process.send_signal(signal.SIGHUP)
        await until(lambda: "".join(guarded.log).count(event) > before)

    async with Origin() as origin:
        origin.put("/", PAGE)
        assert 407 == await served()
        await reloaded("127.0.0.1,bob\n", "reloaded")
        assert 200 == await served()
        assert "bob" == await user_told(guarded, origin.url, guarded_house, {})
        assert "ann" == await user_told(guarded, origin.url, guarded_house, ANN)
        await reloaded("127.0.0.1,eve\nnonsense", "reload_failed")
        assert "bob" == await user_told(guarded, origin.url, guarded_house, {})
        await reloaded("10.0.0.0/8,elsewhere\n", "reloaded")
        assert 407 == await served()


class Broken:
    """Raises whatever is asked of it, except what the guard itself needs."""

    def __init__(self, parts: Parts) -> None:
        self.counters, self._parts = parts.counters, parts
        self.settings = parts.settings
        self.route = SimpleNamespace(name=parts.route.name)
        self.pages = SimpleNamespace(refuse=parts.pages.refuse, refusal=parts.pages.refusal)
        self.site_of = parts.site_of

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("http://secret.example/?q")


FLOW_HOOKS = ["http_connect", "requestheaders", "request", "responseheaders", "response"]


@pytest.fixture
def broken(tmp_path: Path) -> Addon:
    house = House(tmp_path)
    house.write('closed = ["closed.example"]')
    addon = Addon(Parts(str(house.config)))
    addon.parts = Broken(Parts(str(house.config)))
    return addon


async def broke(addon: Addon, hook: str, url: str, method: str = "GET") -> http.HTTPFlow:
    """A flow after a hook of it has raised."""
    flow = tflow.tflow(resp=hook.startswith("response"))
    flow.request = http.Request.make(method, url)
    flow.client_conn.proxy_mode = ProxyMode.parse("regular")
    sender = Sender(UNKNOWN, "10.0.0.1", url)
    visit = Visit(RequestHead(method, "/", "x"), sender, Site(), Standing.CLEAR)
    visit.answered = hook == "request"
    flow.metadata[VISIT] = visit
    done = getattr(addon, hook)(flow)
    if done is not None:
        await done
    return flow


@pytest.mark.parametrize("hook", FLOW_HOOKS)
async def test_a_hook_that_raises_leaves_an_open_site_alone(
    broken: Addon, hook: str, caplog: pytest.LogCaptureFixture
):
    """Counted, told without a word of what was asked for, and passed on."""
    flow = await broke(broken, hook, "http://open.example/")

    assert 1 == broken.parts.counters[f'hook_errors_total{{hook="{hook}"}}']
    assert "secret.example" not in caplog.text
    if hook.startswith("response"):
        assert 200 == flow.response.status_code
        assert flow.response.stream is (hook == "responseheaders")
    else:
        assert flow.response is None


def test_an_answer_to_a_request_that_a_hook_failed_is_streamed(broken: Addon):
    """Nothing is known of it, and nothing of it is held."""
    flow = tflow.tflow(resp=True)
    broken.responseheaders(flow)

    assert flow.response.stream is True
    assert not broken.parts.counters


@pytest.mark.parametrize("hook", FLOW_HOOKS[1:])
async def test_a_hook_that_raises_shuts_a_closed_site(broken: Addon, hook: str):
    """Rather nothing than a page that nobody watches."""
    flow = await broke(broken, hook, "http://closed.example/")

    assert 503 == flow.response.status_code
    assert not flow.request.stream


@pytest.mark.parametrize("hook", ["requestheaders", "request"])
async def test_a_hook_that_raises_does_not_let_our_path_out(broken: Addon, hook: str):
    """It fails open for pages, never for what is ours."""
    flow = await broke(broken, hook, f"http://open.example{OBS}b", "POST")

    assert 503 == flow.response.status_code


async def test_a_guard_that_raises_refuses_the_connection(broken: Addon):
    """What could not be judged is not reached."""
    data = ServerConnectionHookData(server=Server(address=("x", 1)), client=None)
    await broken.server_connect(data)

    assert "could not judge" in data.server.error


async def test_the_other_hooks_are_guarded_too(broken: Addon):
    """A greeting is decrypted as usual, a client that left is gone."""
    hello = SimpleNamespace(context=SimpleNamespace(server=Server(address=("x", 1))))
    broken.tls_clienthello(hello)
    broken.client_disconnected(tflow.tclient_conn())

    for hook in ("tls_clienthello", "client_disconnected"):
        assert 1 == broken.parts.counters[f'hook_errors_total{{hook="{hook}"}}']


def test_what_is_relayed_raw_is_not_kept():
    """mitmproxy would keep every message until the connection ends."""
    flow = ttcp()
    Addon().tcp_message(flow)

    assert [] == flow.messages
    flow = tudp()
    Addon().udp_message(flow)
    assert [] == flow.messages


@pytest.mark.parametrize(
    ("mode", "url", "host", "tls", "origin"),
    [
        ("regular", "http://a.example:80/", "A.example", False, "http://a.example"),
        ("regular", "https://a.example/", "a.example:443", True, "https://a.example"),
        ("regular", "https://10.0.0.1:8443/", "a.example:8443", True, "https://a.example:8443"),
        ("regular", "http://[::1]:81/", "[::1]:81", False, "http://[::1]:81"),
        ("regular", "http://a.example/", "no port:x", False, "http://a.example"),
        ("reverse:http://b.example", "http://b.example/", "a.example", True, "https://a.example"),
        ("reverse:https://b.example", "https://b.example/", "a.example", False, "http://a.example"),
    ],
)
def test_an_origin_is_what_the_browser_shows(mode, url, host, tls, origin):
    """Tokens and policies are made for it."""
    flow = tflow.tflow()
    flow.request = http.Request.make("GET", url)
    flow.request.headers["host"] = host
    flow.client_conn.proxy_mode = ProxyMode.parse(mode)
    flow.client_conn.timestamp_tls_setup = 1.0 if tls else None

    assert origin == _origin(flow)
