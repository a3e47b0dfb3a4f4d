"""Cases 21 to 35: what is injected and what is left alone, and how its end is told."""

import asyncio
import os
import re
import zlib
from contextlib import asynccontextmanager

import psutil
import pytest

from tests.cases.registry import case, plant
from tests.cases.served import (
    DOCUMENT,
    alike,
    got,
    parted,
    put,
    raw_origin,
    said,
    tag_in,
    unchunked,
)
from tests.e2e.browsing import SYMBOL, quiet_street
from tests.proxy_addon.harness import OBS, connected

pytestmark = pytest.mark.asyncio(loop_scope="session")

POLICY = "proxy_addon/policy.py"
PAGE = b"<!doctype html><html><head><title>t</title></head><body>page</body></html>"
PLACE = PAGE.index(b"<title>")
OVER = "style='position:fixed;top:0;left:0;width:100%;height:100%;border:0'"
DESTINATIONS = '{"document", "iframe", "frame", "fencedframe", "embed", "object"}'


# What the browser asks for


@case(21, plant(POLICY, f"_DOCUMENTS = frozenset({DESTINATIONS})",
                f"_DOCUMENTS = frozenset({DESTINATIONS} | {{'empty'}})"))  # fmt: skip
async def test_what_a_script_fetches_is_untouched(town):
    """Fragments and whole pages alike, with every header that they had."""
    bodies = [b"<p>a fragment", PAGE, b"<head><script>1</script>", b'{"a": "<head>"}']
    headers = [("ETag", '"v"'), ("Content-Security-Policy", "default-src 'none'")]
    urls = [
        put(town.plain, f"/part{n}", body, headers=headers, framing="length")
        for n, body in enumerate(bodies)
    ]
    fetched = """urls => Promise.all(urls.map(async url => {
      const answer = await fetch(url), other = new XMLHttpRequest();
      const text = await new Promise(done => {
        other.onload = () => done(other.responseText); other.open("GET", url); other.send();
      });
      return [await answer.text(), text, JSON.stringify([...answer.headers])];
    }))"""
    async with town.both(put(town.plain, "/asks", PAGE)) as (bare, seen):
        was, now = [await page.evaluate(fetched, urls) for page in (bare, seen)]
    assert was == now
    assert [body.decode() for body in bodies] == [text for text, _, _ in now]


SWAP = """async url => {
  const text = await (await fetch(url)).text();
  if (text.includes("/obs/")) return "tagged";
  const next = new DOMParser().parseFromString(text, "text/html");
  document.documentElement.replaceChild(next.body, document.body);
  for (const script of document.head.querySelectorAll("script")) {
    const again = document.createElement("script");
    again.text = script.text;
    script.replaceWith(again);
  }
  history.pushState({}, "", url);
  return "swapped";
}"""


@case(22, plant(POLICY, f"_DOCUMENTS = frozenset({DESTINATIONS})",
                f"_DOCUMENTS = frozenset({DESTINATIONS} | {{'empty'}})"))  # fmt: skip
async def test_a_page_that_swaps_itself_is_watched_once(town):
    """As htmx and Turbo do it; each movement arrives once, before and after."""
    tall = b"<!doctype html><head><title>a</title><script>1</script><body>one"
    async with town.page() as page:
        await page.goto(put(town.plain, "/first", tall))
        assert "swapped" == await page.evaluate(SWAP, put(town.plain, "/second", PAGE))
        assert "page" == await page.evaluate("document.body.textContent")
        await town.is_watched(page, 12)
        await page.evaluate("url => fetch(url).then(a => a.text()).then(t => {"
                            " document.open(); document.write(t); document.close() })",
                            town.plain.url + "/second")  # fmt: skip
        assert 1 == await page.evaluate(SYMBOL)


@case(22, plant("proxy_addon/headers.py", '    return (*fields, (name, by.encode("ascii")))',
                "    return fields"))  # fmt: skip
