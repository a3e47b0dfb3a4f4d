"""Real pages in a real browser through the real proxy: what works directly works behind it."""

import asyncio
import hashlib
import json
import zlib
from base64 import b64encode

import brotli
import pytest
import pytest_asyncio
import zstandard

from reauth.event import Kind
from tests.e2e.browsing import SYMBOL, street
from tests.e2e.hostile import HOSTILE
from tests.e2e.watched_site import steps, wander
from tests.proxy_addon.harness import OBS, PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory):
    async with street(tmp_path_factory.mktemp("street")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _no_origin_is_told(town):
    """Whatever a test does, no origin ever sees our path."""
    for origin in town.origins:
        origin.seen.clear()
    yield
    assert [] == town.leaked()


# Content-Security-Policy

INLINE = "window.inline = 1"
HASH = b64encode(hashlib.sha256(INLINE.encode()).digest()).decode()
PAGE = """<!DOCTYPE html><html><head>{meta}<title>t</title>
<script nonce="r4nd0m">{inline}</script>
<script nonce="r4nd0m">
try {{ window.evaluated = eval("1") }} catch {{ window.evaluated = 0 }}
</script>
<script>window.bare = 1</script>
<script src="/own.js"></script><script src="{other}/other.js"></script>
</head><body style="height:3000px" onclick="window.handled = 1"><p>text</p></body></html>"""
LOOK = """() => { document.body.click(); const w = window;
  return [w.inline, w.evaluated, w.bare, w.own, w.other, w.handled].map(x => x ?? null) }"""

CSP, REPORT = "Content-Security-Policy", "Content-Security-Policy-Report-Only"
POLICIES = {
    "none": [],
    "self": [(CSP, "default-src 'self'")],
    "hosts": [(CSP, "script-src 'unsafe-inline' {other}; connect-src {other}")],
    "nothing": [(CSP, "default-src 'none'")],
    "nonce": [(CSP, "script-src 'nonce-r4nd0m'; connect-src 'none'")],
    "nonce-strict": [(CSP, "script-src 'nonce-r4nd0m' 'strict-dynamic'; default-src 'none'")],
    "hash-strict": [(CSP, f"default-src 'none'; script-src 'sha256-{HASH}' 'strict-dynamic'")],
    "eval": [(CSP, "script-src 'unsafe-eval' 'unsafe-inline'")],
    "two-lines": [
        (CSP, "script-src 'self' 'unsafe-inline'"),
        (CSP, "default-src 'none'; script-src 'nonce-r4nd0m' {other}"),
    ],
    "comma": [(CSP, "script-src 'unsafe-inline', connect-src 'none'")],
    "types": [(CSP, "require-trusted-types-for 'script'; trusted-types 'none'")],
    "report-only": [(REPORT, "default-src 'none'; report-uri /report")],
    "reported": [(CSP, "script-src 'self'; connect-src 'none'; report-uri /report")],
    "integrity": [("Integrity-Policy", "blocked-destinations=(script)")],
}
METAS = {
    "meta-none": "default-src 'none'",
    "meta-hosts": "script-src 'unsafe-inline' {other}; connect-src {other}",
    "meta-nonce": "script-src 'nonce-r4nd0m'; connect-src &#39;self&#39; {other}",
}


def serve(town, origin, policy, meta=""):
    """A page under a policy, its scripts, and a script of another host."""
    other = town.other.url
    told = [(name, value.replace("{other}", other)) for name, value in policy]
    told += [("Content-Type", "text/html; charset=utf-8")]
    page = PAGE.format(meta=meta.replace("{other}", other), inline=INLINE, other=other)
    origin.put("/csp", page.encode(), headers=told)
    script = (("Content-Type", "text/javascript"),)
    origin.put("/own.js", b"window.own = 1", headers=script)
    origin.put("/report", b"", status=204, framing="none")
    town.other.put("/other.js", b"window.other = 1", headers=script)
    return origin.url + "/csp"


async def runs_as_without_us(town, url, goes=1):
    """What ran and what was blocked, in both; the observer ran in one and is heard."""
    async with town.both(url) as (bare, seen):
        assert [0, 1] == [await page.evaluate(SYMBOL) for page in (bare, seen)]
        told = await bare.evaluate(LOOK)
        assert told == await seen.evaluate(LOOK)
        await town.is_watched(seen, goes=goes)
    return told


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
async def test_under_any_policy_the_page_runs_as_before_and_is_watched(town, policy):
    """Own scripts run, what was blocked stays blocked, and the batch arrives."""
    told = await runs_as_without_us(town, serve(town, town.secure, policy))

    assert policy or [1, 1, 1, 1, 1, 1] == told


async def test_reports_of_violations_come_as_before_and_do_not_name_us(town):
    """As many as without us, of the same things; the policy that they quote is the site's."""

    def reported():
        return sorted(
            (report["violated-directive"], report["blocked-uri"])
            for seen in town.plain.seen
            if seen.target == "/report"
            for report in [json.loads(seen.body)["csp-report"]]
            if "favicon" not in report["blocked-uri"]  # asked for once only
        )

    told = []
    url = serve(town, town.plain, POLICIES["report-only"])
    for context in (town.direct, town.behind):
        town.plain.seen.clear()
        async with town.page(context) as page:
            await page.goto(url)
            await page.evaluate(LOOK)
            await page.evaluate("() => { new Image().src = '/the-last' }")
            async with asyncio.timeout(PATIENCE):
                while not any("the-last" in of for _, of in reported()):  # noqa: ASYNC110 - its own time
                    await asyncio.sleep(0.02)
        told.append(reported())

    assert len(told[0]) >= 9
    assert told[0] == told[1]


async def test_a_policy_means_the_same_over_http(town):
    """Where our own address begins with http."""
    await runs_as_without_us(town, serve(town, town.plain, POLICIES["nothing"]))


@pytest.mark.parametrize("policy", METAS.values(), ids=METAS)
async def test_a_policy_in_the_page_lets_every_batch_pass(town, policy):
    """The browser reads it behind our tag: the first batch may pass in any case, all must."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    await runs_as_without_us(town, serve(town, town.secure, [], meta), goes=2)


# The document


def pieces_of(compressor, *texts):
    """Each text compressed and flushed, so that it can be read before the next one comes."""
    compress, flush, finish = compressor
    return [*(compress(text) + flush() for text in texts[:-1]), compress(texts[-1]) + finish()]


def gzipped(bits):
    made = zlib.compressobj(6, zlib.DEFLATED, bits)
    return made.compress, lambda: made.flush(zlib.Z_SYNC_FLUSH), made.flush


def brotlied():
    made = brotli.Compressor(quality=3)
    return made.process, made.flush, made.finish


def zstandarded():
    made = zstandard.ZstdCompressor().compressobj()
    return made.compress, lambda: made.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK), made.flush


CODINGS = {
    "identity": lambda: (bytes, bytes, bytes),
    "gzip": lambda: gzipped(31),
    "deflate": lambda: gzipped(15),
    "br": brotlied,
    "zstd": zstandarded,
}
FIRST = b"""<!doctype html><!-- a --><html lang=en><head data-x="a>b"><meta charset=utf-8>
<title>first</title><script>window.state = document.readyState</script>"""
SECOND = "<style>p {color: red}</style></head><body><p id=p>é<p>b<ul><li>1</ul>".encode()
DOCUMENT = """() => ({
  html: document.documentElement.outerHTML, mode: document.compatMode,
  scripts: [...document.scripts].map(s => s.outerHTML), first: document.head.firstElementChild
    .outerHTML, charset: document.characterSet, names: Object.getOwnPropertyNames(window),
  colour: getComputedStyle(document.querySelector("p")).color, state: window.state,
})"""


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_page_in_any_coding_is_streamed_and_looks_as_if_nobody_were_there(town, coding):
    """Its head is shown before its body is written; then no element, no name is another."""
    headers = [("Content-Type", "text/html")]
    headers += [("Content-Encoding", coding)] if coding != "identity" else []
    looks = []
    for context in (town.direct, town.behind):
        more = asyncio.Event()
        first, second = pieces_of(CODINGS[coding](), FIRST, SECOND)
        town.secure.put("/coded", first, more, second, headers=headers)
        async with town.page(context) as page:
            await page.goto(town.secure.url + "/coded", wait_until="commit")
            # by the clock: a page without a body paints no frame
            await page.wait_for_function("document.title == 'first'", polling=50)
            assert "loading" == await page.evaluate("document.readyState")
            more.set()
            await page.wait_for_load_state("load")
            assert (context is town.behind) == await page.evaluate(SYMBOL)
            looks.append(await page.evaluate(DOCUMENT))

    assert looks[0] == looks[1]
    accepted = town.secure.seen[-1].values("accept-encoding")
    assert accepted == town.secure.seen[-2].values("accept-encoding") or coding == "identity"


ODD = {
    "no doctype": b"<p>quirks",
    "legacy doctype": b'<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN"><html><p>a',
    "no head": b"<!doctype html>text<p>a",
    "comment": b"<!doctype html><!-- <head> --><html><head><title>a</title><p>b",
    "upper case": b'<!DOCTYPE HTML><HTML><HEAD A="x>y"><TITLE>a</TITLE><BODY><P>b',
    "mark": b"\xef\xbb\xbf<!doctype html><p>\xc3\xa9",
    "wide": "\ufeff<!doctype html><head><p>é".encode("utf-16-le"),
    "xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body><p/></body>'
    b"</html>",
}
SHAPE = """() => [document.documentElement.outerHTML, document.compatMode, document.characterSet,
  document.scripts.length, document.contentType]"""


@pytest.mark.parametrize("page", ODD.values(), ids=ODD)
async def test_an_odd_page_is_parsed_as_without_us(town, page):
    """Mode, encoding and tree; and the observer has run."""
    kind = "application/xhtml+xml" if b"xmlns" in page else "text/html"
    town.plain.put("/odd", page, headers=[("Content-Type", kind)])
    async with town.both(town.plain.url + "/odd") as (bare, seen):
        assert 1 == await seen.evaluate(SYMBOL)
        assert await bare.evaluate(SHAPE) == await seen.evaluate(SHAPE)


# What is delivered

TALL = "<!doctype html><head><title>t</title></head><body style='height:3000px'>%s</body>"
OVER = "style='position:fixed;inset:0;width:100%;height:100%;border:0'"


def put(origin, path, text, kind="text/html", **more):
    """Serve a text; its URL."""
    headers = [("Content-Type", f"{kind}; charset=utf-8"), *more.items()]
    origin.put(path, text.encode(), headers=headers)
    return origin.url + path


async def test_a_page_that_replaces_every_native_still_delivers_all(town):
    """The tag comes before its first script, whoever wrote the page."""
    async with town.page() as page:
        told = []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        await page.goto(put(town.secure, "/hostile", TALL % HOSTILE))
        await town.is_watched(page, 42, goes=2)
        assert ["armed"] == told


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
    """A frame without a tag is seen from its parent, all others have a tag of their own."""
    for origin in (town.plain, town.other):
        put(origin, "/inner", TALL % "inner")
    async with town.page() as page:
        await page.goto(put(town.plain, "/outer", TALL % frame.format(other=town.other.url)))
        await town.is_watched(page, 20)


async def test_moving_on_from_page_to_page_loses_nothing(town):
    """What a page still holds when it goes is delivered, to whichever site the next one is."""
    pages = [put(origin, f"/n{i}", TALL % i) for i, origin in enumerate(town.origins)]
    pages[2] = put(town.second, "/n2", TALL % 2)
    found, moved = town.arrived(), []
    async with town.page() as page:
        for number, url in enumerate(pages):
            await page.goto(url)
            moved.append(await wander(page, 12, x=50 + 100 * number))
        await page.goto("about:blank")
        await found.until(lambda: len(found.moves()) >= 12 * len(pages))

    by_tab = {}
    for batch in found.batches:
        if not len(batch.kinds):  # a page of before, where nobody moved, says that it was there
            continue
        by_tab.setdefault(batch.tab, []).extend(zip(batch.kinds, batch.xs, batch.ys, strict=True))
    arrived = [
        steps([(x, y) for kind, x, y in rows if kind == Kind.MOVE]) for rows in by_tab.values()
    ]
    assert sorted(moved) == sorted(arrived)
    assert {(None, "unknown")} == {(claim.user, claim.source) for claim in found.claims}


async def test_a_page_back_from_the_cache_goes_on_being_watched(town):
    """Whether the browser kept it alive or only its bytes."""
    first = put(town.secure, "/back", TALL % "a", **{"Cache-Control": "max-age=600"})
    async with town.page() as page:
        await page.goto(first)
        await town.is_watched(page)
        await page.goto(put(town.secure, "/forth", TALL % "b"))
        await page.go_back(wait_until="commit")
        await town.is_watched(page)


# Service workers

GREEDY = """
const mine = (text) => new Response(text, {headers: {"Content-Type": "text/html"}});
addEventListener("install", e => { skipWaiting() });
addEventListener("activate", e => e.waitUntil(clients.claim()));
addEventListener("fetch", e => e.respondWith((async () => {
  const store = await caches.open("v1"), kept = await store.match(e.request.url);
  if (kept) return kept;
  if (e.request.mode != "navigate") return mine("swallowed");
  const fresh = await fetch(e.request);
  await store.put(e.request.url, fresh.clone());
  return fresh;
})()));
"""
REGISTER = """<script>
navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready)
  .then(() => { document.title = "ready" });
