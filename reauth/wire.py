"""Batches of events as bytes, and as JSON for debugging; the recording format beside them.

`decode` is a total function: any bytes give a `Batch` or one `WireError`, in memory bounded by
the body. Recordings have a file of their own, `reauth/recording.py`, and are passed on from here.

Wire format v1. This is the definition; `observer_js/src/encode.js` is its mirror, and
`tests/golden/wire/` holds the two together. Numbers of several bytes are big-endian; a varint is
seven bits a byte, lowest first, in its shortest form; zz is the zig-zag varint of a signed number::

    u8      version, 1
    u8      n; n bytes: the page token as it stood in data-k (so a token starts at byte 2)
    16 B    tab id, random for each execution of the observer (one tab or frame)
    varint  seq: 0, 1, 2, ... within a tab id
    u48     base_ms: ms since 1970 by the page's clock, the first record's time rounded down
    u8      flags: 1 = a header follows, 2 = a button was held as the batch began; others are 0
    varint  dropped: samples that the page lost since its batch before, ahead of this one's
    header  varint length in bytes, then fields: u8 type, u8 length, varints (see `_FIELDS`)
    records up to the end: varint(ticks << 3 | kind) zz(dx) zz(dy), and zz(ext) unless MOVE

A tick is 0.1 ms. `ticks`, `dx`, `dy` are counted from the record before, the first record's from
base_ms and (0, 0). Kinds are `Kind` 0 to 5. `ext` is the button of UP; the button + 8 x pointer
type (0 mouse, 1 pen, 2 touch, 3 other) of DOWN; the wheel's vertical delta in CSS pixels; the
`Mark` of MARKER; 0 of CANCEL. A MOVE has none: whether a button is held follows from the flag and
from DOWN, UP and CANCEL. Header fields are sent when they changed; a field of unknown type is
skipped, everything else that is unknown is refused. Version N-1 is taken too once there is one.

v1j, the same in JSON: an object with `version, token, tab, seq, base_ms, held, dropped`,
`header` (field name -> the field's numbers) and `records`, flat: ticks << 3 | kind, dx, dy[, ext].
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from operator import sub
from typing import Any, TypeVar, cast

from reauth.errors import WireError
from reauth.event import Event, Kind, Mark, Samples
from reauth.recording import Recording, read_recording, write_recording
from reauth.records import PAUSE, SPAN, STEP, TICKS_PER_S, Floats, Ints, unpack

__all__ = [
    "TICKS_PER_S", "VERSION", "Batch", "Header", "Limits", "Recording",
    "decode", "decode_json", "decode_many", "encode", "encode_json", "events", "read_recording",
    "samples", "write_recording",
]  # fmt: skip

VERSION = 1
_STEPS = [zz >> 1 ^ -(zz & 1) for zz in range(2 * STEP + 1)]  # decoder and limit at once
_LAST_SHIFT = 21  # a record's varint has 4 bytes at most: 10 min of ticks << 3 has 26 bits
_PAUSE = PAUSE + 0.5 / TICKS_PER_S  # half a tick of grace: 1290.6001 - 690.6001 is above 600
_HAS_HEADER, _HELD, _TAB, _BASE = 1, 2, 16, 6
_DOWN, _GAP, _MARKS = int(Kind.DOWN), int(Kind.GAP), frozenset(Mark)
_FIELDS = {  # name: type, how many numbers; dpr is in thousandths, resolution in ticks
    "screen": (1, 2), "client": (2, 2), "resolution": (3, 1), "dpr": (4, 1),
    "rate_capped": (5, 1), "untrusted": (6, 1), "webdriver": (7, 1), "secure": (8, 1),
    "input": (9, 1),
}  # fmt: skip
_NAMES = {type_: name for name, (type_, _) in _FIELDS.items()}
_SCALE = {"resolution": TICKS_PER_S, "dpr": 1000}
_TRUTHS = frozenset({"rate_capped", "webdriver", "secure"})
_KEYS = ("version", "token", "tab", "seq", "base_ms", "held", "dropped", "header", "records")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a batch may hold at most, in bytes and records (ingest.md section 2)."""

    body: int = 65_536
    records: int = 20_000


