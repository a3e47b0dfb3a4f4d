"""How rough a movement is, look by look: a mouse and a hand shake otherwise than a formula does.

Means hide it: a hand that slips three times is as rough on the average as a curve that is drawn a
little unevenly all the time. So quantiles over the looks of a movement are told, of its steps and
their differences and of what a local parabola leaves of them; and how often a step keeps to an
axis, as a mouse's counts do where its hand means to go along one.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from reauth.features.steps import Steps
from reauth.trajectory import Floats

SHARES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Quantiles of steps and their differences."""

HIGH: Final = (0.25, 0.5, 0.75, 0.9, 1.0)
"""Quantiles of what a parabola leaves: the lowest ones are all rounding."""

BY_SPEED: Final = (0.5, 0.75, 0.9)
"""Quantiles of that as a share of the speed."""

PARABOLA: Final = (17.0, 12.0, -3.0)
"""Weights of a step, its neighbours and theirs, over 35: least squares of a parabola.

References
----------
Savitzky, Golay 1964, "Smoothing and differentiation of data by simplified least squares
procedures", table I, five points."""

BIG: Final = 4.0
"""px; along an axis a shorter step may be by whole pixels alone."""

_TINY = 1e-9
_ORDERS = ("step", "change", "jerk", "snap")
_SIDES = ("along", "across")

ROUGH: Final[Mapping[str, str]] = {
    **{f"{what}_{share:.0%}": "ln(px)" for what in _ORDERS for share in SHARES},
    **{f"left_{side}_{share:.0%}": "ln(px)" for side in _SIDES for share in HIGH},
    **{f"left_{side}_by_speed_{share:.0%}": "ln(1)" for side in _SIDES for share in BY_SPEED},
    **{f"left_{side}_flips": "1" for side in _SIDES},
    **dict.fromkeys(("on_axis", "by_axis", "smallest", "diagonal", "two", "big_on_axis"), "1"),
}
"""What each number is measured in, in the order of `roughness`."""


def roughness(steps: Steps, orders: tuple[Floats, ...]) -> Floats:
    """Give the numbers (d, n) of movements between whole pixels.

    Parameters
    ----------
    orders
        Steps and their first, second and third differences, (2, N) each.
    """
    every = np.array(orders)
    sizes = np.log1p(np.hypot(every[:, 0], every[:, 1]))
    sides, speed = _left(steps)
    size = np.abs(sides)
    # Rounding leaves a third of a px, which no slow movement can go below.
    shares = np.log((size + 0.3) / (speed + 1.0))
    told = _ordered(steps, np.concatenate((sizes, np.log1p(4.0 * size), shares)))
    parts = (told[:4], SHARES), (told[4:6], HIGH), (told[6:], BY_SPEED)
    quantiles = [_quantiles(steps, each, wanted) for each, wanted in parts]
    return np.concatenate((*quantiles, _flips(steps, sides), _axes(steps)))


def _ordered(steps: Steps, each: Floats) -> Floats:
    """Order each of (k, N) within its movements, in one go."""
    rows = np.broadcast_to(steps.row, each.shape)
    return np.take_along_axis(each, np.lexsort((each, rows), axis=-1), -1)


def _quantiles(steps: Steps, ordered: Floats, shares: tuple[float, ...]) -> Floats:
    """Quantiles of k ordered (k, N) by movement, those that are there: (k x shares, n)."""
    wanted = np.array(shares)[:, None] * (steps.count - 1) + 0.5
    found = ordered[:, steps.start + wanted.astype(np.int64)]
    return found.reshape(-1, len(steps.start))


def _left(steps: Steps) -> tuple[Floats, Floats]:
    """What a parabola through five steps leaves, along the way and across (2, N); and the speed."""
    by, (own, near, far) = steps.by, PARABOLA
    left = np.zeros_like(by)
    fitted = own * by[:, 2:-2] + near * (by[:, 1:-3] + by[:, 3:-1])
    fitted += far * (by[:, :-4] + by[:, 4:])
    left[:, 2:-2] = by[:, 2:-2] - fitted / 35.0
    for back in range(2):
        left[:, steps.start + back] = left[:, steps.end - back] = 0.0
    smooth = np.array((steps.smoothed(by[0]), steps.smoothed(by[1])))
    speed = np.hypot(smooth[0], smooth[1])
    ux, uy = smooth / (speed + _TINY)
    return np.array((left[0] * ux + left[1] * uy, left[0] * uy - left[1] * ux)), speed


def _flips(steps: Steps, sides: Floats) -> Floats:
    """Share of looks at which (k, N) has another sign than at the look before, (k, n)."""
    flipped = np.zeros_like(sides)
    flipped[:, 1:] = sides[:, 1:] * sides[:, :-1] < 0
    flipped[:, steps.start] = 0.0
    return np.asarray(steps.total(flipped) / steps.count)


def _axes(steps: Steps) -> Floats:
    """Shares of steps that keep to an axis or a diagonal, or are as small as can be."""
    wide, high = np.abs(steps.by[0]), np.abs(steps.by[1])
    less, whole = np.minimum(wide, high), wide + high
    big = np.maximum(wide, high) >= BIG
    found = (big & (less == 0), big & (less == 1), whole == 1, (wide == high) & (wide > 1),
             whole == 2, big)  # fmt: skip
    told = steps.total(np.array(found, dtype=np.float64))
    return np.concatenate((told[:5] / steps.count, told[:1] / (told[5:] + 1.0)))
