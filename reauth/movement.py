"""Whole movements: all that the pointer does between two pauses, with its clicks and its wheel.

Medvet's ten points are the end of a movement. How it began, how fast it was at its fastest, and
what the hand did when it arrived are lost with the rest. This segmenter gives the movement whole,
so that every one counts that is long enough to say something, short ones too.
"""

import math
import struct
from collections.abc import Iterable

import numpy as np

from reauth.event import ENDING_MARKS, Event, Kind, Samples
from reauth.trajectory import OUTSIDE, TICK, Trajectory, from_state, runs, state_head

LEAST_TIME = 0.1
"""s; shorter movements are twitches (biometrics.md §6, "Whole movements")."""

LEAST_PATH = 5.0
"""px; the same place."""

LONGEST = 5.0
"""s; what goes on longer is cut there, as 3 to 10 % of movements do (H-BRS, Balabit): somebody who
never rests is judged all the same, and memory is bounded."""

SPACING = 0.008
"""s between kept movements at least: 125 Hz, what most mice give; features look at 25 ms."""

OTHERS = 64
"""Clicks and wheel steps kept of one movement; features count no further."""

_FAR = int(OUTSIDE)
_NEVER = float("-inf")
_MARKER, _GAP, _WHEEL = int(Kind.MARKER), int(Kind.GAP), int(Kind.WHEEL)
_PAGE = struct.Struct("<16s4dH")
_POINT = struct.Struct("<3db")
_VERSION = 1

_Point = tuple[float, float, float, int]


class _Track:
    """The open movement of one page, the rest before it, and where the pointer was last seen."""

    __slots__ = ("others", "points", "rest", "t", "x", "y")

    def __init__(self) -> None:
        self.t = self.x = self.y = _NEVER
        self.rest = math.nan
        self.points: list[_Point] = []
        self.others: list[_Point] = []

    @property
    def begun(self) -> float:
        """When the open movement began."""
        return self.points[0][0] if self.points else _NEVER

    @property
    def kept(self) -> float:
        """Time of the last movement kept of it."""
        return self.points[-1][0] if self.points else _NEVER

    def note(self, kind: int, t: float, pause: float) -> None:
        """Keep a click or a step of the wheel, where the pointer is, if a movement is open."""
        if self.points and len(self.others) < OTHERS and 0 <= t - self.t < pause:
            self.others.append((t, self.x, self.y, kind))

    def take(self, page: int) -> list[Trajectory]:
        """Give the movement, if it is long enough in time and on the screen, and start anew."""
        points, others = self.points, self.others
        self.points, self.others = [], []
        if not points or points[-1][0] - points[0][0] < LEAST_TIME - TICK / 2:
            return []
        t, x, y, _ = np.array(points, dtype=np.float64).T.copy()
        if np.hypot(x[1:] - x[:-1], y[1:] - y[:-1]).sum() < LEAST_PATH:
            return []
        if not others:
            return [Trajectory(page, t, x, y, None, self.rest)]
        t, x, y, kinds = np.array(_in_order(points + others), dtype=np.float64).T.copy()
        return [Trajectory(page, t, x, y, kinds.astype(np.int8), self.rest)]


def _in_order(points: list[_Point]) -> list[_Point]:
    """Put points in order of time, at one time the movement first, a tick apart at least."""
    ordered, last = [], _NEVER
    for t, x, y, kind in sorted(points, key=lambda point: (point[0], point[3] > 0)):
        last = t if t - last > TICK / 2 else last + TICK
        ordered.append((last, x, y, kind))
    return ordered


