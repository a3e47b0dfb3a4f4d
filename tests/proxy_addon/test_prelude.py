"""The worker prelude: where it goes, and that its half in JavaScript says what ours says."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_addon import prelude as module
from proxy_addon.codec import decoder, encoder
from proxy_addon.csp import relax
from proxy_addon.inject import Injector, tag
from proxy_addon.locate import BUDGET, Finding, Locator
from proxy_addon.prelude import Front, prelude, version_of
from tests.proxy_addon.test_csp import CASES, DIGEST, LINES, ORIGIN, PREFIX, SCRIPT
from tests.proxy_addon.test_locate import FOUND, TOKENS

NODE = shutil.which("node")
WORLD = Path(__file__).parents[1] / "observer_js" / "worker.mjs"
SOURCE = Path(module.__file__).with_name("worker_prelude.js").read_text("ascii")
PARTS = {"prefix": PREFIX, "version": "1", "integrity": DIGEST, "honoured": False}
needs_node = pytest.mark.skipif(NODE is None, reason="needs node, as the observer's tests do")


def made(**parts):
    return prelude(SOURCE, **(PARTS | parts))


def test_the_prelude_is_one_line_and_the_same_every_time():
    """Or the worker would update for ever, and its errors would name wrong lines."""
    assert made() == made()
    assert b"\n" not in made() and b"__" not in made().replace(b"__proto__", b"")
    assert made().startswith(b";") and made().endswith(b";")


@pytest.mark.parametrize("part", ["prefix", "version", "integrity"])
def test_nothing_that_ends_a_string_goes_into_it(part):
    """A name of ours is plain, or something is wrong."""
    for odd in ('"', "`", "\\", "\n", ""):
        with pytest.raises(ValueError, match="escaped"):
            made(**{part: odd})


def test_another_prelude_is_another_version():
    """What browsers have stored with the old one does not hold any more."""
    assert "1-" == version_of("1", made())[:2]
    assert version_of("1", made()) != version_of("1", made(honoured=True))


PLACES = [
    b"|self.a",
    b"|'text'",
    b"|// a comment\nself.a",
    b"|/* a comment */",
    b"|/* no end",
    b"|// no end",
    b"|'no end",
    b"|'no\nend'",
    b"|/",
    b"|/regular/.test('')",
    b"|`use strict`; a",
    b"|'use' + 'strict'",
    b"|'use strict' + a",
    b"|'use strict'.length",
    b"|'use strict', a",
    b"|'use strict'\n[a]",
    b"|'use strict'\n in a",
    b"|'use strict'/**/in a",
    b"|'use strict' a",
    b"|'use\\x20strict'; a",
    b"|'use asm'; a",
    b"|'use asm'\n",
    b"'use strict'|; self.a",
    b'"use strict"|;self.a',
    b"'use strict'|",
    b"'use strict'| // over",
    b"'use strict'|\nself.a",
    b"'use strict'|\rself.a",
    b"'use strict'| /* \n */ self.a",
    b"'use strict'|\ninner()",
    b"'use strict'|\n'text'.length",
    b"/* (c) */\n// x\n'use strict'|; a",
    b"'use asm'; 'it\\'s'\n \"use strict\"|; a",
    b"'use strict'; 'use strict'|; a",
    b"'use strict'|; ('use strict'); a",
    b"'use strict'|}",
]


def cuts(script):
    """Byte by byte, and in two at every place."""
    yield [script[at : at + 1] for at in range(len(script))]
    yield from ([script[:at], script[at:]] for at in range(len(script) + 1))


def placed(pieces):
    front = Front()
    for piece in pieces:
        if front.feed(piece) is not Finding.MORE:
            break
    return front.close(), front.offset


@pytest.mark.parametrize("marked", PLACES, ids=lambda script: script.decode())
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_it_stands_first_but_behind_what_makes_the_script_strict(mark, marked):
    """The same for every split, as the browser compares the script's bytes at each update."""
    at = len(mark) + marked.index(b"|")
    for pieces in cuts(mark + marked.replace(b"|", b"")):
        assert (Finding.HEAD, at) == placed(pieces)


