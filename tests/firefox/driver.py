"""A real Firefox whose pages answer to the names of Playwright's, which does not drive Debian's.

Commands go to `bridge.mjs` and on to the browser by WebDriver BiDi. A browser has one proxy for all
of its pages, so there is one Firefox behind ours and one beside it.
"""

import asyncio
import itertools
import json
import os
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

FIREFOX = "/usr/bin/firefox-esr"
BRIDGE = Path(__file__).with_name("bridge.mjs")
PATIENCE = 60.0
"""s for one command; a loaded machine is slow."""
START = 120.0
"""s for the browser's start, which took 50 s where six started at once on two loaded cores."""
_LINE = 1 << 26
"""Bytes of the longest answer, such as a page's text."""
_WAITS = {"load": "load", "domcontentloaded": "domcontentloaded", "commit": "domcontentloaded"}
_QUIET = {
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "browser.newtabpage.activity-stream.feeds.system.topsites": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.http.speculative-parallel-limit": 0,
    "network.prefetch-next": False,
    "network.websocket.delay-failed-reconnects": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
}
"""A browser that calls nobody by itself."""


class FirefoxError(Exception):
    """What the browser or the bridge said no to."""


class _Bridge:
    """The process, its answers by number, and who hears the events of which page."""

    def __init__(self, process):
        self._process = process
        self._numbers = itertools.count(1)
        self._asked = {}
        self.ears = {}
        self._ready = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._read())

    async def _read(self):
        while line := await self._process.stdout.readline():
            said = json.loads(line)
            if "id" in said:
                waiting = self._asked.pop(said["id"])
                if not waiting.done():
                    waiting.set_result(said)
            elif said["event"] == "ready":
                self._ready.set()
            else:
                for hear in self.ears.get((said["page"], said["event"]), ()):
                    hear(said)
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_result({"error": "Firefox is gone"})

    async def started(self):
        """Wait until the browser takes commands."""
        ready = asyncio.ensure_future(self._ready.wait())
        await asyncio.wait({ready, self._task}, timeout=START, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if not self._ready.is_set():
            raise FirefoxError("Firefox did not start")

    async def ask(self, page, op, *args):
        """Have something done; the answer's value."""
        number = next(self._numbers)
        waiting = self._asked[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "page": page, "op": op, "args": args})
        self._process.stdin.write(line.encode() + b"\n")
        said = await asyncio.wait_for(waiting, PATIENCE)
        if "error" in said:
            raise FirefoxError(said["error"])
        return said["value"]

    async def close(self):
        """End the browser, and see that it ends."""
        self._process.stdin.close()
        for harder in (self._process.terminate, self._process.kill):
            try:
                await asyncio.wait_for(self._process.wait(), 10)
                break
            except TimeoutError:
                harder()  # told to end, the bridge ends a browser that is still starting
        await self._process.wait()
        await self._task


class _Mouse:
    def __init__(self, ask):
        self._ask = ask

    async def move(self, x, y):
        await self._ask("move", x, y)

    async def down(self, button="left"):
        await self._ask("down", button)

    async def up(self, button="left"):
        await self._ask("up", button)

    async def click(self, x, y):
        await self._ask("click", x, y)

    async def wheel(self, dx, dy):
        await self._ask("wheel", dx, dy)


class _Keyboard:
    def __init__(self, ask):
        self._ask = ask

    async def press(self, key):
        await self._ask("press", key)


class Frame:
    """One of a page's frames; the page itself is the first."""

    def __init__(self, ask, number, url=""):
        self._ask = ask
        self._number = number
        self.url = url

    async def evaluate(self, text, arg=None):
        """The value of an expression, or of a function of `arg`."""
        return await self._ask("evaluate", self._number, text, arg)

    async def wait_for_function(self, text, arg=None, timeout=60_000):  # noqa: ASYNC109 - as Playwright has it
        """Wait until it is true, of whatever document is there; `timeout` in ms."""
        end, error = asyncio.get_running_loop().time() + timeout / 1000, None
        while asyncio.get_running_loop().time() < end:
            try:
                if await self.evaluate(text, arg):
                    return
            except FirefoxError as said:  # the document has gone that was asked, and another comes
                error = said
            await asyncio.sleep(0.02)
        raise TimeoutError(text) from error


