"""The stream's callable: the same bytes for every split, and a page whatever breaks."""

import gzip
import random
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from proxy_addon import codec
from proxy_addon.codec import decoder, encoder
from proxy_addon.inject import Injector, tag
from proxy_addon.locate import Finding, Locator
from proxy_addon.meta import MetaFilter
from proxy_addon.policy import Reason, media_type
from proxy_addon.prelude import Front
from tests.corpus.pages import Page, generated

INTEGRITY = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
TAG = tag("0123456789abcdef", "1", INTEGRITY, 60 * "k")
RANDOM = random.Random(2)
BODY = b"".join(b"<p id=%d>%d</p>\n" % (i, RANDOM.random() * 1e9) for i in range(3000))
HEAD = b"<!DOCTYPE html>\n<html lang=en><head>"
PAGE = HEAD + b"<title>a page</title></head>" + BODY

CODINGS = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: brotli.compress(data, quality=1),
    "zstd": zstandard.compress,
    "gzip, br": lambda data: brotli.compress(gzip.compress(data), quality=1),
}
BOTH_OUT = pytest.mark.parametrize("output", ["identity", "gzip"])
ALL_IN = pytest.mark.parametrize("encoding", CODINGS)


class Watch:
    """An injector with what it was told and what it told."""

    def __init__(
        self, encoding="identity", output="identity", locator=None, insert=lambda: TAG, relax=None
    ):
        self.told = []
        self.output = output
        self.inject = Injector(
            insert, locator or Locator(), decoder(encoding), encoder(output), self.told.append,
            relax and MetaFilter(relax, 65536),
        )  # fmt: skip

    def run(self, pieces):
        """Send the pieces and the end; give the raw bytes that went out."""
        out = [piece for data in [*pieces, b""] for piece in self.inject(data)]
        assert all(out), "an empty piece would end a chunked body"
        assert self.inject.outcome is self.told[0]
        return b"".join(out)

    def read(self, pieces):
        """What the browser sees of it."""
        return seen(self.run(pieces), self.output)


def seen(data, output):
    return zlib.decompressobj(31).decompress(data) if output == "gzip" else data