</script>"""


def put_worker(town):
    """A page with the worker, at an origin that no other test uses."""
    put(town.secure, "/sw.js", GREEDY, "text/javascript")
    return put(town.secure, "/worker", TALL % REGISTER).replace("127.0.0.1", "localhost")


async def test_a_worker_that_answers_everything_itself_swallows_no_batch(town):
    """Its page comes from its cache, tag and all; our script and our batches do not."""
    url = put_worker(town)
    async with town.page() as page:
        await page.goto(url)
        await page.wait_for_function(
            "document.title == 'ready' && navigator.serviceWorker.controller"
        )
        assert "swallowed" == await page.evaluate("fetch('/x').then(r => r.text())")
        await town.is_watched(page)
        await page.goto(url)  # through the worker, which keeps what it got
        before = len([1 for seen in town.secure.seen if seen.target == "/worker"])
        await page.goto(url)  # out of its cache
        after = len([1 for seen in town.secure.seen if seen.target == "/worker"])
        assert before == after
        assert 1 == await page.evaluate(SYMBOL)
        await town.is_watched(page)


async def test_a_worker_is_not_updated_by_us(town):
    """Its script with our prelude is the same bytes at every look, or it would never settle."""
    url = put_worker(town)
    look = """async () => { const found = await navigator.serviceWorker.ready;
      let updates = 0; found.onupdatefound = () => { updates++ };
      await found.update(); return [updates, !!found.installing, !!found.waiting] }"""
    async with town.page() as page:
        await page.goto(url)
        await page.wait_for_function("document.title == 'ready'")
        assert [0, False, False] == await page.evaluate(look)


# What must not change, and what must not leave

FILES = {
    "/a.js": ("text/javascript", b"window.x = 1\n"),
    "/a.png": ("image/png", bytes(range(256)) * 60),
    "/json": ("text/html", b'{"html": "<!doctype html><head><title>x</title>"}'),
    "/part.html": ("text/html", b"<head><p>a fragment that a script fetches"),
    "/latin": ("text/html; charset=iso-8859-1", b"<head>\xe9"),
    "/x.bin": ("application/octet-stream", b"\x00<head>" * 2000),
}
FETCHED = """async (path) => {
  const answer = await fetch(path, {headers: path.includes("?range") ? {Range: "bytes=5-99"} : {}});
  const digest = await crypto.subtle.digest("SHA-256", await answer.arrayBuffer());
  const names = [...answer.headers].filter(([name]) => name != "date");
  return [answer.status, [...new Uint8Array(digest)].join(), JSON.stringify(names)];
}"""


async def test_whatever_is_no_page_arrives_byte_for_byte(town):
    """Scripts, images, fragments, parts of files: with the headers that they had."""
    for path, (kind, body) in FILES.items():
        town.second.put(path, body, headers=[("Content-Type", kind), ("ETag", '"1"')])
        town.secure.put(path, body, headers=[("Content-Type", kind)], framing="length")
    part = FILES["/x.bin"][1][5:100]
    ranges = [("Content-Type", "application/octet-stream"), ("Content-Range", "bytes 5-99/14000")]
    for origin in (town.second, town.secure):
        origin.put("/part", part, headers=ranges, status=206)
        async with town.both(put(origin, "/files", TALL % "")) as (bare, seen):
            for path in [*FILES, "/part?range"]:
                assert await bare.evaluate(FETCHED, path) == await seen.evaluate(FETCHED, path)


async def test_json_that_is_called_html_is_shown_as_it_is(town):
    """Even where the browser asks for a document."""
    town.plain.put("/json", FILES["/json"][1])
    async with town.both(town.plain.url + "/json") as (bare, seen):
        assert await bare.content() == await seen.content()


async def test_a_download_is_the_file(town):
    """HTML, but to be kept: a saved page of ours would be of no use."""
    body = b"<!doctype html><head><title>kept</title>"
    headers = [("Content-Type", "text/html"), ("Content-Disposition", "attachment")]
    town.secure.put("/save", body, headers=headers)
    async with town.page() as page:
        await page.goto(put(town.secure, "/saves", "<a href=/save>save</a>"))
        async with page.expect_download() as waiting:
            await page.click("a")
        assert body == (await (await waiting.value).path()).read_bytes()


async def test_a_stream_of_events_comes_as_it_is_told(town):
    """The second event is told after the first was read."""
    more = asyncio.Event()
    told = [b"data: 1\n\n", more, b"data: 2\n\n"]
    town.secure.put("/events", *told, headers=[("Content-Type", "text/event-stream")])
    async with town.page() as page:
        await page.goto(put(town.secure, "/streamed", TALL % ""))
        await page.evaluate(
            "window.got = []; window.source = new EventSource('/events');"
            "source.onmessage = e => { got.push(e.data) }; source.onerror = () => source.close(); 0"
        )
        await page.wait_for_function("got.length == 1")
        more.set()
        await page.wait_for_function("got.length == 2")
        assert ["1", "2"] == await page.evaluate("got")


SPELLINGS = (
    "{obs}b", "{obs}observer.0.js", "{obs}nothing", "/%6fbs{rest}b", "/%6Fbs{rest}privacy2",
    "//obs{rest}b", "/x/../obs{rest}y", "/x/%2e%2e/obs{rest}y", "/OBS{rest}b", "{obs}../{rest}",
    "/%2fobs{rest}b", "/obs%2f{id}%2fb", "\\obs{rest}b", "{obs}b?q#f",
)  # fmt: skip


@pytest.mark.parametrize("which", ["plain", "secure", "second"])
async def test_no_script_gets_our_path_to_an_origin(town, which):
    """However it spells it, with whatever method; a site's own /obs is the site's."""
    origin = getattr(town, which)
    put(origin, "/obs/mine", "mine", "text/plain")
    url = put(origin, "/speller", TALL % "")
    rest = OBS.removeprefix("/obs")
    paths = [each.format(obs=OBS, rest=rest, id=rest.strip("/")) for each in SPELLINGS]
    ask = """async ([path, method]) => (await fetch(location.origin + path,
      {method, headers: {Authorization: "Bearer s3cret"}})).status"""
    async with town.page() as page:
        await page.goto(url)
        await page.evaluate("document.cookie = 'session=s3cret'")
        origin.seen.clear()
        for path in paths:
            for method in ("GET", "PUT"):
                assert await page.evaluate(ask, [path, method]) >= 400
        assert [] == [seen.target for seen in origin.seen]
        assert "mine" == await page.evaluate("fetch('/obs/mine').then(r => r.text())")
        found = await town.is_watched(page)

    assert found.claims
    assert "s3cret" not in repr(town.people.intake.accepted)


TARGETS = ("{url}{obs}b", "{url}/%6fbs{rest}b", "{obs}b;x=1", "/obs;x{rest}b", "/%256fbs{rest}b")


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize("target", TARGETS)
async def test_no_request_line_gets_our_path_to_an_origin(town, version, target):
    """Nor what no browser would send: absolute forms, and what servers decode twice."""
    origin = town.secure if version == "--http1.1" else town.second
    rest = OBS.removeprefix("/obs")
    path = target.format(url=origin.url, obs=OBS, rest=rest)
    trust = str(town.house.folder / "state" / "ca" / "ca.pem")
    proxy = f"http://127.0.0.1:{town.proxy.port}"
    seen = len(origin.seen)
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", version, "-x", proxy, "--cacert", trust, "--path-as-is", "-o", "/dev/null",
        "-w", "%{http_code}", "--request-target", path, origin.url,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await asyncio.wait_for(process.communicate(), PATIENCE)

    assert told in (b"400", b"404", b"405")
    assert seen == len(origin.seen)
