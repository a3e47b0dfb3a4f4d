"""Trajectories, and the segmenters that cut a session's events into them.

A segmenter is a small value with a fast path: it takes batches of events of interleaved pages,
gives the trajectories that they complete, and turns into bytes and back at any moment. How the
events are cut into batches, and where the state is saved and restored, never changes a result.
"""

import math
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, groupby
from operator import attrgetter
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from reauth.event import ENDING_MARKS, Event, Kind, Samples

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Track = TypeVar("Track")

TICK = 1e-4
"""s; the wire's clock counts tenths of a millisecond (observer.md, wire format)."""

OUTSIDE = 65000.0
"""px; remote-desktop recordings write 65535 for "no position" (Balabit challenge, README)."""

_FAR = int(OUTSIDE)  # the wire's positions are whole, and compare twice as fast with a whole one
_NEVER = float("-inf")
_MARKER, _GAP = int(Kind.MARKER), int(Kind.GAP)
_HEAD = struct.Struct("<BH")
_PAGE = struct.Struct("<16s3dH")
_POINT = struct.Struct("<3d")
_VERSION = 1


@dataclass(frozen=True, eq=False, slots=True)
class Trajectory:
    """What a segmenter cuts out: the unit of scoring.

    Parameters
    ----------
    page
        The tab or frame that it was drawn in.
    t, x, y
        (n,) float64 each; s on the session's clock, px, px; `t` strictly increases, y grows
        downwards.
    kinds
        (n,) int8, the `Kind` of each point; None where all are movements.
    rest
        s without movement before the first point; nan where nobody knows.
    device
        Name of the device class (`reauth.device`); None where nobody has looked.
    """

    page: int
    t: np.ndarray
    x: np.ndarray
    y: np.ndarray
    kinds: NDArray[np.int8] | None = None
    rest: float = math.nan
    device: str | None = None

    @property
    def id(self) -> str:
        """Name of the content, 32 hex digits: the same points on the same page, the same name.

        Times are taken in ticks of the wire, so that a clock that went through text or a
        database column names the trajectory alike.
        """
        digest = blake2b(self.page.to_bytes(16, "little"), digest_size=16)
        digest.update(np.rint(self.t / TICK).astype("<i8").tobytes())
        digest.update(np.stack((self.x, self.y)).astype("<f8").tobytes())
        if self.kinds is not None:
            digest.update(self.kinds.tobytes())
        return digest.hexdigest()