class MovementSegmenter:
    """A movement is what the pointer does between two pauses.

    Every page has its own open movement. A movement ends where the pointer has not changed its
    position for `pause`; it counts if it took `LEAST_TIME` and went `LEAST_PATH`. Buttons and
    wheel are kept as points of it, at the place where the pointer is, if they come before that
    pause is over; they neither prolong nor cut it. One that goes on for `LONGEST` is cut, and
    goes on as a further one that no rest precedes.

    Memory of a page is bounded by `LONGEST` / `SPACING` + `OTHERS` + 1 points, 691 of 25 bytes.

    Markers, missing samples, clocks that step back, positions that are none and pages beyond
    `max_pages` are as in `PauseSegmenter`; nobody knows how long the pointer rested before a
    movement that comes after one of the first three.

    Parameters
    ----------
    pause
        s; 0.5 in Medvet, "Procedure: overview".
    max_pages
        Pages with an open movement, a bound on memory.

    Raises
    ------
    ValueError
        If `pause` <= 0 or `max_pages` < 1.

    References
    ----------
    Medvet et al. 2014 for the pause; the rest is ours (biometrics.md §6, "Whole movements").

    Examples
    --------
    >>> segmenter = MovementSegmenter(pause=0.5)
    >>> drawn = [Event(Kind.MOVE, 0, 0.03 * i, 10.0 * i, 0.0) for i in range(5)]
    >>> segmenter.feed_many([*drawn, Event(Kind.DOWN, 0, 0.2, 40.0, 0.0)])
    []
    >>> [movement] = segmenter.feed(Event(Kind.MOVE, 0, 2.0, 0.0, 0.0))
    >>> movement.x.tolist(), movement.kinds.tolist()
    ([0.0, 10.0, 20.0, 30.0, 40.0, 40.0], [0, 0, 0, 0, 0, 1])
    """

    def __init__(self, pause: float, max_pages: int = 64) -> None:
        if pause <= 0 or max_pages < 1:
            raise ValueError("pause > 0 and max_pages >= 1 are needed")
        # Half a tick of grace makes the limits exact, as in `PauseSegmenter`.
        self._pause = pause - TICK / 2
        self._max_pages = max_pages
        self._tracks: dict[int, _Track] = {}

    def feed(self, event: Event) -> list[Trajectory]:
        """Take one event; give what it completed."""
        return [movement for _, movement in self.feed_many((event,))]

    def feed_many(self, events: Iterable[Event]) -> list[tuple[int, Trajectory]]:
        """Take events in order; give (index of the event that completed it, movement)."""
        done: list[tuple[int, Trajectory]] = []
        for start, run in runs(events):
            self._feed(run, start, done)
        return done

    def _feed(self, run: Samples, start: int, done: list[tuple[int, Trajectory]]) -> None:
        """Take events of one page, the first of which has the index `start`: the hot loop."""
        pause, spacing, longest = self._pause, SPACING - TICK / 2, LONGEST + TICK / 2
        low, high, nowhere = -_FAR, _FAR, _Track()
        track = self._tracks.get(run.page, nowhere)
        last_t, last_x, last_y = track.t, track.x, track.y
        kept, begun, keep = track.kept, track.begun, track.points.append
        rows = zip(run.kinds, run.times, run.xs, run.ys, strict=True)
        for index, (kind, t, x, y) in enumerate(rows, start):
            if kind:
                track.t, track.x, track.y = last_t, last_x, last_y
                track = self._obey(run, index - start, index, track, done) or nowhere
                last_t, last_x, last_y, kept = track.t, track.x, track.y, track.kept
                continue
            # A position that is none (NaN too), or the last one again, is passed over.
            if (x == last_x and y == last_y) or not (low < x < high and low < y < high):
                continue
            if track is nowhere:
                track = self._enter(index, run.page, done)
            rested = t - last_t
            last_t, last_x, last_y = t, x, y
            if not (0 <= rested < pause and t - begun <= longest):
                self._cut(index, rested, run.page, track, done)
                kept, begun, keep = _NEVER, t, track.points.append
            if t - kept >= spacing:
                keep((t, x, y, 0))
                kept = t
        track.t, track.x, track.y = last_t, last_x, last_y

    def close(self, before: float | None = None) -> list[Trajectory]:
        """End what rests: pages without movement for a pause before `before`, or all (None).

        Closing by time keeps each page's last position, so that it gives what the next event of
        that page would have given, only earlier. Closing all forgets the pages.
        """
        done: list[Trajectory] = []
        for page, track in self._tracks.items():
            if before is None or before - track.t >= self._pause:
                done += track.take(page)
        if before is None:
            self._tracks.clear()
        return done

    def to_bytes(self) -> bytes:
        """Give the state: 3 bytes, 50 a page and 25 a point kept; about 1 kB in mid-movement."""
        parts = [state_head(_VERSION, len(self._tracks))]
        for page, track in self._tracks.items():
            name = page.to_bytes(16, "little")
            points = track.points + track.others
            parts.append(_PAGE.pack(name, track.t, track.x, track.y, track.rest, len(points)))
            parts += [_POINT.pack(*point) for point in points]
        return b"".join(parts)

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` of a segmenter with the same settings gave.

        Raises
        ------
        ValueError
            If the state is of another version or not whole; the own state stays then.
        """
        self._tracks = from_state(state, _VERSION, _track)

    def _obey(
        self,
        run: Samples,
        place: int,
        index: int,
        track: _Track,
        done: list[tuple[int, Trajectory]],
    ) -> _Track | None:
        """Note a button or the wheel; end the movement at a marker that ends one, drop it at a gap.

        Give what goes on, if any. Where the pointer was is forgotten with what ends.
        """
        kind = run.kinds[place]
        if kind <= _WHEEL:
            track.note(kind, run.times[place], self._pause)
            return track
        marker = kind == _MARKER and run.exts[place] in ENDING_MARKS
        if kind != _GAP and not marker:
            return track
        self._tracks.pop(run.page, None)
        if marker:
            done.extend((index, ended) for ended in track.take(run.page))
        return None

    def _cut(
        self,
        index: int,
        rested: float,
        page: int,
        track: _Track,
        done: list[tuple[int, Trajectory]],
    ) -> None:
        """End the movement at a pause or for its length, drop it where the clock stepped back."""
        if rested < 0:
            track.points.clear()
        done.extend((index, ended) for ended in track.take(page))
        track.rest = rested if 0 <= rested < math.inf else math.nan

    def _enter(self, index: int, page: int, done: list[tuple[int, Trajectory]]) -> _Track:
        """Give a track to a page that has none; end the page that has rested longest for it."""
        if len(self._tracks) >= self._max_pages:
            oldest = min(self._tracks, key=lambda name: self._tracks[name].t)
            done.extend((index, ended) for ended in self._tracks.pop(oldest).take(oldest))
        self._tracks[page] = track = _Track()
        return track


def _track(state: bytes, at: int) -> tuple[int, _Track, int]:
    """Read one page from a state; give it, its track and where the next begins."""
    page, t, x, y, rest, count = _PAGE.unpack_from(state, at)
    at += _PAGE.size
    track = _Track()
    track.t, track.x, track.y, track.rest = t, x, y, rest
    for _ in range(count):
        point = _POINT.unpack_from(state, at)
        (track.others if point[3] else track.points).append(point)
        at += _POINT.size
    return int.from_bytes(page, "little"), track, at
