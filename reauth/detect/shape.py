"""The shape of a movement, and how far two shapes are apart beyond what playing one again does.

A recording that is played again through a browser comes back with its points a few ms late, some of
them missing, on another place of the page, and perhaps moved by some px on purpose. A shape is made
so that all of this changes it little: the mean place in each of `CELLS` equal parts of the time,
about the mean of all. What is left between two shapes is weighed by what a replay would leave:
along the path, where a late point counts by the speed, and across it, where it does not.
"""

from dataclasses import dataclass
from hashlib import blake2b
from math import hypot
from typing import Final

import numpy as np

from reauth.event import Kind
from reauth.trajectory import TICK, Floats, Trajectory

CELLS: Final = 32
"""Parts of a movement's time: of the median movement (36 points, H-BRS) about a point each."""

MOVED: Final = (0.3 * 3.0**2 + 1 / 6) ** 0.5
"""px, deviation of a place: 30 % of the points moved by 3 px, both rounded (G10)."""

JITTER: Final = 0.005
"""s, deviation of a point's time: timers of browsers and of whoever plays are late by some ms."""

LATE: Final = 0.04
"""s by which duration may differ: at each end a frame of 60 Hz and a jitter are lost at most."""

SHIFT: Final = 0.016
"""s by which either end may be moved to lay two shapes over each other: a frame."""

WORST: Final = 9.0
"""Where a cell counts no more, in variances: one stall of the player must not hide the rest."""

LOOSE: Final = 3.0
"""px; a last step as short as this may be undone by moving one point (G10): it is not told then."""

LEAST_POINTS: Final = 8
"""Fewer meet by chance (biometrics.md §1.4)."""

LEAST_BEND: Final = 8.0
"""px off the straight line; about five deviations of a place: below, a bend may be all noise."""

LEAST_EXTENT: Final = 40.0
"""px; in a smaller square there are not ten places that noise leaves apart on a side."""

GRACE: Final = 3.0
"""px by which a point moved on purpose may take from a bend, and twice that from an extent: so much
less a movement may have to be looked up, not to be kept."""

KINDS: Final = 3
"""By how far it bends: at each doubling of `LEAST_BEND` chance finds fewer that are alike."""

WAVES: Final = 6
"""Lowest cosine waves of x and of y that are looked up; the slow part holds most of a movement."""

NUMBERS: Final = 2 * WAVES + 1
"""Of a row in the index: the waves, and the duration."""

SLACK: Final = 2.0
"""Deviations of noise within which is looked: of the sum of 64 squares twice that is beyond all."""

_NOISE = SLACK * (2 * CELLS) ** 0.5 * MOVED
PACE: Final = _NOISE / LATE
"""px/s; makes `LATE` as far in the index as the noise of places."""

_HALF = np.arange(CELLS) + 0.5
_BASIS = (2 / CELLS) ** 0.5 * np.cos(np.pi * np.outer(np.arange(1, WAVES + 1), _HALF) / CELLS)
_TILT = np.linspace(-1.0, 1.0, CELLS)
_TINY = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """What is compared of a movement.

    Parameters
    ----------
    outline
        (2, CELLS), px; mean x and y in equal parts of its time, each about 0.
    duration
        s.
    kind
        0 to KINDS - 1, by how far it bends.
    digest
        Names the steps (dx, dy, dt) of all points, times in ticks of the wire.
    plain
        Whether it is too plain to be kept, and yet may be a replay of one that was: within `GRACE`.
    """

    outline: Floats
    duration: float
    kind: int
    digest: int
    plain: bool = False


def shape_of(movement: Trajectory) -> Shape | str:
    """Give the shape of a movement, or why it has none that would tell it from others.

    Returns
    -------
    Shape or str
        "too_short" with fewer than `LEAST_POINTS` points; "too_plain" where it stays within
        `LEAST_EXTENT` or bends by less than `LEAST_BEND`, by more than `GRACE`: honest people
        repeat such movements.
    """
    t, places = _moves(movement)
    if t.size < LEAST_POINTS:
        return "too_short"
    since, way = t - t[0], places - places[:, :1]
    bend, extent = _bend(way), float(np.ptp(way, axis=1).max())
    if bend < LEAST_BEND - GRACE or extent < LEAST_EXTENT - 2 * GRACE:
        return "too_plain"
    plain = bend < LEAST_BEND or extent < LEAST_EXTENT
    kind = min(max(int(np.log2(bend / LEAST_BEND)), 0), KINDS - 1)
    return Shape(_outline(since, way), since[-1].item(), kind, _digest(t, places), plain)


def without_loose_end(movement: Trajectory) -> Trajectory | None:
    """Give a movement without its last point, where a replay may lose it and much time with it."""
    t, places = _moves(movement)
    if t.size < 2 or t[-1] - t[-2] <= LATE / 2:
        return None
    if hypot(*(places[:, -1] - places[:, -2]).tolist()) > LOOSE:
        return None
    return Trajectory(movement.page, t[:-1], places[0, :-1], places[1, :-1])