class Segmenter(Protocol):
    """Cuts a session's events into trajectories; one for each paper's rule."""

    def feed(self, event: Event) -> list[Trajectory]:
        """Take one event; give what it completed."""
        ...

    def feed_many(self, events: Iterable[Event]) -> list[tuple[int, Trajectory]]:
        """Take events in order; give (index of the event that completed it, trajectory)."""
        ...

    def close(self, before: float | None = None) -> list[Trajectory]:
        """End what rests: pages without movement for a pause before `before`, or all (None)."""
        ...

    def to_bytes(self) -> bytes:
        """Give the state as a small versioned value."""
        ...

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` of a segmenter with the same settings gave."""
        ...


def runs(events: Iterable[Event]) -> Iterator[tuple[int, Samples]]:
    """Give events in order as (index of the first, samples), each run of one page."""
    if isinstance(events, Samples):
        yield 0, events
        return
    start = 0
    for page, run in groupby(events, attrgetter("page")):
        kinds, _, *columns = zip(*run, strict=True)
        yield start, Samples(page, kinds, *columns)
        start += len(kinds)


def state_head(version: int, pages: int) -> bytes:
    """Give what a segmenter's state begins with: its version, and of how many pages it is."""
    return _HEAD.pack(version, pages)


def from_state(
    state: bytes, version: int, read: Callable[[bytes, int], tuple[int, Track, int]]
) -> dict[int, Track]:
    """Read a segmenter's state: what it knows of each page.

    Parameters
    ----------
    read
        From the state and the place where a page begins: the page, what is known of it, and the
        place where the next begins.

    Raises
    ------
    ValueError
        If the state is of another version or not whole.
    """
    tracks = {}
    try:
        found, pages = _HEAD.unpack_from(state)
        if found != version:
            raise ValueError(f"a segmenter's state of version {found}, not {version}")
        at = _HEAD.size
        for _ in range(pages):
            page, track, at = read(state, at)
            tracks[page] = track
    except struct.error as error:
        raise ValueError("a segmenter's state that is cut short") from error
    if at != len(state):
        raise ValueError("a segmenter's state that is cut short, or with more behind it")
    return tracks


class _Track:
    """The open segment of one page, and where the pointer was last seen to move there."""

    __slots__ = ("points", "t", "x", "y")

    def __init__(self, points: int) -> None:
        self.t = self.x = self.y = _NEVER
        self.points: deque[tuple[float, float, float]] = deque(maxlen=points)

    @property
    def kept(self) -> float:
        """Time of the last event kept of the open segment."""
        return self.points[-1][0] if self.points else _NEVER


class PauseSegmenter:
    """Medvet's rule: the last `points` events before a pause are a trajectory.

    Every page has its own open segment, as the events of several tabs interleave in a session.
    Only movements count, with a button held or not; positions that are none, and repetitions of
    the last position, are passed over. A segment ends where the pointer has not changed its
    position for `pause`; inside it events are thinned greedily to one in `grid`. A segment of
    fewer than `points` events gives nothing.

    What else ends a segment: a marker of `ENDING_MARKS` (the page goes, or its coordinates jump)
    ends it as a pause does. Missing samples (GAP) and a clock that steps back do not: nobody
    knows whether a pause followed, so what lay before is dropped, and what comes after begins
    anew; loss can cost a trajectory, never falsify one. A page beyond `max_pages` displaces the
    one that has rested longest, whose segment ends there as at a pause.

    Parameters
    ----------
    pause
        s; 0.5 in Medvet, "Procedure: overview".
    points
        Events in a trajectory; 10 in Medvet, same page.
    grid
        s between kept events; Medvet's capture gives one in about 0.025. It is the least
        spacing, not a resampling; 0 keeps every event with a time of its own.
    max_pages
        Pages with an open segment, a bound on memory: 64 tabs are more than are moved in at once.

    Raises
    ------
    ValueError
        If `points` < 2, `pause` <= 0, `grid` < 0 or `max_pages` < 1.

    References
    ----------
    Medvet et al. 2014, "Procedure: overview". Thinning is ours: their capture was slower.

    Examples
    --------
    >>> segmenter = PauseSegmenter(pause=0.5, points=3, grid=0.025)
    >>> drawn = [Event(Kind.MOVE, 0, 0.03 * i, 10.0 * i, 0.0) for i in range(5)]
    >>> segmenter.feed_many(drawn)
    []
    >>> [trajectory] = segmenter.feed(Event(Kind.MOVE, 0, 2.0, 0.0, 0.0))
    >>> trajectory.x.tolist()
    [20.0, 30.0, 40.0]
    """

    def __init__(self, pause: float, points: int, grid: float, max_pages: int = 64) -> None:
        if points < 2 or pause <= 0 or grid < 0 or max_pages < 1:
            raise ValueError("points >= 2, pause > 0, grid >= 0 and max_pages >= 1 are needed")
        # Times are multiples of a tick, in binary fractions: half a tick of grace makes the
        # limits exact (0.7 - 0.2 is below 0.5).
        self._pause = pause - TICK / 2
        self._grid = max(grid, TICK) - TICK / 2
        self._points = points
        self._max_pages = max_pages
        self._tracks: dict[int, _Track] = {}

    def feed(self, event: Event) -> list[Trajectory]:
        """Take one event; give what it completed."""
        return [trajectory for _, trajectory in self.feed_many((event,))]

    def feed_many(self, events: Iterable[Event]) -> list[tuple[int, Trajectory]]:
        """Take events in order; give (index of the event that completed it, trajectory)."""
        done: list[tuple[int, Trajectory]] = []
        for start, run in runs(events):
            self._feed(run, start, done)
        return done

    def _feed(self, run: Samples, start: int, done: list[tuple[int, Trajectory]]) -> None:
        """Take events of one page, the first of which has the index `start`: the hot loop."""
        pause, grid, low, high = self._pause, self._grid, -_FAR, _FAR
        page, track, keep = run.page, None, _Track(1).points.append
        last_t = last_x = last_y = kept = _NEVER
        rows = zip(run.kinds, run.times, run.xs, run.ys, strict=True)
        for index, (kind, t, x, y) in enumerate(rows, start):
            if kind:
                track = self._obey(run, index - start, index, track, done)
                continue
            if track is None:
                track = self._enter(index, page, done)
                last_t, last_x, last_y, kept = track.t, track.x, track.y, track.kept
                keep = track.points.append
            # A position that is none (NaN too), or the last one again, is passed over.
            if (x == last_x and y == last_y) or not (low < x < high and low < y < high):
                continue
            rested = t - last_t
            last_t, last_x, last_y = t, x, y
            if not 0 <= rested < pause:
                kept = self._cut(index, rested, page, track, done)
            if t - kept >= grid:
                keep((t, x, y))
                kept = t
        if track is not None:
            track.t, track.x, track.y = last_t, last_x, last_y

    def close(self, before: float | None = None) -> list[Trajectory]:
        """End what rests: pages without movement for a pause before `before`, or all (None).

        Closing by time keeps each page's last position, so that it gives what the next event of
        that page would have given, only earlier. Closing all forgets the pages.
        """
        done: list[Trajectory] = []
        for page, track in self._tracks.items():
            if before is None or before - track.t >= self._pause:
                done += self._end(page, track)
        if before is None:
            self._tracks.clear()
        return done

    def to_bytes(self) -> bytes:
        """Give the state: 3 bytes, 42 a page and 24 a kept event, so 285 for one page of ten."""
        parts = [state_head(_VERSION, len(self._tracks))]
        for page, track in self._tracks.items():
            name = page.to_bytes(16, "little")
            parts.append(_PAGE.pack(name, track.t, track.x, track.y, len(track.points)))
            parts.append(struct.pack(f"<{3 * len(track.points)}d", *chain(*track.points)))
        return b"".join(parts)

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` of a segmenter with the same settings gave.

        Raises
        ------
        ValueError
            If the state is of another version or not whole; the own state stays then.
        """
        self._tracks = from_state(state, _VERSION, self._track)

    def _track(self, state: bytes, at: int) -> tuple[int, _Track, int]:
        page, t, x, y, count = _PAGE.unpack_from(state, at)
        at += _PAGE.size
        track = _Track(self._points)
        track.t, track.x, track.y = t, x, y
        for _ in range(count):
            track.points.append(_POINT.unpack_from(state, at))
            at += _POINT.size
        return int.from_bytes(page, "little"), track, at

    def _enter(self, index: int, page: int, done: list[tuple[int, Trajectory]]) -> _Track:
        """Turn to the page of a movement."""
        done.extend((index, ended) for ended in self._make_room(page))
        return self._tracks[page]

    def _obey(
        self,
        run: Samples,
        place: int,
        index: int,
        track: _Track | None,
        done: list[tuple[int, Trajectory]],
    ) -> _Track | None:
        """End the segment at a marker that ends one, drop it at a gap; give what goes on, if any.

        Where the pointer was is forgotten with it.
        """
        gap = run.kinds[place] == _GAP
        marker = run.kinds[place] == _MARKER and run.exts[place] in ENDING_MARKS
        if not gap and not marker:
            return track
        left = self._tracks.pop(run.page, None)
        if left is not None and marker:
            done.extend((index, ended) for ended in self._end(run.page, left))
        return None

    def _cut(
        self,
        index: int,
        rested: float,
        page: int,
        track: _Track,
        done: list[tuple[int, Trajectory]],
    ) -> float:
        """End the segment at a pause, drop it where the clock stepped back; give "nothing kept"."""
        if rested < 0:
            track.points.clear()
        done.extend((index, ended) for ended in self._end(page, track))
        return _NEVER

    def _make_room(self, page: int) -> list[Trajectory]:
        """See that the page has a track; end the page that has rested longest for it."""
        if page in self._tracks:
            return []
        self._tracks[page] = _Track(self._points)
        if len(self._tracks) <= self._max_pages:
            return []
        # The new page is the last in the table, with a time before all others: leave it out.
        oldest = min(list(self._tracks)[:-1], key=lambda name: self._tracks[name].t)
        return self._end(oldest, self._tracks.pop(oldest))

    def _end(self, page: int, track: _Track) -> list[Trajectory]:
        """Give the segment's last points, if they are enough, and start anew."""
        points = list(track.points)
        track.points.clear()
        if len(points) < self._points:
            return []
        t, x, y = np.array(points, dtype=np.float64).T.copy()
        return [Trajectory(page, t, x, y)]