def cut(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def test_the_tag_is_as_every_site_will_meet_it():
    """External, blocking, verifiable, ASCII, at most 250 bytes with the longest token."""
    expected = (
        b'<script src="/obs/0123456789abcdef/observer.1.js" integrity="' + INTEGRITY.encode()
        + b'" crossorigin=anonymous data-k=' + 60 * b"k" + b"></script>"
    )  # fmt: skip
    assert expected == TAG
    assert len(TAG) <= 250


def test_the_tag_carries_the_nonce_and_is_well_formed_where_it_must_be():
    """XML knows no attribute without quotes."""
    made = tag("01234567", "2", "sha256-x", "t", nonce="a+/=", xhtml=True)
    assert (
        b'<script src="/obs/01234567/observer.2.js" integrity="sha256-x" nonce="a+/="'
        b' type="text/javascript" crossorigin="anonymous" data-k="t"></script>'
    ) == made


@pytest.mark.parametrize("token", ["a b", "a>b", 'a"b', "a'b", "a&b", "é", "a\n"])
def test_nothing_can_break_out_of_the_tag(token):
    """No part of it comes from a page unexamined."""
    with pytest.raises(ValueError, match="escaped"):
        tag("01234567", "1", "sha256-x", token)
    with pytest.raises(ValueError, match="escaped"):
        tag("01234567", "1", "sha256-x", "t", nonce=token)


@BOTH_OUT
@ALL_IN
@given(st.lists(st.integers(0, 200), max_size=20))
def test_any_split_in_any_coding_gives_the_same_page(encoding, output, sizes):
    """Taking the tag out again gives the origin's page."""
    coded, pieces = CODINGS[encoding](PAGE[:3000]), []
    for size in sizes:
        pieces.append(coded[:size])
        coded = coded[size:]
    watch = Watch(encoding, output)
    got = watch.read([piece for piece in [*pieces, coded] if piece])

    assert HEAD + TAG + PAGE[len(HEAD) : 3000] == got
    assert [Reason.INJECTED] == watch.told


@BOTH_OUT
@ALL_IN
@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_a_long_page_arrives_whole(encoding, output, size):
    """Byte by byte, in segments, at once."""
    page = PAGE if size > 1 else PAGE[:9000]
    watch = Watch(encoding, output)
    assert page.replace(HEAD, HEAD + TAG) == watch.read(cut(CODINGS[encoding](page), size))


@BOTH_OUT
@ALL_IN
@given(st.binary(max_size=80), st.integers(1, 40))
def test_what_is_no_page_comes_out_as_it_went_in(encoding, output, garbage, size):
    """JSON called HTML, an empty body, noise: byte for byte, in whatever coding."""
    watch = Watch(encoding, output)
    coded = CODINGS[encoding](b"{" + garbage)
    out = watch.run(cut(coded, size))

    assert b"{" + garbage == seen(out, output)
    assert [Reason.NOT_MARKUP] == watch.told
    if encoding == output:
        assert coded == out


@BOTH_OUT
@pytest.mark.parametrize("encoding", [name for name in CODINGS if name != "identity"])
def test_a_body_that_is_not_in_its_coding_goes_out_raw(encoding, output):
    """A server that names gzip and sends text: the same bytes, and nobody waits."""
    watch = Watch(encoding, output)
    out = watch.run(cut(PAGE, 500))
    assert PAGE == (out if encoding == output else seen(out, output))
    assert [Reason.UNDECODABLE] == watch.told


@given(st.binary(max_size=60), st.integers(1, 9))
def test_noise_that_claims_to_be_gzip_goes_out_raw(noise, size):
    """From its first byte on, unless it begins as gzip does."""
    assert noise == Watch("gzip", "gzip").run(cut(noise, size))
    if noise[:1] != b"\x1f":
        assert noise == Watch("gzip", "identity").run(cut(noise, size))


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"<", Reason.NO_PLACE),
        (b"<!-- \x1b --><head>", Reason.CHARSET),
        (b"<!--" + 70_000 * b"x", Reason.NO_PLACE),
    ],
)
@BOTH_OUT
def test_a_page_without_a_place_goes_out_unchanged_and_says_why(page, reason, output):
    """A comment of 70 kB is not held longer than the budget."""
    watch = Watch("br", output)
    assert page == watch.read(cut(brotli.compress(page), 10))
    assert [reason] == watch.told


PAGES = [page for page in generated(150, seed=11) if len(page.body) < 40_000]
SOUP = st.binary(max_size=200).map(lambda body: Page("soup", body))


@BOTH_OUT
@ALL_IN
@given(page=st.sampled_from(PAGES) | SOUP, sizes=st.lists(st.integers(1, 3000), max_size=12))
def test_any_page_in_any_split_is_the_same_but_for_the_tag(encoding, output, page, sizes):
    """In whatever letters: the same bytes for every split, and without the tag the origin's."""
    essence, charset = media_type(page.kind)
    coded, pieces = CODINGS[encoding](page.body), []
    for size in sizes:
        pieces.append(coded[:size])
        coded = coded[size:]
    whole, parted = (
        Watch(encoding, output, Locator(charset, xhtml="xhtml" in essence)) for _ in range(2)
    )
    got = parted.read([piece for piece in [*pieces, coded] if piece])

    assert got == whole.read([CODINGS[encoding](page.body)])
    assert whole.told == parted.told
    found = whole.told[0] in (Reason.INJECTED, Reason.SAFE_PLACE)
    tag_ = TAG.decode().encode(whole.inject._locator.text_codec)
    assert got.count(tag_) == found
    assert page.body == got.replace(tag_, b"")


def test_a_safe_place_is_told_apart():
    """The console shows how many pages are watched a little late."""
    watch = Watch()
    assert HEAD[:15] + TAG == watch.read([HEAD[:15]])
    assert [Reason.SAFE_PLACE] == watch.told