def row_of(outline: Floats, duration: Floats) -> Floats:
    """Give the row (n, NUMBERS) that outlines (n, 2, CELLS) have in the index, px.

    The waves are orthonormal, so that two rows are never further apart than the outlines are: a
    look-up within a distance misses none that is within it.

    References
    ----------
    Agrawal, Faloutsos, Swami 1993, "Efficient similarity search in sequence databases", section 3.
    """
    waves = (outline @ _BASIS.T).reshape(len(outline), 2 * WAVES)
    return np.concatenate((waves, duration[:, None] * PACE), axis=1)


def reach(shape: Shape) -> float:
    """Within which distance of its row a movement's replays lie, px.

    The noise of places, and what a shift of all times would do at this movement's speeds.
    """
    velocity = _velocity(shape.outline[None], np.array([shape.duration]))
    return float(np.sqrt(_NOISE**2 + SHIFT**2 * np.square(velocity).sum()))


def residuals(shape: Shape, outlines: Floats, durations: Floats) -> Floats:
    """Tell what is left between a shape and each of others (n, 2, CELLS), (n,).

    They are laid over each other first: in place, and in time by a shift of each end.

    Returns
    -------
    (n,)
        Mean square over cells in variances of the worst replay, each counted up to `WORST`: about
        1 for that one, near 0 for an exact one, inf where durations differ by more than `LATE`.
    """
    velocity = _velocity(outlines, durations)
    apart = _laid_over(shape.outline - outlines, velocity)
    speed = np.sqrt(np.square(velocity).sum(axis=1))
    along = (apart * velocity).sum(axis=1) / (speed + _TINY)
    square = np.square(apart).sum(axis=1)
    beside = square - np.square(along)
    late = np.square(along) / (MOVED**2 + np.square(JITTER * speed))
    cells = (late + beside / MOVED**2) / 2
    left = np.minimum(cells, WORST).mean(axis=1)
    return np.where(np.abs(durations - shape.duration) <= LATE, left, np.inf)


def _moves(movement: Trajectory) -> tuple[Floats, Floats]:
    """Times (n,) and places (2, n) of the points that are no clicks and no steps of the wheel."""
    places = np.stack((movement.x, movement.y))
    if movement.kinds is None:
        return movement.t, places
    moves = movement.kinds == Kind.MOVE
    return movement.t[moves], places[:, moves]


def _velocity(outlines: Floats, durations: Floats) -> Floats:
    """(n, 2, CELLS), px/s."""
    step = (durations / CELLS)[:, None, None]
    inner = (outlines[:, :, 2:] - outlines[:, :, :-2]) / 2
    first, last = (outlines[:, :, at] - outlines[:, :, at - 1] for at in (1, -1))
    return np.concatenate((first[:, :, None], inner, last[:, :, None]), axis=2) / step


def _laid_over(apart: Floats, velocity: Floats) -> Floats:
    """Take from differences what a shift of the beginning and of the end in time explains."""
    ways = np.stack((velocity, velocity * _TILT))
    ways -= ways.mean(axis=3, keepdims=True)
    (vv, vw), (_, ww) = np.einsum("inkc,jnkc->ijn", ways, ways)
    ev, ew = np.einsum("nkc,inkc->in", apart, ways)
    # A pixel a second more on the diagonal: what never moves is not divided by 0.
    vv, ww = vv + 1.0, ww + 1.0
    size = vv * ww - vw * vw
    shifts = np.clip(((ev * ww - ew * vw) / size, (ew * vv - ev * vw) / size), -SHIFT, SHIFT)
    return np.asarray(apart - np.einsum("in,inkc->nkc", shifts, ways))


def _outline(since: Floats, way: Floats) -> Floats:
    """Mean places in equal parts of the time, on straight lines between the points."""
    steps = np.diff(since)
    area = np.zeros_like(way)
    np.cumsum((way[:, 1:] + way[:, :-1]) / 2 * steps, axis=1, out=area[:, 1:])
    at = np.linspace(0.0, since[-1], CELLS + 1)
    left = np.minimum(np.searchsorted(since, at, side="right") - 1, since.size - 2)
    into = at - since[left]
    slope = (way[:, left + 1] - way[:, left]) / steps[left]
    until = area[:, left] + way[:, left] * into + slope * into * into / 2
    means = np.diff(until, axis=1) * (CELLS / since[-1])
    return np.asarray(means - means.mean(axis=1, keepdims=True))


def _bend(way: Floats) -> float:
    """Largest distance from the line between the ends; from the start where they meet, px."""
    x, y = way[0, -1].item(), way[1, -1].item()
    chord = hypot(x, y)
    if chord < 1.0:
        return float(np.sqrt(np.square(way).sum(axis=0).max()))
    return float(np.abs(way[0] * y - way[1] * x).max()) / chord


def _digest(t: Floats, places: Floats) -> int:
    """64 bits of the steps: a quarter of a px, and a tick of the wire, are told apart."""
    steps = np.concatenate((np.diff(t)[None] / TICK, 4 * np.diff(places, axis=1)))
    told = blake2b(np.rint(steps).astype("<i4").tobytes(), digest_size=8)
    return int.from_bytes(told.digest(), "little")
