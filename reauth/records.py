"""The records of many batches at once: what `wire.decode` reads one by one, in arrays.

Taking a batch of 80 records apart in Python costs 30 us, for hundreds of batches together 8 us
each (bench/ingest.py). This file only knows the ordinary case. Whatever it does not like, or would
have to be careful about, it leaves to `wire.decode`, so that one decoder alone says what is wrong.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reauth.event import Kind, Mark

TICKS_PER_S = 10_000
"""Chromium's resolution of `event.timeStamp` is 0.1 ms (measured, observer.md section 1)."""
STEP = 20_000
"""px between two records at most (ingest.md section 2)."""
PAUSE = 600.0
"""s between two records at most (ingest.md section 2)."""
SPAN = 21_600.0
"""s of a batch at most: a page sends every few seconds, and each long pause is a session."""
LARGEST = 2048
"""Bytes of records taken apart together: one step through all batches for each record of the
longest, which should not be much longer than the others; 5 s of movement have 400."""
_LONGEST = 4  # bytes of a record's varint: 10 min of ticks << 3 have 26 bits
_MARKS = np.isin(np.arange(256), list(Mark))

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Columns = tuple[Ints, Floats, Ints, Ints, Ints]
"""kinds, times, xs, ys, exts: as in `wire.Batch`, in memory of their own."""


def unpack(parts: Sequence[bytes], held: Sequence[bool]) -> list[Columns | None]:
    """Read the records of each batch, in arrays; None where that is left to the decoder of one.

    Parameters
    ----------
    parts
        The bytes of a batch's records.
    held
        Whether a button was held as the batch began.
    """
    found: list[Columns | None] = [None] * len(parts)
    places = [at for at, part in enumerate(parts) if part and _ordinary(part)]
    if not places:
        return found
    value, sound, first, end = _varints([parts[place] for place in places])
    heads, whole = _heads(value, first, end)
    # A record belongs to the batch in which it begins.
    count = np.diff(np.searchsorted(heads, np.append(first, end[-1])))
    owner = np.repeat(np.arange(len(places)), count)
    pressed = np.array([held[place] for place in places])
    whole_numbers, times, fine = _columns(value, heads, owner, pressed)
    good = whole
    good[owner[~fine]] = False
    good &= np.logical_and.reduceat(sound, first)
    edges = [0, *np.cumsum(count).tolist()]
    for place, sure, start, until in zip(places, good.tolist(), edges, edges[1:], strict=False):
        if sure:
            # A copy, as a batch that waits for an earlier one must not hold on to its group.
            kinds, xs, ys, exts = whole_numbers[:, start:until].copy()
            found[place] = kinds, times[start:until].copy(), xs, ys, exts
    return found


def _ordinary(part: bytes) -> bool:
    """Whether it is short, and its last varint ends with it."""
    return len(part) <= LARGEST and part[-1] < 128


def _varints(parts: Sequence[bytes]) -> tuple[Ints, NDArray[np.bool_], Ints, Ints]:
    """All numbers, whether each is in its shortest form, and each part's first and end."""
    octets = np.frombuffer(b"".join(parts), np.uint8)
    last = octets < 128
    end = np.flatnonzero(last)
    start = np.append(0, end[:-1] + 1)
    length = end - start + 1
    value = (octets[start] & 127).astype(np.int64)
    for place in range(1, _LONGEST):
        longer = np.flatnonzero(length > place)
        value[longer] |= (octets[start[longer] + place].astype(np.int64) & 127) << 7 * place
    sound = (length == 1) | ((length <= _LONGEST) & (octets[end] != 0))
    until = np.searchsorted(end, np.cumsum([len(part) for part in parts]) - 1) + 1
    return value, sound, np.append(0, until[:-1]), until


def _heads(value: Ints, first: Ints, end: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Where records begin, in order, and whether each batch ends where its last record does."""
    after = np.arange(3, len(value) + 3) + (value & 7 != 0)
    begins = np.zeros(len(value), np.bool_)
    whole = np.ones(len(first), np.bool_)
    running, at = np.arange(len(first)), first
    while len(at):
        begins[at] = True
        at = after[at]
        inside = at < end[running]
        if not inside.all():
            whole[running[~inside]] = at[~inside] == end[running[~inside]]
            at, running = at[inside], running[inside]
    return np.flatnonzero(begins), whole


def _columns(
    value: Ints, heads: Ints, owner: Ints, held: NDArray[np.bool_]
) -> tuple[Ints, Floats, NDArray[np.bool_]]:
    """(4, n) kinds, xs, ys, exts of all records; their times; which of them are in order."""
    padded = np.append(value, (0, 0, 0))  # a record that is cut short reads on; it is not whole
    head, zx, zy, ze = (padded[heads + place] for place in range(4))
    kinds, ticks = head & 7, head >> 3
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    fine = (zx <= 2 * STEP) & (zy <= 2 * STEP) & (ticks < PAUSE * TICKS_PER_S)
    exts = _signed(ze)
    marker = kinds == Kind.MARKER
    fine &= (kinds <= Kind.MARKER) & (~marker | ((exts == exts & 255) & _MARKS[exts & 255]))
    times = _summed(ticks, starts, owner) / TICKS_PER_S
    fine &= times <= SPAN
    xs, ys = (_summed(_signed(zigzag), starts, owner) for zigzag in (zx, zy))
    move = kinds == Kind.MOVE
    exts[move] = _pressed(kinds, starts, held[owner])[move]
    return np.stack((kinds, xs, ys, exts)), times, fine


def _signed(zigzag: Ints) -> Ints:
    return zigzag >> 1 ^ -(zigzag & 1)


def _summed(steps: Ints, starts: Ints, owner: Ints) -> Ints:
    """Running sums that begin anew with each batch."""
    total = np.cumsum(steps)
    return np.asarray(total - (total[starts] - steps[starts])[owner])


def _pressed(kinds: Ints, starts: Ints, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a button is held, as of each record."""
    button = (kinds == Kind.DOWN) | (kinds == Kind.UP) | (kinds == Kind.CANCEL)
    last = np.where(button, np.arange(len(kinds)), 0)
    last[starts] = starts
    told = np.maximum.accumulate(last)
    return np.where(button[told], kinds[told] == Kind.DOWN, held)