async def test_a_page_that_was_fetched_before_is_watched_when_it_is_gone_to(town):
    """As it lies in the browser's cache it has no tag; and what a script gets never has one."""
    headers = [("Cache-Control", "max-age=600"), ("ETag", '"v"')]
    url = put(town.plain, "/fetched", PAGE, headers=headers, framing="length")
    fetched = "url => fetch(url).then(answer => answer.text())"
    async with town.page() as page:
        await page.goto(put(town.plain, "/fetching", PAGE))
        assert PAGE.decode() == await page.evaluate(fetched, url)
        await page.goto(url)
        assert 1 == await page.evaluate(SYMBOL)
        assert PAGE.decode() == await page.evaluate(fetched, url)
    asked = [seen for seen in town.plain.seen if seen.target == "/fetched"]
    assert not any("obs" in value for seen in asked for value in seen.values("if-none-match"))


@case(23, plant(POLICY, f"_DOCUMENTS = frozenset({DESTINATIONS})",
                f"_DOCUMENTS = frozenset({DESTINATIONS} - {{'iframe'}})"))  # fmt: skip
@pytest.mark.parametrize(
    "frame",
    [
        f"<iframe srcdoc='<body>inner</body>' {OVER}></iframe>",
        f"<iframe src='/inner' {OVER}></iframe>",
        f"<iframe src='/inner' sandbox='allow-scripts' {OVER}></iframe>",
        f"<iframe src='{{other}}/inner' {OVER}></iframe>",
    ],
    ids=["srcdoc", "same origin", "sandboxed", "other origin"],
)
async def test_what_happens_in_a_frame_arrives(town, frame):
    """One without a tag is seen from its parent, all others have a tag of their own."""
    for origin in (town.plain, town.other):
        put(origin, "/inner", PAGE)
    outer = b"<!doctype html><head><body>" + frame.format(other=town.other.url).encode()
    async with town.page() as page:
        await page.goto(put(town.plain, "/outer", outer))
        await town.is_watched(page, 20)


@case(23)
async def test_a_frame_that_may_run_nothing_runs_nothing(town):
    """Its sandbox forbids scripts: ours too; and the page around it is watched."""
    put(town.plain, "/inert", b"<!doctype html><head><body><script>parent.ran = 1</script>inert")
    outer = b"<!doctype html><head><body><div style='height:400px'>out</div>"
    outer += b"<iframe src='/inert' sandbox='allow-same-origin'>"
    async with town.page() as page:
        await page.goto(put(town.plain, "/around", outer))
        inner = "document.querySelector('iframe').contentDocument.body.textContent"
        assert "inert" in await page.evaluate(inner)
        assert await page.evaluate("window.ran === undefined")
        assert 1 == await page.evaluate(SYMBOL)
        await town.is_watched(page)


# What the origin answers

CSP = ("Content-Security-Policy", "default-src 'none'")


@case(24, plant(POLICY, "    if response.status == 304:", "    if False:"))
async def test_an_answer_without_a_body_stays_without_and_has_a_pages_head(road):
    """What answers HEAD, and a 304, speaks of the page; the next answer is whole."""
    async with connected(road.proxy, road.plain.url, road.house) as client:
        for status, method in ((200, "HEAD"), (304, "GET"), (204, "GET"), (205, "GET")):
            framing = "length" if status in (200, 205) else "none"
            pieces = (PAGE,) if status == 200 else (b"",)
            headers = [("ETag", '"v"'), CSP]
            put(road.plain, "/empty", *pieces, headers=headers, status=status, framing=framing)
            answer = await client.ask(method, "/empty", DOCUMENT)
            assert (status, b"") == (answer.status, answer.body)
            speaks = status in (200, 304)
            assert speaks is (OBS in answer.value("content-security-policy"))
            assert speaks is answer.value("etag").startswith('W/"obs')
            put(road.plain, "/full", PAGE, headers=headers)
            full = await client.ask(target="/full", headers=DOCUMENT)
            assert (PLACE, PAGE) == tag_in(full.body)
            if speaks:
                assert [full.value(n) for n in ("etag", CSP[0])] == [
                    answer.value(n) for n in ("etag", CSP[0])
                ]


@case(25, plant(POLICY, "response.status == 206)", "response.status >= 400)"))
async def test_an_error_page_is_a_page(town):
    """404 and 500 are shown as documents, and keep their status."""
    for status in (401, 404, 500, 503):
        url = put(town.plain, f"/error{status}", PAGE, status=status)
        answer = await got(town, url)
        assert (status, (PLACE, PAGE)) == (answer.status, tag_in(answer.body))
    await alike(town, [town.plain.url + "/error404", town.plain.url + "/error500"])


