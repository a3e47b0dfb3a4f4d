"""Numbers of a whole movement: how far, how fast, how bent, and what the hand did with it.

They are taken from steps of 25 ms (`reauth.features.steps`), in groups, each a function.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from reauth.event import Kind
from reauth.features.kinematics import slog, wrap
from reauth.features.steps import FINE, GRID, POINTS, Steps, quantiles, steps_of
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

_Columns = dict[str, Floats]


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
        columns: _Columns = {}
        for group in _GROUPS:
            columns |= group(steps)
        columns |= _around(trajectories)
        return np.stack([columns[name] for name in UNITS], axis=1)


def _extent(steps: Steps) -> _Columns:
    path, chord = steps.total(steps.d), _chord(steps)
    width = np.maximum(steps.most(steps.x), 0) + np.maximum(steps.most(-steps.x), 0)
    height = np.maximum(steps.most(steps.y), 0) + np.maximum(steps.most(-steps.y), 0)
    return {
        "duration": np.log(steps.span),
        "path": np.log1p(path),
        "chord": np.log1p(chord),
        "straightness": chord / (path + _TINY),
        "width": np.log1p(width),
        "height": np.log1p(height),
    }


def _speeds(steps: Steps) -> _Columns:
    v = steps.d / GRID
    mean = steps.total(v) / steps.count
    spread = np.sqrt(steps.total((v - mean[steps.row]) ** 2) / steps.count)
    shares = steps.quantiles(steps.d, QUANTILES) / GRID
    columns = {"speed_mean": mean, "speed_deviation": spread}
    columns |= {f"speed_{q}": shares[:, place] for place, q in enumerate(QUANTILES)}
    columns["speed_most"] = steps.most(v)
    end = steps.start + steps.count
    for back in range(LAST, 0, -1):
        there = np.where(steps.count >= back, end - back, 0)
        columns[f"speed_last_{back}"] = np.where(steps.count >= back, v[there], 0.0)
    return {name: np.log1p(column) for name, column in columns.items()}


def _profile(steps: Steps) -> _Columns:
    """Shares of the time after which shares of the path are done."""
    fine = np.rint(steps.d * FINE).astype(np.int64)
    done = np.cumsum(fine)
    before = done[steps.start] - fine[steps.start]
    path = np.add.reduceat(fine, steps.start)
    columns = {}
    for share in PROFILE:
        wanted = before + np.maximum((path * share + 99) // 100, 1)
        step = np.minimum(np.searchsorted(done, wanted) - steps.start, steps.count - 1)
        columns[f"time_of_{share}"] = (step + 1) / steps.count
    return columns


def _peaks(steps: Steps) -> _Columns:
    v = steps.d / GRID
    smooth = (steps.before(v) + 2 * v + steps.after(v)) / 4
    edge = np.inf
    peak = (smooth > steps.before(smooth, edge)) & (smooth >= steps.after(smooth, edge))
    number = steps.total(peak.astype(np.float64))
    top = steps.where_most(v)
    return {
        "peaks": np.log1p(number),
        "peaks_a_second": number / (steps.count * GRID),
        "peak_time": (top + 0.5) / steps.count,
        "peak_after": np.log((top + 1) * GRID),
        "peak_before_end": np.log((steps.count - top) * GRID),
        "speed_first": np.log1p(steps.most(np.where(steps.place < ENDS, v, 0.0))),
    }


def _changes(steps: Steps) -> _Columns:
    """Extremes and root mean squares of acceleration and jerk."""
    v = steps.d / GRID
    a = np.where(steps.place >= 1, v - steps.before(v), 0.0) / GRID
    j = np.where(steps.place >= 2, a - steps.before(a), 0.0) / GRID
    columns = {}
    for name, each, lost in (("acceleration", a, 1), ("jerk", j, 2)):
        square = steps.total(each * each) / np.maximum(steps.count - lost, 1)
        columns[f"{name}_most"] = slog(steps.most(each))
        columns[f"{name}_least"] = slog(-steps.most(-each))
        columns[f"{name}_rms"] = np.log1p(np.sqrt(square))
    columns["acceleration_most_time"] = (steps.where_most(a) + 0.5) / steps.count
    columns["acceleration_least_time"] = (steps.where_most(-a) + 0.5) / steps.count
    return columns


def _turning(steps: Steps) -> _Columns:
    """Changes of direction between steps that have one, and how sharp they are for their length."""
    n, moving = len(steps.start), np.flatnonzero(steps.d > MOVES)
    row, d = steps.row[moving], steps.d[moving]
    turn = wrap(np.diff(np.arctan2(steps.dy[moving], steps.dx[moving])))
    same = row[1:] == row[:-1]
    row, turn, length = row[1:][same], turn[same], ((d[1:] + d[:-1]) / 2)[same]
    sharp = np.abs(turn)
    count = np.bincount(row, minlength=n)
    some = np.maximum(count, 1)

    def mean(each: Floats) -> Floats:
        return np.bincount(row, each, n) / some

    bias, bent = mean(turn), sharp / length
    return {
        "turned": np.log1p(mean(sharp) * some),
        "turn_mean": mean(sharp),
        "turn_median": quantiles(sharp, row, count, (50,))[:, 0],
        "turn_net": np.clip(bias * some, -7, 7),
        "turn_bias": bias,
        "turn_deviation": np.sqrt(mean((turn - bias[row]) ** 2)),
        "turns_back": mean((sharp > np.pi / 2).astype(np.float64)),
        "curvature_mean": np.log(mean(bent) + 1e-4),
        "curvature_median": np.log(quantiles(bent, row, count, (50,))[:, 0] + 1e-4),
    }


def _direction(steps: Steps) -> _Columns:
    """Where it goes, on the whole, in the beginning and in the end; and along which axes."""
    end = steps.start + steps.count - 1
    few = np.minimum(steps.count, ENDS)
    begin, at = steps.start + few - 1, np.maximum(end - few, 0)
    inside = steps.count > few
    columns: _Columns = {}
    for name, x, y in (
        ("whole", steps.x[end], steps.y[end]),
        ("begin", steps.x[begin], steps.y[begin]),
        (
            "end",
            steps.x[end] - np.where(inside, steps.x[at], 0.0),
            steps.y[end] - np.where(inside, steps.y[at], 0.0),
        ),
    ):
        length = np.hypot(x, y) + _TINY
        columns |= {f"cos_{name}": x / length, f"sin_{name}": y / length}
    path = steps.total(steps.d) + _TINY
    ux, uy = steps.dx / (steps.d + _TINY), steps.dy / (steps.d + _TINY)
    cos2, sin2 = ux * ux - uy * uy, 2 * ux * uy
    moving = steps.d > MOVES
    number = np.maximum(steps.total(moving.astype(np.float64)), 1)
    # 0.26: within 15 degrees of the axis.
    flat = moving & (np.abs(steps.dy) < 0.26 * np.abs(steps.dx))
    steep = moving & (np.abs(steps.dx) < 0.26 * np.abs(steps.dy))
    return columns | {
        "cos_2": steps.total(steps.d * cos2) / path,
        "sin_2": steps.total(steps.d * sin2) / path,
        "cos_4": steps.total(steps.d * (2 * cos2 * cos2 - 1)) / path,
        "across": steps.total(np.abs(steps.dx)) / path,
        "right": steps.x[end] / path,
        "down": steps.y[end] / path,
        "flat": steps.total(flat.astype(np.float64)) / number,
        "steep": steps.total(steep.astype(np.float64)) / number,
    }


def _stands(steps: Steps) -> _Columns:
    """How long the pointer stands within the movement, and how often for 0.1 s or more."""
    slow = steps.d < MOVES
    still = slow.astype(np.float64)
    begin = np.flatnonzero(slow & (steps.before(still) == 0))
    end = np.flatnonzero(slow & (steps.after(still) == 0))
    row, length, n = steps.row[begin], end - begin + 1, len(steps.start)
    longest = np.zeros(n)
    np.maximum.at(longest, row, length)
    return {
        "stands": steps.total(still) / steps.count,
        "stops": np.log1p(np.bincount(row, length >= ENDS, n)),
        "stop_longest": np.log1p(longest),
    }


def _around(trajectories: Sequence[Trajectory]) -> _Columns:
    """The rest before it, the click that it was made for, and the wheel."""
    rest = np.array([each.rest for each in trajectories])
    rest = np.clip(np.where(np.isnan(rest), UNKNOWN_REST, rest), GRID, LONGEST_REST)
    others = np.array([_others(each) for each in trajectories])
    presses, wait, held, wheel = others.T
    return {
        "rest": np.log(rest),
        "presses": np.log1p(presses),
        "click": (wait < NO_CLICK).astype(np.float64),
        "click_wait": wait,
        "held": np.log(held),
        "wheel": np.log1p(wheel),
    }


def _others(each: Trajectory) -> tuple[float, float, float, float]:
    """Presses, s from the last move to a click, s that the first press was held, wheel steps."""
    if each.kinds is None:
        return 0.0, NO_CLICK, PRESS, 0.0
    last = each.t[each.kinds == Kind.MOVE][-1]
    down, up = each.t[each.kinds == Kind.DOWN], each.t[each.kinds == Kind.UP]
    late = down[down > last]
    released = up[up > down[0]] if len(down) else up[:0]
    return (
        float(len(down)),
        min(float(late[0] - last), NO_CLICK) if len(late) else NO_CLICK,
        min(float(released[0] - down[0]), 2.0) if len(released) else PRESS,
        float(np.count_nonzero(each.kinds == Kind.WHEEL)),
    )


def _chord(steps: Steps) -> Floats:
    end = steps.start + steps.count - 1
    return np.asarray(np.hypot(steps.x[end], steps.y[end]))


_GROUPS = (
    _extent, _speeds, _profile, _peaks, _changes, _turning, _direction, _stands,
)  # fmt: skip
