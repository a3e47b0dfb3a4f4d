"""Movements seen through one clock: the step of every 25 ms, whatever the rate of the mouse.

What is learnt from steps is the hand and not its device. The movements of a batch lie one behind
the other, so that one call to numpy serves all of them; what runs on from one to the next is
counted in whole numbers, and so a batch equals its parts to the bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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

_STEP = round(GRID / TICK)
_MOST = round(LONGEST / GRID)

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Steps:
    """The steps of `GRID` s of n movements, one behind the other: N in all.

    `start`, `count`: (n,), where a movement's steps begin, and how many they are. `row`, `place`:
    (N,), which movement a step is of, and which of its steps it is (0, 1, ...). `dx`, `dy`, `d`:
    (N,) px; `x`, `y`: (N,) px from the beginning, at the end of each step. `span`: (n,) s.
    """

    start: Ints
    count: Ints
    row: Ints
    place: Ints
    dx: Floats
    dy: Floats
    d: Floats
    x: Floats
    y: Floats
    span: Floats

    def total(self, each: Floats) -> Floats:
        """Sum up (N,) by movement."""
        return np.asarray(np.add.reduceat(each, self.start))

    def most(self, each: Floats) -> Floats:
        """Largest of (N,) by movement."""
        return np.asarray(np.maximum.reduceat(each, self.start))

    def where_most(self, each: Floats) -> Floats:
        """In which step (0, 1, ...) the largest first is."""
        found = each == self.most(each)[self.row]
        place = np.where(found, self.place, _MOST)
        return np.minimum.reduceat(place, self.start).astype(np.float64)

    def before(self, each: Floats, edge: float = 0.0) -> Floats:
        """The value of the step before; `edge` where there is none."""
        moved = np.empty_like(each)
        moved[1:] = each[:-1]
        moved[self.start] = edge
        return moved

    def after(self, each: Floats, edge: float = 0.0) -> Floats:
        """The value of the step after; `edge` where there is none."""
        moved = np.empty_like(each)
        moved[:-1] = each[1:]
        moved[self.start + self.count - 1] = edge
        return moved

    def quantiles(self, each: Floats, shares: Sequence[int]) -> Floats:
        """Quantiles, %, of (N,) by movement: (n, len(shares))."""
        return quantiles(each, self.row, self.count, shares)


def _moves(each: Trajectory) -> tuple[Floats, Floats, Floats]:
    """The points of a trajectory that are movements."""
    if each.kinds is None:
        return each.t, each.x, each.y
    moves = each.kinds == Kind.MOVE
    return each.t[moves], each.x[moves], each.y[moves]


def steps_of(trajectories: Sequence[Trajectory]) -> Steps:
    """Look at movements every `GRID` s, on straight lines between their points.

    What lies more than `LONGEST` after a movement's beginning is not looked at.

    Raises
    ------
    TooShort
        If one of them has fewer than `POINTS` points that are movements.
    """
    parts = [_moves(each) for each in trajectories]
    sizes = np.array([len(t) for t, _, _ in parts])
    if sizes.min() < POINTS:
        raise TooShort("a movement needs two points")
    ticks, x, y = (
        np.concatenate([part[column] - part[column][0] for part in parts]) for column in range(3)
    )
    ticks = np.rint(ticks / TICK)
    spans = np.maximum(ticks[np.cumsum(sizes) - 1], 1)
    # On one axis, as whole ticks, with one tick between the movements.
    begins = np.concatenate(([0.0], np.cumsum(spans[:-1] + 1)))
    count = np.clip(spans // _STEP, 1, _MOST).astype(np.int64)
    looks = count + 1
    place = np.arange(looks.sum()) - np.repeat(np.cumsum(looks) - looks, looks)
    at = np.minimum(place * _STEP, np.repeat(spans, looks)) + np.repeat(begins, looks)
    axis = ticks + np.repeat(begins, sizes)
    gx, gy = (np.rint(np.interp(at, axis, each) * FINE) / FINE for each in (x, y))
    ends = place > 0
    dx, dy = np.diff(gx)[ends[1:]], np.diff(gy)[ends[1:]]
    return Steps(
        start=np.cumsum(count) - count,
        count=count,
        row=np.repeat(np.arange(len(count)), count),
        place=place[ends] - 1,
        dx=dx,
        dy=dy,
        d=np.hypot(dx, dy),
        x=gx[ends],
        y=gy[ends],
        span=spans * TICK,
    )


def quantiles(each: Floats, row: Ints, count: Ints, shares: Sequence[int]) -> Floats:
    """Quantiles, %, of values >= 0 that lie row by row; 0 of rows that have none.

    They are sorted as whole numbers behind that of their row, which is one call for all rows.
    """
    key = np.sort((row << 36) + np.rint(each * FINE).astype(np.int64))
    start = np.cumsum(count) - count
    at = np.maximum(count - 1, 0)[:, None] * (np.array(shares) / 100)
    low = at.astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0)[:, None])
    fine = np.append(key & ((1 << 36) - 1), 0)
    below, above = (fine[np.minimum(start[:, None] + part, len(key))] for part in (low, high))
    found = (below + (at - low) * (above - below)) / FINE
    return np.where(count[:, None] > 0, found, 0.0)
