"""Pages through the real proxy: what arrives minus the tag is what was sent, and so is its DOM.

Each page is sent in a coding, in pieces and under a policy that a seed draws. Bytes are compared
with what the origin sent; trees with those that html5lib, or a browser, builds of both.
"""

import asyncio
import gzip
import hashlib
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import brotli
import html5lib
import zstandard
from tqdm import tqdm

from proxy_addon import csp
from proxy_addon.meta import MetaFilter
from tests.cases.served import TAG, tag_in
from tests.corpus.pages import HTML, XHTML, Page
from tests.e2e.browsing import Street, chromium_behind_and_beside, quiet_street
from tests.proxy_addon.harness import DOCUMENT, OBS, PATIENCE, Answer, Client, connected

BUDGET = 65536
"""Within which the proxy looks for the place: `head_budget_kib`."""
PARSED = 300_000
"""Longest page whose DOM is compared by html5lib, which reads a megabyte a second."""
LANES = 4


def _raw_deflate(data: bytes) -> bytes:
    made = zlib.compressobj(6, zlib.DEFLATED, -15)
    return made.compress(data) + made.flush()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "deflate, raw": _raw_deflate,
    "br": lambda data: brotli.compress(data, quality=4),
    "zstd": zstandard.compress,
}
META = b'<meta http-equiv="Content-Security-Policy" content="connect-src https://b.example">'
POLICIES: dict[str, str | None] = {
    "none": None,
    "self": "default-src 'self'",
    "nonce": "script-src 'nonce-bm9uY2U='; object-src 'none'",
    "strict-dynamic": "script-src 'strict-dynamic' 'nonce-bm9uY2U=' 'unsafe-inline' https:",
    "meta": None,
}
CUTS = ("whole", "random", "head by bytes")


@dataclass(frozen=True)
class Sent:
    """A page as it is sent: each of these is drawn."""

    page: Page
    coding: str
    cut: str
    policy: str
    framing: str

    @property
    def body(self) -> bytes:
        """Its bytes; under a policy of its own, with that."""
        if self.policy != "meta" or self.page.kind == XHTML:
            return self.page.body
        return re.sub(rb"(?i)<head\b[^>]*>", lambda found: found[0] + META, self.page.body, count=1)

    def headers(self) -> list[tuple[str, str]]:
        """What the origin says of it."""
        headers = [("Content-Type", self.page.kind)]
        if self.coding != "identity":
            headers.append(("Content-Encoding", self.coding.partition(",")[0]))
        if policy := POLICIES[self.policy]:
            headers.append(("Content-Security-Policy", policy))
        return headers

    def pieces(self, drawn: random.Random) -> list[bytes]:
        """Its coded bytes as they are written."""
        coded = CODINGS[self.coding](self.body)
        if self.cut == "whole":
            return [coded]
        if self.cut == "head by bytes":
            return [coded[at : at + 1] for at in range(min(90, len(coded)))] + [coded[90:]]
        places = sorted(drawn.choices(range(len(coded) + 1), k=drawn.randrange(1, 9)))
        return [coded[a:b] for a, b in zip([0, *places], [*places, len(coded)], strict=True)]

    def __str__(self) -> str:
        """For the report."""
        how = f"{self.coding}, {self.cut}, policy {self.policy}, {self.framing}"
        return f"{self.page.name} ({self.page.kind}; {how})"


def variants(pages: list[Page], rounds: int, seed: int) -> Iterator[Sent]:
    """Every page as often as there are rounds; every coding, cut and policy comes in turn."""
    drawn = random.Random(seed)
    for page in pages:
        for _ in range(rounds):
            yield Sent(
                page, drawn.choice(list(CODINGS)), drawn.choice(CUTS), drawn.choice(list(POLICIES)),
                drawn.choice(("length", "chunked")),
            )  # fmt: skip


# Comparing


class Differs(Exception):
    """What arrived is not what was sent."""


def differs(what: str, sent: bytes, arrived: bytes) -> Differs:
    """Name the first byte at which two bodies part."""
    at = next(
        (n for n, (a, b) in enumerate(zip(sent, arrived, strict=False)) if a != b),
        min(len(sent), len(arrived)),
    )
    around = slice(max(0, at - 30), at + 30)
    return Differs(
        f"{what}: {len(sent)} bytes sent, {len(arrived)} arrived; byte {at} differs\n"
        f"    sent    {sent[around]!r}\n    arrived {arrived[around]!r}"
    )