@case(26, plant(POLICY, "(Reason.REDIRECT, _is_followed)", "(Reason.REDIRECT, lambda *_: False)"))
async def test_the_body_of_a_redirect_is_nobodys(town):
    """It passes as it is, and the browser goes on; one that leads nowhere is a page."""
    put(town.plain, "/there", PAGE)
    for status in (301, 302, 303, 307, 308):
        headers = [("Location", "/there")]
        url = put(town.plain, f"/go{status}", PAGE, headers=headers, status=status)
        answer = await got(town, url)
        assert (status, PAGE, "/there") == (answer.status, answer.body, answer.value("location"))
    nowhere = await got(town, put(town.plain, "/choose", PAGE, status=300))
    assert (300, (PLACE, PAGE)) == (nowhere.status, tag_in(nowhere.body))
    async with town.page() as page:
        await page.goto(town.plain.url + "/go302")
        assert "/there" == await page.evaluate("location.pathname")
        assert 1 == await page.evaluate(SYMBOL)


@case(27, plant("proxy_addon/headers.py", '_RANGES: Final = frozenset({b"range", b"if-range"})',
                "_RANGES: Final = frozenset[bytes]()"))  # fmt: skip
async def test_parts_of_files_are_exact_and_pages_are_asked_for_whole(road):
    """A seek in a film reaches the origin as it is; a part of a page that comes passes."""
    ask = {"Range": "bytes=5-9", "If-Range": '"v"'}
    answers = [("Content-Range", "bytes 5-9/99"), ("ETag", '"v"')]
    film = put(road.plain, "/film", b"\0\1\2\3\4", kind="video/mp4", headers=answers, status=206)
    seek = await got(road, film, {"Sec-Fetch-Dest": "video", **ask})
    seen = road.plain.seen[-1]
    assert (206, b"\0\1\2\3\4", '"v"') == (seek.status, seek.body, seek.value("etag"))
    assert [["bytes=5-9"], ['"v"']] == [seen.values("range"), seen.values("if-range")]
    part = await got(road, put(road.plain, "/p", PAGE, headers=answers, status=206), DOCUMENT | ask)
    seen = road.plain.seen[-1]
    assert [[], []] == [seen.values("range"), seen.values("if-range")]
    assert (206, PAGE, '"v"') == (part.status, part.body, part.value("etag"))
    pdf = await got(road, film, {"Sec-Fetch-Dest": "embed", **ask})
    assert (206, ["bytes=5-9"]) == (pdf.status, road.plain.seen[-1].values("range"))


def unchanged(kind, body=PAGE, **headers):
    """What is to pass: its type, its body, its headers."""
    return kind, body, [("ETag", '"v"'), CSP, *headers.items()]


@asynccontextmanager
async def passing(road, kind, body, headers):
    """Serve it; every byte and header comes as it was sent."""
    url = put(road.plain, "/pass", body, kind=kind, headers=headers, framing="length")
    answer = await got(road, url)
    assert body == answer.body, kind
    assert [("Content-Type", kind), *headers] == [
        (name.title() if name != "etag" else "ETag", value)
        for name, value in answer.headers
        if name not in ("content-length",)
    ], kind
    yield url


@case(28, plant(POLICY, '.strip().lower() == "attachment"', '.strip() == "attached"'))
async def test_a_page_to_be_kept_is_the_file(town):
    """A saved page of ours would be of no use to anybody."""
    for value in ("attachment", 'Attachment; filename="a.html"'):
        headers = {"Content-Disposition": value}
        async with passing(town, *unchanged("text/html", **headers)) as url:
            assert url
    inline = put(town.plain, "/inline", PAGE, headers=[("Content-Disposition", "inline; a=b")])
    assert (PLACE, PAGE) == tag_in((await got(town, inline)).body)
    await alike(town, [inline])


XML = b"<?xml version='1.0'?><html><head></head></html>"
HTML_TYPES = 'HTML = frozenset({"text/html", "application/xhtml+xml"})'
MORE_TYPES = 'HTML = frozenset({"text/html", "text/xml", "multipart/x-mixed-replace"})'


