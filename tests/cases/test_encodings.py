"""Cases 40 to 51: pages in every coding, in any pieces, and codings that lie."""

import asyncio
import contextlib
import gzip
import os
import zlib

import brotli
import pytest
import pytest_asyncio
import zstandard

from tests.cases.registry import case, plant
from tests.cases.served import (
    DOCUMENT,
    Raw,
    alike,
    got,
    parted,
    put,
    raw_origin,
    said,
    tag_in,
    unchunked,
)
from tests.e2e.browsing import SYMBOL, quiet_street
from tests.proxy_addon.harness import PATIENCE, House, connected, ingest, running, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

CODEC = "proxy_addon/codec.py"
TEXT = "".join(f"<p id=p{n}>{n * 7919 % 104729}</p>\n" for n in range(3000)).encode()
FRONT = b"<!doctype html><html><head>"
PAGE = FRONT + b"<title>t</title></head><body>page" + TEXT + b"</body></html>"
PLACE = len(FRONT)
ACCEPTS = DOCUMENT | {"Accept-Encoding": "gzip, deflate, br, zstd"}


def raw_deflate(data):
    """Without zlib's wrapper, as some servers mean `deflate`."""
    made = zlib.compressobj(6, zlib.DEFLATED, -15)
    return made.compress(data) + made.flush()


