"""Lu's 119 numbers of a slide: what a slider captcha's track tells of whoever drags it.

A slide has a target and may hold equal times, steps back in time, or a single point; what such a
track leaves undefined is NaN, which boosted trees take as it is. That is why this is no
`FeatureSet`: those are always finite, and know trajectories that have no target.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reauth.trajectory import Floats

_Ints = NDArray[np.int64]

POINTS = ("start", "middle", "end")
"""Three stages of a slide: the first value, the one at half of them, the last (Lu §5.1)."""

WHOLE = ("max", "min", "mean", "std")
"""What describes all values of a vector (Lu §5.1)."""

_BY_POINTS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("data_x", "px"), ("data_y", "px")),
    (
        ("delt_x", "px"), ("delt_y", "px"), ("delt_xy", "px"), ("delt_t", "s"),
        ("speed_x", "px/s"), ("speed_y", "px/s"), ("speed_xy", "px/s"),
    ),
    (
        ("delt_speed_x", "px/s"), ("delt_speed_y", "px/s"), ("delt_speed_xy", "px/s"),
        ("acc_speed_x", "px/s2"), ("acc_speed_y", "px/s2"), ("acc_speed_xy", "px/s2"),
    ),
    (("delt_acc_speed_x", "px/s2"), ("delt_acc_speed_y", "px/s2"), ("delt_acc_speed_xy", "px/s2")),
)  # fmt: skip
"""Base vectors and their units, by how many points fewer than the slide they have."""

_ONLY_POINTS = 3
"""Vectors of this level have no `WHOLE`: with all seven of each of the 18 vectors the count is
131, without these twelve it is the paper's 119."""

_AT_ONCE = 50
"""Slides described together: a few thousand points stay in the processor's cache (measured: 0.03 ms
a slide, a tenth of what it takes one by one)."""

_EXTRAS = (
    ("euclid", "px"), ("path", "px"), ("x_max_target", "px"), ("x_max_end", "px"),
    ("y_deviation", "px"),
)  # fmt: skip

_FROM_ATTACKS = (("delt_speed_t_start", "s"), ("y_same_share", "1"), ("delt_t_variance", "s2"))

UNITS: Final[Mapping[str, str]] = {
    **{
        f"{name}_{what}": unit
        for level, vectors in enumerate(_BY_POINTS)
        for name, unit in vectors
        for what in (POINTS if level == _ONLY_POINTS else POINTS + WHOLE)
    },
    **dict(_EXTRAS),
    **dict(_FROM_ATTACKS),
}
"""What each number is measured in, in the order of a row; 1: a share."""

NAMES: Final = tuple(UNITS)

BASE: Final = NAMES[: -len(_FROM_ATTACKS)]
"""The 119."""

ATTACK: Final = (*(name for name, _ in _FROM_ATTACKS), "delt_speed_x_mean")
"""Numbers that came from looking at attacks (Lu §3.1): time lost at the start, a height that never
changes, a clock that is too even, and speeding up for longer than slowing down. The last is one of
the 119, too."""

NINE: Final = (
    "x_max_target", "data_x_min", "delt_x_max", "acc_speed_x_start", "speed_x_end",
    "data_y_start", "speed_xy_start", "delt_xy_start", "delt_speed_t_start",
)  # fmt: skip
"""What the paper was left with (Lu, table 1)."""


@dataclass(frozen=True, eq=False, slots=True)
class Slide:
    """One drag of a slider.

    Parameters
    ----------
    t, x, y
        (n,) each, n >= 1; s, px, px; y grows downwards. `t` may stand still or step back.
    target
        px, px; where the slider should have come. None: where it did.
    """

    t: Floats
    x: Floats
    y: Floats
    target: tuple[float, float] | None = None


def from_start(slide: Slide) -> Slide:
    """The same slide with time and place counted from its first point.

    Where pages differ, places on them tell the page and not the hand.
    """
    x, y = float(slide.x[0]), float(slide.y[0])
    target = None if slide.target is None else (slide.target[0] - x, slide.target[1] - y)
    return Slide(slide.t - slide.t[0], slide.x - x, slide.y - y, target)


def describe(slide: Slide) -> Floats:
    """Give (122,) numbers of one slide, as `NAMES` has them."""
    row: Floats = describe_many([slide])[0]
    return row


def describe_many(slides: Sequence[Slide]) -> Floats:
    """Give (n, 122) numbers of slides: the 119 of `BASE`, then what came from attacks.

    A value is NaN where the slide has too few points for it, or where it is a rate of a step that
    took no time; maxima, minima, means and deviations are of the values that there are.

    References
    ----------
    Lu et al. 2021, §5.1 and table 1. It lists neither the 119 nor their formulas; vectors and
    values are named there, that the differences of acceleration have no values of the whole is
    derived from the number. The paper prints A = V / dT; here it is dV / dT, as the text means.
    `delt_speed_t_start` is dt_2 - dt_1, our reading of "the difference in the degree of change
    in starting time".

    Examples
    --------
    >>> drawn = Slide(np.array([0.0, 0.1, 0.3]), np.array([5.0, 15.0, 55.0]), np.zeros(3), (50, 0))
    >>> row = dict(zip(NAMES, describe(drawn).tolist(), strict=True))
    >>> row["speed_x_start"], row["x_max_target"], row["delt_xy_start"]
    (100.0, 5.0, 10.0)
    """
    parts = [_some(slides[at : at + _AT_ONCE]) for at in range(0, len(slides), _AT_ONCE)]
    return np.concatenate([np.empty((0, len(NAMES))), *parts])


