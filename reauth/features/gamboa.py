"""Gamboa's 64 numbers of a stroke, and which 62 of them the slides count.

Eleven vectors are summarised by five numbers each: where the smoothed path runs, and how its
direction and curvature change along it; how fast the pointer was, and how that changes in time.
Nine further numbers describe the stroke as a whole. The path is smoothed by the cubic smoothing
spline itself; on an even grid with both ends fixed a sine transform solves it in closed form.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from reauth.errors import TooShort
from reauth.features.kinematics import (
    accelerations,
    changes,
    directions,
    intervals,
    slog,
    wrap,
)
from reauth.trajectory import TICK, Floats, Trajectory

POINTS = 4
"""Three movements and the click: with fewer there is no acceleration."""

SMOOTHING = 5.0
"""px; detail of a wavelength of 2 pi times this is halved. The papers name no amount: derived, of
the order of the steps between two samples at 50 a second (500 px/s: 10 px)."""

SAMPLES = 4096
"""Steps of 1 px that a path is cut into at most; the steps of a longer one are longer."""

PAUSE = 0.1
"""s between two points that are a pause (Gamboa's thesis; the value from memory)."""

SHARP = np.pi / 10
"""rad/px; curvature of a critical point (Gamboa's thesis, where the unit is rad/px2)."""

VECTORS = (
    "x", "y", "angle", "curvature", "curvature_slope", "speed_x", "speed_y", "speed",
    "acceleration", "jerk", "angular_speed",
)  # fmt: skip
SUMMARIES = ("min", "max", "mean", "std", "range")
WHOLE = (
    "duration", "length", "straightness", "jitter", "critical_points", "time_to_click", "pauses",
    "paused_time", "paused_share",
)  # fmt: skip

_ZERO = np.zeros(1)
_LEAST_STEP = 0.1  # px; positions are whole ones, finer steps are of the arithmetic

_UNITS = (
    "slog(px)", "slog(px)", "rad", "slog(rad/px)", "slog(rad/px2)",
    *["slog(px/s)"] * 3, "slog(px/s2)", "slog(px/s3)", "slog(rad/s)",
)  # fmt: skip
_WHOLE_UNITS = (
    "ln(1 + s)", "ln(1 + px)", "1", "1", "ln(1 + 1)", "ln(1 + s)", "ln(1 + 1)", "ln(1 + s)", "1",
)  # fmt: skip


def _summed_up(*vectors: str) -> tuple[str, ...]:
    """Names of the numbers that sum up these vectors."""
    return tuple(f"{vector}_{what}" for vector in vectors for what in SUMMARIES)


_SPEED = _summed_up("speed_x", "speed_y", "speed", "angular_speed")
_ACCELERATION = _summed_up("acceleration", "jerk")
_STANDS = ("pauses", "paused_time", "paused_share")


class Gamboa:
    """The 64 features of Gamboa and Fred.

    Numbers that span decades go through sign(a) ln(1 + |a|), as in `Medvet`; positions are taken
    from the stroke's first point, so that a stroke is the same anywhere on the screen. Both are
    ours: the papers' game stood at one place of one page.

    References
    ----------
    Gamboa, Fred, Vieira 2004, slides "Feature Extraction": the vectors, their summaries and seven
    further numbers. Duration and length are of Gamboa's thesis; `SLIDES` leaves them out. The
    formulas are biometrics.md §1.2.

    Examples
    --------
    >>> t = np.arange(6) * 0.1
    >>> row = Gamboa().extract(Trajectory(0, t, 30.0 * np.arange(6), np.zeros(6)))
    >>> found = dict(zip(Gamboa().names, row.round(3).tolist()))
    >>> found["speed_mean"], found["length"], found["straightness"]  # ln 301, ln 151
    (5.707, 5.017, 1.0)
    """

    name = "gamboa"
    version = 1
    segmenter = "stroke"
    points = POINTS
    names = (*_summed_up(*VECTORS), *WHOLE)
    units = (*(unit for unit in _UNITS for _ in SUMMARIES), *_WHOLE_UNITS)
    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "shape": (
            *_summed_up("x", "y", "curvature", "curvature_slope"),
            "length", "straightness", "jitter", "critical_points",
        ),
        "direction": _summed_up("angle"),
        "speed": _SPEED,
        "acceleration": _ACCELERATION,
        "profile": ("duration",),
        "stands": _STANDS,
        "clicks": ("time_to_click",),
        "timing": (*_SPEED, *_ACCELERATION, *_STANDS, "duration", "time_to_click"),
    }  # fmt: skip

    def extract(self, trajectory: Trajectory) -> Floats:
        """Give (64,) numbers of one stroke.

        Raises
        ------
        TooShort
            If the stroke has fewer than four points.
        """
        row: Floats = self.extract_many([trajectory])[0]
        return row

    def extract_many(self, trajectories: Sequence[Trajectory]) -> Floats:
        """Give (n, 64), bit for bit what `extract` gives one by one.

        Raises
        ------
        TooShort
            If one of them has fewer than four points.
        """
        if not trajectories:
            return np.empty((0, len(self.names)))
        if min(trajectory.t.size for trajectory in trajectories) < POINTS:
            raise TooShort(f"a stroke needs {POINTS} points")
        vectors: list[Floats] = []
        whole = np.empty((len(trajectories), len(WHOLE)))
        for place, each in enumerate(trajectories):
            vectors += _stroke(each, whole[place])
        rows = np.concatenate((_summaries(vectors, len(trajectories)), whole), axis=1)
        np.copyto(rows, slog(rows), where=_SCALED)
        return rows


