"""One pointer sample, the only thing that the observer tells of a person; and many, as columns."""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import repeat
from typing import Any, NamedTuple, Self, cast, overload


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

    What the page tells of the device stands beside them: `pointers`, the wire's pointer type of
    each DOWN, or nothing where nobody knows; `screen`, the class of the screen.
    """

    __slots__ = ("exts", "kinds", "page", "pointers", "screen", "times", "xs", "ys")

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
        self.pointers: Sequence[int] = ()
        self.screen: str | None = None

    def telling(self, pointers: Sequence[int], screen: str | None = None) -> Self:
        """The same, with what the page tells of the device."""
        self.pointers = pointers
        self.screen = screen
        return self

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
            part = Samples(self.page, self.kinds[at], *columns)
            return part.telling(self._pointers(at), self.screen)
        return Event(self.kinds[at], self.page, *columns)

    def _pointers(self, at: slice) -> Sequence[int]:
        """Those of the presses in a part."""
        numbered = (place for place, kind in enumerate(self.kinds) if kind == Kind.DOWN)
        wanted = range(len(self.kinds))[at]
        pairs = zip(numbered, self.pointers, strict=False)  # without types there are none
        return [pointer for place, pointer in pairs if place in wanted]


def runs(last: float | None, events: Sequence[Event], gap: float) -> list[Sequence[Event]]:
    """Cut events where a session ends: a pause of at least `gap` seconds.

    The first run goes on with the session whose newest event was at `last`; each further run
    begins a new session. The first is empty where the pause lies before all events.
    """
    if isinstance(events, Samples) and events.times:
        first, end = events.times[0], events.times[-1]
        if end - first < gap and (last is None or first - last < gap):
            return [events]
    cut: list[Sequence[Event]] = []
    start = 0
    for index, (_, _, t, *_) in enumerate(events):
        if last is not None and t - last >= gap:
            cut.append(events[start:index])
            start = index
        last = t if last is None else max(last, t)
    cut.append(events[start:])
    return cut