def test_a_page_in_utf_16_gets_its_tag_in_utf_16():
    """One byte too many and the rest of the page is Chinese."""
    page = "\ufeff<html><head><title>日本</title>".encode("utf-16-le")
    got = Watch().read(cut(page, 3))
    assert page.decode("utf-16").replace("<head>", "<head>" + TAG.decode()) == got.decode("utf-16")


def test_a_prelude_goes_in_front_of_a_workers_script():
    """The same callable, another place."""
    watch = Watch("gzip", "identity", Front(), lambda: b"/* prelude */")
    assert b"\xef\xbb\xbf/* prelude */self.x = 1" == watch.read(
        cut(gzip.compress(b"\xef\xbb\xbfself.x = 1"), 2)
    )


@BOTH_OUT
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_page_that_comes_bit_by_bit_is_seen_bit_by_bit(encoding, output):
    """The head is there before the body is sent; a line is there before the next."""
    lines = [PAGE[:400], PAGE[400:1000], PAGE[1000:1010]]
    coding = zlib.compressobj(6, zlib.DEFLATED, 31)
    sent = {
        "identity": lines,
        "gzip": [coding.compress(line) + coding.flush(zlib.Z_SYNC_FLUSH) for line in lines],
    }[encoding]
    watch, reader, got = Watch(encoding, output), decoder(output), b""
    for number, data in enumerate(sent):
        out = b"".join(watch.inject(data))
        got += b"".join(reader.decode(out))
        assert b"".join(lines[: number + 1]) == got.replace(TAG, b"")


META = b'<meta http-equiv="Content-Security-Policy" content="%s">'
WITH_META = HEAD + b"<title>t</title>" + META % b"a" + b"</head><body>" + BODY[:3000]
CHANGED = HEAD + TAG + b"<title>t</title>" + META % b"a b" + b"</head><body>" + BODY[:3000]


def with_b(content):
    return content + " b"


@BOTH_OUT
@ALL_IN
@pytest.mark.parametrize("size", [1, 50, 1 << 20])
def test_a_policy_behind_the_tag_is_relaxed_in_the_stream(encoding, output, size):
    """In any coding and any split, and nothing else is."""
    watch = Watch(encoding, output, relax=with_b)

    assert CHANGED == watch.read(cut(CODINGS[encoding](WITH_META), size))


@BOTH_OUT
@ALL_IN
@pytest.mark.parametrize("end", [len(HEAD) + 4, len(HEAD) + 30, WITH_META.index(b"a\">")])
def test_what_is_held_behind_the_tag_goes_out_at_the_end(encoding, output, end):
    """A page may end, or break off, within its head."""
    coded = CODINGS[encoding](WITH_META[:end])
    expected = HEAD + TAG + WITH_META[len(HEAD) : end]

    assert expected == Watch(encoding, output, relax=with_b).read([coded])
    assert expected == Watch(encoding, output, relax=with_b).read(cut(coded, 1))


def test_what_is_held_goes_out_when_the_page_breaks_off():
    """The browser shows as much as it would without us."""
    coded = gzip.compress(WITH_META[:70], 0)
    watch = Watch("gzip", relax=with_b)
    got = watch.run([coded[: 15 + len(HEAD)], coded[15 + len(HEAD) : 78], b"garbage" * 9])

    assert got.startswith(HEAD + TAG + WITH_META[len(HEAD) : 60])
    assert [Reason.INJECTED, Reason.CUT] == watch.told


def test_a_policy_that_cannot_be_read_costs_its_page_nothing():
    """It goes out as it came, and so does the rest."""

    def broken(_):
        raise RuntimeError

    watch = Watch(relax=broken)
    assert HEAD + TAG + WITH_META[len(HEAD) :] == watch.read(cut(WITH_META, 20))
    assert [Reason.INJECTED] == watch.told


