"""A hand at a real browser: plays recorded movement through Chromium's input at true speed.

Events go to the browser when their time has come, without waiting for each other; what was sent
late is measured, so that a result can say how true the speed was. Chromium takes such input for
trusted (observer.md section 7), which is the point.
"""

import asyncio
import os
import shutil
import statistics
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reauth.errors import SettingsError
from reauth.event import Event, Kind

CHROMIUM = "/usr/bin/chromium"
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--proxy-bypass-list=<-loopback>",
)
"""A browser that calls nobody by itself, and takes loopback through the proxy too."""
_BUTTONS = {Kind.DOWN: "mousePressed", Kind.UP: "mouseReleased", Kind.MOVE: "mouseMoved"}


@dataclass(slots=True)
class Timing:
    """How true the speed was: s that each event was sent late."""

    late: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Events sent, and the median and 95th percentile of lateness in ms."""
        ordered = sorted(self.late) or [0.0]
        return {
            "events": len(self.late),
            "late_ms_median": round(1e3 * statistics.median(ordered), 2),
            "late_ms_p95": round(1e3 * ordered[int(0.95 * (len(ordered) - 1))], 2),
        }


class Hand:
    """Moves the pointer of one page.

    Parameters
    ----------
    session
        A CDP session of the page.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._under_way: set[asyncio.Future[Any]] = set()
        self.timing = Timing()

    async def play(self, events: Iterable[Event], start: float) -> None:
        """Send each event at `start` + its time, s on the loop's clock."""
        loop = asyncio.get_running_loop()
        for event in events:
            due = start + event.t
            wait = due - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            self.timing.late.append(max(0.0, loop.time() - due))
            self._send(event)

    def _send(self, event: Event) -> None:
        held = event.kind != Kind.MOVE or event.ext == 1
        sent = asyncio.ensure_future(
            self._session.send(
                "Input.dispatchMouseEvent",
                {
                    "type": _BUTTONS[Kind(event.kind)],
                    "x": event.x,
                    "y": event.y,
                    "button": "left" if held else "none",
                    "buttons": int(held and event.kind != Kind.UP),
                    "clickCount": int(event.kind != Kind.MOVE),
                },
            )
        )
        self._under_way.add(sent)
        sent.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Wait until the browser has taken everything."""
        if self._under_way:
            await asyncio.gather(*self._under_way)


async def trust(home: Path, ca: Path) -> None:
    """Have a Chromium that runs in this home trust a CA, as a managed device would.

    Raises
    ------
    SettingsError
        If certutil is missing or refuses.
    """
    if shutil.which("certutil") is None:
        raise SettingsError("certutil is missing: apt-get install libnss3-tools")
    folder = home / ".pki" / "nssdb"
    folder.mkdir(parents=True)
    where = ("-d", f"sql:{folder}")
    for told in (
        ("-N", "--empty-password"),
        ("-A", "-t", "C,,", "-n", "reauth", "-i", str(ca)),
    ):
        process = await asyncio.create_subprocess_exec("certutil", *where, *told)
        if await process.wait():
            raise SettingsError(f"certutil {told[0]} failed on {folder}")


@asynccontextmanager
async def browser_page(
    proxy: str,
    viewport: tuple[int, int],
    ca: Path,
    credentials: tuple[str, str] | None = None,
) -> AsyncIterator[tuple[Any, Hand]]:
    """A page of a fresh headless Chromium behind a proxy, and a hand on it.

    Parameters
    ----------
    proxy
        Its URL.
    viewport
        Width and height, CSS px.
    ca
        PEM of the CA that it trusts besides its own.
    credentials
        Name and password that it gives the proxy when asked.

    Raises
    ------
    SettingsError
        If Playwright, Chromium or certutil is missing.
    """
    try:
        from playwright.async_api import async_playwright  # noqa: PLC0415 - only here is it needed
    except ImportError:
        raise SettingsError("Playwright is missing: pip install -e '.[dev]'") from None
    if shutil.which(CHROMIUM) is None:
        raise SettingsError(f"{CHROMIUM} is missing: apt-get install chromium")
    width, height = viewport
    entrance: Any = {"server": proxy}
    if credentials is not None:
        entrance |= {"username": credentials[0], "password": credentials[1]}
    with tempfile.TemporaryDirectory(prefix="reauth-browser-") as home:
        await trust(Path(home), ca)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM,
                args=list(_FLAGS),
                proxy=entrance,
                env={**os.environ, "HOME": home},
            )
            try:
                page = await browser.new_page(viewport={"width": width, "height": height})
                yield page, Hand(await page.context.new_cdp_session(page))
            finally:
                await browser.close()