@case(29, plant(POLICY, HTML_TYPES, MORE_TYPES))
async def test_what_is_markup_but_no_html_is_left_alone(road):
    """Each of them holds a head, and none is to be touched."""
    for kind in (
        "image/svg+xml", "text/xml", "application/xml", "application/rss+xml", "text/plain",
        "multipart/related; boundary=a", "message/rfc822", "application/pdf",
        "application/signed-exchange;v=b3", "application/webbundle", "application/wasm",
    ):  # fmt: skip
        for body in (PAGE, XML):
            async with passing(road, *unchanged(kind, body)):
                pass


@case(29, plant("proxy_addon/page.py", "                sniffed=not essence,",
                "                sniffed=False,"))  # fmt: skip
async def test_a_page_without_a_type_is_watched_where_the_browser_shows_a_page(town):
    """And where it shows text, or was told not to guess, it is left alone."""
    bodies = {
        PAGE: True, b"<p>a page that nobody called one</p>": True,
        b"<!-- a --><p>another one of these</p>": True, b"text <html><head><p>first": False,
        b"<span>no page by its first bytes</span>": False,
    }  # fmt: skip
    guess = [("X-Content-Type-Options", "nosniff")]
    for number, (body, page) in enumerate(bodies.items()):
        url = put(town.plain, f"/untyped{number}", body, kind=None, framing="length")
        answer = await got(town, url)
        assert body == (tag_in(answer.body)[1] if page else answer.body)
        if page:
            await alike(town, [url])
        told = put(town.plain, "/told", body, kind=None, headers=guess, framing="length")
        assert body == (await got(town, told)).body


@case(30, plant("proxy_addon/page.py", "        flow.response.stream = True",
                "        flow.response.stream = False"))  # fmt: skip
async def test_a_stream_of_parts_passes_part_by_part(road):
    """Each part is there before the next is sent."""
    gate, kind = asyncio.Event(), "multipart/x-mixed-replace; boundary=b"
    first = b"--b\r\nContent-Type: text/html\r\n\r\n" + PAGE
    put(road.plain, "/parts", first, gate, first + b"--b--", kind=kind)
    body = b""
    async with connected(road.proxy, road.plain.url, road.house) as client:
        await client.send(target="/parts", headers=DOCUMENT)
        assert kind == (await client.head()).value("content-type")
        async for piece in client.pieces():
            body += piece
            if first == body:
                gate.set()
    assert first * 2 + b"--b--" == body


# Requests with bodies


@case(31)
async def test_a_form_that_is_answered_with_a_page_is_watched(town):
    """The origin gets the form as it was filled in, and the answer is a page."""
    target = put(town.plain, "/answered", PAGE)
    form = b"<!doctype html><form method=post action=/answered enctype=multipart/form-data>"
    form += b"<input name=a value='b c'></form>"
    async with town.page() as page:
        await page.goto(put(town.plain, "/form", form))
        await page.evaluate("void setTimeout(() => document.forms[0].submit(), 0)")
        await page.wait_for_function("location.pathname == '/answered' && document.title == 't'")
        assert 1 == await page.evaluate(SYMBOL)
    posted = [seen for seen in town.plain.seen if seen.method == "POST"][-1]
    assert ("/answered", True) == (posted.target, b'name="a"\r\n\r\nb c\r\n' in posted.body)
    assert target


def resident(road):
    """Bytes that the proxy's processes hold."""
    root = psutil.Process(road.proxy.process.pid)
    return sum(one.memory_info().rss for one in (root, *root.children(recursive=True)))


@asynccontextmanager
async def sink():
    """An origin that counts a body and keeps none of it; answers when it was told all of it."""

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        left = int(re.search(rb"content-length: (\d+)", head.lower())[1])
        while left and (data := await reader.read(1 << 20)):
            left -= len(data)
            taken[0] += len(data)
            taken[1] = zlib.adler32(data, taken[1])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ")
        writer.write(b"%d\r\n\r\n%s" % (len(PAGE), PAGE))
        await writer.drain()
        writer.close()

    taken = [0, 1]
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", taken
    server.close()