def test_without_a_tag_no_policy_is_touched():
    """A page that goes unwatched is the origin's, byte for byte; one in UTF-16 is not read on."""
    assert WITH_META == Watch(insert=lambda: 1 / 0, relax=with_b).read(cut(WITH_META, 9))
    wide = Watch(locator=Locator("utf-16le"), relax=with_b)
    expected = (HEAD + TAG + WITH_META[len(HEAD) :]).decode("latin-1").encode("utf-16-le")
    assert expected == wide.read([WITH_META.decode("latin-1").encode("utf-16-le")])


def test_large_pieces_are_not_flushed():
    """A flush costs bytes and helps nobody when the next piece is behind it."""
    coded = gzip.compress(PAGE)
    whole = Watch("identity", "gzip").run([PAGE])
    small = Watch("identity", "gzip").run(cut(PAGE, 1000))
    assert len(whole) < len(small) < 2 * len(coded)


def test_nothing_is_copied_once_the_tag_is_in_an_uncoded_page():
    """The callable is then the identity."""
    watch, piece = Watch(), b"<p>"
    watch.inject(PAGE)
    assert watch.inject(piece)[0] is piece
    assert [] == watch.inject(b"") == watch.inject(b"")


@BOTH_OUT
def test_a_page_corrupt_behind_its_head_breaks_off_there(output):
    """As it would without us; it never hangs, and the counter knows."""
    coding = zlib.compressobj(6, zlib.DEFLATED, 31)
    coded = coding.compress(PAGE[:40_000]) + coding.flush(zlib.Z_SYNC_FLUSH)
    watch = Watch("gzip", output)
    got = watch.read([*cut(coded, 500), b"\xff" * 20, b"and more"])
    assert HEAD + TAG + PAGE[len(HEAD) : 40_000] == got
    assert [Reason.INJECTED, Reason.CUT] == watch.told
    assert [] == watch.inject(b"more") == watch.inject(b"")


def test_a_page_that_is_corrupt_in_the_piece_of_its_head_breaks_off_too():
    """The head of that piece is shown."""
    page = HEAD + BODY * 3
    coded = gzip.compress(page)
    watch = Watch("gzip", "identity")
    got = watch.read([coded[:-8] + b"12345678"])
    assert got.startswith(HEAD + TAG) and page.startswith(got.replace(TAG, b""))
    assert [Reason.INJECTED, Reason.CUT] == watch.told


@BOTH_OUT
def test_a_page_corrupt_in_front_of_its_head_is_shown_as_far_as_it_goes(output):
    """In the coding that the browser was told of; raw only where that is the origin's."""
    coding = zlib.compressobj(0, zlib.DEFLATED, 31)
    start = b"<!-- " + 2000 * b"x"
    coded = coding.compress(start) + coding.flush(zlib.Z_SYNC_FLUSH)
    watch = Watch("gzip", output)
    out = watch.run([coded, b"\xff" * 20])
    if output == "gzip":
        assert coded + b"\xff" * 20 == out
    else:
        assert start == out
    assert [Reason.UNDECODABLE] == watch.told
    assert watch.inject.cut is (output == "identity")


@BOTH_OUT
@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
@pytest.mark.parametrize("end", [10, len(HEAD), len(HEAD) + 30, 5000])
def test_a_page_whose_origin_breaks_off_is_shown_as_far_as_it_came(encoding, output, end):
    """Held in front of its head, behind it, or in the compressor; and its end is none."""
    made = {"gzip": zlib.compressobj(6, zlib.DEFLATED, 31), "br": brotli.Compressor(quality=1)}
    coding, text = made.get(encoding), PAGE[:end]
    sent = (coding.compress if encoding == "gzip" else coding.process)(text) if coding else text
    sent += coding.flush(*([zlib.Z_SYNC_FLUSH] if encoding == "gzip" else [])) if coding else b""
    watch = Watch(encoding, output)
    out = b"".join((*watch.inject(sent), *watch.inject.break_off()))

    assert text == seen(out, output).replace(TAG, b"")
    assert output == "identity" or not out or not ended(out)
    assert not watch.inject.cut
    assert (watch.inject.patience > 0) is (end >= len(HEAD))


