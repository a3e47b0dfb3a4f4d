"""Cases 118 to 120: what a site can see of its own pages is what it sees without us."""

import asyncio
import gzip
import hashlib

import brotli
import pytest

from proxy_addon.csp import conceal
from tests.cases.policies import CSP
from tests.cases.registry import case, plant
from tests.cases.served import got, put, tag_in
from tests.e2e.browsing import SYMBOL
from tests.proxy_addon.harness import INSTALLATION, OBS

pytestmark = pytest.mark.asyncio(loop_scope="session")

INJECT = "proxy_addon/inject.py"

# Saved pages: shapes that sites have, cut down to what a parser sees of them.
NEWS = """<!DOCTYPE html>
<html lang="en" class="no-js" prefix="og: http://ogp.me/ns#">
<head>
<meta charset="utf-8"><title>Ferry &amp; tide — Evening Paper</title>
<script>document.documentElement.className = document.documentElement.className.replace("no-js",
  "js")</script>
<link rel="preload" as="style" href="/main.css"><link rel="stylesheet" href="/main.css">
<script type="application/ld+json">{"@type": "NewsArticle", "name": "<head> of state"}</script>
</head><body><article><h1>Tide</h1><p>One<p>two<ul><li>a<li>b</ul><table><tr><td>1</table>
</article>
<script>document.write("<p id=written>" + document.scripts.length + "</p>")</script></body></html>
"""
SHELL = """<!doctype html><html><head><base href="/app/"><script>
window.__STATE__ = {"a": "</he"+"ad>"}</script><style>:root{--x:1}</style></head>
<body><div id="root"></div><script type="module">
document.querySelector("#root").innerHTML = "<main>" + document.head.children.length + "</main>";
</script><noscript>needs scripts</noscript></body></html>"""
OLD = """<HTML><HEAD><TITLE>Prices</TITLE>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=windows-1252"></HEAD>
<BODY BGCOLOR=#FFFFFF><CENTER><FONT SIZE=2>caf\xe9<TABLE><TR><TD>1<TD>2</TABLE></FONT></CENTER>"""
BARE = """<p>no head at all<script>document.title = document.head.childNodes.length</script>"""
REVEAL = """<!doctype html><!--[if IE]><html class=ie><![endif]--><html><!-- <head> --><head >
<meta name=viewport content="width=device-width"><template><head><p></template>
<script>customElements.define("x-a", class extends HTMLElement { connectedCallback() {
  this.attachShadow({mode: "open"}).innerHTML = "<b>" + document.scripts.length + "</b>" } })
</script>
</head><body><x-a></x-a><svg><title>t</title><script>window.svg = 1</script></svg>
<template><script>window.never = 1</script></template><math><mi>x</mi></math></body>"""
XHTML = """<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"><html xmlns="http://www.w3.org/1999/xhtml">
<head><title>x</title><script type="text/javascript">window.x = 1</script></head>
<body><p>1 &lt; 2</p></body></html>"""
SAVED = {
    "news": NEWS.encode(), "shell": SHELL.encode(), "old": OLD.encode("cp1252"),
    "bare": BARE.encode(), "reveal": REVEAL.encode(), "xhtml": XHTML.encode(),
    "large": NEWS.replace("<p>One", "<p>One" * 20_000).encode(),
}  # fmt: skip
KINDS = {"old": "text/html", "xhtml": "application/xhtml+xml"}
CODINGS = {"": bytes, "gzip": gzip.compress, "br": brotli.compress}
HASHED = """async () => {
  const deep = (node) => [node.nodeType, node.nodeName, node.nodeValue, node.namespaceURI,
    [...(node.attributes ?? [])].map(a => a.name + "=" + a.value),
    [...node.childNodes, ...[node.content, node.shadowRoot].filter(n => n?.childNodes)].map(deep)];
  const text = JSON.stringify([document.compatMode, document.characterSet, deep(document)]);
  const found = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(found)].map(b => b.toString(16).padStart(2, "0")).join("");
}"""


@case(118, plant(INJECT, '    return (source + own + rest).encode("ascii")',
                 '    return (source + own + rest + "\\n").encode("ascii")'))  # fmt: skip
async def test_a_saved_page_is_the_same_tree(town):
    """What arrives minus the tag is what was sent; parsed, not a node is another."""
    async with town.page(town.direct) as bare, town.page() as seen:
        for number, (name, page) in enumerate(SAVED.items()):
            coding = list(CODINGS)[number % len(CODINGS)]
            headers = [("Content-Encoding", coding)] if coding else []
            kind = KINDS.get(name, "text/html; charset=utf-8")
            url = put(town.secure, f"/{name}", CODINGS[coding](page), kind=kind, headers=headers)
            whole = hashlib.sha256(page).digest()
            assert whole == hashlib.sha256(tag_in((await got(town, url)).body)[1]).digest(), name
            await bare.goto(url)
            await seen.goto(url)
            assert 1 == await seen.evaluate(SYMBOL), name
            assert await bare.evaluate(HASHED) == await seen.evaluate(HASHED), name


