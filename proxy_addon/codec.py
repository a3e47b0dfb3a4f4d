"""Content codings undone and done piece by piece, with a limit on what bytes may swell to.

A decoder yields: whoever pulls can stop, so a body whose head decides against it is never decoded
to its end. What one step can yield is bounded for each coding, since a few hundred bytes of Brotli
may stand for a gigabyte.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Protocol

import brotli
import zstandard

try:  # ISA-L inflates three times and deflates five times faster (proxy-performance.md, 8)
    from isal import isal_zlib

    _zlib: Any = isal_zlib
except ImportError:  # no wheel for this machine: the standard library does the same, slower
    _zlib = zlib

#: Output bytes of one step of inflate.
_STEP: Final = 65536
#: Input bytes of one step of Brotli 1.1, which cannot be told to stop: a meta-block of 16 MiB takes
#: some 13 bytes (measured), so a step yields at most about 80 MiB before the limit is asked.
_BROTLI_STEP: Final = 64
#: The same for zstd: a block of 128 KiB takes 4 bytes (RFC 8878, 3.1.1.2), so 16 MiB a step.
_ZSTD_STEP: Final = 512
#: Browsers refuse larger windows (RFC 9659).
_ZSTD_WINDOW: Final = 8 << 20

#: Decoded bytes for one encoded that are still believed; DEFLATE itself ends at 1032, text lies
#: below 20 (transparency.md, codec contract).
RATIO: Final = 200
#: Below this a body may swell as it likes: a page of spaces is no attack, and it is memory that is
#: guarded. 1 MiB is what one HTTP/2 stream may hold anyway (transparency.md, 3.3).
FLOOR: Final = 1 << 20
#: Decoded bytes within which the head must have been found (same contract).
SCAN_LIMIT: Final = 64 << 20

#: ISA-L's level 2 costs as much time for 5 % less, but 50 MB of level buffers at 16 connections
#: (proxy-performance.md, 4 and 8).
_LEVEL: Final = 1
_GZIP: Final = 31  # zlib's window bits of 15, with gzip's header
_RAW: Final = -15
_MAGIC: Final = b"\x1f\x8b\x08"  # of a gzip member, which is DEFLATE (RFC 1952, 2.3.1)


class CodecError(Exception):
    """The origin's fault: bytes that are not in their coding; `reason` labels the counter."""

    reason = "undecodable"


class BombError(CodecError):
    """The origin's fault: bytes that swell beyond belief."""

    reason = "bomb"


class Layer(Protocol):
    """One coding: `decode` takes the next bytes, whatever their number."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what they stand for, in pieces of bounded size."""


