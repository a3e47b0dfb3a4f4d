"""Cases 1 to 20: where the tag goes, in pages of all sorts."""

import asyncio

import pytest

from tests.cases.registry import case, plant
from tests.cases.served import DOCUMENT, HTML, SHOWN, alike, got, put, tag_in, untagged
from tests.e2e.browsing import SYMBOL
from tests.proxy_addon.harness import PATIENCE, connected

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOCATE = "proxy_addon/locate.py"
REST = "<title>t</title></head><body><p>text</p></body></html>"


async def placed(road, *marked, kind=HTML, codec="latin-1", **fields):
    """Serve pages in which `|` marks the place: there the tag is, and nothing else is changed."""
    urls = []
    for number, text in enumerate(marked):
        before, bar, after = text.partition("|")
        page, at = (before + after).encode(codec), len(before.encode(codec))
        urls.append(put(road.plain, f"/placed{number}", page, kind=kind, **fields))
        answer = await got(road, urls[-1])
        if bar:
            assert (at, page) == tag_in(answer.body, codec), text
        else:
            assert page == answer.body, text
    return urls


@case(1, plant(LOCATE, "        return self._settle(Finding.HEAD, end)",
               "        return self._settle(Finding.HEAD, self._start)"))  # fmt: skip
async def test_the_tag_is_the_first_child_of_head_and_gone_when_the_page_runs(town):
    """Bytes and DOM are the origin's, but for the tag, and the page is watched."""
    urls = await placed(
        town,
        f"<!doctype html><html><head>|{REST}",
        f"<!DOCTYPE html>\n<!-- x -->\n<html lang=en>\n<head>|\n{REST}",
        f"<!doctype html><head/>|{REST}",
    )
    await alike(town, urls)
    async with town.page() as page:
        await page.goto(put(town.plain, "/tall", b"<!doctype html><head><body>watched"))
        await town.is_watched(page)


@case(2, plant(LOCATE, '            case b"":', '            case b"?":'))
async def test_a_head_that_is_split_at_any_byte_is_found(road):
    """Each pair of pieces comes alone: the second is not sent before the proxy read the first."""
    page = b"<!doctype html><html>\n<head lang='x>'><title>t</title>"
    place = page.index(b"<title>")
    async with connected(road.proxy, road.plain.url, road.house) as client:
        for at in range(1, place + 1):
            more = asyncio.Event()
            url = put(road.plain, f"/split{at}", page[:at], more, page[at:], b"tail")
            await client.send(target=url.removeprefix(road.plain.url), headers=DOCUMENT)
            await client.head()
            more.set()
            body = b"".join([piece async for piece in client.pieces()])
            assert (place, page + b"tail") == tag_in(body), at
            client._http.start_next_cycle()


@case(3, plant(LOCATE, '_row("double", dq="between")', '_row("double", dq="between", end="done")'))
async def test_a_bracket_in_a_value_does_not_end_the_tag(town):
    """Quoted in either way, beside names that are no names."""
    await alike(town, await placed(
        town,
        f'<!doctype html><HEAD data-x="a>b">|{REST}',
        f"<!doctype html><html data-y='>'><hEaD data-x='a>b' c>|{REST}",
        f'<!doctype html><head a=">" =b/ c=d>|{REST}',
    ))  # fmt: skip


@case(4, plant(LOCATE, "        name = name if self._xhtml else name.lower()",
               "        name = name[:4].lower()"))  # fmt: skip
async def test_a_header_is_no_head(town):
    """The parser makes a head in front of it, and there the tag goes."""
    await alike(town, await placed(
        town,
        "<!doctype html>\n|<header>a</header><p>b",
        "<!doctype html><html>|<headline>a</headline>",
        "<!doctype html>|<body><head><p>late",
    ))  # fmt: skip


@case(5, plant(LOCATE, '        if data[at : at + 1] == b"<":', "        if True:"))
async def test_text_first_is_no_page_unless_a_doctype_said_so(town):
    """What begins as text may be no HTML at all: it stays as it is."""
    await placed(town, "text first <b>bold</b>", " \n text <html><head></head>")
    await alike(town, await placed(town, "<!doctype html>\n|text first <b>bold</b>"))