@dataclass(frozen=True, slots=True)
class Header:
    """What changed about the page's sampling; None where this batch does not tell.

    `screen`, `client`: (width, height) in CSS px; `resolution`: the grid of its time stamps, s;
    `untrusted`: synthetic events since the tab id began; `secure` pages have coalesced events;
    `input`: the page's minute, from 1, of its newest key press or click of any origin.
    """

    screen: tuple[int, int] | None = None
    client: tuple[int, int] | None = None
    resolution: float | None = None
    dpr: float | None = None
    rate_capped: bool | None = None
    untrusted: int | None = None
    webdriver: bool | None = None
    secure: bool | None = None
    input: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch: `times` in s since `base_ms`, non-decreasing; `xs`, `ys` CSS px on the screen.

    The five columns are of one length: lists, or the arrays of `decode_many`. `exts` is as in the
    module's docstring, and 1 for a MOVE with a button held; `held` tells whether one was as the
    batch began.
    """

    version: int
    token: bytes
    tab: bytes
    seq: int
    base_ms: int
    dropped: int
    held: bool
    header: Header
    kinds: list[int] | Ints
    times: list[float] | Floats
    xs: list[int] | Ints
    ys: list[int] | Ints
    exts: list[int] | Ints


T = TypeVar("T")
_Head = tuple[int, bytes, bytes, int, int, int, bool, Header]
_Lists = tuple[list[int], list[float], list[int], list[int], list[int]]
_Walk = tuple[list[float], list[int], list[int], list[tuple[int, int, int]]]


def decode(body: bytes, limits: Limits = Limits()) -> Batch:
    """Read a batch in wire format v1.

    Raises
    ------
    WireError
        Whose message is one word, a label for counters: size, version, truncated, varint, flags,
        header, records, kind, step, pause, span or mark.
    """
    head, at = _opening(body, limits)
    return Batch(*head, *_records(body[at:], head[6], limits.records))


def decode_many(bodies: Sequence[bytes], limits: Limits = Limits()) -> list[Batch | WireError]:
    """Read many batches in a third of the time; each as `decode` does, or the error it raises."""
    openings, parts, held = [_tried(_opening, body, limits) for body in bodies], [], []
    for body, opening in zip(bodies, openings, strict=True):
        if isinstance(opening, WireError):
            parts.append(b"")
            held.append(False)
        else:
            parts.append(body[opening[1] :])
            held.append(opening[0][6])
    found: list[Batch | WireError] = []
    for body, opening, records in zip(bodies, openings, unpack(parts, held), strict=True):
        if isinstance(opening, WireError):
            found.append(opening)
        elif records is None or len(records[0]) > limits.records:
            found.append(_tried(decode, body, limits))
        else:
            found.append(Batch(*opening[0], *records))
    return found


def _tried(read: Callable[[bytes, Limits], T], body: bytes, limits: Limits) -> T | WireError:
    try:
        return read(body, limits)
    except WireError as error:
        return error


def _listed(column: Any) -> list[Any]:
    """A column as a list; made where it is used, as its numbers are then still in the cache."""
    return column if isinstance(column, list) else column.tolist()


def _opening(body: bytes, limits: Limits, header: Header = Header()) -> tuple[_Head, int]:
    """Return a batch's values up to its records, and where these begin."""
    if len(body) > limits.body:
        raise WireError("size")
    if body[:1] != b"\1":
        raise WireError("version" if body else "truncated")
    at = 2 + (body[1] if len(body) > 1 else 0)
    token, tab = body[2:at], body[at : at + _TAB]
    seq, at = _varint(body, at + _TAB)
    base_ms, at = int.from_bytes(body[at : at + _BASE], "big"), at + _BASE
    flags = body[at] if at < len(body) else 0
    if flags > _HAS_HEADER | _HELD:
        raise WireError("flags")
    dropped, at = _varint(body, at + 1)
    held = bool(flags & _HELD)
    if flags & _HAS_HEADER:
        length, at = _varint(body, at)
        header, at = _header(body[at : at + length], length), at + length
    return (VERSION, token, tab, seq, base_ms, dropped, held, header), at