def ended(coded):
    """Whether a gzip member is whole."""
    reader = zlib.decompressobj(31)
    reader.decompress(coded)
    return reader.eof


def test_a_bomb_behind_the_head_ends_the_page():
    """And what it would swell to is never held."""
    bomb = brotli.compress(PAGE + bytes(50 << 20), quality=5)
    watch = Watch("br", "identity")
    out = watch.read([bomb])
    assert out.startswith(HEAD + TAG)
    assert len(out) <= max(codec.FLOOR, codec.RATIO * len(bomb))
    assert [Reason.INJECTED, Reason.CUT] == watch.told


def test_a_bomb_without_a_head_is_never_decoded():
    """Not a page, found out after one step."""
    bomb = gzip.compress(bytes(50 << 20))
    assert bomb == Watch("gzip", "gzip").run([bomb])


# Faults of our own: every state of the callable, with something in it that raises.


class Faulty:
    """Stands in any place of the injector and fails when it is used."""

    def __init__(self, real, *failing):
        self._real = real
        self._failing = failing

    def __getattr__(self, name):
        if name in self._failing:
            raise RuntimeError("planted")
        return getattr(self._real, name)


def run_with(pieces, insert=lambda: TAG, locator=None, decode=None, encode=None, report=None):
    told = []

    def listen(reason):
        told.append(reason)
        if report:
            raise report

    inject = Injector(
        insert, locator or Locator(), decode or decoder(""), encode or encoder("identity"), listen
    )
    out = [piece for data in [*pieces, b"", b""] for piece in inject(data)]
    return b"".join(out), told


def test_without_a_token_the_page_goes_out_untagged():
    """In either coding, and the counter says that it is our fault."""
    coded = gzip.compress(PAGE)

    def fail():
        raise RuntimeError("planted")

    assert (PAGE, [Reason.BUG]) == run_with([PAGE], fail)
    assert (PAGE, [Reason.BUG]) == run_with([coded], fail, decode=decoder("gzip"))
    assert (coded, [Reason.BUG]) == run_with(
        [coded], fail, decode=decoder("gzip"), encode=encoder("gzip")
    )


@pytest.mark.parametrize("method", ["feed", "close"])
def test_a_locator_that_fails_costs_the_tag_only(method):
    """The page is served."""
    page = b"<!-- never closed"
    out = run_with(cut(page, 5), locator=Faulty(Locator(), method))
    assert (page, [Reason.BUG]) == out
    coded = gzip.compress(page)
    out = run_with([coded], locator=Faulty(Locator(), method), decode=decoder("gzip"))
    assert (page, [Reason.BUG]) == out


@pytest.mark.parametrize("failing", ["decode", "trust"])
def test_a_decoder_that_fails_lets_the_raw_bytes_pass(failing):
    """Those that were held and those that come."""
    faulty = Faulty(decoder(""), failing)
    assert (PAGE, [Reason.BUG]) == run_with(cut(PAGE, 500), decode=faulty)


@BOTH_OUT
@pytest.mark.parametrize("size", [100, 1 << 20])
def test_a_decoder_that_fails_is_replaced_where_the_browser_waits_for_another_coding(output, size):
    """The raw bytes would be no page to it; the tag alone is lost."""
    pieces = cut(brotli.compress(PAGE, quality=1), size)
    made, real = [], decoder("br")
    faulty = Faulty(real, "trust")
    out, told = run_with(pieces, decode=faulty, encode=encoder(output), insert=lambda: made[0])

    assert PAGE == seen(out, output)
    assert [Reason.BUG] == told


def test_an_encoder_that_fails_at_the_head_lets_the_raw_bytes_pass():
    """Nothing has gone out: nothing is lost."""
    faulty = Faulty(encoder("gzip"), "encode")
    assert (PAGE, [Reason.BUG]) == run_with(cut(PAGE, 500), encode=faulty)


