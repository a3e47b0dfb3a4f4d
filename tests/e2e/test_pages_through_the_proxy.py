"""Real pages in a real browser through the real proxy: what works directly works behind it."""

import asyncio
import gzip
import hashlib
import zlib
from base64 import b64encode

import brotli
import pytest
import pytest_asyncio
import zstandard

from tests.e2e.browsing import SYMBOL, street
from tests.origin import Origin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory):
    async with street(tmp_path_factory.mktemp("street")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _no_origin_is_told(town):
    """Whatever a test does, no origin ever sees our path."""
    yield
    assert [] == town.leaked()


# Content-Security-Policy

INLINE = "window.inline = 1"
HASH = b64encode(hashlib.sha256(INLINE.encode()).digest()).decode()
PAGE = """<!DOCTYPE html><html><head>{meta}<title>t</title>
<script nonce="r4nd0m">{inline}</script>
<script nonce="r4nd0m">try {{ window.evaluated = eval("1") }} catch {{ window.evaluated = 0 }}</script>
<script>window.bare = 1</script>
<script src="/own.js"></script><script src="{other}/other.js"></script>
</head><body style="height:3000px" onclick="window.handled = 1"><p>text</p></body></html>"""
LOOK = """() => { document.body.click(); const w = window;
  return [w.inline, w.evaluated, w.bare, w.own, w.other, w.handled].map(x => x ?? null) }"""

POLICIES = {
    "none": [],
    "self": [("Content-Security-Policy", "default-src 'self'")],
    "hosts": [("Content-Security-Policy", "script-src 'unsafe-inline' {other}; connect-src {other}")],
    "nothing": [("Content-Security-Policy", "default-src 'none'")],
    "nonce": [("Content-Security-Policy", "script-src 'nonce-r4nd0m'; connect-src 'none'")],
    "nonce-strict": [
        ("Content-Security-Policy", "script-src 'nonce-r4nd0m' 'strict-dynamic'; default-src 'none'")
    ],
    "hash-strict": [
        ("Content-Security-Policy", f"default-src 'none'; script-src 'sha256-{HASH}' 'strict-dynamic'")
    ],
    "eval": [("Content-Security-Policy", "script-src 'unsafe-eval' 'unsafe-inline'")],
    "two-lines": [
        ("Content-Security-Policy", "script-src 'self' 'unsafe-inline'"),
        ("Content-Security-Policy", "default-src 'none'; script-src 'nonce-r4nd0m' {other}"),
    ],
    "comma": [("Content-Security-Policy", "script-src 'unsafe-inline', connect-src 'none'")],
    "types": [
        ("Content-Security-Policy", "require-trusted-types-for 'script'; trusted-types 'none'")
    ],
    "report-only": [
        ("Content-Security-Policy-Report-Only", "default-src 'none'; report-uri /report")
    ],
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


async def runs_as_without_us(town, url):
    """What ran and what was blocked, in both; the observer ran in one and is heard."""
    async with town.both(url) as (bare, seen):
        assert 0 == await bare.evaluate(SYMBOL)
        assert 1 == await seen.evaluate(SYMBOL)
        told = await bare.evaluate(LOOK)
        assert told == await seen.evaluate(LOOK)
        await town.is_watched(seen)
    return told


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
async def test_under_any_policy_the_page_runs_as_before_and_is_watched(town, policy):
    """Own scripts run, what was blocked stays blocked, every batch arrives, nobody is told."""
    told = await runs_as_without_us(town, serve(town, town.secure, policy))
    reports = [seen.body for seen in town.secure.seen if seen.target == "/report"]

    assert policy or [1, 1, 1, 1, 1, 1] == told
    assert all(b"/obs/" not in body for body in reports)


async def test_a_policy_means_the_same_over_http(town):
    """Where our own address begins with http."""
    await runs_as_without_us(town, serve(town, town.plain, POLICIES["nothing"]))


@pytest.mark.parametrize("policy", METAS.values(), ids=METAS)
async def test_a_policy_in_the_page_lets_every_batch_pass(town, policy):
    """The browser reads it behind our tag: the first batch may pass it, all must."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    await runs_as_without_us(town, serve(town, town.secure, [], meta))