def _some(slides: Sequence[Slide]) -> Floats:
    sizes = np.array([len(slide.t) for slide in slides])
    t = np.concatenate([slide.t for slide in slides])
    places = np.stack((
        np.concatenate([slide.x for slide in slides]), np.concatenate([slide.y for slide in slides])
    ))  # fmt: skip
    by, steps = _differences(places, sizes)
    dt = _differences(t[None], sizes)[0][0]
    along = np.concatenate((by, np.hypot(*by)[None]))
    took = np.where(dt > 0, dt, np.nan)
    speed = along / took
    faster, changes = _differences(speed, steps)
    acceleration = faster / took[_kept(steps)]
    jumps, last = _differences(acceleration, changes)
    columns = [
        *_of_points(places, sizes), *_of_points(np.concatenate((along, dt[None], speed)), steps),
        *_of_points(np.concatenate((faster, acceleration)), changes),
        *_of_points(jumps, last, whole=False),
        *_extras(slides, places, along[2], sizes), *_from_attacks(by[1], dt, steps),
    ]  # fmt: skip
    return np.stack(columns, axis=1)


def _kept(sizes: _Ints) -> NDArray[np.bool_]:
    """Of all values, those that are not the last of their slide."""
    kept = np.ones(int(sizes.sum()), dtype=bool)
    kept[(np.cumsum(sizes) - 1)[sizes > 0]] = False
    return kept


def _differences(values: Floats, sizes: _Ints) -> tuple[Floats, _Ints]:
    """Give each value's difference to the next of its slide, and how many each slide has of them.

    Parameters
    ----------
    values
        (c, N), slide after slide.
    sizes
        (n,) how many of them each slide has.
    """
    found = np.diff(values, axis=1, append=np.nan)[:, _kept(sizes)]
    return found, np.maximum(sizes - 1, 0)


def _of_points(values: Floats, sizes: _Ints, *, whole: bool = True) -> list[Floats]:
    """Give columns (n,): of each of c vectors its points, and what describes the whole of it."""
    some = sizes > 0
    starts, counts = (np.cumsum(sizes) - sizes)[some], sizes[some]
    found = np.full((len(values), len(POINTS + WHOLE), len(sizes)), np.nan)
    if len(starts):
        found[:, 0, some] = values[:, starts]
        found[:, 1, some] = values[:, starts + counts // 2]
        found[:, 2, some] = values[:, starts + counts - 1]
        if whole:
            found[:, 3:, some] = _of_whole(values, starts, counts)
    kept = found if whole else found[:, : len(POINTS)]
    return list(kept.reshape(-1, len(sizes)))


def _of_whole(values: Floats, starts: _Ints, counts: _Ints) -> Floats:
    """Give (c, 4, n): maximum, minimum, mean and deviation of the values that there are."""
    there = np.isfinite(values)
    known = np.add.reduceat(there, starts, axis=1, dtype=np.float64)
    known[known == 0] = np.nan
    mean = np.add.reduceat(np.where(there, values, 0.0), starts, axis=1) / known
    away = np.where(there, values - np.repeat(mean, counts, axis=1), 0.0)
    spread = np.sqrt(np.add.reduceat(away * away, starts, axis=1) / known)
    most, least = (each.reduceat(values, starts, axis=1) for each in (np.fmax, np.fmin))
    return np.stack((most, least, mean, spread), axis=1)


def _extras(slides: Sequence[Slide], places: Floats, d: Floats, sizes: _Ints) -> list[Floats]:
    """Give chord, path, how far the largest x is from target and end, and how far y strays."""
    starts = np.cumsum(sizes) - sizes
    (x, y), ends = places, starts + sizes - 1
    path, more = np.zeros(len(sizes)), sizes > 1
    if more.any():
        path[more] = np.add.reduceat(d, (np.cumsum(sizes - 1) - (sizes - 1))[more])
    most = np.maximum.reduceat(x, starts)
    target = [
        end if slide.target is None else slide.target[0]
        for slide, end in zip(slides, x[ends].tolist(), strict=True)
    ]
    return [
        np.hypot(x[ends] - x[starts], y[ends] - y[starts]),
        path,
        np.abs(np.array(target) - most),
        most - x[ends],
        np.maximum.reduceat(y, starts) - np.minimum.reduceat(y, starts),
    ]


def _from_attacks(dy: Floats, dt: Floats, steps: _Ints) -> list[Floats]:
    """Give dt_2 - dt_1, the share of steps that keep their height, and the variance of dt."""
    found = np.full((3, len(steps)), np.nan)
    starts, some, two = np.cumsum(steps) - steps, steps > 0, steps > 1
    found[0, two] = dt[starts[two] + 1] - dt[starts[two]]
    if some.any():
        both = np.stack((dy == 0, dt)).astype(np.float64)
        _, _, mean, spread = _of_whole(both, starts[some], steps[some]).transpose(1, 0, 2)
        found[1, some], found[2, some] = mean[0], np.square(spread[1])
    return list(found)