NOISY = """<!doctype html><head><title>noisy</title>
<script>console.error("first"); console.log(document.scripts.length); window.onerror = () => false;
</script><script>undefinedName.x</script><script>syntax error</script>
<script src="/missing.js"></script><link rel=stylesheet href="/missing.css">
<script src="/sealed.js" integrity="sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=">
</script><script>console.warn(new Error("e").message); Promise.reject(new Error("late"));
console.table?.([]); document.querySelector("script").remove(); null.x</script></head><body>
<img src="/missing.png"><script>eval("1"); setTimeout(() => { console.info("end") }, 50)</script>
"""


def listen(page):
    """What a page says aloud from now on, each line once: a script that was fetched beforehand may
    be complained of twice."""
    said = set()
    page.on("console", lambda message: said.add((message.type, message.text)))
    page.on("pageerror", lambda error: said.add(("error", str(error.message))))
    return said


POLICIES = ["", "default-src 'self'", "script-src 'unsafe-inline'; report-to x; x-unknown 1",
            "default-src 'none'", "script-src 'nonce-a' 'strict-dynamic'; connect-src 'none'"]


@case(119, plant("proxy_addon/route.py", '"Content-Type": "text/javascript; charset=utf-8"',
                 '"Content-Type": "text/plain"'))  # fmt: skip
@pytest.mark.parametrize("policy", POLICIES)
async def test_the_console_says_what_it_says_without_us(town, policy):
    """Errors of scripts, of what is missing or forbidden; we add no line.

    Where a list was widened for us, Chromium's line about it quotes it as it now is.
    """
    headers = [(CSP, policy)] if policy else []
    url = put(town.secure, "/noisy", NOISY.encode(), headers=headers)
    put(town.secure, "/sealed.js", b"1", kind="text/javascript")
    town.secure.put("/favicon.ico", b"", status=204, framing="none")
    async with town.page(town.direct) as bare, town.page() as seen:
        pages = bare, seen
        said, told = map(listen, pages)
        for page in pages:
            await page.goto(url)
            await page.wait_for_function("document.readyState == 'complete'")
        for _ in range(300):  # lines come on a way of their own
            await asyncio.sleep(0.1)
            if set(map(unquoted, said)) == set(map(unquoted, told)):
                break

    assert set(map(unquoted, said)) == set(map(unquoted, told))
    assert not [text for _, text in told if OBS in text and "violates" not in text]


def unquoted(line):
    """A line without the list that it quotes."""
    kind, text = line
    plain = conceal(text.encode(), connect_prefix=OBS, integrity_hash="sha256-x").decode()
    return kind, plain.partition("directive")[0] if "violates" in plain else plain


QUIET = b"""<!doctype html><head><title>quiet</title><script>
window.early = [document.scripts.length, document.head.firstElementChild.tagName,
  document.currentScript.previousSibling?.nodeName];
window.watched = [];
new PerformanceObserver(list => watched.push(...list.getEntries().map(e => e.entryType + e.name)))
  .observe({type: "resource", buffered: true});
</script><link rel=stylesheet href=/main.css></head><body><img src=/image.png><script src=/a.js>
</script></body>"""
MEASURED = """() => {
  const named = (e) => [e.entryType, e.initiatorType, e.name, e.nextHopProtocol, e.redirectCount,
    e.renderBlockingStatus, e.responseStatus, e.type].map(x => x ?? null);
  const own = {};
  for (const key of Object.getOwnPropertyNames(window)) own[key] = typeof window[key];
  return {
    early: window.early, own: Object.keys(own).sort(), watched: watched.sort(),
    scripts: [...document.scripts].map(s => s.outerHTML),
    entries: performance.getEntries().filter(e => !/paint|visib|long|layout/.test(e.entryType))
      .map(named).sort(),
    marks: performance.getEntriesByType("mark").length,
    counts: [...(performance.eventCounts ?? [])].filter(([, n]) => n),
    listeners: Object.keys(window).filter(k => k.startsWith("on") && window[k]),
    stored: [document.cookie, Object.keys(localStorage), Object.keys(sessionStorage)],
  };
}"""


@case(120, plant(INJECT, '    return (source + own + rest).encode("ascii")',
                 '    return (source + own + rest).encode("ascii") * 2'))  # fmt: skip
async def test_a_page_that_measures_itself_finds_one_request_more(town):
    """That of our script; no script, no name, no entry, nothing stored besides."""
    town.secure.put("/favicon.ico", b"", status=204, framing="none")
    for path, kind in (("/main.css", "css"), ("/image.png", "png"), ("/a.js", "javascript")):
        put(town.secure, path, b"", kind=f"text/{kind}")
    url = put(town.secure, "/quiet", QUIET)
    async with town.both(url) as (bare, seen):
        was, now = await bare.evaluate(MEASURED), await seen.evaluate(MEASURED)
    ours = [entry for entry in now["entries"] if OBS in entry[2]]
    assert [["resource", "script"]] == [entry[:2] for entry in ours]
    now["entries"].remove(ours[0])
    now["watched"].remove("resource" + ours[0][2])
    assert was == now
    assert INSTALLATION not in str(now)