@case(6, plant(LOCATE, '        if word[:2] == b"--":', "        if False:"))
async def test_a_head_in_a_comment_is_none(town):
    """However the comment ends."""
    await alike(town, await placed(
        town,
        f"<!-- <head> --><!doctype html><html><head>|{REST}",
        f"<!doctype html><!-- <head> --!><html><head>|{REST}",
        f"<!doctype html><!--><head>|{REST}<!-- -->",
        f"<!doctype html><!-- a <!-- <head> --><html><!-- > --><head>|{REST}",
    ))  # fmt: skip


@case(7, plant(LOCATE, '        end = self._data.find(b"-->", self._at)',
               '        end = self._data.find(b">", self._at)'))  # fmt: skip
async def test_a_conditional_comment_is_a_comment(town):
    """Both kinds, as they stand in front of millions of old pages' heads."""
    await alike(town, await placed(
        town,
        f"<!doctype html><!--[if IE]><head><script>1</script><![endif]--><html><head>|{REST}",
        "<!doctype html><!--[if lt IE 9]><html class=ie><![endif]--><!--[if gt IE 8]><!-->"
        f"<html><!--<![endif]--><head>|{REST}",
        f"<!doctype html><![if !IE]><html><head>|{REST}",
    ))  # fmt: skip


@case(8, plant(LOCATE, 'frozenset({b"html", b"head"})',
               'frozenset({b"html", b"head", b"noscript", b"script"})'))  # fmt: skip
async def test_what_stands_in_scripts_and_noscripts_is_not_read(town):
    """They are the first thing that needs a head: the tag is in front of them."""
    await alike(town, await placed(
        town,
        "<!doctype html>|<noscript><head></noscript><p>a",
        "<!doctype html>|<script>var s = '<head>'</script><p>b",
        "<!doctype html>|<template><head></template><title>c</title>",
        f"<!doctype html><head>|<script>var s = '<head>'</script>{REST}",
    ))  # fmt: skip


@case(9, plant(LOCATE, "        return self._settle(Finding.HEAD, self._start)",
               "        return self._settle(Finding.NO_PLACE, self._start)"))  # fmt: skip
async def test_a_page_without_doctype_keeps_its_quirks(town):
    """compatMode is the same with and without us, and so is the DOM."""
    urls = await placed(town, "|<p>no doctype", "<html><head>|<title>t</title>", "|<div>x</div>")
    await alike(town, urls)
    async with town.both(urls[0]) as (bare, seen):
        modes = [await page.evaluate("document.compatMode") for page in (bare, seen)]
        assert ["BackCompat"] * 2 == modes


LEGACY = {
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">': "BackCompat",
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">':
        "CSS1Compat",
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n "http://www.w3.org/x">':
        "CSS1Compat",
    "<!DOCTYPE html SYSTEM 'about:legacy-compat'>": "CSS1Compat",
    "<!DocType html>": "CSS1Compat",
    "<!doctype nonsense>": "BackCompat",
}  # fmt: skip


@case(10, plant(LOCATE, "        return self._whole(end + 1, telling=True)",
                "        return self._leave()"))  # fmt: skip
async def test_the_tag_is_behind_any_doctype(town):
    """In front of it, it would throw the page back to the rules of 1998."""
    urls = await placed(town, *(f"{one}<html><head>|{REST}" for one in LEGACY))
    await alike(town, urls)
    async with town.page() as page:
        for url, mode in zip(urls, LEGACY.values(), strict=True):
            await page.goto(url)
            assert mode == await page.evaluate("document.compatMode")


@case(11, plant(LOCATE, r'(b"\xef\xbb\xbf", "ascii", 1, 3)', r'(b"\xef\xbb\xbf", "ascii", 1, 0)'))
async def test_a_byte_order_mark_stays_first(town):
    """It outranks every label, and in front of it nothing may stand."""
    mark = "\ufeff"
    for kind in ("text/html", "text/html; charset=windows-1252"):
        await alike(town, await placed(
            town, f"{mark}<!doctype html><head>|<title>é</title>", f"{mark}\n|<p>é",
            kind=kind, codec="utf-8",
        ))  # fmt: skip


@case(12, plant(LOCATE, "        self.offset = at * self._width", "        self.offset = at"))
async def test_a_page_in_utf_16_gets_its_tag_in_utf_16(town):
    """By its mark, or by its label alone."""
    page = "<!doctype html><html><head>|<title>日本 \U0001f600</title><p>\u3c3c"
    for codec in ("utf-16-le", "utf-16-be"):
        for kind in ("text/html", "text/html; charset=utf-8"):
            urls = await placed(town, "\ufeff" + page, kind=kind, codec=codec)
            await alike(town, urls)
        label = codec[:6] + codec[7:]
        await alike(
            town, await placed(town, page, kind=f"text/html; charset={label}", codec=codec)
        )


