"""The place of the tag: `|` marks it in each case; a page without `|` gives no place."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addon.locate import BUDGET, Finding, Locator
from tests.corpus.pages import Page
from tests.corpus.replay import Sent, compare
from tests.e2e.watched_site import chromium
from tests.proxy_addon.harness import OBS

FOUND = [
    b"<!doctype html><html><head>|<title>x</title>",
    b"<head>|",
    b"<!DOCTYPE html>\n<html lang=en>\n  <HEAD>|\n",
    b'<HEAD data-x="a>b">|<meta charset=utf-8>',
    b"<head a='>' b=\">\" c=d>|",
    b"<head a = x/ b>|<p>",
    b"<head a=>|<p>",
    b"<head = x>|",
    b"<head =\"=x>|\">",
    b"<head/a>|",
    b'<head a"b=\'>\'c >|',
    b"<head />|<title>",
    b"<head/>|",
    b"<html><head\n>|",
    b"<html><html class=x><head>|",
    b"<!doctype html>|<header>x</header>",
    b"<!doctype html>|<heads>",
    b"<!doctype html>\n |text first",
    b"<!doctype html>|<3 is text",
    b"<!doctype html>|<body><head>",
    b"<html>|<frameset>",
    b"|<p>no doctype at all",
    b"\n|</Head >",
    b"<!doctype html>|</br>",
    b"</p class='>'><head>|",
    b"</header><!-- a -->|<p>",
    b"<!-- <head> --><!doctype html><head>|",
    b"<!--><head>|",
    b"<!---><head>|",
    b"<!-----><head>|",
    b"<!----!><head>|",
    b"<!-- a --!><head>|-->",
    b"<!-- a --!--><head>|",
    b"<!-- a --><head>|--!>",
    b"<!--[if IE]><head><![endif]--><head>|",
    b"<![if !IE]><head>|",
    b"<!-x><head>|",
    b"<!><head>|",
    b"<!docTYPE html PUBLIC '-//W3C//DTD XHTML 1.0//EN' 'http://x'><head>|",
    b"<?xml version='1.0'?><!doctype html><html><head>|",
    b"</><head>|",
    b"</ x><head>|",
    b"<!doctype html>|<noscript><head></noscript>",
    b"<!doctype html>|<script>'<head>'</script>",
    b"<![CDATA[x]]><head>|",
    b"\xef\xbb\xbf<!doctype html><head>|",
    "<!-- 日本 --><head>|".encode("shift_jis"),
    "<!-- 中文 --><head>|".encode("gb18030"),
    "<!-- Привет --><head>|".encode("cp1251"),
]

REFUSED = [
    (b"", Finding.EMPTY),
    (b" \n", Finding.EMPTY),
    (b"\xef\xbb", Finding.EMPTY),
    (b"\xef\xbb\xbf\n", Finding.EMPTY),
    (b"x", Finding.NOT_MARKUP),
    (b'{"html": "<head>"}', Finding.NOT_MARKUP),
    (b"callback(<head>)", Finding.NOT_MARKUP),
    (b"<3 <head>", Finding.NOT_MARKUP),
    (b"<\0!\0", Finding.NOT_MARKUP),
    (b"<", Finding.NO_PLACE),
    (b"<h", Finding.NO_PLACE),
    (b"</", Finding.NO_PLACE),
    (b"<!", Finding.NO_PLACE),
    (b"<!-", Finding.NO_PLACE),
    (b"<!--", Finding.NO_PLACE),
    (b"<!-- <head>", Finding.NO_PLACE),
    (b"<!doctype html", Finding.NO_PLACE),
    (b"<?php", Finding.NO_PLACE),
    (b"<head a='>", Finding.NO_PLACE),
    (b"<!-- only a comment -->", Finding.NO_PLACE),
    (b"<!-- \x1b$B0<\x1b(B --><head>", Finding.CHARSET),
]

SAFE = [
    b"<!doctype html>|",
    b"<!doctype html><!-- a -->|",
    b"<!doctype html><html>|\n",
    b"<!doctype html><html>|<hea",
    b"<html>|<!-- never closed",
]

XHTML = [
    b"<html xmlns='http://www.w3.org/1999/xhtml'><head>|<title/>",
    b"<?xml version='1.0'?><?php a>b ?><!DOCTYPE html>\n<html><head id='x'>|",
    b"<!--><head>--><html><head>|",
]

NOT_XHTML = [
    b"<html><head/><body/></html>",
    b"<html><HEAD>",
    b"<html><x:head>",
    b"<html><body/>",
    b"<html></html>",
    b"<html>text",
    b"<html><_a/>",
    b"<![CDATA[x]]><html><head>",
    b'<!DOCTYPE html [<!ENTITY x "y">]><html><head>',
    b"<!DOCTYPE html><html>",
    b"",
]


def split(marked):
    before, bar, after = marked.partition(b"|")
    assert bar
    return before + after, len(before)


def run(pieces, **settings):
    """Give finding, offset and codec; the offset of what is not found means nothing."""
    locator = Locator(**settings)
    for piece in pieces:
        locator.feed(piece)
    finding = locator.close()
    return finding, locator.offset if finding.found else None, locator.text_codec


def cuts(page):
    """Every page in two, and byte by byte, with empty pieces between."""
    yield [page]
    yield from ([page[:at], page[at:]] for at in range(len(page) + 1))
    yield [piece for at in range(len(page)) for piece in (page[at : at + 1], b"")]


@pytest.mark.parametrize("marked", FOUND)
def test_the_place_is_the_first_child_of_head_for_every_split(marked):
    """In front of every script of the page; behind the doctype; never inside a comment or value."""
    page, offset = split(marked)
    for pieces in cuts(page):
        assert (Finding.HEAD, offset, "ascii") == run(pieces)


@pytest.mark.parametrize(("page", "finding"), REFUSED)
def test_what_is_no_page_has_no_place_for_every_split(page, finding):
    """JSON called HTML, an empty body, half a tag, and what an escape sequence may hide."""
    for pieces in cuts(page):
        assert (finding, None) == run(pieces)[:2]


@pytest.mark.parametrize("marked", SAFE)
def test_a_page_that_ends_early_gets_the_tag_behind_its_doctype(marked):
    """Behind the last whole token: the parser would make a head there anyway."""
    page, offset = split(marked)
    for pieces in cuts(page):
        assert (Finding.SAFE, offset, "ascii") == run(pieces)


@pytest.mark.parametrize("marked", XHTML)
def test_xhtml_is_injected_behind_a_plain_head_only(marked):
    """An element in the wrong place makes the whole page an error message."""
    page, offset = split(marked)
    for pieces in cuts(page):
        assert (Finding.HEAD, offset, "ascii") == run(pieces, xhtml=True)


@pytest.mark.parametrize("page", NOT_XHTML)
def test_xhtml_without_a_plain_head_is_left_alone(page):
    """No head is invented in XML, and names are case-sensitive."""
    for pieces in cuts(page):
        assert not run(pieces, xhtml=True)[0].found


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("marked", FOUND[:22])
def test_utf_16_is_scanned_by_code_units(codec, marked):
    """A mark or a label says so; the tag must then be written in the same way."""
    page, offset = split(marked)
    plain = page.decode("ascii").encode(codec)
    mark = "\ufeff".encode(codec)
    label = {"utf-16-le": "utf-16", "utf-16-be": "utf-16be"}[codec]
    for pieces in cuts(plain):
        assert (Finding.HEAD, 2 * offset, codec) == run(pieces, charset=label)
    for pieces in cuts(mark + plain):
        assert (Finding.HEAD, 2 * offset + 2, codec) == run(pieces, charset="utf-8")


def test_a_letter_of_another_plane_is_not_mistaken_for_markup():
    """U+3C3C holds the byte of `<` twice."""
    page = "<!-- \u3c3c\u3e2d\U0001f600 --><head>"
    assert (Finding.HEAD, 2 * len(page) + 2, "utf-16-le") == run(
        [page.encode("utf-16-le")], charset="utf-16le"
    )


def test_a_mark_outranks_the_label():
    """As in browsers: the label says UTF-16, the bytes are UTF-8."""
    page = b"\xef\xbb\xbf<head>"
    assert (Finding.HEAD, 9, "ascii") == run([page], charset="utf-16")


@pytest.mark.parametrize("charset", ["utf-7", "hz-gb-2312", "iso-2022-kr"])
def test_encodings_that_hide_markup_are_refused(charset):
    """In them `<` may be part of another letter."""
    assert (Finding.CHARSET, None) == run([b"<head>"], charset=charset)[:2]


def test_iso_2022_jp_is_fine_as_long_as_it_is_ascii():
    """Escape sequences come with the first Japanese letter, mostly in the title."""
    page = b"<html><head>" + "<title>日本</title>".encode("iso-2022-jp")
    assert (Finding.HEAD, 12, "ascii") == run([page], charset="iso-2022-jp")


def test_a_comment_longer_than_the_budget_does_not_hold_the_page():
    """Behind the doctype the tag is safe; without one it is given up."""
    comment = b"<!--" + 200_000 * b"x" + b"--><head>"
    for size in (1000, 65536, 300_000):
        pieces = [comment[at : at + size] for at in range(0, len(comment), size)]
        assert (Finding.SAFE, 15) == run([b"<!doctype html>", *pieces])[:2]
        assert (Finding.NO_PLACE, None) == run(pieces)[:2]


def test_the_budget_is_in_bytes_and_not_in_pieces():
    """What lies beyond is not looked at, even if it came in the same piece."""
    assert (Finding.HEAD, 12) == run([b"<html><head>"], budget=12)[:2]
    assert (Finding.SAFE, 6) == run([b"<html><head>"], budget=11)[:2]
    locator = Locator()
    assert Finding.SAFE is locator.feed(b"<html>" + BUDGET * b" ")


@pytest.mark.parametrize(
    ("page", "finding"),
    [
        (b"<!doctype html><head>", Finding.HEAD),
        (b"<!DOCTYPE HTML public ''><head>", Finding.HEAD),
        (b" \n<p>a page without a type", Finding.HEAD),
        (b"<!-- a --><div>page</div>", Finding.HEAD),
        (b"<A href='/'>a page of links</a>", Finding.HEAD),
        (b"<p>short", Finding.NO_PLACE),
        (b"<span>no page by its first bytes", Finding.NOT_MARKUP),
        (b"<header>nor this one</header>", Finding.NOT_MARKUP),
        (b"<?xml version='1.0'?><html><head>", Finding.NOT_MARKUP),
        (b"\xef\xbb\xbf<!doctype html><head>", Finding.NOT_MARKUP),
        ("\ufeff<!doctype html><head>".encode("utf-16-le"), Finding.NOT_MARKUP),
        (b" " * 1440 + b"<!doctype html><head>", Finding.NOT_MARKUP),
        (b"GIF89a<html>", Finding.NOT_MARKUP),
    ],
)
def test_a_body_without_a_type_is_a_page_where_browsers_take_it_for_one(page, finding):
    """By its first bytes (WHATWG MIME Sniffing, 7.1); in another our tag would be seen as text."""
    for pieces in cuts(page) if len(page) < 99 else ([page],):
        assert finding is run(pieces, sniffed=True)[0]


def test_space_in_front_of_a_page_is_given_up_and_not_called_empty():
    """A page may come behind it, and would go unwatched in silence."""
    page = b"<!doctype html><head>"
    assert (Finding.HEAD, 999 + len(page)) == run([b" " * 999 + page])[:2]
    for pieces in ([b"\n" * BUDGET + page], [b"\n" * 999] * 99):
        assert (Finding.NO_PLACE, None) == run(pieces)[:2]
    assert (Finding.EMPTY, None) == run([b"\n" * (BUDGET - 1)])[:2]


def test_the_answer_stays():
    """Bytes behind the place change nothing."""
    locator = Locator()
    assert Finding.HEAD is locator.feed(b"<head>")
    assert Finding.HEAD is locator.feed(b"<head>")
    assert (Finding.HEAD, 6) == (locator.close(), locator.offset)


PIECES = [
    b"<", b">", b"!", b"--", b"-", b"/", b"?", b"=", b'"', b"'", b" ", b"\n", b"a", b"<head",
    b"<html", b"<!--", b"-->", b"<!doctype", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\x1b",
    b"\x81\x40", b"]]>",
]  # fmt: skip
SOUP = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=40)


@given(SOUP, st.booleans(), st.sampled_from([None, "utf-16", "utf-8"]), st.integers(1, 99))
def test_any_bytes_give_one_answer_however_they_are_cut(soup, xhtml, charset, budget):
    """Never an exception, never a place outside the page, the same for every split."""
    settings = {"xhtml": xhtml, "charset": charset, "budget": budget}
    page = b"".join(soup)
    whole = run([page], **settings)

    assert whole[:2] == run(soup, **settings)[:2]
    assert whole[:2] == run([page[at : at + 1] for at in range(len(page))], **settings)[:2]
    assert whole[0] is not Finding.MORE
    assert whole[1] is None or 0 <= whole[1] <= min(len(page), budget)


@given(SOUP)
def test_nothing_goes_in_front_of_a_doctype(soup):
    """A script at byte 0 would put the page into quirks mode."""
    page = b"<!-- a --> <!doctype html>" + b"".join(soup)
    finding, offset, _ = run([page])
    assert not finding.found or offset >= 26


TOKENS = """<!doctype html>|<html>|<html lang=en>|<head>|<HEAD a='>'>|<head/>|<!-- <head> -->
|<!---->|<!-->|<!-- a --!>|<!x>|<?x?>|</>|</ x>|</p>|</p a='>'>|</head>|</body>|</br>|<body>|<p>
|<title>t</title>|<script>'<head>'</script>|<noscript>n</noscript>|<header>|text| |<frameset>
|<meta charset=utf-8>|<table>|<![CDATA[x]]>|<template><head></template>|<svg>|<3|<!doctype x>
""".split("|")
DIFFERENCE = """(pages) => {
  const parse = (text) => new DOMParser().parseFromString(text, "text/html");
  const write = (dom) => dom.compatMode + [...dom.childNodes].map((node) =>
    node.nodeType + (node.outerHTML || node.data || node.name));
  return pages.filter(([page, tagged]) => {
    const [was, is] = [parse(page), parse(tagged)], tag = is.querySelector("script[k]");
    if (!tag || is.head.firstChild !== tag) return true;
    tag.remove();
    return write(was) !== write(is);
  });
}"""


TAG = (
    f'<script src="{OBS}observer.1.js" integrity="sha256-x" crossorigin=anonymous data-k=t>'
    "</script>"
).encode()


def test_html5lib_reads_the_same_page_with_the_tag_in_its_place():
    """As browsers do: first child of head, and all the rest as it was."""
    drawn, places = random.Random(6), 0
    for _ in range(600):
        page = "".join(drawn.choices(TOKENS, k=drawn.randrange(1, 9))).encode()
        finding, offset, _codec = run([page])
        if finding.found:
            sent = Sent(Page("soup", page), "identity", "whole", "none", "length")
            tagged = page[:offset] + TAG + page[offset:]
            assert "tagged" == compare(sent, tagged, "http://a.example"), page
            places += 1
    assert places > 400


@pytest.mark.browser
async def test_chromium_reads_the_same_page_with_the_tag_in_its_place():
    """The tag is the first child of head; without it the DOM, and its mode, are as they were."""
    drawn, pages = random.Random(5), []
    for _ in range(3000):
        page = "".join(drawn.choices(TOKENS, k=drawn.randrange(1, 9)))
        finding, offset, _codec = run([page.encode()])
        if finding is Finding.HEAD:
            pages.append((page, page[:offset] + "<script k></script>" + page[offset:]))
    assert len(pages) > 2000
    async with chromium() as browser:
        tab = await browser.new_page()
        assert [] == await tab.evaluate(DIFFERENCE, pages)
