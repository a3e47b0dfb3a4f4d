"""One pointer sample, the only thing that the observer tells of a person; and many, as columns."""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import repeat
from typing import Any, NamedTuple, cast, overload


class Kind(IntEnum):
    """What happened; the numbers 0 to 5 are those of the wire format."""

    MOVE = 0
    DOWN = 1
    UP = 2
    WHEEL = 3
    CANCEL = 4
    MARKER = 5
    GAP = 6
    """Samples are missing here; made by whoever puts batches in order, never sent."""


class Mark(IntEnum):
    """What a marker marks: the `ext` of an event of kind MARKER."""

    HIDDEN = 1
    VISIBLE = 2
    PAGEHIDE = 3
    PAGESHOW = 4
    RESIZE = 5
    FOCUS = 6
    BLUR = 7
    FRAME = 8
    RESET = 9
    SCREEN = 10
    """The screen or the device pixel ratio changed: coordinates jump."""
    DRAG_START = 11
    DRAG_END = 12


ENDING_MARKS = frozenset({Mark.HIDDEN, Mark.PAGEHIDE, Mark.PAGESHOW, Mark.RESET, Mark.SCREEN})
"""Markers at which a document's movement ends; resize, focus and blur do not cut."""


class Event(NamedTuple):
    """A pointer sample.

    `page` is the tab or frame, an integer below 2**128: a trajectory never spans two, a window
    does. `t` is seconds on the session's clock; `x`, `y` are CSS pixels on the screen, which run
    on across frames and scrolling; y grows downwards. `ext` is the button of DOWN and UP, the
    wheel's delta of WHEEL, the `Mark` of MARKER, the number of lost samples of GAP (0 where
    nobody knows), 1 on a MOVE with a button held, else 0.
    """

    kind: int
    page: int
    t: float
    x: float
    y: float
    ext: int = 0


class Samples(Sequence[Event]):
    """Events of one page in order of time, as columns: a batch without an object for each event.

    To whoever goes through them they are events, as plain tuples that live for one step; thousands
    of batches a second cost the collector of garbage nothing (bench/ingest.py).

    Parameters
    ----------
    page
        The page of all of them.
    times
        s on the session's clock, never falling.
    kinds, xs, ys, exts
        As of `Event`; all of one length.
    """

    __slots__ = ("exts", "kinds", "page", "times", "xs", "ys")

    def __init__(
        self,
        page: int,
        kinds: Sequence[int],
        times: Sequence[float],
        xs: Sequence[float],
        ys: Sequence[float],
        exts: Sequence[int],
    ) -> None:
        self.page = page
        self.kinds = kinds
        self.times = times
        self.xs = xs
        self.ys = ys
        self.exts = exts

    def __len__(self) -> int:
        return len(self.kinds)

    def __iter__(self) -> Iterator[Event]:
        rows = zip(self.kinds, repeat(self.page), self.times, self.xs, self.ys, self.exts)
        return cast(Iterator[Event], rows)

    @overload
    def __getitem__(self, at: int) -> Event: ...
    @overload
    def __getitem__(self, at: slice) -> "Samples": ...
    def __getitem__(self, at: int | slice) -> "Event | Samples":
        columns: Any = (self.times[at], self.xs[at], self.ys[at], self.exts[at])
        if isinstance(at, slice):
            return Samples(self.page, self.kinds[at], *columns)
        return Event(self.kinds[at], self.page, *columns)