PADDED = ("<!-- {} -->", "<style>/* {} */</style>", "<script>// {}\n</script>", "<title>{}</title>")


@case(13, plant("proxy_addon/inject.py", ' data-k={token}></script>"',
                ' data-k={token} data-l={token * 20}></script>"'))  # fmt: skip
async def test_a_charset_that_is_named_late_is_still_heeded(town):
    """Browsers look through 1024 bytes for it at least; our tag takes 250 of them at most."""
    urls, meta = [], "<meta charset=windows-1251>"
    for at, pad in zip((900, 1000, 1023, 1024), PADDED, strict=True):
        front = f"<!doctype html><head>|{pad}{meta}"
        room = at - len(front) + len("|{}")
        marked = front.format("x" * room) + "<p>Привет</p>"
        before, _, after = marked.partition("|")
        page = (before + after).encode("cp1251")
        assert at == page.index(b"<p>")
        path, halves = f"/late{len(urls)}", (page[: at - 99], page[at - 99 :])
        urls.append(put(town.plain, path, *halves, kind="text/html"))
        body = (await got(town, urls[-1])).body
        assert (len(before), page) == tag_in(body)
        assert len(body) - len(page) <= 250
    await alike(town, urls)
    async with town.page() as page:
        await page.goto(urls[-1])
        assert "windows-1251" == await page.evaluate("document.characterSet")


LETTERS = {
    "shift_jis": "日本語 表示 ソ",
    "gb18030": "中文 \U0001f600 丂",
    "windows-1251": "Привет",
    "big5": "中文 許功蓋",
    "euc-kr": "한국어",
    "iso-8859-15": "é €",
}
CODECS = {"windows-1251": "cp1251"}


@case(14, plant(LOCATE, r'        if finding.found and b"\x1b" in self._data[:at]:',
                "        if False:"))  # fmt: skip
async def test_letters_of_every_encoding_stay_as_they_are(town):
    """Named by the head or by the page; what hides markup is left alone."""
    for label, letters in LETTERS.items():
        codec = CODECS.get(label, label)
        title = f"<title>{letters}</title><p>{letters}"
        named = f"<!-- {letters} --><!doctype html><html lang='{letters}'><head>|{title}"
        await placed(town, named, kind=f"text/html; charset={label}", codec=codec)
        meta = f"<!-- {letters} --><!doctype html><head>|<meta charset={label}>{title}"
        await alike(town, await placed(town, meta, kind="text/html", codec=codec))
    japanese = "<title>日本語</title><p>表示"
    label = "text/html; charset=iso-2022-jp"
    await alike(town, await placed(
        town, f"<!doctype html><head>|{japanese}", kind=label, codec="iso-2022-jp"
    ))  # fmt: skip
    hiding = f"<!-- 日本 --><!doctype html><head>{japanese}"
    await placed(town, hiding, kind=label, codec="iso-2022-jp")
    await placed(town, "<html><head>+ADw-", kind="text/html; charset=utf-7")


XML = "application/xhtml+xml; charset=utf-8"
NAMESPACE = 'xmlns="http://www.w3.org/1999/xhtml"'


@case(15, plant("proxy_addon/inject.py", """ crossorigin="anonymous" data-k="{token}"></script>'""",
                """ crossorigin=anonymous data-k="{token}"></script>'"""))  # fmt: skip
async def test_xhtml_stays_well_formed(town):
    """The tag has quotes and a place of its own there, or none."""
    rest = "<title>t</title></head><body><p>a<br/>b</p></body></html>"
    urls = await placed(
        town,
        f"<html {NAMESPACE}><head>|{rest}",
        f'<?xml version="1.0"?>\n<!DOCTYPE html>\n<html {NAMESPACE}><!-- > --><head id="h">|{rest}',
        kind=XML,
    )
    await alike(town, urls)
    async with town.page() as page:
        for url in urls:
            await page.goto(url)
            assert XML.startswith(await page.evaluate("document.contentType"))
            assert 0 == await page.evaluate("document.getElementsByTagName('parsererror').length")
    await placed(
        town,
        f"<html {NAMESPACE}><head/><body>empty head</body></html>",
        '<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:head/><h:body>a</h:body></h:html>',
        kind=XML,
    )


