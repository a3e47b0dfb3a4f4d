"""Strokes: all movement between two successive clicks, Gamboa's unit.

The last point of a stroke is the click itself. Points wait as the bytes that the state consists
of, so that a long open stroke costs a copy, not a loop, whenever its session is stored.
"""

import math
import struct
from collections.abc import Iterable

import numpy as np

from reauth.event import ENDING_MARKS, Event, Kind, Samples
from reauth.trajectory import (
    OUTSIDE,
    TICK,
    Floats,
    Trajectory,
    from_state,
    runs,
    state_head,
)

GRID = 0.02
"""s between kept points; WIDAM samples 50 times a second (Gamboa 2004, Results)."""

MOST = 256
"""Points of a stroke, a bound on memory: 6 kB a page. More than nineteen in twenty strokes of
web users have (H-BRS: 245 at 95 %); of a longer one the last count."""

IDLE = 60.0
"""s; after such a rest a movement begins anew: longer gaps are no activity (biometrics.md §3)."""

LEAST = 4
"""Points of a stroke, its click among them: three movements make two speeds, and so one
acceleration."""

_NEVER = float("-inf")
_DOWN, _MARKER, _GAP = int(Kind.DOWN), int(Kind.MARKER), int(Kind.GAP)
_PAGE = struct.Struct("<16s4d?H")
_POINT = struct.Struct("<3d")
_VERSION = 1


class _Track:
    """The open stroke of one page, and where the pointer was last seen to move there.

    `whole` says whether nothing is missing since the stroke began, `rest` how long nothing had
    moved before; `kept` is when its last point was kept, `points` are packed.
    """

    __slots__ = ("kept", "points", "rest", "t", "whole", "x", "y")

    def __init__(self) -> None:
        self.t = self.x = self.y = self.kept = _NEVER
        self.rest = math.nan
        self.whole = True
        self.points = bytearray()

    def keep(self, t: float, x: float, y: float) -> None:
        """Add a point; the oldest makes room for it."""
        self.points += _POINT.pack(t, x, y)
        self.kept = t
        if len(self.points) > MOST * _POINT.size:
            del self.points[: _POINT.size]

    def start(self, whole: bool) -> None:
        """Forget the points: a stroke begins, or what is left of one that is not whole."""
        self.points.clear()
        self.kept = _NEVER
        self.whole = whole

    def see(self, t: float, x: float, y: float) -> None:
        """Take the pointer's next place; drop what lay before a long rest, or a step back."""
        rested = t - self.t
        self.t, self.x, self.y = t, x, y
        if rested < 0:
            self.start(whole=False)
        elif rested >= IDLE:
            self.start(self.whole)
        if not self.points:
            self.rest = rested if 0 <= rested < math.inf else math.nan

    def end(self, t: float, x: float, y: float) -> Floats | None:
        """Take a click; give (n, 3) points of the stroke that it ends: t, x, y, if it is one."""
        if self.whole and self.points and 0 <= t - self.t < IDLE:
            if self.t - self.kept >= TICK / 2:
                self.keep(self.t, self.x, self.y)
            if t - self.kept < TICK / 2:
                del self.points[-_POINT.size :]
            self.keep(t, x, y)
            if len(self.points) >= LEAST * _POINT.size:
                return np.frombuffer(bytes(self.points), "<f8").reshape(-1, 3)
        return None