class _Identity:
    def decode(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Inflate:
    """One DEFLATE stream in one of its wrappings; `rest` is what came behind its end."""

    def __init__(self, library: Any, window_bits: int) -> None:
        self._object = library.decompressobj(window_bits)
        self.ended = False
        self.rest = b""

    def decode(self, data: bytes) -> Iterator[bytes]:
        full = False
        while (data or full) and not self.ended:
            piece = self._object.decompress(data, _STEP)
            full = len(piece) == _STEP
            data = self._object.unconsumed_tail
            self.ended = self._object.eof
            self.rest = self._object.unused_data
            yield piece


class _Gunzip:
    """gzip, whose members follow each other (RFC 1952, 2.2).

    ISA-L 1.9.1 misreads optional header fields that are split (found by `test_codec`): members
    that have any, and the fourth byte says so, are left to the standard library.

    What does not begin as gzip does is refused at its first byte, so that a body of a few letters
    is known to be none.
    """

    def __init__(self) -> None:
        self._held = b""
        self._member: _Inflate | None = None
        self._first = True
        self._over = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        while data and not self._over:
            if self._member is None:
                self._held += data
                if not _MAGIC.startswith(self._held[:3]):
                    if self._first:
                        raise CodecError("no gzip")
                    self._over = True  # padding, which browsers ignore to the end of the body
                    self._held = b""
                    return
                if len(self._held) < 4:
                    return
                data, self._held = self._held, b""
                self._first = False
                self._member = _Inflate(zlib if data[3] else _zlib, _GZIP)
            yield from self._member.decode(data)
            data = self._member.rest
            if self._member.ended:
                self._member = None


class _Deflate:
    """`deflate` means zlib's wrapper (RFC 9110, 8.4.1.2), and servers send it raw: two bytes tell.

    A raw stream can only look like zlib's header if it begins with a stored block of odd padding,
    which no encoder writes.
    """

    def __init__(self) -> None:
        self._held = b""
        self._inflate: _Inflate | None = None

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            data = self._held + data
            if len(data) < 2:
                self._held = data
                return
            wrapped = data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._inflate = _Inflate(_zlib, zlib.MAX_WBITS if wrapped else _RAW)
        yield from self._inflate.decode(data)


class _Stepped:
    """A coding whose decoder sets no limit on what it gives: it gets few bytes at a time.

    What the steps give is gathered up to `_STEP`, before an error too: each piece has a price.
    """

    def __init__(self, decode: Callable[[bytes], bytes], step: int) -> None:
        self._decode = decode
        self._step = step

    def decode(self, data: bytes) -> Iterator[bytes]:
        given, size = [], 0
        try:
            for at in range(0, len(data), self._step):
                given.append(self._decode(data[at : at + self._step]))
                size += len(given[-1])
                if size >= _STEP:
                    yield b"".join(given)
                    given, size = [], 0
        except Exception:
            yield b"".join(given)
            raise
        yield b"".join(given)


def _brotli() -> Layer:
    return _Stepped(brotli.Decompressor().process, _BROTLI_STEP)


def _zstd() -> Layer:
    made = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    return _Stepped(made.decompressobj(read_across_frames=True).decompress, _ZSTD_STEP)


#: To add a coding: one line here, one in `policy.CODINGS`, one in the tests' table.
_LAYERS: Final[dict[str, Callable[[], Layer]]] = {
    "gzip": _Gunzip,
    "x-gzip": _Gunzip,
    "deflate": _Deflate,
    "br": _brotli,
    "zstd": _zstd,
}


class _Limited:
    """A layer under guard: counts what it gives and turns every error into ours."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._given = 0

    def decode(self, pieces: Iterable[bytes], decoder: "Decoder") -> Iterator[bytes]:
        for data in pieces:
            decoded = self._layer.decode(data)
            while (piece := self._next(decoded)) is not None:
                self._given += len(piece)
                decoder.check(self._given)
                if piece:
                    yield piece

    def _next(self, decoded: Iterator[bytes]) -> bytes | None:
        try:
            return next(decoded, None)
        except Exception as error:  # each library has its own class, ISA-L's is not even public
            raise CodecError(f"not in its coding: {type(error).__name__}") from error


class Decoder:
    """Undo a `Content-Encoding`, the coding applied last first.

    A body that ends in the middle of its coding is a truncated page, not an error: it stays
    truncated, as it would without us.

    Examples
    --------
    >>> import zlib
    >>> b"".join(decoder("deflate").decode(zlib.compress(b"<html>")))
    b'<html>'
    """

    __slots__ = ("_layers", "_most", "_taken", "_trusted", "encoding")

    def __init__(self, encoding: str, layers: list[Layer], most: int | None = None) -> None:
        self.encoding = encoding
        self._layers = [_Limited(layer) for layer in layers]
        self._most = most
        self._taken = 0
        self._trusted = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes stand for, in pieces that are never empty.

        Raises
        ------
        CodecError
            If they are not in their coding; nothing more comes then.
        BombError
            If they swell beyond the limits.
        """
        self._taken += len(data)
        pieces: Iterator[bytes] = iter((data,) if data else ())
        for layer in self._layers:
            pieces = layer.decode(pieces, self)
        return pieces

    def check(self, given: int) -> None:
        """Ask for every layer what it has given, against what the origin sent.

        Raises
        ------
        BombError
            If that is too much.
        """
        if given > FLOOR and given > RATIO * self._taken:
            raise BombError(f"swells more than {RATIO} times")
        if self._most is not None and given > self._most:
            raise BombError(f"more than {self._most} bytes")
        if given > SCAN_LIMIT and not self._trusted:
            raise BombError(f"{SCAN_LIMIT} bytes without a head")

    def trust(self) -> None:
        """Lift the limit of the search: the head is found, the rest may be as long as it likes."""
        self._trusted = True


class Encoder(Protocol):
    """Do the coding that the browser gets, which `encoding` names."""

    encoding: str

    def encode(self, data: bytes) -> bytes:
        """Take bytes, give what is ready of them."""

    def flush(self) -> bytes:
        """Give what the browser needs to see all that was taken."""

    def finish(self) -> bytes:
        """End the body."""


class _Plain:
    __slots__ = ("encoding",)

    def __init__(self) -> None:
        self.encoding = "identity"

    def encode(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""

    def finish(self) -> bytes:
        return b""


class _Gzip:
    __slots__ = ("_object", "encoding")

    def __init__(self) -> None:
        self.encoding = "gzip"
        self._object: Any = _zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)

    def encode(self, data: bytes) -> bytes:
        return bytes(self._object.compress(data))

    def flush(self) -> bytes:
        return bytes(self._object.flush(zlib.Z_SYNC_FLUSH))

    def finish(self) -> bytes:
        return bytes(self._object.flush())


def decoder(encoding: str, most: int | None = None) -> Decoder:
    """Make a decoder for the value of a `Content-Encoding` header; an empty one is identity.

    `most` are the decoded bytes of a body that is held whole; None, and it may be endless.

    Raises
    ------
    CodecError
        If a coding is unknown; `policy.decide` has asked before.
    """
    names = [name.strip().lower() for name in encoding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    try:
        layers = [_LAYERS[name]() for name in reversed(names)]
    except KeyError as error:
        raise CodecError("unknown coding") from error
    return Decoder(", ".join(names) or "identity", layers or [_Identity()], most)


def encoder(encoding: str) -> Encoder:
    """Make an encoder for what the browser gets: "identity" or "gzip".

    Brotli is never written: at its default quality a page blocks the loop for 120 ms
    (proxy-performance.md, 8).

    Raises
    ------
    CodecError
        If it is neither.
    """
    if encoding == "identity":
        return _Plain()
    if encoding == "gzip":
        return _Gzip()
    raise CodecError("never written")