GIGABYTE = 1_000_000_000


@case(31, plant("proxy_addon/page.py", "        flow.request.stream = not length.isdecimal() or",
                "        flow.request.stream = False and"))  # fmt: skip
async def test_a_gigabyte_goes_up_without_being_held(road):
    """The origin has it all, the answer is a page, and the proxy is as small as before."""
    piece, check = os.urandom(1 << 20), 1
    before = resident(road)
    async with sink() as (place, taken):
        reader, writer = await asyncio.open_connection("127.0.0.1", road.proxy.port)
        writer.write(
            f"POST http://{place}/up HTTP/1.1\r\nHost: {place}\r\nSec-Fetch-Dest: document\r\n"
            f"Content-Length: {GIGABYTE}\r\n\r\n".encode()
        )
        left, most = GIGABYTE, 0
        while left:
            data = piece[:left]
            writer.write(data)
            check, left = zlib.adler32(data, check), left - len(data)
            await writer.drain()
            if not left or left // len(piece) % 16 == 0:
                most = max(most, resident(road) - before)
                assert most < 64 << 20
        answer = parted(await asyncio.wait_for(read_page(reader), 60))
        writer.close()
    assert [GIGABYTE, check] == taken
    assert 200 == answer.status and b"observer" in answer.body


async def read_page(reader):
    """An answer up to the end of its page."""
    return await reader.readuntil(b"</html>")


# How a body ends

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
ASK = "GET {} HTTP/1.1\r\nHost: a\r\nSec-Fetch-Dest: document\r\nConnection: close\r\n\r\n"


