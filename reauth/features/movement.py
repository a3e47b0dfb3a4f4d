"""Numbers of a whole movement: how far, how fast, how bent, and what the hand did with it.

They are taken from steps of 25 ms (`reauth.features.steps`), in groups, each a function.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, groupby, pairwise
from math import isnan, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reauth.event import Kind
from reauth.features.kinematics import slog, wrap
from reauth.features.steps import FINE, GRID, POINTS, Steps, quantile, steps_of
from reauth.trajectory import Floats, Trajectory

MOVES = 0.5
"""px in `GRID`, 20 px/s; in a slower step the pointer stands, and has no direction."""

LAST = 8
"""Last speeds, 0.2 s (biometrics.md §6)."""

ENDS = 4
"""Steps, 0.1 s, that tell in which direction a movement begins and ends."""

PROFILE = (10, 25, 50, 75, 90, 95)
"""% of the path, whose times are told (biometrics.md §6)."""

QUANTILES = (10, 25, 50, 75, 90)
"""% of the time, whose speeds are told."""

UNKNOWN_REST = 2.0
"""s; in the middle of what people rest (H-BRS, median 1.6 s)."""

LONGEST_REST = 60.0
"""s; more is no activity (shared/data/README.md, "Active h")."""

NO_CLICK = 0.5
"""s from the last movement to a click where none comes: the pause in which it could have come."""

PRESS = 0.1
"""s; how long a button is held where nobody knows."""

UNITS: Final[Mapping[str, str]] = {
    "duration": "ln(s)",
    **dict.fromkeys(("path", "chord", "width", "height"), "ln(1 + px)"),
    "straightness": "1",
    **dict.fromkeys(("speed_mean", "speed_deviation", "speed_most"), "ln(1 + px/s)"),
    **{f"speed_{share}": "ln(1 + px/s)" for share in QUANTILES},
    **{f"speed_last_{back}": "ln(1 + px/s)" for back in range(LAST, 0, -1)},
    "speed_first": "ln(1 + px/s)",
    **{f"time_of_{share}": "1" for share in PROFILE},
    "peaks": "ln(1 + number)",
    "peaks_a_second": "1/s",
    "peak_time": "1",
    **dict.fromkeys(("peak_after", "peak_before_end"), "ln(s)"),
    **dict.fromkeys(("acceleration_most", "acceleration_least"), "slog(px/s2)"),
    "acceleration_rms": "ln(1 + px/s2)",
    **dict.fromkeys(("acceleration_most_time", "acceleration_least_time"), "1"),
    **dict.fromkeys(("jerk_most", "jerk_least"), "slog(px/s3)"),
    "jerk_rms": "ln(1 + px/s3)",
    "turned": "ln(1 + rad)",
    **{f"turn_{what}": "rad" for what in ("mean", "median", "net", "bias", "deviation")},
    "turns_back": "1",
    **dict.fromkeys(("curvature_mean", "curvature_median"), "ln(rad/px)"),
    **{f"{what}_{when}": "1" for when in ("whole", "begin", "end") for what in ("cos", "sin")},
    **dict.fromkeys(("cos_2", "sin_2", "cos_4", "across", "right", "down", "flat", "steep"), "1"),
    "stands": "1",
    **dict.fromkeys(("stops", "stop_longest"), "ln(1 + number)"),
    "rest": "ln(s)",
    **dict.fromkeys(("presses", "wheel"), "ln(1 + number)"),
    "click": "1",
    "click_wait": "s",
    "held": "ln(s)",
}
"""What each number is measured in, in the order of a row; 1: a share, a cosine or a number."""

_SPEED = tuple(name for name in UNITS if name.startswith("speed_"))
_ACCELERATION = tuple(name for name in UNITS if name.startswith(("acceleration_", "jerk_")))
_PROFILE = (
    "duration", *(f"time_of_{share}" for share in PROFILE),
    "peaks", "peaks_a_second", "peak_time", "peak_after", "peak_before_end",
)  # fmt: skip
_TURNS_A_STEP = ("turn_mean", "turn_median", "turn_bias", "turn_deviation", "turns_back")
_STANDS = ("stands", "stops", "stop_longest")

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "shape": (
        "path", "chord", "width", "height", "straightness", "turned", "turn_net",
        *_TURNS_A_STEP, "curvature_mean", "curvature_median",
    ),
    "direction": (
        *(f"{what}_{when}" for when in ("whole", "begin", "end") for what in ("cos", "sin")),
        "cos_2", "sin_2", "cos_4", "across", "right", "down", "flat", "steep",
    ),
    "speed": _SPEED,
    "acceleration": _ACCELERATION,
    "profile": _PROFILE,
    "stands": _STANDS,
    "rest": ("rest",),
    "clicks": ("presses", "click", "click_wait", "held"),
    "scroll": ("wheel",),
    "timing": (
        *_SPEED, *_ACCELERATION, *_PROFILE, *_TURNS_A_STEP, "flat", "steep", *_STANDS,
        "rest", "click_wait", "held",
    ),
}  # fmt: skip
"""What tells of what. Turns, and shares of steps along an axis, are of steps of equal time: a
slower hand has more of them on the same path."""

_TINY = 1e-9
_MOVE, _DOWN, _UP, _WHEEL = map(int, (Kind.MOVE, Kind.DOWN, Kind.UP, Kind.WHEEL))
_LEAST_BEND = 1e-4  # rad/px; a straight movement has a logarithm, too

_Rows = list[tuple[float, ...]]
"""Of each movement its numbers, in the order of `UNITS`, before their logarithms are taken."""

_SLOG = np.array([unit.startswith(("ln(1 + ", "slog(")) for unit in UNITS.values()])
_LN = np.array([unit in ("ln(s)", "ln(rad/px)") for unit in UNITS.values()])


class Movement:
    """Numbers of a whole movement and of the clicks and the wheel in it.

    Lengths, speeds and what derives from them span decades, so they go through a logarithm, with
    their sign; directions are told by cosine and sine, as an angle jumps where it closes. Nothing
    changes when a movement is moved on the screen or in time. What lies more than `LONGEST` after
    its beginning does not count.

    References
    ----------
    biometrics.md §6, "Whole movements": the same groups of numbers, without formulas. The distance
    from the chord is left out, as it did not pay on H-BRS within a device class.

    Examples
    --------
    >>> t = np.arange(41) * 0.025
    >>> row = Movement().extract(Trajectory(0, t, 10.0 * np.arange(41), np.zeros(41)))
    >>> dict(zip(Movement().names, row.round(3).tolist()))["path"]  # ln(1 + 400)
    5.994
    """

    name = "movement"
    version = 1
    segmenter = "movement"
    points = POINTS
    names = tuple(UNITS)
    units = tuple(UNITS.values())
    groups = GROUPS

    def extract(self, trajectory: Trajectory) -> Floats:
        """Give (d,) numbers of one movement.

        Raises
        ------
        TooShort
            If it has fewer than two points that are movements.
        """
        row: Floats = self.extract_many([trajectory])[0]
        return row

    def extract_many(self, trajectories: Sequence[Trajectory]) -> Floats:
        """Give (n, d), bit for bit what `extract` gives one by one.

        Raises
        ------
        TooShort
            If one of them has fewer than two points that are movements.
        """
        if not trajectories:
            return np.empty((0, len(UNITS)))
        steps = steps_of(trajectories)
        groups = [group(steps) for group in _GROUPS]
        around = [_around(each) for each in trajectories]
        rows = np.array([[*chain(*parts)] for parts in zip(*groups, around, strict=True)])
        np.log(rows, rows, where=_LN)
        np.copyto(rows, slog(rows), where=_SLOG)
        return rows


def _extent(steps: Steps) -> _Rows:
    paths = steps.total(steps.d).tolist()
    chords = np.hypot(*steps.at.take(steps.end, 1)).tolist()
    # To either side of the place where it begins.
    high, low = np.maximum(steps.most(steps.at), 0.0), np.minimum(steps.least(steps.at), 0.0)
    return [
        (span, path, chord, *sides, chord / (path + _TINY))
        for span, path, chord, sides in zip(
            steps.spans, paths, chords, (high - low).T.tolist(), strict=True
        )
    ]


def _speeds(steps: Steps) -> _Rows:
    mean = steps.total(steps.v) / steps.count
    spread = steps.total(np.square(steps.v - mean[steps.row])) / steps.count
    rows: _Rows = []
    for middle, square, fine, speeds in zip(
        mean.tolist(), spread.tolist(), steps.fine(), steps.parted(steps.v), strict=True
    ):
        ordered = sorted(fine)
        shares = [quantile(ordered, share / 100) / FINE / GRID for share in QUANTILES]
        last = [0.0] * (LAST - len(speeds)) + speeds[-LAST:]
        rows.append((middle, sqrt(square), max(speeds), *shares, *last, max(speeds[:ENDS])))
    return rows


def _profile(steps: Steps) -> _Rows:
    """Shares of the time after which shares of the path are done."""
    rows: _Rows = []
    for fine in steps.fine():
        done, count = [*accumulate(fine)], len(fine)
        wanted = [max((done[-1] * share + 99) // 100, 1) for share in PROFILE]
        rows.append(tuple(min(bisect_left(done, way) + 1, count) / count for way in wanted))
    return rows


def _peaks(steps: Steps) -> _Rows:
    rising = steps.change(steps.smoothed(steps.v)) > 0.0
    peak = np.zeros_like(rising)
    peak[:-1] = rising[:-1] > rising[1:]
    peak[steps.end] = False
    numbers = np.bincount(steps.row[peak], minlength=len(steps.bounds)).tolist()
    rows: _Rows = []
    for number, speeds in zip(numbers, steps.parted(steps.v), strict=True):
        top, count = speeds.index(max(speeds)), len(speeds)
        shares = number / (count * GRID), (top + 0.5) / count
        rows.append((number, *shares, (top + 1) * GRID, (count - top) * GRID))
    return rows


def _changes(steps: Steps) -> _Rows:
    """Extremes and root mean squares of acceleration and jerk."""
    a = steps.change(steps.v) / GRID
    j = steps.change(a) / GRID
    j[np.minimum(steps.start + 1, steps.end)] = 0.0
    squares = steps.total(np.array((a * a, j * j))).T.tolist()
    rows: _Rows = []
    for one, other, (a_squares, j_squares) in zip(
        steps.parted(a), steps.parted(j), squares, strict=True
    ):
        count, most, least = len(one), max(one), min(one)
        times = (one.index(most) + 0.5) / count, (one.index(least) + 0.5) / count
        a_rms, j_rms = sqrt(a_squares / max(count - 1, 1)), sqrt(j_squares / max(count - 2, 1))
        rows.append((most, least, a_rms, *times, max(other), min(other), j_rms))
    return rows


def _turning(steps: Steps) -> _Rows:
    """Changes of direction between steps that have one, and how sharp they are for their length."""
    n, moving = len(steps.bounds), (steps.d > MOVES).nonzero()[0]
    row, d, (dx, dy) = steps.row[moving], steps.d[moving], steps.by.take(moving, 1)
    heading = np.arctan2(dy, dx)
    same = (row[1:] == row[:-1]).nonzero()[0]  # from one movement to the next nothing turns
    turn, length = wrap((heading[1:] - heading[:-1])[same]), ((d[1:] + d[:-1]) / 2)[same]
    row, sharp = row[same], np.abs(turn)
    bent = sharp / length
    count = np.bincount(row, minlength=n)
    some = np.maximum(count, 1).astype(np.float64)

    def mean(each: NDArray[Any]) -> list[float]:
        means: list[float] = (np.bincount(row, each, n) / some).tolist()
        return means

    bias = np.bincount(row, turn, n) / some
    fine = np.rint(np.array((sharp, bent)) * FINE).tolist()
    bounds = [*pairwise((0, *accumulate(count.tolist())))]
    columns = (
        some.tolist(),
        bias.tolist(),
        *map(mean, (np.square(turn - bias[row]), sharp, sharp > np.pi / 2, bent)),
        *([_middle(each[a:b]) for a, b in bounds] for each in fine),
    )
    rows: _Rows = []
    for number, net, square, turned, back, curved, middle, bend in zip(*columns, strict=True):
        on_the_whole = min(max(net * number, -7.0), 7.0), net, sqrt(square)
        curvatures = curved + _LEAST_BEND, bend + _LEAST_BEND
        rows.append((turned * number, turned, middle, *on_the_whole, back, *curvatures))
    return rows


def _middle(fine: list[float]) -> float:
    """The median of what is told in `FINE` parts; 0 of none."""
    return quantile(sorted(fine), 0.5) / FINE


def _direction(steps: Steps) -> _Rows:
    """Where it goes, on the whole, in the beginning and in the end; and along which axes."""
    far, unit = np.abs(steps.by), steps.by / (steps.d + _TINY)
    cos2, sin2 = unit[0] * unit[0] - unit[1] * unit[1], 2.0 * unit[0] * unit[1]
    axes = np.array((cos2, sin2, 2.0 * cos2 * cos2 - 1.0)) * steps.d
    moving = steps.d > MOVES
    # 0.26: within 15 degrees of the axis.
    flat, steep = moving & (far[::-1] < 0.26 * far)
    sums = steps.total(np.array((steps.d, *axes, far[0], moving, flat, steep))).T.tolist()
    whole = steps.at.take(steps.end, 1).T.tolist()
    rows: _Rows = []
    for way, to, (length, *along, number, flats, steeps) in zip(
        _ways(steps), whole, sums, strict=True
    ):
        path, moves = length + _TINY, max(number, 1.0)
        shares = [part / path for part in (*along, *to)]
        rows.append((*way, *shares, flats / moves, steeps / moves))
    return rows


def _ways(steps: Steps) -> list[list[float]]:
    """Cosine and sine of the whole way, of its beginning and of its end."""
    xs, ys = steps.at.tolist()
    ways = []
    for bounds in steps.bounds:
        x, y = xs[bounds], ys[bounds]
        few = min(len(x), ENDS)
        rest = (x[-few - 1], y[-few - 1]) if len(x) > few else (0.0, 0.0)
        ways.append((x[-1], y[-1], x[few - 1], y[few - 1], x[-1] - rest[0], y[-1] - rest[1]))
    way = np.array(ways)
    lengths = np.hypot(way[:, ::2], way[:, 1::2]) + _TINY
    found: list[list[float]] = (way / lengths.repeat(2, 1)).tolist()
    return found


def _stands(steps: Steps) -> _Rows:
    """How long the pointer stands within the movement, and how often for 0.1 s or more."""
    rows: _Rows = []
    for slow in steps.parted(steps.d < MOVES):
        stands = [sum(run) for standing, run in groupby(slow) if standing]
        stops = sum(length >= ENDS for length in stands)
        rows.append((sum(slow) / len(slow), stops, max(stands, default=0)))
    return rows


def _around(each: Trajectory) -> tuple[float, ...]:
    """The rest before it, the click that it was made for, and the wheel."""
    rest = UNKNOWN_REST if isnan(each.rest) else min(max(each.rest, GRID), LONGEST_REST)
    if each.kinds is None:
        return rest, 0, 0, 0, NO_CLICK, PRESS
    last = each.t[each.kinds == _MOVE][-1].item()
    places = (each.kinds != _MOVE).nonzero()[0]
    kinds, times = each.kinds[places].tolist(), each.t[places].tolist()
    down = [t for kind, t in zip(kinds, times, strict=True) if kind == _DOWN]
    up = [t for kind, t in zip(kinds, times, strict=True) if kind == _UP]
    wait = min([t - last for t in down if t > last], default=NO_CLICK)
    held = min([t - down[0] for t in up if down and t > down[0]], default=PRESS)
    wheel = kinds.count(_WHEEL)
    return rest, len(down), wheel, wait < NO_CLICK, min(wait, NO_CLICK), min(held, 2.0)


_GROUPS = (
    _extent, _speeds, _profile, _peaks, _changes, _turning, _direction, _stands,
)  # fmt: skip
