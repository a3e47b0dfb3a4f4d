"""Browsers behind the real proxy and beside it, origins that misbehave, and what arrived.

The proxy is a process of its own; the ingest is the real one, and keeps accepted batches in a list.
The same pages are loaded twice: once through the proxy, once directly.
"""

import asyncio
import os
import ssl
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from proxy_addon.route import normalised
from reauth.event import Kind
from reauth.wire import decode
from tests.e2e.watched_site import CHROMIUM, steps, wander
from tests.firefox.driver import firefox, trust
from tests.origin import H2Origin, Origin, certificates
from tests.proxy_addon.harness import (
    OBS,
    PATIENCE,
    House,
    IngestHouse,
    Running,
    ingest,
    running,
)


class Arrived:
    """Batches of pages that were opened since this was made, in the order of tab and number."""

    def __init__(self, people: IngestHouse) -> None:
        self._people = people
        self._known = {batch.tab for _, batch in self._all()}

    def _all(self):
        return [(one.claim, decode(one.body)) for one in self._people.intake.accepted]

    @property
    def claims(self):
        """Whom the proxy took the senders for."""
        return [claim for claim, batch in self._all() if batch.tab not in self._known]

    @property
    def batches(self):
        """Each once, sorted."""
        found = [batch for _, batch in self._all() if batch.tab not in self._known]
        tabs = list(dict.fromkeys(batch.tab for batch in found))
        once = {(tabs.index(batch.tab), batch.seq): batch for batch in found}
        return [once[key] for key in sorted(once)]

    def rows(self, *kinds):
        """(kind, x, y, ext), of these kinds if any are given."""
        rows = [
            row for b in self.batches for row in zip(b.kinds, b.xs, b.ys, b.exts, strict=True)
        ]
        return [row for row in rows if row[0] in kinds] if kinds else rows

    def moves(self):
        """Where the pointer was on the screen."""
        return [(x, y) for _, x, y, _ in self.rows(Kind.MOVE)]

    async def until(self, true, seconds=PATIENCE):
        """Wait until something holds of what arrived."""
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 - what it waits for is in another process
                await asyncio.sleep(0.02)


@dataclass
class Street:
    """All of it: where pages come from, who loads them, and who is told."""

    house: House
    proxy: Running
    people: IngestHouse
    plain: Origin
    secure: Origin
    second: Origin
    """HTTP/2 over TLS."""
    other: Origin
    """Another site, for scripts of another host."""
    behind: Any = None
    """Browser context behind the proxy."""
    direct: Any = None
    """Browser context that goes straight to the origins."""
    name: str = "chromium"
    """Of the browser."""

    @property
    def authorities(self):
        """CAs that a browser trusts: the proxy's, and that of the origins."""
        return self.house.folder / "state" / "ca" / "ca.pem", self.house.folder / "origin-ca.pem"

    @property
    def origins(self):
        """All that could have been asked."""
        return self.plain, self.secure, self.second, self.other

    def leaked(self):
        """Requests that name our path, however it is spelt, in target or headers."""
        own = OBS.rstrip("/").encode()
        return [
            seen
            for origin in self.origins
            for seen in origin.seen
            if own in normalised(seen.target) or any(own in v.encode() for _, v in seen.headers)
            or own in seen.body
        ]  # fmt: skip

    @asynccontextmanager
    async def both(self, url):
        """The same page, loaded directly and through the proxy."""
        async with self.page(self.direct) as bare, self.page() as seen:
            await bare.goto(url)
            await seen.goto(url)
            yield bare, seen

    @asynccontextmanager
    async def page(self, context=None):
        """A page behind the proxy, closed afterwards."""
        page = await (context or self.behind).new_page()
        try:
            yield page
        finally:
            await page.close()

    def arrived(self):
        """What will arrive from now on."""
        return Arrived(self.people)

    async def is_watched(self, page, count=10, goes=1):
        """Move over an open page and see all of it arrive; as often as is said, one by one."""
        found, first = self.arrived(), 0
        for go in range(goes):
            moved = await wander(page, count, x=100 + 200 * go)
            await found.until(lambda: len(found.moves()) >= count + first)  # noqa: B023 - at once
            assert moved == steps(found.moves()[first:])
            first += count
        return found


SYMBOL = "Object.getOwnPropertySymbols(window).filter(s => Symbol.keyFor(s)).length"
"""1 where the observer has run: its frozen symbol."""


@asynccontextmanager
async def quiet_street(folder, proxy="", rest=""):
    """Proxy, ingest and origins, and nobody who drives; both texts are lines of mitm.toml."""
    house = House(folder)
    _, context = certificates(folder, "127.0.0.1", "localhost")
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(folder / "origin.pem")
    house.write(
        f'allow_private = ["127.0.0.0/8"]\nupstream_ca = "origin-ca.pem"\n{proxy}', rest
    )
    async with AsyncExitStack() as stack:
        people = await stack.enter_async_context(ingest(house))
        process = stack.enter_context(running("launcher", house))
        origins = [
            await stack.enter_async_context(origin)
            for origin in (Origin(), Origin(context), H2Origin(own), Origin())
        ]
        yield Street(house, process, people, *origins)


@asynccontextmanager
async def street(folder, proxy="", rest=""):
    """The same with a Chromium."""
    async with (
        quiet_street(folder, proxy, rest) as quiet,
        chromium_behind_and_beside(quiet) as (behind, direct),
    ):
        yield replace(quiet, behind=behind, direct=direct)


def _home(street, name):
    """A folder for a browser; one that did not start leaves its own behind."""
    street.house.folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=street.house.folder))


@asynccontextmanager
async def chromium_behind_and_beside(street):
    """Two contexts of one Chromium: through the proxy, and straight to the origins."""
    home = _home(street, "chromium")
    await trust(home / ".pki" / "nssdb", *street.authorities)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            **CHROMIUM, env={**os.environ, "HOME": str(home)}
        )
        try:
            server = f"http://127.0.0.1:{street.proxy.port}"
            behind = await browser.new_context(proxy={"server": server})
            yield behind, await browser.new_context()
        finally:
            await browser.close()


@asynccontextmanager
async def firefox_behind_and_beside(street):
    """Two Firefoxes: through the proxy, and straight to the origins."""
    home = _home(street, "firefox")
    async with (
        firefox(home / "behind", street.authorities, street.proxy.port) as behind,
        firefox(home / "direct", street.authorities) as direct,
    ):
        yield behind, direct