SLIDES = tuple(
    place for place, name in enumerate(Gamboa.names) if name not in ("duration", "length")
)
"""Places of the 62 that the slides count: all but duration and length."""

_SCALED = np.array([unit[:2] in ("sl", "ln") for unit in Gamboa.units])


def smooth(points: Floats, step: float) -> Floats:
    """Smooth a path by the cubic smoothing spline that keeps both ends.

    Of all curves f through both ends it makes sum (points - f)^2 + B^4 / step * integral f''^2
    least, B = `SMOOTHING`. Less the straight line between the ends, which costs nothing, the
    sine transform diagonalises both terms: the second difference has the eigenvalues
    -2 (1 - cos w), the spline's own matrix (2 + cos w) / 3.

    Parameters
    ----------
    points
        (..., m + 1) coordinates at even steps of the path, px; m >= 2.
    step
        px.

    Returns
    -------
    ndarray
        The smoothed coordinates at the same steps.

    References
    ----------
    Reinsch 1967, "Smoothing by spline functions", Numer. Math. 10: the matrices; solved here by a
    transform, as the grid is even.
    """
    count = points.shape[-1] - 1
    share = _even(1.0, count)
    line = points[..., :1] + (points[..., -1:] - points[..., :1]) * share
    bent = points - line
    cosine = np.cos(np.pi * share)
    penalty = (SMOOTHING / step) ** 4 * 12 * (1 - cosine) ** 2 / (2 + cosine)
    odd = np.concatenate((bent, -bent[..., -2:0:-1]), axis=-1)
    kept = np.fft.irfft(np.fft.rfft(odd) / (1 + penalty), 2 * count)[..., : count + 1]
    return np.asarray(line + kept)


def _stroke(stroke: Trajectory, whole: Floats) -> list[Floats]:
    """Give the eleven vectors of a stroke, and write what describes it as a whole."""
    moved = np.ones(stroke.t.size, dtype=bool)
    moved[1:] = (changes(stroke.x) != 0) | (changes(stroke.y) != 0)
    x, y = stroke.x[moved] - stroke.x[0], stroke.y[moved] - stroke.y[0]
    dx, dy = changes(x), changes(y)
    along = np.concatenate((_ZERO, np.cumsum(np.hypot(dx, dy))))
    length = float(along[-1])
    path, smoothed = _path(along, x, y) if length > 0 else ([_ZERO] * 5, 0.0)
    # Binary fractions of seconds since 1970 are no whole ticks of the wire: these are.
    t = np.rint((stroke.t - stroke.t[0]) / TICK) * TICK
    rests = changes(t)
    paused = rests[rests > PAUSE + TICK / 2]
    duration = max(t[-1], TICK)
    whole[:] = (
        duration,
        length,
        np.hypot(x[-1], y[-1]) / length if length > 0 else 1.0,
        smoothed / length if length > 0 else 1.0,
        _critical_points(path[3], path[4]),
        rests[-1],
        paused.size,
        paused.sum(),
        paused.sum() / duration,
    )
    return path + _motion(t[moved], dx, dy)


