"""Cases 77 to 83: service workers answer pages where no proxy sees them, and notice nothing."""

import json

import pytest

from tests.cases.registry import case, plant
from tests.cases.served import HTML, got, put
from tests.cases.workers import (
    SCRIPT,
    SEEN,
    SHELL,
    asked_for,
    settle,
    under_control,
    with_and_without,
)
from tests.e2e.browsing import SYMBOL
from tests.origin import Origin
from tests.proxy_addon.harness import OBS

pytestmark = pytest.mark.asyncio(loop_scope="session")

PRELUDE, PAGE = "proxy_addon/worker_prelude.js", "proxy_addon/page.py"
CACHE_FIRST = """
addEventListener("install", (event) => event.waitUntil(
  caches.open("FOLDER").then((cache) => cache.addAll(["shell", "framed", "strict"]))));
addEventListener("fetch", (event) => event.respondWith(
  caches.open("FOLDER").then((cache) => cache.match(event.request))
    .then((kept) => kept || fetch(event.request))));
"""
GREEDY = """
addEventListener("install", (event) => event.waitUntil(
  caches.open("greedy").then((cache) => cache.add("shell"))));
const swallow = (event) => {
  if (event.request.mode === "navigate" && event.request.url.endsWith("index")) return;
  event.respondWith(event.request.mode === "navigate"
    ? new Response("<!doctype html><title>made</title><body style='height:3000px'>made here",
        {headers: {"Content-Type": "text/html"}})
    : new Response("swallowed", {headers: {"Content-Type": "text/html"}}));
};
"""


async def is_the_same(bare, seen, url):
    """A page out of a worker is the same with and without us, and the observer runs."""
    await bare.goto(url)
    await seen.goto(url)
    was, now = await bare.evaluate(SEEN), await seen.evaluate(SEEN)
    assert was == now, (was, now)
    assert was["controlled"]
    assert [0, 1] == [await page.evaluate(SYMBOL) for page in (bare, seen)]


async def is_alike(town, bare, seen, url):
    """The same, and it is watched; what arrived."""
    await is_the_same(bare, seen, url)
    return await town.is_watched(seen)


@case(
    77,
    plant(PRELUDE, 'request.mode === "navigate") answer', 'request.mode === "never") answer'),
    plant(PRELUDE, "edited.set(CSP, relaxed.enforced)", "edited.set(CSP, headers.get(CSP))"),
)
async def test_a_page_out_of_a_workers_cache_is_watched_at_every_visit(town):
    """Precached by `addAll`, which no proxy can tell from data, and shown without the network."""
    strict = "default-src 'none'; style-src 'unsafe-inline'"
    files = {
        "shell": (HTML, SHELL),
        "framed": (HTML, SHELL.replace(b"<p id=a>", b"<iframe src=shell></iframe><p id=a>")),
        "strict": (HTML, SHELL, ("Content-Security-Policy", strict)),
    }
    url = settle(town.secure, "case77", CACHE_FIRST.replace("FOLDER", "case77"), files=files)
    async with with_and_without(town, url) as (bare, seen):
        await town.is_watched(seen)
        before = asked_for(town.secure, "/case77/shell")
        for name in ("shell", "strict", "framed", "shell"):
            await is_alike(town, bare, seen, url + name)
        assert before == asked_for(town.secure, "/case77/shell")


TAGS = """async () => { const page = await (await fetch("tagged")).text();
  return page.split("<script src=").length - 1 }"""


LOADS = """() => performance.getEntriesByType("resource")
  .filter((one) => one.name.includes("/observer.")).length"""


@case(77, plant(PRELUDE, "if (ours !== address) return", "if (true) return"))
async def test_a_page_that_was_stored_with_our_tag_gets_no_other(town):
    """It keeps the one that it has, with its token: nobody asks for a first one."""
    tagged = (await got(town, put(town.secure, "/case77b/tagged", SHELL))).body.decode()
    worker = f"""
    addEventListener("fetch", (event) => event.request.url.endsWith("tagged")
      && event.respondWith(new Response({json.dumps(tagged)},
        {{headers: {{"Content-Type": "text/html; charset=utf-8"}}}})));"""
    url = settle(town.secure, "case77b", worker)
    async with under_control(town, url) as page:
        await page.goto(url + "tagged")
        assert [1, 1] == [await page.evaluate(SYMBOL), await page.evaluate(LOADS)]
        found = await town.is_watched(page)
        # The page that was left says so by an empty batch of its own.
        moved = [batch for batch in found.batches if len(batch.kinds)]
        assert {True} == {batch.token.decode() in tagged for batch in moved}