@pytest.mark.parametrize("script", [b"#!/usr/bin/env x\n", b"--> a", b" /* a */ --> a", b"#!"])
def test_nothing_stands_before_what_must_be_first(script):
    """Else a worker that runs would run no more."""
    for mark in (b"", b"\xef\xbb\xbf"):
        for pieces in cuts(mark + script):
            assert Finding.NO_PLACE is placed(pieces)[0]


def test_an_empty_script_and_half_a_mark_are_no_trouble():
    """There is nothing to keep from it."""
    assert (Finding.EMPTY, 0) == placed([])
    assert (Finding.HEAD, 0) == placed([b"\xef\xbb"])
    assert (Finding.HEAD, 0) == placed([b"\xef", b"\xbbx"])


def test_a_script_is_held_for_so_long_and_no_longer():
    """A licence of a megabyte costs the worker its strictness, not us our memory."""
    front = Front()
    told = [front.feed(b"/*" + bytes(BUDGET // 4)) for _ in range(4)]
    assert [Finding.MORE] * 3 + [Finding.HEAD] == told and 0 == front.offset
    assert Finding.HEAD is front.feed(b"*/ 'use strict';")


@needs_node
@pytest.mark.parametrize("marked", PLACES, ids=lambda script: script.decode())
def test_a_script_is_as_strict_as_it_was_and_as_right(marked):
    """What node says of each, before and behind our prelude."""
    at, script = marked.index(b"|"), marked.replace(b"|", b"").decode()
    mine = script[:at] + ";(() => {})();" + script[at:]
    told = """const strict = (code) => { try { new Function(code); } catch { return "wrong"; }
      try { new Function(code + "\\n;with ({}) {}"); return false; } catch { return true; } };
      console.log(JSON.stringify(JSON.parse(process.argv[1]).map(strict)))"""
    pair = json.dumps([script, mine])
    ran = subprocess.run([NODE, "-e", told, pair], capture_output=True, text=True, check=True)
    before, after = json.loads(ran.stdout)
    assert before == after


# Differentially: what the prelude makes of a page, and what the proxy would have made of it.


def shown(pages, origin=ORIGIN):
    """What a browser gets of pages that a worker answers: (headers, pieces) each."""
    told = {
        "prelude": made().decode(),
        "origin": origin,
        "pages": [
            {"headers": headers, "body": [base64.b64encode(piece).decode() for piece in pieces]}
            for headers, pieces in pages
        ],
    }
    ran = subprocess.run(
        [NODE, WORLD], input=json.dumps(told), capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout)


CSP, REPORT = "content-security-policy", "content-security-policy-report-only"
PAGE = b"<!doctype html><head><title>x</title>"


def under(enforced, report_only):
    """Headers of a page: each kind as a browser gives several lines to a worker, as one."""
    given = {CSP: enforced, REPORT: report_only}
    return {name: sent(", ".join(lines)) for name, lines in given.items() if lines}


def sent(value):
    """A header's value as it can be on the wire: what cannot never comes to a worker."""
    return value.translate({10: " ", 13: " "}).strip(" \t")


def relaxed(headers, origin=ORIGIN):
    """What `csp.relax` makes of them: the policies and the tag, or None."""
    found = relax(
        [headers[CSP]] if CSP in headers else [], [headers[REPORT]] if REPORT in headers else [],
        origin=origin, script_path=SCRIPT, integrity_hash=DIGEST, connect_prefix=PREFIX,
    )  # fmt: skip
    if found.skip is not None:
        return None
    edited = dict(headers)
    edited |= dict(zip([CSP], found.enforced, strict=False))
    edited |= dict(zip([REPORT], found.report_only, strict=False))
    return edited, found.nonce


def ours(nonce):
    """The tag of the prelude: the proxy's, without a token."""
    return tag(PREFIX[5:-1], "1", DIGEST, "k", nonce).replace(b"data-k=k", b'data-k=""')


def agree(all_headers, origin=ORIGIN):
    """Whether both make the same of pages with these headers."""
    pages = [({"content-type": "text/html", **headers}, [PAGE]) for headers in all_headers]
    for (headers, _), got in zip(pages, shown(pages, origin), strict=True):
        wanted = relaxed(headers, origin)
        assert got["touched"] is (wanted is not None), headers
        if wanted is not None:
            edited, nonce = wanted
            assert edited == got["headers"]
            page = PAGE.replace(b"<title>", ours(nonce) + b"<title>")
            assert page == base64.b64decode(got["body"])


@needs_node
def test_policies_change_as_the_golden_pairs_say():
    """The same pairs that hold the proxy."""
    by_origin = {}
    for case in CASES:
        before, origin = case.values[0]["before"], case.values[0].get("origin", ORIGIN)
        headers = under(before["enforced"], before["report_only"])
        by_origin.setdefault(origin, []).append(headers)
    for origin, all_headers in by_origin.items():
        agree(all_headers, origin)


@needs_node
@settings(max_examples=15)
@given(
    st.lists(st.builds(under, LINES, LINES), min_size=20, max_size=40),
    st.sampled_from(["https://site.example", "http://site.example:8080", "http://[::1]:8080"]),
)
def test_any_policy_changes_as_the_proxy_changes_it(all_headers, origin):
    """One rule in two languages."""
    agree(all_headers, origin)


PIECES = [token.encode() for token in TOKENS]
PIECES += [b"\x1b", b"<", b"<!", b"<!-", b"</", b"\xef\xbb\xbf"]
SOUP = st.tuples(
    st.lists(st.sampled_from(PIECES) | st.binary(max_size=2), max_size=12).map(b"".join),
    st.integers(1, 40),
)


def cut(page, size):
    return [page[at : at + size] for at in range(0, len(page), size)]


def injected(page, charset=None):
    """What the proxy makes of a page; one in UTF-16 is left to it."""
    locator = Locator(charset)
    inject = Injector(lambda: ours(None), locator, decoder(""), encoder("identity"))
    got = b"".join((*inject(page), *inject(b"")))
    return got if locator.text_codec == "ascii" else page


@needs_node
@settings(max_examples=10, deadline=None)
@given(st.lists(SOUP, min_size=60, max_size=120))
def test_the_tag_stands_where_the_proxy_puts_it(soup):
    """In any page, however it is cut."""
    html = {"content-type": "text/html"}
    found = shown([(html, cut(page, size)) for page, size in soup])
    for (page, _), got in zip(soup, found, strict=True):
        assert injected(page) == base64.b64decode(got["body"]), page


@needs_node
def test_known_places_and_the_budget_are_the_proxys_too():
    """Every case that holds the locator; comments that never end; labels that hide markup."""
    pages = [
        *(page.replace(b"|", b"") for page in FOUND),
        b"<!doctype html><!--" + bytes(BUDGET) + b"--><head>",
        b"<!--" + bytes(BUDGET) + b"--><head>",
        b"<!doctype html>".ljust(BUDGET - 1) + b"<head>",
        b"<!doctype html>".ljust(BUDGET) + b"<head>",
    ]
    labels = ["utf-8", "windows-1251", "shift_jis", "iso-2022-jp", "utf-7", "hz-gb-2312"]
    told = [({"content-type": "text/html"}, cut(page, 5000)) for page in pages]
    told += [({"content-type": f"text/html; charset={one}"}, [PAGE]) for one in labels]
    wanted = [*map(injected, pages), *(injected(PAGE, one.lower()) for one in labels)]
    for want, got, (_, pieces) in zip(wanted, shown(told), told, strict=True):
        body = base64.b64decode(got["body"])
        # iso-2022-jp is left to the proxy, which may have read on for an ESC
        assert body in (want, b"".join(pieces) if b"iso-2022-jp" in str(told).encode() else want)
