"""A site whose pages bear the observer's tag, and what its observers posted.

Stands in for proxy and ingest: pages are strings with `{tag}` where the tag goes; batches are read
by `reauth.wire`, and replies are whatever the test puts into `replies`.
"""

import asyncio
import json
from collections import deque
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

from aiohttp import web
from playwright.async_api import async_playwright

from reauth.event import Kind
from reauth.wire import decode

DIST = Path(__file__).parents[2] / "observer_js" / "dist"
CHROMIUM = {
    "timeout": 120_000,  # ms for its start; on a loaded machine that took 50 s
    "executable_path": "/usr/bin/chromium",
    "args": [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
    "ignore_default_args": ["--disable-back-forward-cache"],
}  # fmt: skip
TOKEN = "T" * 60


async def done():
    """Nothing to wait for."""


class Site:
    """Pages, posted batches in order of arrival, and the replies still to give (then 204).

    A reply is what a response is made of, and `when`: what is awaited before it is given.
    """

    def __init__(self, pages):
        self.pages = pages
        self.batches = []
        self.replies = deque()
        self.gate = asyncio.Event()
        self._posted = asyncio.Condition()
        manifest = json.loads((DIST / "manifest.json").read_text())
        self.tag = (
            f'<script src="/obs/i/observer.{manifest["version"]}.js" crossorigin="anonymous"'
            f' integrity="{manifest["integrity"]}" data-k="{TOKEN}"></script>'
        )

    async def page(self, request):
        html = self.pages[request.path].replace("{tag}", self.tag)
        return web.Response(text=html, content_type="text/html")

    async def script(self, _):
        headers = {"Access-Control-Allow-Origin": "*"}
        body = (DIST / "observer.js").read_bytes()
        return web.Response(body=body, content_type="text/javascript", headers=headers)

    async def nothing(self, _):
        return web.Response(status=204)  # else its absence is a line on the console

    async def slow(self, request):
        """Answer once the test opens the gate: holds what the page sent in flight."""
        await request.read()
        await self.gate.wait()
        return web.Response(status=204)

    async def post(self, request):
        batch = decode(await request.read())
        reply = self.replies.popleft() if self.replies else {"status": 204}
        async with self._posted:
            self.batches.append((batch, reply["status"]))
            self._posted.notify_all()
        await reply.pop("when", done)()
        return web.Response(**reply)

    def stored(self):
        """Batches that were answered with success."""
        return [batch for batch, status in self.batches if status < 300]

    def rows(self, *kinds):
        """(kind, x, y, ext) of all stored batches, in order of tab and sequence."""
        tabs = list(dict.fromkeys(batch.tab for batch in self.stored()))
        ordered = sorted(self.stored(), key=lambda batch: (tabs.index(batch.tab), batch.seq))
        rows = [
            row for b in ordered for row in zip(b.kinds, b.xs, b.ys, b.exts, strict=True)
        ]
        return [row for row in rows if row[0] in kinds] if kinds else rows

    def moves(self):
        return [(x, y) for _, x, y, _ in self.rows(Kind.MOVE)]

    async def until(self, true, seconds=40):
        async with self._posted, asyncio.timeout(seconds):
            await self._posted.wait_for(true)


@asynccontextmanager
async def site(**pages):
    """Serve pages on a free loopback port: `index="..."` is `/index`."""
    served = Site({f"/{name}": html for name, html in pages.items()})
    app = web.Application()
    app.router.add_post("/obs/i/b", served.post)
    app.router.add_get("/obs/i/{name}", served.script)
    app.router.add_post("/slow", served.slow)
    app.router.add_get("/favicon.ico", served.nothing)
    for path in served.pages:
        app.router.add_get(path, served.page)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield served
    finally:
        served.gate.set()
        await runner.cleanup()


@asynccontextmanager
async def chromium():
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**CHROMIUM)
        try:
            yield browser
        finally:
            await browser.close()


async def wander(page, count=42, x=100, y=100):
    """Move the mouse by `count` steps that are all different; return the steps."""
    points = [(x + 3 * i + i % 2, y + 2 * i - i % 3) for i in range(count)]
    for point in points:
        await page.mouse.move(*point)
        await asyncio.sleep(0.006)  # below one sample in 4 ms the rate cap would drop some
    return steps(points)


def steps(points):
    return [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