@case(16, plant(LOCATE, "            data = data[: self._room]", "            data = data[:]"))
async def test_a_long_comment_does_not_hold_the_page(town):
    """After 64 KiB the tag goes behind the doctype, where there is one; else it is given up."""
    comment = "<!-- " + 200_000 * "x" + " -->"
    await placed(town, f"{comment}<!doctype html><head>{REST}", " " * 99_999 + "<html><head>")
    urls = await placed(town, f"<!doctype html>|{comment}<html><head>{REST}")
    async with town.both(urls[0]) as (bare, seen):
        assert 1 == await seen.evaluate(SYMBOL)
        for what in ("document.compatMode", "document.body.outerHTML", "document.title"):
            assert await bare.evaluate(what) == await seen.evaluate(what)


TINY = (b"", b"a", b"<", b" ", b"\n", b"<h", b"\xef\xbb\xbf", b"\0")


@case(17, plant(LOCATE, "                self._settle(Finding.EMPTY)  #",
                "                self._settle(Finding.HEAD)  #"))  # fmt: skip
async def test_next_to_nothing_stays_next_to_nothing(road):
    """Empty bodies, one byte, half a tag, in every framing; and the next answer is whole."""
    async with connected(road.proxy, road.plain.url, road.house) as client:
        for number, body in enumerate(TINY):
            for framing in ("length", "chunked"):
                path = f"/tiny{number}{framing}"
                put(road.plain, path, body, framing=framing)
                answer = await client.ask(target=path, headers=DOCUMENT)
                assert (200, body) == (answer.status, answer.body)


@case(18, plant(LOCATE, 'frozenset({b"html", b"head"})',
                'frozenset({b"html", b"head", b"frameset"})'))  # fmt: skip
async def test_a_frameset_page_is_watched_and_so_are_its_frames(town):
    """The tag is in a head that the parser makes in front of the frameset."""
    put(town.plain, "/inner", b"<!doctype html><p>inner")
    frames = "<frameset cols='50%,*'><frame src='/inner'><frame src='/inner'></frameset>"
    urls = await placed(
        town, f"<!doctype html><html>|{frames}</html>", f"<html><head>|</head>{frames}</html>"
    )
    await alike(town, urls)
    count = f"[frames[0], frames[1]].map(window => {SYMBOL}).join()"
    async with town.page() as page:
        await page.goto(urls[0])
        assert "1,1" == await page.evaluate(count)


@case(19, plant(LOCATE, '        if data[at : at + 1] == b"<":', "        if True:"))
async def test_what_is_html_by_name_only_is_left_alone(town):
    """JSON, plain text, JSONP: shown as they are, byte for byte."""
    urls = await placed(
        town, '{"html": "<!doctype html><head>"}', "[1, 2]", "plain <head> text",
        "callback({'a': '<html><head>'})", "\n\n  \"<head>\"", "<3 <head>", "- <head>",
    )  # fmt: skip
    async with town.page(town.direct) as bare, town.page() as seen:
        for url in urls:
            await bare.goto(url)
            await seen.goto(url)
            assert await bare.evaluate(SHOWN) == await seen.evaluate(SHOWN)


@case(20, plant("proxy_addon/inject.py", "            if found := self._look(piece):",
                "            if (found := self._look(piece)) and not data:"))  # fmt: skip
@pytest.mark.parametrize("kind", ["text/html", HTML])
async def test_the_head_arrives_before_the_body_is_sent(road, kind):
    """The origin sends each line when the client has the one before."""
    gates = [asyncio.Event() for _ in range(3)]
    lines = [b"<!doctype html><html><head>", b"<title>t</title>", b"<body>", b"end"]
    pieces = [lines[0], gates[0], lines[1], gates[1], lines[2], gates[2], lines[3]]
    url = put(road.plain, "/slowly", *pieces, kind=kind)
    seen, body = b"", b""
    async with connected(road.proxy, road.plain.url, road.house) as client:
        await client.send(target=url.removeprefix(road.plain.url), headers=DOCUMENT)
        await client.head()
        pieces = client.pieces()
        for number, line in enumerate(lines):
            while not body.endswith(line) and not untagged_end(body, line):
                body += await asyncio.wait_for(anext(pieces), PATIENCE)
            seen += line
            assert not gates[number].is_set() if number < 3 else True
            if number < 3:
                gates[number].set()
    assert (len(lines[0]), seen) == tag_in(body)


def untagged_end(body, line):
    """Whether a line is there, with our tag behind it."""
    return not untagged(body) and tag_in(body)[1].endswith(line)
