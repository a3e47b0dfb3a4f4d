"""Codings against the libraries that do them, with ISA-L and without it."""

import gzip
import importlib.util
import random
import sys
import tracemalloc
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from proxy_addon import codec as fast


def without_isal():
    """The same file as it loads on a machine that has no wheel of ISA-L."""
    spec = importlib.util.spec_from_file_location("codec_without_isal", fast.__file__)
    module = importlib.util.module_from_spec(spec)
    hidden = {name: sys.modules.get(name) for name in ("isal", "isal.isal_zlib")}
    sys.modules["isal"] = None
    try:
        spec.loader.exec_module(module)
    finally:
        for name, was in hidden.items():
            sys.modules.pop(name, None)
            if was is not None:
                sys.modules[name] = was
    return module


slow = without_isal()
BOTH = pytest.mark.parametrize("codec", [fast, slow], ids=["isal", "zlib"])


def raw_deflate(data):
    made = zlib.compressobj(6, zlib.DEFLATED, -15)
    return made.compress(data) + made.flush()


def with_name(data):
    """A gzip member with a file name and an extra field in its header."""
    plain = gzip.compress(data)
    return plain[:3] + bytes([4 | 8]) + plain[4:10] + b"\x02\x00xx" + b"page.html\0" + plain[10:]


CODINGS = {
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:]),
    "gzip ": with_name,
    "deflate": zlib.compress,
    "deflate ": raw_deflate,
    "br": lambda data: brotli.compress(data, quality=5),
    "br ": lambda data: brotli.compress(data, quality=5, lgwin=24),
    "zstd": zstandard.compress,
    "zstd ": lambda data: zstandard.compress(data[:7]) + zstandard.compress(data[7:]),
    "gzip, gzip": lambda data: gzip.compress(gzip.compress(data)),
    "GZIP, identity, br": lambda data: brotli.compress(gzip.compress(data), quality=1),
    "br, deflate": lambda data: zlib.compress(brotli.compress(data, quality=1)),
}
WORDS = random.Random(1)
PAGE = b"".join(b"<p class=%d>%d</p>" % (WORDS.random() * 99, i) for i in range(8_000))


def decode(codec, encoding, pieces):
    made = codec.decoder(encoding)
    return b"".join(out for piece in pieces for out in made.decode(piece))


def cut(data, sizes):
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
    yield data[at:]


@BOTH
@pytest.mark.parametrize("encoding", CODINGS)
@given(st.binary(max_size=300), st.lists(st.integers(0, 9), max_size=40))
def test_every_coding_is_undone_for_every_split(codec, encoding, data, sizes):
    """gzip with names and members, deflate in both wrappings, stacks: what went in comes out."""
    coded = CODINGS[encoding](data)
    assert data == decode(codec, encoding, cut(coded, sizes))


@BOTH
@pytest.mark.parametrize("encoding", CODINGS)
def test_a_long_page_comes_in_pieces_that_are_bounded_and_never_empty(codec, encoding):
    """An empty piece would end a chunked body."""
    made = codec.decoder(encoding)
    pieces = list(made.decode(CODINGS[encoding](PAGE)))
    assert PAGE == b"".join(pieces)
    assert all(pieces)
    if encoding != "identity":
        assert max(map(len, pieces)) <= 1 << 19


