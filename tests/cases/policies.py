"""A page under a policy that tries everything, directly and behind the proxy, and what came of it.

Compared is what its scripts found, what the browser called a violation, and what origins were
asked for; behind the proxy it is watched besides.
"""

import asyncio
import hashlib
import json
from base64 import b64encode
from collections import Counter
from pathlib import Path

from tests.e2e.browsing import PATIENCE, SYMBOL
from tests.proxy_addon.harness import OBS

CSP, REPORT = "Content-Security-Policy", "Content-Security-Policy-Report-Only"
PROBES = Path(__file__).with_name("probes.js").read_text("utf-8")
HASHED = "window.hashed = 1"
FREE = b"self.free = (self.free ?? 0) + 1;"
SCRIPT = [("Content-Type", "text/javascript"), ("Access-Control-Allow-Origin", "*")]
WORKER = b"self.postMessage?.(1); onconnect = e => e.ports[0].postMessage(1)"


def digest(text):
    """What a policy or an `integrity` says of a script."""
    return "sha256-" + b64encode(hashlib.sha256(text).digest()).decode()


HASH = digest(HASHED.encode())
PAGE = """<!DOCTYPE html><html>{head}{meta}<title>t</title>
<style>#styled {{ margin-left: 7px }}</style>
<script nonce="r4nd0m">window.keyed = 1; window.chain = document.createElement("script");
chain.src = "/chained.js"; document.currentScript.after(chain)</script>
<script>{hashed}</script>
<script>window.bare = 1</script>
<script type="module">window.module = 1</script>
<script src="/own.js"></script><script src="{other}/other.js"></script>
<script nonce="r4nd0m" src="{other}/keyed.js"></script>
<script src="/sealed.js" integrity="{sealed}" crossorigin="anonymous"></script>
<link rel="stylesheet" href="/own.css">
</head><body style="height: 3000px" onload="window.loaded = 1" onclick="window.handled = 1">
<p id="styled" style="margin-right: 9px">text</p><img src="/image.png">
<iframe src="/frame" hidden></iframe><iframe src="{other}/frame" hidden></iframe>
</body></html>"""
LOOK = """() => {
  document.body.click();
  const w = window, style = getComputedStyle(document.querySelector("#styled"));
  return {
    ran: ["keyed", "hashed", "bare", "module", "own", "other", "keyedOther", "sealed", "chained",
      "loaded", "handled", "free", "timed", "went", "failed", "data", "blob"]
      .map(name => w[name] ?? null),
    style: [style.marginLeft, style.marginRight, style.marginTop, style.paddingTop],
    isolated: [w.crossOriginIsolated, w.origin],
    told: (w.told ?? []).toSorted(),
  };
}"""


def serve(town, policy, meta="", path="/policy", origin=None, head="<head>"):
    """The page under a policy (header lines), and all that it asks for; its URL."""
    origin, other = origin or town.secure, town.other
    told = [(name, value.replace("{other}", other.url)) for name, value in policy]
    texts = {"own.js": "window.own = 1", "sealed.js": "window.sealed = 1",
             "chained.js": "window.chained = 1"}  # fmt: skip
    for name, text in texts.items():
        origin.put(f"/{name}", text.encode(), headers=SCRIPT)
    for one in (origin, other):
        one.put("/free.js", FREE, headers=SCRIPT)
        one.put("/worker.js", WORKER, headers=SCRIPT)
        one.put("/frame", b"<!doctype html><title>frame</title>")
        one.put("/form", b"<!doctype html><title>form</title>")
    origin.put("/obs/mine.js", FREE, headers=SCRIPT)
    origin.put("/own.css", b"#styled { padding-top: 5px }", headers=[("Content-Type", "text/css")])
    origin.put("/report", b"", status=204, framing="none")
    other.put("/other.js", b"window.other = 1", headers=SCRIPT)
    other.put("/keyed.js", b"window.keyedOther = 1", headers=SCRIPT)
    page = PAGE.format(
        head=head, meta=meta.replace("{other}", other.url), other=other.url, hashed=HASHED,
        sealed=digest(texts["sealed.js"].encode()),
    )  # fmt: skip
    headers = [*told, ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")]
    origin.put(path, page.encode(), headers=headers)
    return origin.url + path


class Tried:
    """A page that has tried everything, and what can be said of it by now."""

    def __init__(self, town, page, verdicts):
        self._town = town
        self._page = page
        self._verdicts = verdicts

    async def said(self):
        """What ran, what was called a violation, what was asked for, and what was reported."""
        seen = [(n, one) for n, origin in enumerate(self._town.origins) for one in origin.seen]
        return {
            "verdicts": self._verdicts,
            "asked": sorted(  # how often is the cache's business
                {
                    f"{number} {one.method} {one.target}"
                    for number, one in seen
                    if "favicon" not in one.target
                }
            ),
            "reported": sorted(
                reported(one) for _, one in seen if one.target == "/report" and one.body
            ),
            **await self._page.evaluate(LOOK),
        }

    async def at_rest(self):
        """What is said when nothing is added any more."""
        end, said, before = _now() + PATIENCE, await self.said(), None
        while said != before:
            assert _now() < end, differences(before or {}, said)
            await asyncio.sleep(0.15)
            said, before = await self.said(), said
        return said


def reported(seen):
    """What a report says, but for places: our tag moves what stands behind it in its line."""
    said = json.loads(seen.body)["csp-report"]
    names = ("disposition", "effective-directive", "blocked-uri", "original-policy")
    return [str(said.get(name)) for name in names]


async def tried(town, page, url, obs=""):
    """Open a page and let it try everything."""
    for origin in town.origins:
        origin.seen.clear()
    places = {"own": url.rpartition("/")[0], "other": town.other.url, "obs": obs}
    async with asyncio.timeout(PATIENCE):
        await page.goto(url)
        return Tried(town, page, await page.evaluate(PROBES, places))


async def is_transparent(town, url, goes=1):
    """Whatever works directly works behind the proxy, and nothing else does; what works."""
    async with town.page(town.direct) as bare, town.page() as seen:
        direct = await (await tried(town, bare, url)).at_rest()
        behind, end = await tried(town, seen, url, OBS), _now() + PATIENCE
        while direct != (said := await behind.said()):
            assert _now() < end, differences(direct, said)
            await asyncio.sleep(0.05)
        assert [0, 1] == [await page.evaluate(SYMBOL) for page in (bare, seen)]
        assert await seen.evaluate("window.ours") in ("basic", "opaque")
        if goes:
            await town.is_watched(seen, goes=goes)
    assert [] == town.leaked()
    return said


def _now():
    return asyncio.get_running_loop().time()


def differences(direct, behind):
    """What is another, by name."""
    found = {}
    for name, was in direct.items():
        now = behind[name]
        if isinstance(was, dict):
            both = {*was, *now}
            found |= {k: (was.get(k), now.get(k)) for k in both if was.get(k) != now.get(k)}
        elif was != now:
            lost, new = Counter(map(str, was)), Counter(map(str, now))
            found[name] = {"lost": [*(lost - new)], "new": [*(new - lost)]}
    return found
