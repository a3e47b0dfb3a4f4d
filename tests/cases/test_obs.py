"""Cases 101 to 108: our path under attack, and what may not be reached through us."""

import asyncio
from contextlib import asynccontextmanager, contextmanager

import h11
import pytest

from reauth.claim import Audience, TokenVerdict, check_token, make_token
from tests.cases.faults import proxy_that_resolves
from tests.cases.registry import case, plant
from tests.cases.served import put
from tests.h2_client import Stream, h2_client
from tests.origin import Origin
from tests.proxy_addon.harness import (
    DOCUMENT,
    INSTALLATION,
    KEYS,
    OBS,
    PATIENCE,
    Client,
    House,
    ask,
    connected,
    ingest,
    now,
    running,
    until,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROUTE = "proxy_addon/route.py"
TLS = "proxy_addon/tls.py"
FORWARD = "proxy_addon/forward.py"
HTML = b"<!doctype html><html><head><title>t</title></head><body>page</body></html>"
BATCH = {"method": "POST", "target": OBS + "b"}
REST = b"the rest is the ingest's"
SPELLINGS = [
    f"/obs/{INSTALLATION}/b", f"/%6fbs/{INSTALLATION}/b", f"//obs/{INSTALLATION}/b",
    f"/x/../obs/{INSTALLATION}/b", f"/x/%2e%2e/obs/./{INSTALLATION}/b",
    f"/%256fbs/{INSTALLATION}/b", f"/obs%2f{INSTALLATION}%2fb", f"/obs\\{INSTALLATION}\\b",
    f"/obs;v=1/{INSTALLATION};x/b", f"/OBS/{INSTALLATION.upper()}/b", f"/obs/{INSTALLATION}",
    f"/%c1%afbs/{INSTALLATION}/b", f"/ob%e0%81%b3%c0%af{INSTALLATION}/b",
    f"/obs%00/{INSTALLATION}/b", f"/%u006fbs/{INSTALLATION}/b", f"/obs./{INSTALLATION}/b",
    f"/obs/{INSTALLATION}/../../x", f"/obs/{INSTALLATION}/nothing", f"/obs/{INSTALLATION}/b?x",
]  # fmt: skip


def batch(origin, user=None, life=60.0, client="127.0.0.1"):
    """A batch with a token that the proxy could have made."""
    audience = Audience(user, f"unknown|{client}", origin)
    token = make_token(KEYS, audience, b"page id.", now() + life)
    return bytes([1, len(token)]) + token.encode() + REST


@asynccontextmanager
async def kept(road):
    """What the ingest accepts from now on; it is no batch, and others read what lies there."""
    intake = road.people.intake

    def ours():
        return [one for one in intake.accepted if one.body.endswith(REST)]

    try:
        yield ours
    finally:
        for one in ours():
            intake.accepted.remove(one)


# 101


@case(101, plant(ROUTE, "if found.startswith(self._prefix):", 'if found.startswith(b"/obs/"):'))
async def test_a_site_has_an_obs_of_its_own(town):
    """Its script, its answers and what is posted to it: as without us, and the page is watched."""
    origin = town.plain
    script = b"window.own = fetch('/obs/data').then(a => a.text())"
    put(origin, "/obs/own.js", script, kind="text/javascript")
    put(origin, "/obs/data", b"mine", kind="text/plain")
    put(origin, "/obs/", b"<!doctype html><head><script src=/obs/own.js></script></head>own")
    put(origin, "/obs/b", b"taken", kind="text/plain")
    known = len(origin.seen)
    send = "fetch('/obs/b', {method: 'POST', body: 'x'}).then(a => a.text())"
    async with town.both(origin.url + "/obs/") as pages:
        told = [[await page.evaluate(each) for each in ("own", send)] for page in pages]
        await town.is_watched(pages[1])

    assert [["mine", "taken"]] * 2 == told
    assert 2 == len([seen for seen in origin.seen[known:] if seen.target == "/obs/b"])


# 102


@case(
    102,
    plant(ROUTE, "_UNDO = 8", "_UNDO = 1"),
    plant(ROUTE, "raw = _OVERLONG.sub(_narrow, raw).translate", "raw = raw.translate"),
)
async def test_no_spelling_of_our_path_reaches_an_origin(road):
    """In the clear with the host in front, inside TLS, and in HTTP/2's `:path`."""
    asked = len(road.plain.seen), len(road.secure.seen), len(road.second.seen)
    for origin in (road.plain, road.secure):
        for target in SPELLINGS:
            shown = origin.url + target if origin is road.plain else target
            answer = await ask(road.proxy, origin.url, road.house, target=shown)
            assert answer.status in (404, 405), target
    async with h2_client(road.second.url, road.house.trust, road.proxy.port) as client:
        for target in (*SPELLINGS, f"{road.second.url}/obs/{INSTALLATION}/b"):
            stream = await client.send("GET", road.second.url + "/?")
            await client.abort(stream)
            assert (await _by_path(client, road.second.url, target)) in (404, 405), target

    assert asked[:2] == (len(road.plain.seen), len(road.secure.seen))
    assert not [seen for seen in road.second.seen[asked[2] :] if seen.target != "/?"]


async def _by_path(client, url, target):
    """Status of a request whose `:path` is sent as it stands."""
    stream = Stream(client.http.get_next_available_stream_id())
    client.streams[stream.number] = stream
    head = [(":method", "GET"), (":scheme", "https"), (":authority", url.partition("://")[2])]
    client.http.send_headers(stream.number, [*head, (":path", target)], end_stream=True)
    await client.flush()
    await client.until(lambda: stream.over)
    return stream.status


@case(102, plant(ROUTE, 'return ".." if self._prefix in _decoded(path) else None', "return None"))
async def test_a_reverse_proxy_keeps_our_path_too(tmp_path):
    """There every path is its one origin's, but for ours."""
    house = House(tmp_path)
    async with Origin() as origin:
        origin.put("/", HTML)
        house.write(f'mode = "reverse:{origin.url}"')
        with running("launcher", house) as proxy:
            page = await _straight(proxy.port, "/")
            for target in SPELLINGS:
                assert (await _straight(proxy.port, target))[:12] in (
                    b"HTTP/1.1 404", b"HTTP/1.1 405"
                ), target  # fmt: skip

    assert OBS.encode() in page
    assert ["/"] == [seen.target for seen in origin.seen]


async def _straight(port, target):
    """What a server on a port answers to a navigation."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET {target} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in DOCUMENT.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE)
    finally:
        writer.close()


# 103


@case(103, plant(ROUTE, "verdict, now), body)", "verdict, now), body + bytes(request.headers))"))
async def test_what_a_browser_shows_a_site_is_not_told_to_the_ingest(town):
    """Cookies of the site, and addresses of its pages; nor is anything set."""
    put(town.secure, "/hidden", HTML, headers=[("Set-Cookie", "sid=verysecret; Secure; Path=/")])
    first = len(town.people.intake.accepted)
    async with town.page() as page:
        await page.goto(town.secure.url + "/hidden?query=verysecret")
        assert "sid=verysecret" == await page.evaluate("document.cookie")
        await town.is_watched(page)
        await page.evaluate("document.cookie = 'sid=; max-age=0; path=/; secure'")

    told = town.people.intake.accepted[first:]
    assert told and not [one for one in told if "verysecret" in repr(one) or "hidden" in repr(one)]


@case(103, plant(ROUTE, "verdict, now), body)", "verdict, now), body + bytes(request.headers))"))
async def test_credentials_that_a_script_adds_go_no_further(road):
    """They are the site's; what we are shown ourselves is ours alone."""
    secrets = {"Cookie": "c=secret", "Authorization": "Bearer secret", "Referer": "http://secret/"}
    async with kept(road) as accepted:
        body = batch(road.plain.url)
        asked = {**BATCH, "headers": secrets, "body": body}
        answer = await ask(road.proxy, road.plain.url, road.house, **asked)
        (one,) = accepted()

    assert 204 == answer.status and answer.value("set-cookie") is None
    assert body == one.body
    assert "secret" not in repr(one)


# 104


@case(
    104,
    plant(ROUTE, 'connection = f"{self.identity.source}|{self.client}"', 'connection = ""'),
    plant(ROUTE, "if reply.status == 204 and verdict is TokenVerdict.RESTORED:", "if False:"),
)
async def test_a_token_is_for_its_user_its_client_and_its_origin(road):
    """Forged, another's, from another machine or site: refused, and nothing is kept of it."""
    origin = road.plain.url
    async with kept(road) as accepted:
        for what, body, status in (
            ("good", batch(origin), 204),
            ("again, over another connection", batch(origin), 204),
            ("another user's", batch(origin, user="eve"), 403),
            ("another machine's", batch(origin, client="127.0.0.9"), 403),
            ("another site's", batch(road.secure.url), 403),
            ("forged", b"\1\4AAAA", 403),
            ("forged", b"\1" + bytes([39]) + b"A" * 39, 403),
            ("none", b"\1\0", 403),
            ("cut short", b"\1\x27AA", 400),
            ("expired", batch(origin, life=-60.0), 200),
        ):
            answer = await ask(road.proxy, origin, road.house, **BATCH, body=body)
            assert status == answer.status, what
        verdicts = [one.claim.token for one in accepted()]

    assert ["ok", "ok", "restored"] == verdicts
    audience = Audience(None, "unknown|127.0.0.1", origin)
    assert TokenVerdict.OK == check_token(KEYS, answer.body.decode(), audience, now())[0]


@case(104, plant(ROUTE, "(sender) if _is_same_origin(request,", "(sender) if (request,"))
async def test_a_page_that_forges_is_refused_and_watched_on(town):
    """It may have a token of its own origin, which it could read in its page as well."""
    url = put(town.plain, "/forges", HTML)
    forge = f"fetch('{OBS}b', {{method: 'POST', body: 'forged'}}).then(a => a.status)"
    async with town.page() as page:
        await page.goto(url)
        assert await page.evaluate(forge) in (400, 403)
        await town.is_watched(page)
    elsewhere = {"Origin": town.other.url, "Sec-Fetch-Site": "same-site"}
    answer = await ask(
        town.proxy, town.plain.url, town.house, **BATCH, headers={}, body=b"\1\4AAAA"
    )
    assert (403, b"") == (answer.status, answer.body)
    answer = await ask(
        town.proxy, town.plain.url, town.house, **BATCH, headers=elsewhere, body=b"\1\4AAAA"
    )
    assert (403, b"") == (answer.status, answer.body)


# 105


_TAKES_ALL = (
    '"sha256-" + __import__("base64").b64encode(__import__("hashlib").sha256('
    'script := script.replace(b"isTrusted", b"bubbles")).digest()).decode(), script)'
)
"""The observer as it would be if it took what is made up, and the integrity it would have then."""


@case(105, plant(ROUTE, 'manifest["integrity"], script)', _TAKES_ALL))
async def test_movement_that_a_script_makes_up_is_not_taken(town):
    """Only their number arrives, and what a hand moved in between."""
    url = put(town.plain, "/synthetic", HTML)
    made = """() => { for (let i = 0; i < 40; i++) document.body.dispatchEvent(new PointerEvent(
        'pointermove', {bubbles: true, isPrimary: true, screenX: 9 * i, screenY: 5 * i,
                        pointerType: 'mouse'})) }"""
    async with town.page() as page:
        await page.goto(url)
        await page.evaluate(made)
        await town.is_watched(page)


# 106


@case(106, plant(FORWARD, "if self._closed or self._pending >= self._limit:", "if self._closed:"))
async def test_an_ingest_that_never_answers_costs_nobody_a_page(tmp_path):
    """So many batches wait and no more; the rest is told to come again, at once."""
    house = House(tmp_path)
    house.write('allow_private = ["127.0.0.0/8"]\nforward_queue = 2\nretry_after_s = 7')
    asked = asyncio.Event()

    async def silent(reader, writer):
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(silent, house.ingest_socket)
    async with server, Origin() as origin:
        origin.put("/", HTML)
        with running("launcher", house) as proxy:
            waiting = [
                asyncio.ensure_future(
                    ask(proxy, origin.url, house, **BATCH, body=batch(origin.url))
                )
                for _ in range(4)
            ]
            done, pending = await asyncio.wait(
                waiting, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
            )
            while len(done) < 2:
                more, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                done |= more
            refused = [task.result() for task in done]
            page = await ask(proxy, origin.url, house, target="/", headers=DOCUMENT)
            assert 2 == len(pending)
            await asked.wait()
            late = [await task for task in pending]

    assert [(503, "7")] * 2 == [(each.status, each.value("retry-after")) for each in refused]
    assert [(503, "7")] * 2 == [(each.status, each.value("retry-after")) for each in late]
    assert 200 == page.status and OBS.encode() in page.body


@case(106, plant(FORWARD, 'replies = [Reply(503, "ingest_away", self._retry_after)]',
                 'replies = [Reply(204, "ingest_away", self._retry_after)]'))  # fmt: skip
async def test_while_the_ingest_is_away_nothing_is_said_to_be_kept(tmp_path):
    """Pages come as ever; once it is back, so do the batches."""
    house = House(tmp_path)
    house.write('allow_private = ["127.0.0.0/8"]')
    async with Origin() as origin:
        origin.put("/", HTML)
        with running("launcher", house) as proxy:
            page = await ask(proxy, origin.url, house, target="/", headers=DOCUMENT)
            away = await ask(proxy, origin.url, house, **BATCH, body=batch(origin.url))
            async with ingest(house):
                back = await ask(proxy, origin.url, house, **BATCH, body=batch(origin.url))

    assert 200 == page.status and OBS.encode() in page.body
    assert (503, "5") == (away.status, away.value("retry-after"))
    assert 204 == back.status


# 107

INSIDE = [
    "127.0.0.1", "127.1", "2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "0.0.0.0", "0",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[2002:7f00:1::1]",
    "[64:ff9b::7f00:1]", "[2001:0:7f00:1::1]", "169.254.169.254", "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]", "10.0.0.1", "192.168.1.1", "100.64.0.1", "localhost",
    "inside.test", "sneaky.test",
]  # fmt: skip


@case(
    107,
    plant(TLS, "return [address, *(each for each in inside if each)]", "return [address]"),
    plant(TLS, "return address.is_global and not address.is_multicast", "return True or True"),
)
async def test_nothing_inside_is_reached_however_it_is_written(tmp_path):
    """This machine, the network it stands in and a cloud's metadata; by name too."""
    names = {"inside.test": ["127.0.0.1"], "sneaky.test": ["::ffff:10.0.0.1"]}
    async with Origin() as origin, proxy_that_resolves(tmp_path, names) as (proxy, house):
        for host in INSIDE:
            for scheme in ("http", "https"):
                url = f"{scheme}://{host}:{origin.port}"
                assert "refused by the proxy" in await _refusal(proxy, url, house), url
        assert 0 == origin.connections


async def _refusal(proxy, url, house):
    """What the proxy says of a place that it does not lead to."""
    async with Client(proxy.port, url, house.trust) as client:
        if not await client.open():
            assert 502 == client.connect_status
            return "refused by the proxy"
        answer = await client.ask(target="/")
        assert 502 == answer.status
        return answer.body.decode()


@case(107, plant(TLS, "if judged is not None and judged[:2] == (host, port):", "if False:"))
async def test_a_name_that_changes_its_mind_leads_where_it_was_judged(tmp_path):
    """The first answer may be reached and the second not: it is never asked for a second."""
    names = {"rebind.test": ["127.0.0.2", "127.0.0.1"]}
    allow = 'allow_private = ["127.0.0.2/32"]'
    async with Origin(host="127.0.0.2") as open_one, Origin(port=open_one.port) as inner:
        open_one.put("/", HTML)
        async with proxy_that_resolves(tmp_path, names, allow) as (proxy, house):
            url = f"http://rebind.test:{open_one.port}"
            async with connected(proxy, url, house) as client:
                assert 200 == (await client.ask(target="/", headers=DOCUMENT)).status
            assert "refused by the proxy" in await _refusal(proxy, url, house)
        assert 1 == len(open_one.seen)
        assert 0 == inner.connections


@case(107, plant(TLS, "if place[1] in self._own_ports() and", "if False and"))
async def test_our_own_listeners_stay_closed_whatever_is_allowed(tmp_path):
    """Proxy, ingest, console and metrics, on every address of this machine."""
    with running_house(tmp_path) as (proxy, house, ports):
        for port in (proxy.port, *ports):
            for host in ("127.0.0.1", "127.0.0.7", "[::1]", "localhost"):
                said = await _refusal(proxy, f"http://{host}:{port}", house)
                assert "own address" in said, (host, port)


@contextmanager
def running_house(folder):
    """A proxy that may lead to this machine; its house, and where the others listen."""
    house = House(folder)
    house.write(
        'allow_private = ["127.0.0.0/8", "::1/128"]',
        '[console]\nlisten = "127.0.0.1:18082"\n[metrics]\nlisten = "127.0.0.1:18083"',
    )
    with running("launcher", house) as proxy:
        yield proxy, house, (18082, 18083)


# 108


@case(108, plant(ROUTE, 'opaque = request.headers.get("origin") == "null"', "opaque = False"))
async def test_a_frame_without_an_origin_is_watched(town):
    """A sandboxed one: its batches show no origin, and the token of its page."""
    put(town.plain, "/inner", HTML)
    frame = b"""<iframe sandbox="allow-scripts" src="/inner"
        style="position:fixed;inset:0;width:100%;height:100%;border:0"></iframe>"""
    url = put(town.plain, "/outer", b"<!doctype html><html><head></head><body>" + frame)
    async with town.page() as page:
        await page.goto(url)
        await town.is_watched(page)


@case(108, plant(ROUTE, "if not opaque and _is_foreign(request, sender.origin):", "if False:"))
async def test_without_a_token_no_origin_is_no_way_in(road):
    """Nor is another site's, whoever's token it holds; only the first may read the answer."""
    good, url = batch(road.plain.url), road.plain.url
    cross = {"Sec-Fetch-Site": "cross-site"}
    async with kept(road) as accepted:
        for headers, body, status, cors in (
            ({"Origin": "null", **cross}, good, 204, "null"),
            ({"Origin": "null", **cross}, b"\1\4AAAA", 403, "null"),
            ({"Origin": road.other.url, **cross}, good, 403, None),
            ({"Origin": road.other.url}, good, 403, None),
            (cross, good, 403, None),
            ({"Origin": road.plain.url}, good, 204, None),
        ):
            answer = await ask(road.proxy, url, road.house, **BATCH, headers=headers, body=body)
            assert (status, cors) == (answer.status, answer.value("access-control-allow-origin"))
            assert answer.value("access-control-allow-credentials") is None
        assert 2 == len(accepted())


# what is too large, or of unknown size (transparency.md, 3.1)


@case(106, plant(ROUTE, "if length.isdecimal() and int(length) <= MAX_BODY:", "if True:"))
async def test_a_body_that_would_fill_our_memory_is_cut_off(road):
    """Larger than a batch may be, or of unknown length: killed, and counted."""
    counted = road.people.counters["oversize_total"]
    for headers in ({"Content-Length": "65537"}, {"Transfer-Encoding": "chunked"}):
        async with connected(road.proxy, road.plain.url, road.house) as client:
            await client.send("POST", OBS + "b", headers)
            with pytest.raises((OSError, h11.RemoteProtocolError)):
                await client.head()
    await until(lambda: road.people.counters["oversize_total"] >= counted + 2)