@BOTH
@pytest.mark.parametrize("encoding", CODINGS)
def test_a_page_that_breaks_off_stays_broken_off(codec, encoding):
    """Not an error: the browser got as much, or as little, without us."""
    coded = CODINGS[encoding](PAGE)
    out = decode(codec, encoding, [coded[: len(coded) // 2]])
    assert PAGE.startswith(out)


@BOTH
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, br"])
def test_bytes_that_are_not_in_their_coding_are_one_error(codec, encoding):
    """Each library has an error of its own; the caller knows one, and its counter's label."""
    with pytest.raises(codec.CodecError) as caught:
        decode(codec, encoding, [b"<!doctype html><html><head></head></html>"])
    assert "undecodable" == caught.value.reason


@BOTH
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(codec, encoding, data):
    """No other exception than ours may reach the stream's callable."""
    try:
        decode(codec, encoding, [data])
    except codec.CodecError:
        pass


@BOTH
def test_padding_behind_a_gzip_member_is_ignored(codec):
    """As browsers do; a checksum that is wrong is not."""
    coded = gzip.compress(PAGE)
    assert PAGE == decode(codec, "gzip", [coded + b"\0\0padding"])
    assert PAGE == decode(codec, "gzip", [coded, b"\0\0", b"padding"])
    assert PAGE == decode(codec, "deflate", [zlib.compress(PAGE), b"padding"])
    with pytest.raises(codec.CodecError):
        decode(codec, "gzip", [coded[:-8] + b"12345678"])


@BOTH
def test_nothing_behind_the_last_gzip_member_is_kept(codec):
    """Padding may go on for ever, and a member that comes behind it is padding too."""
    made = codec.decoder("gzip")
    assert PAGE == b"".join(made.decode(gzip.compress(PAGE)))
    tracemalloc.start()
    try:
        for _ in range(50):
            assert not list(made.decode(bytes(65536)))
        assert not list(made.decode(gzip.compress(PAGE)))
        assert tracemalloc.get_traced_memory()[0] < 65536
    finally:
        tracemalloc.stop()


BOMBS = {
    "gzip": gzip.compress(bytes(40 << 20)),
    "br": brotli.compress(bytes(40 << 20), quality=5),
    "zstd": zstandard.compress(bytes(40 << 20)),
}


@BOTH
@pytest.mark.parametrize("encoding", [*BOMBS, "gzip, gzip"])
def test_a_bomb_is_refused_soon(codec, encoding):
    """One to two hundred, above a floor that leaves a page of spaces alone."""
    bomb = gzip.compress(BOMBS["gzip"]) if "," in encoding else BOMBS[encoding]
    made, given_ = codec.decoder(encoding), 0
    with pytest.raises(codec.BombError) as caught:
        for piece in made.decode(bomb):
            given_ += len(piece)
    assert given_ <= max(codec.FLOOR, codec.RATIO * len(bomb))
    assert "bomb" == caught.value.reason


@BOTH
def test_a_page_of_spaces_is_no_bomb(codec):
    """Below the floor any ratio is believed."""
    spaces = b" " * codec.FLOOR
    assert spaces == decode(codec, "gzip", [gzip.compress(spaces)])


@BOTH
def test_a_head_must_come_within_the_limit_and_then_the_body_may_be_endless(codec):
    """The limit is on the search; a long page that is watched already is a long page."""
    piece = bytes(codec.FLOOR)
    searching, trusting = codec.decoder("identity"), codec.decoder("identity")
    trusting.trust()
    pieces = codec.SCAN_LIMIT // len(piece) + 1
    with pytest.raises(codec.BombError):
        for _ in range(pieces):
            list(searching.decode(piece))
    assert all([piece] == list(trusting.decode(piece)) for _ in range(pieces))


@BOTH
def test_a_decoder_that_nobody_pulls_does_nothing(codec):
    """A body whose head decides against it is not decoded to its end."""
    made = codec.decoder("br")
    assert b"" != next(iter(made.decode(brotli.compress(PAGE, quality=1))))
    assert [] == list(codec.decoder("identity").decode(b""))


@BOTH
@given(st.lists(st.binary(max_size=50), max_size=9), st.sampled_from(["identity", "gzip"]))
def test_what_is_encoded_is_seen_after_a_flush(codec, pieces, encoding):
    """A streamed page must not wait in a compressor for its next line."""
    made, reader = codec.encoder(encoding), codec.decoder(encoding)
    for piece in pieces:
        coded = made.encode(piece) + made.flush()
        assert piece == b"".join(reader.decode(coded))
    assert encoding == made.encoding
    assert [] == list(reader.decode(made.finish()))


@BOTH
def test_gzip_is_read_by_others(codec):
    """One member, with its checksum, as the browser wants it."""
    made = codec.encoder("gzip")
    coded = made.encode(PAGE[:999]) + made.flush() + made.encode(PAGE[999:]) + made.finish()
    assert PAGE == gzip.decompress(coded)
    assert len(coded) < len(PAGE) / 3


@BOTH
def test_unknown_codings_are_refused(codec):
    """A dictionary's coding cannot be undone by anybody else; Brotli is never written."""
    for name in ("dcb", "compress", "gzip, sdch"):
        with pytest.raises(codec.CodecError):
            codec.decoder(name)
    with pytest.raises(codec.CodecError):
        codec.encoder("br")


@pytest.mark.parametrize(
    ("header", "name"),
    [("", "identity"), ("Identity", "identity"), (" GZIP ,identity, br", "gzip, br")],
)
def test_a_decoder_knows_its_name(header, name):
    """`inject` compares it with the encoder's, to know whether raw bytes may go out."""
    assert name == fast.decoder(header).encoding