@case(
    78,
    plant(PRELUDE, "startsWith(request.url, site + prefix)", "false"),
)
@pytest.mark.parametrize("how", ["addEventListener('fetch', swallow)", "self.onfetch = swallow"])
async def test_a_worker_that_answers_everything_swallows_no_batch(town, how):
    """Its own pages included, which it makes out of nothing."""
    folder = "case78a" if "on" in how[:9] else "case78b"
    url = settle(town.secure, folder, GREEDY + how, files={"shell": (HTML, SHELL)})
    script = town.secure.url + OBS + "b"
    async with with_and_without(town, url) as (bare, seen):
        assert "swallowed" == await seen.evaluate("fetch('x').then(r => r.text())")
        assert "swallowed" == await bare.evaluate(f"fetch('{script}').then(r => r.text())")
        assert 405 == await seen.evaluate(f"fetch('{script}').then(r => r.status)")
        await is_alike(town, bare, seen, url + "made")


@case(
    79,
    plant(PRELUDE, "if (isOurs(request)) answer = [fetch(request)]", "if (false) answer = []"),
)
async def test_a_module_worker_whose_imports_come_first_swallows_no_batch(town):
    """What it imports runs before any statement of its own, and so before ours."""
    files = {"library.js": (SCRIPT, (GREEDY + "addEventListener('fetch', swallow)").encode())}
    files |= {"shell": (HTML, SHELL)}
    url = settle(
        town.secure, "case79", 'import "./library.js";', '{type: "module"}', files
    )  # fmt: skip
    async with town.both(url + "index") as pages:
        for page in pages:
            await page.wait_for_function("document.title != 'begun'")
        titles = [await page.title() for page in pages]
        assert titles[0] == titles[1]
        if titles[0] != "controlled":
            return  # an older Firefox has no such workers
    async with with_and_without(town, url) as (bare, seen):
        assert "swallowed" == await seen.evaluate("fetch('x').then(r => r.text())")
        await is_alike(town, bare, seen, url + "made")


@case(
    80,
    plant(PRELUDE, "apply(native, event, answer)", "apply(native, event, [Response.error()])"),
)
async def test_a_page_that_was_preloaded_for_the_worker_is_watched(town):
    """It comes from the network, with our tag, while the worker is still starting."""
    worker = """
    addEventListener("activate", (event) =>
      event.waitUntil(registration.navigationPreload.enable()));
    addEventListener("fetch", (event) => {
      if (event.request.mode !== "navigate") return;
      event.respondWith((async () => (await event.preloadResponse) || Response.error())());
    });"""
    url = settle(town.secure, "case80", worker, files={"shell": (HTML, SHELL)})
    async with with_and_without(town, url) as (bare, seen):
        town.secure.seen.clear()
        await is_alike(town, bare, seen, url + "shell")
        asked = [one for one in town.secure.seen if one.target == "/case80/shell"]
        assert [["true"]] * 2 == [one.values("Service-Worker-Navigation-Preload") for one in asked]


ROUTES = """
addEventListener("install", (event) => {
  event.waitUntil(caches.open("case81").then((cache) => Promise.all([
    cache.put("OBSERVER", new Response("poisoned", {headers: {"Content-Type": "text/javascript"}})),
    cache.put("routed", new Response("routed"))])));
  event.waitUntil(event.addRoutes?.([
    {condition: {urlPattern: {pathname: "/obs/*"}}, source: {cacheName: "case81"}},
    {condition: {urlPattern: {pathname: "*/routed"}}, source: {cacheName: "case81"}}]));
});
addEventListener("fetch", (event) => {
  if (event.request.url.endsWith("routed")) event.respondWith(new Response("listened"));
});
"""