def test_an_encoder_that_fails_later_ends_the_body():
    """A truncated stream, never a hang."""
    real = encoder("gzip")
    faulty = Faulty(real, "finish")
    out, told = run_with([PAGE[:400], PAGE[400:800]], encode=faulty)
    assert PAGE[:800] == seen(out, "gzip").replace(TAG, b"")
    assert [Reason.INJECTED, Reason.CUT] == told


def test_an_encoder_that_fails_twice_still_loses_no_raw_byte():
    """A broken page and a broken encoder at once: what came goes out."""
    coding = zlib.compressobj(0, zlib.DEFLATED, 31)
    coded = coding.compress(b"<!-- ") + coding.flush(zlib.Z_SYNC_FLUSH) + b"\xff" * 20
    faulty = Faulty(encoder("identity"), "encode")
    assert (coded, [Reason.UNDECODABLE]) == run_with(
        [coded[:-20], coded[-20:]], decode=decoder("gzip"), encode=faulty
    )


def test_a_counter_that_fails_does_not_take_the_page_with_it():
    """The page is the user's, the counter is ours."""
    out, told = run_with([PAGE], report=RuntimeError("planted"))
    assert (HEAD + TAG + PAGE[len(HEAD) :], [Reason.INJECTED]) == (out, told)


class Undecided:
    """A locator that breaks its promise to decide at the end."""

    offset, text_codec = 0, "ascii"

    def feed(self, _):
        return Finding.MORE

    def close(self):
        return Finding.MORE


def test_a_locator_that_never_decides_is_a_bug_and_not_a_hang():
    """At the end of the body everything that is held goes out."""
    assert (PAGE, [Reason.BUG]) == run_with(cut(PAGE, 500), locator=Undecided())


SKIPPED = (0x184D2A50).to_bytes(4, "little") + (1000).to_bytes(4, "little") + bytes(1000)
NOTHING = {
    "deflate": (b"\x78\x9c", b"\0\0\0\xff\xff" * 13_000),
    "gzip": (gzip.compress(b""), gzip.compress(b"") * 3_000),
    "zstd": (zstandard.compress(b""), SKIPPED * 65),
}


def most_held(watch, pieces):
    """The most that an injector holds between two pieces."""
    most = 0
    for piece in pieces:
        watch.inject(piece)
        most = max(most, sum(map(len, watch.inject._raw)) + sum(map(len, watch.inject._held)))
    return most


@BOTH_OUT
@pytest.mark.parametrize("start", [b"", b"<!-- ", b"<!doctype html>"])
@pytest.mark.parametrize("encoding", NOTHING)
def test_bytes_that_stand_for_nothing_are_not_held_for_ever(encoding, start, output):
    """They are given up, and the page counts as one whose head never came."""
    watch = Watch(encoding, output)
    first, nothing = NOTHING[encoding]
    if start and encoding == "deflate":
        made = zlib.compressobj()
        first = made.compress(start) + made.flush(zlib.Z_SYNC_FLUSH)
    elif start:
        first = CODINGS[encoding](start)

    assert most_held(watch, [first, *[nothing] * 20]) < 512 << 10
    assert [Reason.SAFE_PLACE if b"!doc" in start else Reason.NO_PLACE] == watch.told


@BOTH_OUT
@given(
    encoding=st.sampled_from(sorted(CODINGS)),
    units=st.lists(st.sampled_from([b"", b" ", b"<!-- ", b"-->", b"<", b"\0", b"x"]), max_size=6),
    size=st.sampled_from([100, 65_536, 300_000]),
    noise=st.booleans(),
)
def test_what_is_held_is_bounded_for_any_stream(output, encoding, units, size, noise):
    """By the budget of the search, one decoded step and what may be idle."""
    text = (b"".join(units) * size)[:size]
    body = text if noise else CODINGS[encoding](text) + bytes(size)

    assert most_held(Watch(encoding, output), cut(body * 2, 65_536)) < 1 << 20
