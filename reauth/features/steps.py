"""Movements seen through one clock: the step of every 25 ms, whatever the rate of the mouse.

What is learnt from steps is the hand and not its device. The movements of a batch lie one behind
the other, so that one call to numpy serves all of them; what runs on from one to the next is
counted in whole numbers, and so a batch equals its parts to the bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reauth.errors import TooShort
from reauth.event import Kind
from reauth.movement import LONGEST
from reauth.trajectory import TICK, Floats, Trajectory

GRID = 0.025
"""s between looks; Medvet's capture gives about one event in it (biometrics.md §1.1)."""

FINE = 2**18
"""Parts of a pixel or a radian that are told apart: what runs on over several movements is counted
in them, and equal speeds are equal, whatever the rounding."""

POINTS = 2
"""Points of a movement; one makes no step."""

_MOVE = int(Kind.MOVE)
_STEP = float(round(GRID / TICK))
_MOST = round(LONGEST / GRID)
_LOOKS = np.arange(1.0, _MOST + 1) * _STEP

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Steps:
    """The steps of `GRID` s of n movements, one behind the other: N in all.

    Parameters
    ----------
    bounds
        n slices, where the steps of each movement lie.
    start, end
        (n,), a movement's first step and its last.
    row
        (N,), which movement a step is of.
    at, by
        (2, N) px along x and y: from the beginning to the end of each step, and in the step.
    d, v
        (N,) px and px/s, how far and how fast in each step.
    count
        (n,), how many steps each movement has.
    spans
        s that each movement takes.
    """

    bounds: list[slice]
    start: Ints
    end: Ints
    row: Ints
    at: Floats
    by: Floats
    d: Floats
    v: Floats
    count: Floats
    spans: list[float]

    def total(self, each: Floats) -> Floats:
        """Sum (..., N) by movement: (..., n)."""
        return np.asarray(np.add.reduceat(each, self.start, -1))

    def most(self, each: Floats) -> Floats:
        """Largest of (..., N) by movement: (..., n)."""
        return np.asarray(np.maximum.reduceat(each, self.start, -1))

    def least(self, each: Floats) -> Floats:
        """Smallest of (..., N) by movement: (..., n)."""
        return np.asarray(np.minimum.reduceat(each, self.start, -1))

    def parted(self, each: NDArray[Any]) -> list[list[Any]]:
        """Part (N,) by movement."""
        values = each.tolist()
        return [values[bounds] for bounds in self.bounds]

    def fine(self) -> list[list[int]]:
        """How far each step goes, by movement, in whole `FINE` parts of a pixel."""
        return self.parted(np.rint(self.d * FINE).astype(np.int64))

    def change(self, each: Floats) -> Floats:
        """What (N,) changes by since the step before; 0 where there is none."""
        changed = np.zeros_like(each)
        np.subtract(each[1:], each[:-1], changed[1:])
        changed[self.start] = 0.0
        return changed

    def smoothed(self, each: Floats) -> Floats:
        """The mean of each of (N,), counted twice, and its neighbours; 0 where there is none."""
        before, after = np.empty_like(each), np.empty_like(each)
        before[1:], after[:-1] = each[:-1], each[1:]
        before[self.start] = after[self.end] = 0.0
        return np.asarray((before + 2.0 * each + after) / 4.0)


def steps_of(trajectories: Sequence[Trajectory]) -> Steps:
    """Look at movements every `GRID` s, on straight lines between their points.

    What lies more than `LONGEST` after a movement's beginning is not looked at.

    Raises
    ------
    TooShort
        If one of them has fewer than `POINTS` points that are movements.
    """
    parts = [_moves(each) for each in trajectories]
    sizes = [part.shape[1] for part in parts]
    if min(sizes) < POINTS:
        raise TooShort("a movement needs two points")
    t, x, y = np.concatenate([part - part[:, :1] for part in parts], 1)
    ticks = np.rint(t / TICK)
    lasts = ticks[np.array([*accumulate(sizes)]) - 1].tolist()
    spans = [max(last, 1.0) for last in lasts]
    counts = [int(min(max(span // _STEP, 1.0), _MOST)) for span in spans]
    # On one axis, as whole ticks, with one tick between the movements.
    begins = [*accumulate((span + 1.0 for span in spans[:-1]), initial=0.0)]
    axis = ticks + np.array(begins).repeat(sizes)
    looks = np.concatenate(
        [
            _LOOKS[:count] + begin if span >= _STEP else np.array([begin + span])
            for count, span, begin in zip(counts, spans, begins, strict=True)
        ]
    )
    at = np.array((np.interp(looks, axis, x), np.interp(looks, axis, y)))
    at = np.rint(at * FINE) / FINE
    stops = [*accumulate(counts)]
    end = np.array(stops) - 1
    start = end + 1 - np.array(counts)
    by = at.copy()
    by[:, 1:] -= at[:, :-1]
    by[:, start] = at.take(start, 1)
    d = np.hypot(by[0], by[1])
    return Steps(
        bounds=[slice(stop - count, stop) for stop, count in zip(stops, counts, strict=True)],
        start=start,
        end=end,
        row=np.arange(len(counts)).repeat(counts),
        at=at,
        by=by,
        d=d,
        v=d / GRID,
        count=np.array(counts, dtype=np.float64),
        spans=[span * TICK for span in spans],
    )


def _moves(each: Trajectory) -> Floats:
    """Give (3, m) t, x, y of the points of a trajectory that are movements."""
    points = np.array((each.t, each.x, each.y))
    return points if each.kinds is None else points.compress(each.kinds == _MOVE, 1)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Give the quantile, 0..1, of values in order; 0 of none.

    Examples
    --------
    >>> quantile([1.0, 2.0, 4.0], 0.75)
    3.0
    """
    if not ordered:
        return 0.0
    at = (len(ordered) - 1) * share
    low = int(at)
    return ordered[low] + (at - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])