def _path(along: Floats, x: Floats, y: Floats) -> tuple[list[Floats], float]:
    """Give x', y', angle, curvature and its slope, and the smoothed path's length.

    Parameters
    ----------
    along
        (n,) px, the way from the first point to each; its end is above 0.
    x, y
        (n,) px.
    """
    length = along[-1]
    steps = _steps(length)
    at = _even(length, steps)
    even = np.stack((np.interp(at, along, x), np.interp(at, along, y)))
    curve = smooth(even, length / steps)
    way = np.concatenate((_ZERO, np.cumsum(np.hypot(*changes(curve)))))
    smoothed = float(way[-1])
    steps = _steps(smoothed)
    at = _even(smoothed, steps)
    x, y = np.interp(at, way, curve[0]), np.interp(at, way, curve[1])
    step = max(smoothed / steps, _LEAST_STEP)
    heading = directions(changes(x), changes(y))
    turn = wrap(changes(heading))
    angle = heading[0] + np.concatenate((_ZERO, np.cumsum(turn)))
    curvature = turn / step
    return [x, y, angle, curvature, changes(curvature) / step], smoothed


def _even(end: float, count: int) -> Floats:
    """Give (count + 1,) even steps from 0 to `end`: `np.linspace`, in a third of its time."""
    at = np.arange(count + 1.0) * (end / count)
    at[-1] = end
    return at


def _steps(length: float) -> int:
    """How many steps of about 1 px a path is cut into; three at least, for one slope."""
    return int(min(max(round(length), 3), SAMPLES))


def _critical_points(curvature: Floats, slope: Floats) -> int:
    """Count where the path bends sharply and most so: its curvature's slope changes its sign."""
    turns = slope[1:] * slope[:-1] < 0
    return int(np.count_nonzero(turns & (np.abs(curvature[1:-1]) > SHARP)))


def _motion(t: Floats, dx: Floats, dy: Floats) -> list[Floats]:
    """Give v_x, v_y, v, acceleration, jerk and angular speed between n places.

    Parameters
    ----------
    t
        (n,) s.
    dx, dy
        (n - 1,) px.
    """
    dt = intervals(t)
    speed_x, speed_y = dx / dt, dy / dt
    speed = np.hypot(speed_x, speed_y)
    acceleration = accelerations(speed, dt)
    jerk = changes(acceleration) / dt[1:-1] if dt.size > 2 else _ZERO
    turn = wrap(changes(directions(dx, dy)))
    angular = turn / ((dt[1:] + dt[:-1]) / 2)
    return [speed_x, speed_y, speed, acceleration, jerk, angular]


def _summaries(vectors: Sequence[Floats], count: int) -> Floats:
    """Give (count, 55): least, most, mean, deviation and range of each vector; 0 of an empty one.

    All at once: a reduction over pieces costs the same for one vector and for a thousand.
    """
    filled = [vector if vector.size else _ZERO for vector in vectors]
    sizes = np.array([vector.size for vector in filled])
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    flat = np.concatenate(filled)
    least, most = np.minimum.reduceat(flat, starts), np.maximum.reduceat(flat, starts)
    mean = np.add.reduceat(flat, starts) / sizes
    spread = np.sqrt(np.add.reduceat((flat - np.repeat(mean, sizes)) ** 2, starts) / sizes)
    return np.stack((least, most, mean, spread, most - least), axis=1).reshape(count, -1)