@case(
    81,
    plant(PRELUDE, "[[ours].concat(given[0])]", "[given[0]]"),
    plant(PRELUDE, "if (isOurs(event.request)) event.stop", "event.stop"),
)
async def test_a_workers_static_routes_lead_none_of_our_requests_away(town):
    """Where a browser has them they are asked before any listener; its own work as they did."""
    async with town.page() as page:
        await page.goto(put(town.secure, "/case81/first", SHELL))
        observer = await page.evaluate("performance.getEntriesByType('resource')[0].name")
    worker = ROUTES.replace("OBSERVER", observer)
    url = settle(town.secure, "case81", worker, files={"shell": (HTML, SHELL)})
    async with with_and_without(town, url) as (bare, seen):
        routed = "fetch('routed').then(r => r.text())"
        told = [await page.evaluate(routed) for page in (bare, seen)]
        assert told[0] == told[1] in ("routed", "listened")  # older ones have none, or fewer
        await is_alike(town, bare, seen, url + "shell")


UPDATES = """async () => { const found = await navigator.serviceWorker.ready;
  let updates = 0; found.onupdatefound = () => { updates++ };
  await found.update(); return [updates, !!found.installing, !!found.waiting] }"""
SAID = """() => new Promise((done) => {
  navigator.serviceWorker.onmessage = (event) => done(event.data);
  navigator.serviceWorker.controller.postMessage("say");
})"""
STRICT = """/* (c) somebody */
"use strict";
addEventListener("message", (event) => {
  const line = /sw\\.js:(\\d+)/.exec(new Error("where").stack)[1];
  event.source.postMessage([(function () { return this === undefined })(), line,
    FetchEvent.prototype.respondWith.name, /native code/.test(FetchEvent.prototype.respondWith),
    Object.keys(self).filter((name) => name !== "onfetch").length >= 0, typeof guarded])
});
"""


@case(
    82,
    plant(PAGE, "lambda: made,", "lambda: made + b';%d;' % id(flow),"),
)
async def test_a_worker_is_updated_when_the_site_changes_it_and_never_by_us(town):
    """Its script with the prelude is the same bytes at every look, or it would never settle."""
    url = settle(town.secure, "case82", "self.version = 1;")
    async with under_control(town, url) as page:
        for _ in range(2):
            assert [0, False, False] == await page.evaluate(UPDATES)
        settle(town.secure, "case82", "self.version = 2;")
        assert 1 <= sum(await page.evaluate(UPDATES))


@case(
    82,
    plant("proxy_addon/prelude.py", "place = literal.end()", "place = place"),
    plant("proxy_addon/prelude.py", 'code = " ".join(', 'code = "\\n".join('),
)
async def test_a_worker_runs_as_it_did(town):
    """As strict as before, its lines where they were, and natives that look like natives."""
    url = settle(town.secure, "case82b", STRICT)
    async with with_and_without(town, url) as (bare, seen):
        was, now = await bare.evaluate(SAID), await seen.evaluate(SAID)
        assert was == now
        assert [True, "4", "respondWith", True, True, "undefined"] == now


GREETED = """() => performance.getEntriesByType("resource").some((one) =>
  one.name.endsWith("/b") && one.responseStatus === 403)"""
"""Whether a page that bore no token has been given its first."""


@case(
    83,
    plant(PRELUDE, '"basic", "cors", "default"', '"cors", "default"'),
    plant("proxy_addon/addon.py", "if _is_away(flow):", "if False:"),
)
async def test_a_site_that_is_away_shows_its_offline_page_and_that_is_watched(town):
    """A proxy's own page in its place would be taken for the site's; what is seen comes later."""
    worker = """
    addEventListener("install", (event) => event.waitUntil(
      caches.open("case83").then((cache) => cache.add("offline"))));
    addEventListener("fetch", (event) => {
      if (event.request.mode !== "navigate") return;
      event.respondWith(fetch(event.request).catch(() => caches.match("offline")));
    });"""
    async with Origin(town.secure._context) as away:
        url = settle(away, "case83", worker, files={"offline": (HTML, SHELL)})
        async with with_and_without(town, url) as (bare, seen):
            port = away.port
            await away.__aexit__()
            await is_the_same(bare, seen, url + "index")
            assert "shell" == await seen.title()
            async with Origin(town.secure._context, port=port) as back:
                put(back, "/case83/index", SHELL)
                await seen.wait_for_function(GREETED)
                await town.is_watched(seen)