class Page(Frame):
    """One page, in Playwright's words."""

    def __init__(self, bridge, number):
        self._bridge = bridge
        self._page = number
        super().__init__(lambda op, *args: bridge.ask(number, op, *args), 0)
        self.mouse = _Mouse(self._ask)
        self.keyboard = _Keyboard(self._ask)
        self.main_frame = self

    def on(self, event, hear):
        """Hear "console" (`type`, `text`) or "pageerror" (`message`)."""

        def told(said):
            text = said["text"]
            hear(SimpleNamespace(type=said.get("kind"), text=text, message=text))

        self._bridge.ears.setdefault((self._page, event), []).append(told)

    async def goto(self, url, wait_until="load", **_):
        """Load an address; an object with `status`."""
        return SimpleNamespace(status=await self._ask("goto", url, _WAITS[wait_until]))

    async def reload(self, **_):
        """Load it again."""
        return SimpleNamespace(status=await self._ask("reload"))

    async def go_back(self, wait_until="load", **_):
        """One step back in history."""
        await self._ask("back", _WAITS[wait_until])

    async def go_forward(self, wait_until="load", **_):
        """One step on in history."""
        await self._ask("forward", _WAITS[wait_until])

    async def click(self, selector):
        """Click an element."""
        await self._ask("choose", selector)

    async def bring_to_front(self):
        """Show it before others."""
        await self._ask("front")

    async def set_viewport_size(self, size):
        """Width and height in CSS pixels."""
        await self._ask("viewport", size["width"], size["height"])

    async def screenshot(self, path):
        """A picture of it in a file."""
        await self._ask("picture", str(path))

    async def title(self):
        return await self._ask("title")

    async def content(self):
        return await self._ask("content")

    async def address(self):
        """Where it is; Playwright has this as an attribute."""
        return await self._ask("url")

    async def all_frames(self):
        """Every frame, the page first; Playwright has them as an attribute."""
        urls = await self._ask("frames")
        return [Frame(self._ask, number, url) for number, url in enumerate(urls)]

    async def close(self):
        await self._ask("close")


class Context:
    """What opens pages."""

    def __init__(self, bridge):
        self._bridge = bridge

    async def new_page(self):
        """An empty page."""
        return Page(self._bridge, await self._bridge.ask(None, "open"))


@asynccontextmanager
async def firefox(folder, authorities, proxy=None):
    """A Firefox with a profile of its own that trusts these CAs; `proxy` is the port of ours."""
    profile = folder / "profile"
    await trust(profile, *authorities)
    prefs = _QUIET | (_behind(proxy) if proxy else {})
    told = {"profile": str(profile), "prefs": prefs, "binary": FIREFOX}
    process = await asyncio.create_subprocess_exec(
        "node", str(BRIDGE), json.dumps(told),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE,
        env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    bridge = _Bridge(process)
    try:
        await bridge.started()
        yield Context(bridge)
    finally:
        await bridge.close()


def _behind(port):
    return {
        "network.proxy.type": 1,
        "network.proxy.http": "127.0.0.1",
        "network.proxy.http_port": port,
        "network.proxy.ssl": "127.0.0.1",
        "network.proxy.ssl_port": port,
        "network.proxy.no_proxies_on": "",
        "network.proxy.allow_hijacking_localhost": True,
    }


async def trust(folder, *authorities):
    """Make the store of a profile, with these CAs in it, as a managed device would have it."""
    assert shutil.which("certutil"), "certutil is missing: apt-get install libnss3-tools"
    folder.mkdir(parents=True)
    more = [("-A", "-t", "C,,", "-n", f"ca{n}", "-i", str(ca)) for n, ca in enumerate(authorities)]
    for words in (("-N", "--empty-password"), *more):
        process = await asyncio.create_subprocess_exec("certutil", "-d", f"sql:{folder}", *words)
        assert await process.wait() == 0, words[0]