def with_fields(data):
    """A gzip member with every optional field in its header (RFC 1952, 2.3)."""
    plain = gzip.compress(data)
    head = plain[:3] + bytes([2 | 4 | 8 | 16]) + plain[4:10]
    head += b"\x05\x00extra" + b"page.html\0" + b"a comment\0"
    return head + (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little") + plain[10:]


def cut(data, size):
    """In pieces."""
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def packed(tmp_path_factory):
    """A road whose proxy gives browsers gzip."""
    async with quiet_street(tmp_path_factory.mktemp("packed"), "compress = true") as own:
        yield own


async def decoded(road, coding, *bodies, shown=None, size=None):
    """Serve a page in a coding, whole and in small pieces: it comes as it was, with the tag."""
    headers = [("Content-Encoding", coding)]
    urls = []
    for number, body in enumerate(bodies):
        for pieces in ([body], [*cut(body[:99], 1), *cut(body[99:], size or 1000)]):
            url = put(road.plain, f"/coded{number}{len(pieces)}", *pieces, headers=headers)
            answer = await got(road, url, ACCEPTS)
            text = answer.body
            if answer.value("content-encoding") == "gzip":
                text = gzip.decompress(text)
            assert (PLACE, shown or PAGE) == tag_in(text), (coding, number, len(pieces))
            urls.append(url)
    return urls


@case(40, plant(CODEC, "_Inflate(zlib if data[3] else _zlib, _GZIP)", "_Inflate(_zlib, _GZIP)"))
async def test_gzip_with_a_name_and_more_in_its_header_is_read(town):
    """Split anywhere; several members are one page."""
    members = gzip.compress(PAGE[:50]) + with_fields(PAGE[50:])
    coding = [with_fields(PAGE), members, gzip.compress(PAGE, 1)]
    urls = await decoded(town, "gzip", *coding)
    await decoded(town, "x-gzip", coding[0])
    await alike(town, [urls[0], urls[1]])


@case(41, plant(CODEC, "_Inflate(_zlib, zlib.MAX_WBITS if wrapped else _RAW)",
                "_Inflate(_zlib, zlib.MAX_WBITS)"))  # fmt: skip
async def test_deflate_is_read_in_both_its_meanings(town):
    """With zlib's wrapper, as it is defined, and raw, as it is sent."""
    await alike(town, await decoded(town, "deflate", zlib.compress(PAGE), raw_deflate(PAGE)))


@case(42, plant(CODEC, '    "br": _brotli,', '    "br": _zstd,'))
async def test_brotli_of_the_widest_window_is_read(road):
    """Windows of 16 MiB, and the least; https, as browsers want it."""
    for window in (10, 24):
        await decoded(road, "br", brotli.compress(PAGE, quality=5, lgwin=window))


@case(42)
async def test_a_browser_shows_a_page_that_came_in_brotli(town):
    """Over https, without which no browser offers it."""
    body = brotli.compress(PAGE, quality=9, lgwin=24)
    url = put(town.secure, "/br", *cut(body, 4000), headers=[("Content-Encoding", "br")])
    await alike(town, [url])
    assert all("br" in seen.values("accept-encoding")[0] for seen in town.secure.seen[-2:])


@case(43, plant(CODEC, "decompressobj(read_across_frames=True)", "decompressobj()"))
async def test_zstd_is_read_frame_after_frame(road):
    """With a skippable one between them (RFC 8878, 3.1.2)."""
    skipped = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"meta!"
    frames = zstandard.compress(PAGE[:99]) + skipped + zstandard.compress(PAGE[99:])
    checked = zstandard.ZstdCompressor(write_checksum=True, write_content_size=False)
    await decoded(road, "zstd", zstandard.compress(PAGE), frames, checked.compress(PAGE))


@case(44, plant(CODEC, '                        raise CodecError("no gzip")',
                "                        return"))  # fmt: skip
async def test_a_page_that_only_claims_to_be_coded_is_served(road):
    """Every byte of it, in one piece or byte by byte; unwatched, and counted."""
    name = 'unwatched_total{reason="undecodable"}'
    before, asked = road.people.counters.get(name, 0), 0
    for coding in ("gzip", "br", "zstd", "deflate", "gzip, br"):
        for pieces in ([PAGE], [*cut(PAGE[:60], 1), PAGE[60:]]):
            url = put(road.plain, "/liar", *pieces, headers=[("Content-Encoding", coding)])
            answer = await got(road, url, ACCEPTS)
            asked += 1
            assert (200, PAGE) == (answer.status, answer.body), coding
    await until(lambda: road.people.counters[name] >= before + asked)


def corrupt():
    """gzip that is right for some 8 kB, and then is not."""
    made = zlib.compressobj(6, zlib.DEFLATED, 31)
    good = made.compress(PAGE[:8000]) + made.flush(zlib.Z_SYNC_FLUSH)
    return good, b"\xff" * 99


CODED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\n"
ASK = (
    "GET {} HTTP/1.1\r\nHost: a\r\nSec-Fetch-Dest: document\r\nAccept-Encoding: gzip\r\n"
    "Connection: close\r\n\r\n"
)


def chunks(*pieces):
    """A whole chunked body."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


@case(45, plant("proxy_addon/inject.py", "        self.cut = self.cut or reason is Reason.CUT",
                "        self.cut = False"))  # fmt: skip
@pytest.mark.parametrize("compressing", [False, True])
async def test_a_page_that_is_corrupt_half_way_breaks_off_there(road, packed, compressing):
    """What came before is shown, and the end is none: as it would be without us."""
    road = packed if compressing else road
    async with raw_origin() as origin:
        url = origin.put("/corrupt", CODED + b"Transfer-Encoding: chunked\r\n\r\n",
                         chunks(*corrupt(), b"more"))  # fmt: skip
        answer = parted(await said(road, ASK.format(url).encode()))
    body, ended = unchunked(answer.body)
    if compressing:
        body = zlib.decompressobj(31).decompress(body)
    assert (200, False) == (answer.status, ended)
    assert (PLACE, PAGE[:8000]) == tag_in(body)


STATE = "[document.querySelectorAll('p').length > 100, document.title, document.readyState]"


@case(45)
async def test_a_browser_sees_a_corrupt_page_fail_as_without_us(town):
    """Its text as far as it goes, and a document that is never complete."""
    gate = asyncio.Event()
    good, bad = corrupt()
    url = put(town.plain, "/rotten", good, gate, bad, headers=[("Content-Encoding", "gzip")])
    async with town.page(town.direct) as bare, town.page() as seen:
        for page in (bare, seen):
            gate.clear()
            loading = asyncio.ensure_future(page.goto(url))
            await page.wait_for_function("document.querySelectorAll('p').length > 100")
            gate.set()
            await quietly(loading)

        async def failed_alike():
            was, now = await bare.evaluate(STATE), await seen.evaluate(STATE)
            if town.name == "chromium":
                return was == now == [True, "t", was[2]], was, now
            # where the text is readable without us, Firefox shows an error in its place
            return was[1] != "t" and now == [True, "t", was[2]], was, now

        end = asyncio.get_running_loop().time() + PATIENCE
        while not (found := await failed_alike())[0]:
            assert asyncio.get_running_loop().time() < end, found
            await asyncio.sleep(0.1)
        assert 1 == await seen.evaluate(SYMBOL)


async def quietly(loading):
    """Let a load fail, which may take for ever to be told."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(loading, 3)


@case(46, plant("proxy_addon/headers.py", "    return value if kept == offers else b",
                "    return value if True else b"))  # fmt: skip
async def test_dictionaries_are_not_offered_for_pages_and_untouched_for_scripts(road):
    """Nobody between can undo them; a script's are the browser's business, both ways."""
    offer = {
        "Accept-Encoding": "gzip, br, zstd, dcb, dcz, sdch", "Available-Dictionary": ":abc=:",
        "Dictionary-ID": '"d"',
    }  # fmt: skip
    names = ("accept-encoding", "available-dictionary", "dictionary-id")
    put(road.plain, "/page", PAGE)
    await got(road, road.plain.url + "/page", DOCUMENT | offer)
    assert [["gzip, br, zstd"], [], []] == [road.plain.seen[-1].values(name) for name in names]
    headers = [("Content-Encoding", "dcb"), ("Use-As-Dictionary", 'match="/*"')]
    script = put(road.plain, "/a.js", b"\xff44\0coded", kind="text/javascript", headers=headers)
    answer = await got(road, script, {"Sec-Fetch-Dest": "script", **offer})
    assert [[value] for value in offer.values()] == [
        road.plain.seen[-1].values(name) for name in names
    ]
    assert ("dcb", 'match="/*"', b"\xff44\0coded") == (
        answer.value("content-encoding"), answer.value("use-as-dictionary"), answer.body,
    )  # fmt: skip
    page = put(road.plain, "/coded", b"\xff44\0coded", headers=headers)
    passed = await got(road, page, DOCUMENT | offer)
    assert ("dcb", b"\xff44\0coded") == (passed.value("content-encoding"), passed.body)


@case(47, plant(CODEC, "RATIO: Final = 200", "RATIO: Final = 2_000_000"))
async def test_a_bomb_goes_off_nowhere(road):
    """Behind the head of a page: little of it is decoded, and the page breaks off."""
    front = FRONT + os.urandom(66_000).hex().encode()
    bomb = brotli.compress(front + b" " * (200 << 20), quality=4, lgwin=24)
    assert len(bomb) < 100_000
    async with raw_origin() as origin:
        head = CODED.replace(b"gzip", b"br") + b"Content-Length: %d\r\n\r\n" % len(bomb)
        answer = parted(await said(road, ASK.format(origin.put("/bomb", head, bomb)).encode()))
    body, ended = unchunked(answer.body)
    place, text = tag_in(body[:3300])
    assert (PLACE, True) == (place, text.startswith(front[:3000]))
    assert not ended
    assert len(body) < 2 << 20


@case(48, plant(CODEC, "for name in reversed(names)]", "for name in names]"))
async def test_codings_upon_each_other_are_undone_in_turn(road):
    """Two, three, one of them none; more than that is no page of anybody."""
    brown = brotli.compress(gzip.compress(PAGE), quality=4)
    await decoded(road, "gzip, br", brown)
    await decoded(road, "gzip, identity, BR", brown)
    await decoded(road, "gzip, br, deflate", zlib.compress(brown))
    await decoded(road, "gzip, gzip", gzip.compress(gzip.compress(PAGE)))
    headers = [("Content-Encoding", "gzip"), ("Content-Encoding", "br")]
    answer = await got(road, put(road.plain, "/lines", brown, headers=headers), ACCEPTS)
    assert (PLACE, PAGE) == tag_in(answer.body)
    deep = gzip.compress(brown)
    headers = [("Content-Encoding", "gzip, br, gzip, identity, gzip")]
    answer = await got(road, put(road.plain, "/deep", deep, headers=headers), ACCEPTS)
    assert (deep, "gzip, br, gzip, identity, gzip") == (
        answer.body, answer.value("content-encoding"),
    )  # fmt: skip


@case(49, plant("proxy_addon/inject.py", "        return [whole] if whole else []",
                "        return [whole]"))  # fmt: skip
async def test_pieces_of_one_byte_and_of_none_make_the_same_page(road):
    """In any coding; a coding that has nothing to give yet does not end the page."""
    short = PAGE[: PLACE + 300]
    coded = {
        "identity": short, "gzip": gzip.compress(short), "br": brotli.compress(short),
        "deflate": zlib.compress(short), "zstd": zstandard.compress(short),
    }  # fmt: skip
    for coding, body in coded.items():
        await decoded(road, coding, body, shown=short, size=1)
    made = zlib.compressobj(6, zlib.DEFLATED, 31)
    empty = [made.flush(zlib.Z_SYNC_FLUSH) for _ in range(3)]
    body = [*empty, made.compress(short), made.flush(zlib.Z_SYNC_FLUSH), made.flush()]
    headers = [("Content-Encoding", "gzip")]
    answer = await got(road, put(road.plain, "/nothing", *body, headers=headers), ACCEPTS)
    assert (PLACE, short) == tag_in(answer.body)


@case(50, plant("proxy_addon/inject.py", "        return [whole] if whole else []",
                '        return [whole] if whole else b""'))  # fmt: skip
async def test_holding_back_does_not_end_the_page(packed, road):
    """Nothing of the body has gone out while its head is searched, and no last chunk either."""
    for own in (road, packed):
        for coding in ("identity", "gzip"):
            await held(own, coding)


async def held(road, coding):
    """A page whose head comes in three pieces, each sent when the one before was read."""
    made = zlib.compressobj(6, zlib.DEFLATED, 31)
    pieces = [b"<!-- one", b" two -->", b"<!doctype html><head>", b"<p>body"]
    sent = pieces
    if coding == "gzip":
        sent = [made.compress(piece) + made.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
        sent[-1] += made.flush()
    gates = [asyncio.Event() for _ in range(3)]
    mixed = [one for pair in zip(sent, gates, strict=False) for one in pair] + sent[3:]
    url = put(road.plain, "/held", *mixed, headers=[("Content-Encoding", coding)])
    async with connected(road.proxy, road.plain.url, road.house) as client:
        await client.send(target=url.removeprefix(road.plain.url), headers=ACCEPTS)
        answer = await client.head()
        for gate in gates:
            gate.set()
        body = b"".join([piece async for piece in client.pieces()])
    if answer.value("content-encoding") == "gzip":
        body = gzip.decompress(body)
    assert (len(b"".join(pieces[:3])), b"".join(pieces)) == tag_in(body)


FAULT = """
from proxy_addon.codec import Decoder
real, used = Decoder.decode, []
def broken(self, data):
    if self not in used:
        used.append(self)
    if used.index(self) % 2 == 0:
        raise RuntimeError("http://secret.example/?q")
    return real(self, data)
Decoder.decode = broken
"""


@case(51, plant("proxy_addon/inject.py", "except Exception as error:  # a bug of ours may cost",
                "except KeyError as error:  # a bug of ours may cost"))  # fmt: skip
async def test_a_fault_of_ours_costs_the_tag_and_not_the_page(tmp_path):
    """Another decoder does what the first could not; where none is needed, none is asked."""
    house = House(tmp_path)
    house.write('allow_private = ["127.0.0.0/8"]')
    script = tmp_path / "fault.py"
    script.write_text(FAULT)
    with running("launcher", house, script) as proxy:
        async with ingest(house) as people, raw_origin() as origin:
            road = Road(house, proxy, origin)
            for coding, body in (("gzip", gzip.compress(PAGE)), ("identity", PAGE)):
                head = CODED.replace(b"gzip", coding.encode())
                url = origin.put(f"/{coding}", head + b"Transfer-Encoding: chunked\r\n\r\n",
                                 chunks(*cut(body, 5000)))  # fmt: skip
                answer = parted(await said(road, ASK.format(url).encode()))
                assert (PAGE, True) == unchunked(answer.body)
            name = 'unwatched_total{reason="bug"}'
            await until(lambda: people.counters.get(name, 0) >= 2)
        assert "secret" not in "".join(proxy.log)


class Road:
    """As little of a street as is needed."""

    def __init__(self, house: House, proxy: object, plain: Raw) -> None:
        self.house, self.proxy, self.plain = house, proxy, plain


NOISE = os.urandom(70_000)


@case(45)
async def test_a_whole_page_of_noise_in_gzip_is_noise_without_us_too(packed):
    """Corrupt from the beginning: what the browser gets is what the origin sent."""
    url = put(packed.plain, "/noise", b"\x1f\x8b\x08\0" + NOISE,
              headers=[("Content-Encoding", "gzip")])  # fmt: skip
    answer = await got(packed, url, ACCEPTS)
    assert ("gzip", b"\x1f\x8b\x08\0" + NOISE) == (answer.value("content-encoding"), answer.body)