def chunks(*pieces):
    """A chunked body that does not end."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


@case(32, plant("proxy_addon/compat/cut_bodies.py",
                "    for piece in break_off() if break_off else ():",
                "    for piece in ():"))  # fmt: skip
@pytest.mark.parametrize("compress", [False, True])
async def test_a_page_that_breaks_off_is_as_long_as_it_was(road, tmp_path, compress):
    """No error page, no hang, no end that looks like one; whatever was held when it broke off."""
    if compress:
        async with quiet_street(tmp_path, "compress = true") as own:
            await breaks_off(own, "Accept-Encoding: gzip\r\n")
    else:
        await breaks_off(road, "")


async def breaks_off(road, more):
    """Pages cut in front of their head, behind it and far behind, in either framing."""
    long = PAGE + b"<p>" + os.urandom(30_000).hex().encode()

    async def one(cut, framing):
        sent = long[:cut] if b"Length" in framing else chunks(long[:cut])
        url = origin.put(f"/{cut}{len(framing)}", HEAD + framing + b"\r\n\r\n", sent)
        request = ASK.format(url).replace("Connection", f"{more}Connection")
        answer = parted(await said(road, request.encode()))
        body, ended = unchunked(answer.body)
        if answer.value("content-encoding") == "gzip":
            body = zlib.decompressobj(31).decompress(body)
        assert (200, False) == (answer.status, ended)
        assert long[:cut] == (tag_in(body)[1] if b"observer" in body else body)
        assert cut < PLACE or b"observer" in body

    framings = (b"Content-Length: 99999", b"Transfer-Encoding: chunked")
    cuts = (10, PLACE, PLACE + 20, 50_000)
    async with raw_origin() as origin:
        await asyncio.gather(*(one(cut, framing) for cut in cuts for framing in framings))


async def shown(page, url):
    """What a page shows once its text has come, whether or not it ever ends."""
    try:
        await page.goto(url, wait_until="commit")
    except Exception as error:
        assert "net::" in str(error) or "NS_ERROR" in str(error), error
    await page.wait_for_function("document.body && document.body.textContent.includes('page')")
    return await page.evaluate("document.body.textContent")


@case(32)
async def test_a_browser_shows_as_much_of_a_broken_page_as_without_us(town):
    """Cut in its text; what stands in front of the cut is there, and watched."""
    async with raw_origin() as origin:
        head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        url = origin.put("/cut", head, chunks(PAGE[:-14] + b"and more" * 200))
        async with town.page(town.direct) as bare, town.page() as seen:
            assert await shown(bare, url) == await shown(seen, url)
            assert 1 == await seen.evaluate(SYMBOL)


@case(33, plant("proxy_addon/headers.py", '_FRAMING: Final = frozenset({b"content-length", ',
                '_FRAMING: Final = frozenset({b"x-content-length", '),
          plant("proxy_addon/addon.py", '"validate_inbound_headers": True', 
                '"validate_inbound_headers": False'))  # fmt: skip
async def test_a_wrong_length_is_not_handed_on_and_two_are_refused(road):
    """Ours is another length anyway; an answer that can be read in two ways is read in none."""
    async with raw_origin() as origin:
        short = origin.put("/short", HEAD + b"Content-Length: 40\r\n\r\n" + PAGE)
        answer = parted(await said(road, ASK.format(short).encode()))
        assert (None, True) == (answer.value("content-length"), unchunked(answer.body)[1])
        assert (PLACE, PAGE[:40]) == tag_in(unchunked(answer.body)[0])
        both = b"Content-Length: 74\r\nTransfer-Encoding: chunked\r\n\r\n"
        twice = b"Content-Length: 74\r\nContent-Length: 70\r\n\r\n"
        for number, framing in enumerate((both, twice)):
            url = origin.put(f"/both{number}", HEAD + framing + chunks(PAGE) + b"0\r\n\r\n")
            answer = parted(await said(road, ASK.format(url).encode()))
            assert 502 == answer.status
            assert b"<title>t</title>" not in answer.body
    put(road.plain, "/right", PAGE, framing="length")
    answer = await got(road, road.plain.url + "/right")
    assert (PLACE, PAGE) == tag_in(answer.body)


@case(34, plant("proxy_addon/headers.py",
                '    if client_http == "HTTP/1.0" and b"transfer-encoding" in names:',
                "    if False:"))  # fmt: skip
async def test_a_client_of_http_1_0_gets_no_chunks(road):
    """Pages and files end with the connection, or have a length."""
    old = "GET {} HTTP/1.0\r\n{}\r\n"
    dest = "Sec-Fetch-Dest: document\r\n"
    for framing in ("length", "chunked"):
        url = put(road.plain, "/old", PAGE[:30], PAGE[30:], framing=framing)
        page = parted(await said(road, old.format(url, dest).encode()))
        assert (PLACE, PAGE) == tag_in(page.body)
        assert ("close", None, None) == tuple(
            page.value(name) for name in ("connection", "transfer-encoding", "content-length")
        )
        file = put(road.plain, "/file", b"\0" * 9, b"\1", kind="image/png", framing=framing)
        kept = old.format(file, "Connection: keep-alive\r\n")
        if framing == "chunked":
            passed = parted(await said(road, kept.encode()))
            assert (b"\0" * 9 + b"\1", None) == (passed.body, passed.value("transfer-encoding"))


@case(35, plant("proxy_addon/headers.py", '    if client_http == "HTTP/1.0" or closing:',
                '    if client_http == "HTTP/1.0":'),
          plant("proxy_addon/page.py", '    if response.http_version == "HTTP/1.0":',
                "    if False:"))  # fmt: skip
async def test_an_origin_that_ends_with_its_connection_is_read_to_its_end(town):
    """Of whatever version; page after page, and no connection is kept that is dead."""
    async with raw_origin() as origin:
        old = HEAD.replace(b"1.1", b"1.0")
        length = b"Content-Length: %d\r\n\r\n" % len(PAGE)
        urls = [
            origin.put(f"/end{n}", head, PAGE[:30], PAGE[30:])
            for n, head in enumerate((HEAD + b"\r\n", old + b"\r\n", old + length))
        ]
        for url in urls:
            answer = parted(await said(town, ASK.format(url).encode()))
            body, ended = unchunked(answer.body)
            assert ((PLACE, PAGE), True) == (tag_in(body), ended)
        await alike(town, urls * 3)
        file = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"
        passed = await said(town, ASK.format(origin.put("/file", file, b"\0\1")).encode())
        assert b"\0\1" == parted(passed).body
        alive = "GET {} HTTP/1.1\r\nHost: a\r\nSec-Fetch-Dest: document\r\n\r\n"
        for _ in range(8):
            assert b"200" in (await said(town, alive.format(urls[0]).encode()))[:20]