def encode(batch: Batch) -> bytes:
    """Write a batch in wire format v1; the observer's mirror, for tests, benches and bots."""
    return _pack(_plain(batch))


def decode_json(body: bytes, limits: Limits = Limits()) -> Batch:
    """Read a batch in v1j: packed as v1 first, so that one decoder judges both.

    Raises
    ------
    WireError
        As `decode`, or json where the text is no such object.
    """
    if len(body) > limits.body:
        raise WireError("size")
    try:
        raw = json.loads(body)
        packed = _pack(raw) if set(raw) == set(_KEYS) else None
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        packed = None
    if packed is None:
        raise WireError("json")
    return decode(packed, limits)


def encode_json(batch: Batch) -> bytes:
    """Write a batch in v1j."""
    return json.dumps(_plain(batch), separators=(",", ":")).encode()


def events(batch: Batch, base: float) -> list[Event]:
    """Return the batch's events, whose times begin at `base`, s on the session's clock."""
    return [Event(*row) for row in samples(batch, base)]


def samples(batch: Batch, base: float, lost: int | None = None) -> Samples:
    """Return the batch's events as columns; behind a GAP of `lost` samples, unless that is None."""
    kinds, xs, ys, exts = map(_listed, (batch.kinds, batch.xs, batch.ys, batch.exts))
    exts, pointers, down = exts.copy(), [], -1
    for _ in range(kinds.count(_DOWN)):
        down = kinds.index(_DOWN, down + 1)
        pointers.append(exts[down] >> 3)
        exts[down] &= 7
    when = batch.times
    times = [base + t for t in when] if isinstance(when, list) else (when + base).tolist()
    if times and lost is not None:
        kinds, xs, ys = [_GAP, *kinds], [0, *xs], [0, *ys]
        times, exts = [times[0], *times], [lost, *exts]
    page = int.from_bytes(batch.tab, "big")
    return Samples(page, kinds, times, xs, ys, exts).telling(pointers)


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 35, 7):
        if at >= len(body):
            raise WireError("truncated")
        byte = body[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            if value >> 32 or (shift and not byte):
                break
            return value, at
    raise WireError("varint")


def _to_varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _rest(first: int, byte: int, following: Callable[[], int]) -> int:
    """Finish a record's varint of more than one byte."""
    value, shift = first & 127, 7
    while byte > 127 and shift < _LAST_SHIFT:
        value |= (byte & 127) << shift
        byte, shift = following(), shift + 7
    if byte > 127 or not byte:
        raise WireError("varint")
    return value | byte << shift


def _walk(data: bytes) -> _Walk:
    """Times, xs, ys, and (index, kind, ext) of what is no MOVE: the hot loop of the ingest."""
    times, xs, ys, others = cast(_Walk, ([], [], [], []))
    add_time, add_x, add_y, steps = times.append, xs.append, ys.append, _STEPS
    ticks = x = y = 0
    stream = iter(data)
    following = stream.__next__
    for first in stream:
        head = first
        if first > 127:
            byte = following()
            head = first + (byte - 1 << 7) if 0 < byte < 128 else _rest(first, byte, following)
        dx = following()
        if dx > 127:
            dx = _rest(dx, following(), following)
        dy = following()
        if dy > 127:
            dy = _rest(dy, following(), following)
        ticks += head >> 3
        x += steps[dx]
        y += steps[dy]
        if head & 7:
            zz = following()
            zz = _rest(zz, following(), following) if zz > 127 else zz
            others.append((len(xs), head & 7, zz >> 1 ^ -(zz & 1)))
        add_time(ticks / TICKS_PER_S)
        add_x(x)
        add_y(y)
    return times, xs, ys, others


def _records(data: bytes, held: bool, most: int) -> _Lists:
    try:
        times, xs, ys, others = _walk(data)
    except (StopIteration, IndexError) as error:
        raise WireError("step" if isinstance(error, IndexError) else "truncated") from None
    if len(xs) > most:
        raise WireError("records")
    if times and times[-1] > PAUSE and max(map(sub, times, [0.0, *times])) > _PAUSE:
        raise WireError("pause")
    if times and times[-1] > SPAN:
        raise WireError("span")
    kinds, exts, since = [0] * len(xs), [0] * len(xs), 0
    for at, kind, ext in others:
        if kind > Kind.MARKER or (kind == Kind.MARKER and ext not in _MARKS):
            raise WireError("kind" if kind > Kind.MARKER else "mark")
        exts[since:at] = [int(held)] * (at - since)
        kinds[at], exts[at], since = kind, ext, at + 1
        held = kind == Kind.DOWN or (held and kind not in (Kind.UP, Kind.CANCEL))
    exts[since:] = [int(held)] * (len(xs) - since)
    return kinds, times, xs, ys, exts


def _header(block: bytes, length: int) -> Header:
    if len(block) != length:
        raise WireError("truncated")
    told: dict[str, Any] = {}
    at = 0
    while at < length:
        end = at + 2 + block[at + 1] if at + 1 < length else length + 1
        name, value, at = _NAMES.get(block[at]), block[at + 2 : end], end
        if end > length or name in told:
            raise WireError("header")
        if name:
            told[name] = _field(name, value)
    return Header(**told)


def _field(name: str, value: bytes) -> object:
    numbers, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        numbers.append(number)
    if len(numbers) != _FIELDS[name][1] or (name in _TRUTHS and numbers[0] > 1):
        raise WireError("header")
    if name in _TRUTHS:
        return bool(numbers[0])
    if name in _SCALE:
        return numbers[0] / _SCALE[name]
    return tuple(numbers) if len(numbers) > 1 else numbers[0]


def _plain(batch: Batch) -> dict[str, Any]:
    """Return the batch as the object of v1j."""
    records: list[int] = []
    t = x = y = 0
    lists = (batch.kinds, batch.times, batch.xs, batch.ys, batch.exts)
    for kind, time, x1, y1, ext in zip(*lists, strict=True):
        t1 = round(time * TICKS_PER_S)
        records += (t1 - t << 3 | kind, x1 - x, y1 - y, ext)[: 4 if kind else 3]
        t, x, y = t1, x1, y1
    told = {f.name: getattr(batch.header, f.name) for f in fields(Header)}
    header = {
        name: list(value) if isinstance(value, tuple) else [round(value * _SCALE.get(name, 1))]
        for name, value in told.items()
        if value is not None
    }
    values = (batch.version, batch.token.decode("latin-1"), batch.tab.hex(), batch.seq)
    rest = (batch.base_ms, batch.held, batch.dropped, header, records)
    return dict(zip(_KEYS, values + rest, strict=True))


def _pack(raw: Mapping[str, Any]) -> bytes:
    token, tab = raw["token"].encode("latin-1"), bytes.fromhex(raw["tab"])
    if len(tab) != _TAB:
        raise ValueError("tab")
    header = b"".join(
        bytes((_FIELDS[name][0], len(value))) + value
        for name, numbers in raw["header"].items()
        for value in [b"".join(map(_to_varint, numbers))]
    )
    flags = (_HAS_HEADER if header else 0) | _HELD * raw["held"]
    parts = [
        bytes((raw["version"], len(token))) + token + tab,
        _to_varint(raw["seq"]) + raw["base_ms"].to_bytes(_BASE, "big") + bytes((flags,)),
        _to_varint(raw["dropped"]) + (_to_varint(len(header)) + header if header else b""),
    ]
    numbers = iter(raw["records"])
    for head in numbers:
        parts.append(_to_varint(head))
        for number in islice(numbers, 3 if head & 7 else 2):
            parts.append(_to_varint(number << 1 if number >= 0 else ~(number << 1)))
    return b"".join(parts)