def codec_of(page: Page) -> str:
    """How a tag is written into a page: UTF-16 is the one coding in which it is not ASCII."""
    marks = {b"\xef\xbb": "latin-1", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
    if page.body[:2] in marks:
        return marks[page.body[:2]]
    return "utf-16-be" if "utf-16be" in page.kind else "latin-1"


def compare(sent: Sent, arrived: bytes, origin: str) -> str:
    """Hold what arrived against what was sent: "tagged" or "untouched".

    Raises
    ------
    Differs
        With the first difference.
    """
    codec, was = codec_of(sent.page), sent.body
    if not TAG.search(arrived.decode(codec, "replace")):
        if was != arrived:
            raise differs("without a tag", was, arrived)
        return "untouched"
    try:
        at, now = tag_in(arrived, codec)
    except AssertionError:
        raise Differs("more than one tag") from None
    expected = was[:at] + _relaxed(was[at:], origin, sent.page, codec)
    if expected != now:
        raise differs("but for the tag", expected, now)
    if at <= BUDGET and len(was) <= PARSED:
        _compare_trees(sent, arrived, expected, codec)
    return "tagged"


def _relaxed(behind: bytes, origin: str, page: Page, codec: str) -> bytes:
    """What stands behind the tag, with the policies in it as they have to be."""
    if page.kind == XHTML or codec != "latin-1":
        return behind
    made = MetaFilter(lambda text: csp.relax_meta(text, origin=origin, connect_prefix=OBS), BUDGET)
    return made.feed(behind) + made.close()


def _compare_trees(sent: Sent, arrived: bytes, expected: bytes, codec: str) -> None:
    mark = "\ufeff" if codec != "latin-1" else "\xef\xbb\xbf"
    texts = [body.decode(codec, "replace").removeprefix(mark) for body in (expected, arrived)]
    try:
        was, now = _strict_trees(*texts) if sent.page.kind == XHTML else _trees(*texts)
    except ET.ParseError:
        return  # nor does a browser read it
    heads = [one for one in now.iter() if str(one.tag).rpartition("}")[2] == "head"]
    tag = heads[0][0] if heads and len(heads[0]) else None
    if tag is None or not str(tag.get("src")).startswith(OBS):
        if _is_late(sent.body):
            return
        raise Differs("the tag is not the first child of head")
    if tag.tail:
        heads[0].text = (heads[0].text or "") + tag.tail
    heads[0].remove(tag)
    was, now = ET.tostring(was), ET.tostring(now)
    if was != now and not _is_late(sent.body):
        raise differs("the DOM", was, now)


def _strict_trees(sent: str, arrived: str) -> tuple[ET.Element, ET.Element]:
    """Those of XHTML; ParseError where it never was well-formed."""
    was = ET.fromstring(sent)
    try:
        return was, ET.fromstring(arrived)
    except ET.ParseError as error:
        raise Differs(f"not well-formed any more: {error}") from None


def _trees(sent: str, arrived: str) -> tuple[ET.Element, ET.Element]:
    """Those of HTML, which have to be read in the same mode."""
    (was, quirks), (now, other) = (_parsed(text) for text in (sent, arrived))
    if quirks != other:
        raise Differs(f"the mode: {quirks} became {other}")
    return was, now


def _parsed(text: str) -> tuple[ET.Element, str]:
    """An HTML page's tree, and how strictly it was read."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    return parser.parse(text), parser.compatMode


def _is_late(body: bytes) -> bool:
    """Whether a head comes so late that the tag goes behind the doctype, and comments with it."""
    found = re.search(rb"(?i)<head\b|<body\b|<title\b|<p\b", body)
    return found is None or found.end() > BUDGET or len(body) > BUDGET


# Replaying


@dataclass
class Result:
    """What became of a corpus."""

    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """The report: every fault, then the numbers."""
        told = ", ".join(f"{count} {what}" for what, count in sorted(self.done.items()))
        return "\n".join([*self.faults, f"{told or 'no page'}; {len(self.faults)} at fault"])


def read(folder: Path) -> list[Page]:
    """Every page of a folder; XHTML by the end of its name."""
    ends = {".html": HTML, ".htm": HTML, ".xhtml": XHTML, ".xht": XHTML}
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ends)
    return [
        Page(str(path.relative_to(folder)), path.read_bytes(), ends[path.suffix.lower()])
        for path in files
        if path.is_file()  # a folder may be called so, and a link may lead nowhere
    ]


def write(pages: list[Page], folder: Path) -> None:
    """Keep generated pages, so that one that fails can be looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages:
        (folder / page.name).write_bytes(page.body)


class Replay:
    """One corpus on its way through two proxies: one gives identity, the other gzip."""

    def __init__(self, pages: list[Page], rounds: int, seed: int) -> None:
        self._all = list(variants(pages, rounds, seed))
        self._seed = seed
        self.result = Result()

    async def run(self, folder: Path, browser: bool = False, quiet: bool = False) -> Result:
        """Send all of it; a bar tells how far it is."""
        async with AsyncExitStack() as stack:
            roads = []
            for name, setting in (("plain", ""), ("packed", "compress = true")):
                (folder / name).mkdir()
                roads.append(await stack.enter_async_context(quiet_street(folder / name, setting)))
            bar = stack.enter_context(tqdm(total=len(self._all), unit="page", disable=quiet))
            waiting = iter(enumerate(self._all))
            await asyncio.gather(*(self._lane(n, roads, waiting, bar) for n in range(LANES)))
            if browser:
                behind, direct = await stack.enter_async_context(
                    chromium_behind_and_beside(roads[0])
                )
                await self._show(roads[0], behind.browser, (direct, behind), quiet)
        return self.result

    async def _lane(
        self, lane: int, roads: list[Street], waiting: Iterator[tuple[int, Sent]], bar: tqdm
    ) -> None:
        for number, sent in waiting:
            road = roads[number % 2]
            try:
                outcome = await self._one(road, sent, f"/{lane}/{number}")
                self.result.done[outcome] += 1
            except Differs as fault:
                self.result.faults.append(f"{sent}\n  {fault}")
            bar.update()

    async def _one(self, road: Street, sent: Sent, path: str) -> str:
        drawn = random.Random(f"{self._seed}{path}")
        pieces = [piece for piece in sent.pieces(drawn) if piece] or [b""]
        road.plain.put(path, *pieces, headers=sent.headers(), framing=sent.framing)
        asks = DOCUMENT | {"Accept-Encoding": "gzip, deflate, br, zstd"}
        try:
            async with asyncio.timeout(PATIENCE), connected(
                road.proxy, road.plain.url, road.house
            ) as client:
                answer = await _asked(client, path, asks)
        except (OSError, TimeoutError) as error:
            raise Differs(f"no answer: {type(error).__name__}") from error
        del road.plain.pages[path]
        return compare(sent, _decoded(answer), road.plain.url)

    async def _show(self, road: Street, browser: object, contexts: tuple, quiet: bool) -> None:
        """Every page once in a Chromium without scripts, directly and through the proxy."""
        once = list({sent.page.name: sent for sent in self._all}.values())
        server = {"server": f"http://127.0.0.1:{road.proxy.port}"}
        bare = await browser.new_context(java_script_enabled=False)
        seen = await browser.new_context(java_script_enabled=False, proxy=server)
        tabs = [await context.new_page() for context in (bare, seen)]
        for tab in tabs:
            await tab.route(lambda url: not url.startswith(road.plain.url), _refuse)
        for number, sent in enumerate(tqdm(once, unit="page", disable=quiet)):
            body = sent.page.body
            headers = [("Content-Type", sent.page.kind)]
            road.plain.put(f"/show{number}", body, headers=headers, framing="length")
            shown = []
            for tab in tabs:
                await tab.goto(f"{road.plain.url}/show{number}", wait_until="domcontentloaded")
                shown.append(await tab.evaluate(SHOWN, OBS))
            del road.plain.pages[f"/show{number}"]
            if shown[0] != shown[1] and not _is_late(body):
                fault = differs("the DOM in Chromium", *(text.encode() for text in shown))
                self.result.faults.append(f"{sent.page.name}\n  {fault}")
            self.result.done["shown alike"] += shown[0] == shown[1]


async def _refuse(route: object) -> None:
    await route.abort()


SHOWN = """obs => {
  const head = document.head, first = head && head.firstElementChild;
  if (first && first.localName == "script" && (first.getAttribute("src") || "").startsWith(obs)) {
    first.remove();
    head.normalize();
  }
  return [document.compatMode, document.characterSet, ...[...document.childNodes].map(
    node => node.nodeType + (node.outerHTML || node.data || node.name))].join("\\n");
}"""


async def _asked(client: Client, path: str, headers: dict[str, str]) -> Answer:
    return await client.ask(target=path, headers=headers)


def _decoded(answer: Answer) -> bytes:
    """The body as a browser reads it; what stays coded was not touched."""
    if answer.status != 200:
        raise Differs(f"status {answer.status}")
    coding = answer.value("content-encoding") or "identity"
    try:
        if coding == "gzip":
            return gzip.decompress(answer.body)
        if coding == "identity":
            return answer.body
    except (OSError, EOFError, zlib.error) as error:
        digest = hashlib.sha256(answer.body).hexdigest()[:8]
        raise Differs(f"not in {coding}: {type(error).__name__}, {digest}") from error
    raise Differs(f"a coding that was not asked for: {coding}")