class StrokeSegmenter:
    """Gamboa's rule: the movement up to a click is a stroke.

    A stroke begins with the first movement after the last click, or on a page where nobody has
    clicked yet with the first movement at all: on web pages most clicks open another page. It ends
    with the next press of a button on its page, and that press is its last point. Only movements
    to a new place count, thinned to one in `grid`; the last one before the click always does, as
    the time from it to the click is a feature. Without at least `LEAST` points it is none: whoever
    clicks twice in one place has not moved.

    Nothing else gives a stroke. A marker of `ENDING_MARKS` (the page goes) and a rest of `IDLE`
    drop what was open, as no click came. Missing samples (GAP) and a clock that steps back do the
    same, and the click that follows ends nothing: a stroke without its beginning would be falsely
    short. A page beyond `max_pages` displaces the one that has rested longest.

    Parameters
    ----------
    grid
        s between kept points.
    max_pages
        Pages with an open stroke, a bound on memory: 64 tabs are more than are moved in at once.

    Raises
    ------
    ValueError
        If `grid` < 0 or `max_pages` < 1.

    References
    ----------
    Gamboa, Fred, Vieira 2004, §3 and §4. The limits on points and rests are ours: their users
    played a game without a rest.

    Examples
    --------
    >>> drawn = [Event(Kind.MOVE, 0, 0.03 * i, 10.0 * i, 0.0) for i in range(4)]
    >>> [stroke] = StrokeSegmenter().feed_many([*drawn, Event(Kind.DOWN, 0, 0.5, 30.0, 0.0)])
    >>> stroke[1].x.tolist()
    [0.0, 10.0, 20.0, 30.0, 30.0]
    """

    def __init__(self, grid: float = GRID, max_pages: int = 64) -> None:
        if grid < 0 or max_pages < 1:
            raise ValueError("grid >= 0 and max_pages >= 1 are needed")
        self._grid = max(grid, TICK) - TICK / 2  # half a tick of grace, as in PauseSegmenter
        self._max_pages = max_pages
        self._tracks: dict[int, _Track] = {}

    def feed(self, event: Event) -> list[Trajectory]:
        """Take one event; give the stroke that it completed, if any."""
        return [stroke for _, stroke in self.feed_many((event,))]

    def feed_many(self, events: Iterable[Event]) -> list[tuple[int, Trajectory]]:
        """Take events in order; give (index of the click that completed it, stroke)."""
        return [found for start, run in runs(events) for found in self._feed(run, start)]

    def _feed(self, run: Samples, start: int) -> list[tuple[int, Trajectory]]:
        """Take events of one page, the first of which has the index `start`: the hot loop."""
        grid, low, high, page = self._grid, -OUTSIDE, OUTSIDE, run.page
        done: list[tuple[int, Trajectory]] = []
        track = self._tracks.get(page)
        rows = zip(run.kinds, run.times, run.xs, run.ys, strict=True)
        for index, (kind, t, x, y) in enumerate(rows, start):
            if kind:
                track = self._obey(run, index - start, track)
                if kind == _DOWN and track is not None:
                    done += [(index, stroke) for stroke in _strokes(page, track, t, x, y)]
                continue
            if track is None:
                track = self._enter(page)
            # A position that is none (NaN too), or the last one again, is passed over.
            if (x == track.x and y == track.y) or not (low < x < high and low < y < high):
                continue
            track.see(t, x, y)
            if t - track.kept >= grid:
                track.keep(t, x, y)
        return done

    def close(self, before: float | None = None) -> list[Trajectory]:
        """Give nothing: what rests without a click is no stroke. Closing all forgets the pages."""
        if before is None:
            self._tracks.clear()
        return []

    def to_bytes(self) -> bytes:
        """Give the state: 3 bytes, 51 a page and 24 a kept point, so 6 kB for one page at most."""
        parts = [state_head(_VERSION, len(self._tracks))]
        for page, track in self._tracks.items():
            name, count = page.to_bytes(16, "little"), len(track.points) // _POINT.size
            place = (track.t, track.x, track.y, track.rest)
            parts += [_PAGE.pack(name, *place, track.whole, count), bytes(track.points)]
        return b"".join(parts)

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` of a segmenter with the same settings gave.

        Raises
        ------
        ValueError
            If the state is of another version or not whole; the own state stays then.
        """
        self._tracks = from_state(state, _VERSION, _unpacked)

    def _obey(self, run: Samples, place: int, track: _Track | None) -> _Track | None:
        """Drop the stroke at a gap, and at a marker that ends one; give what goes on, if any."""
        kind = run.kinds[place]
        if kind == _GAP:
            self._tracks.pop(run.page, None)
            track = self._enter(run.page)
            track.start(whole=False)
        elif kind == _MARKER and run.exts[place] in ENDING_MARKS:
            self._tracks.pop(run.page, None)
            track = None
        return track

    def _enter(self, page: int) -> _Track:
        """Give a page that has none a track; the page that has rested longest makes room."""
        if len(self._tracks) >= self._max_pages:
            del self._tracks[min(self._tracks, key=lambda name: self._tracks[name].t)]
        track = self._tracks[page] = _Track()
        return track


def _strokes(page: int, track: _Track, t: float, x: float, y: float) -> list[Trajectory]:
    """End what is open at a click, and begin anew; a click that has no position is where it was."""
    if not (-OUTSIDE < x < OUTSIDE and -OUTSIDE < y < OUTSIDE):
        x, y = track.x, track.y
    points = track.end(t, x, y)
    track.start(whole=True)
    if points is None:
        return []
    kinds = np.zeros(len(points), dtype=np.int8)
    kinds[-1] = _DOWN
    times, xs, ys = points.T.copy()
    return [Trajectory(page, times, xs, ys, kinds, track.rest)]


def _unpacked(state: bytes, at: int) -> tuple[int, _Track, int]:
    name, t, x, y, rest, whole, count = _PAGE.unpack_from(state, at)
    at += _PAGE.size
    end = at + count * _POINT.size
    track = _Track()
    track.t, track.x, track.y, track.rest, track.whole = t, x, y, rest, whole
    track.points += state[at:end]
    if count:
        track.kept = _POINT.unpack_from(state, end - _POINT.size)[0]
    return int.from_bytes(name, "little"), track, end
