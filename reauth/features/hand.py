"""Numbers by which a hand differs from a program, whatever the mouse and the screen.

A movement is looked at every 25 ms, or at its own period where its clock is slower, in whole
pixels; times are then counted in looks, so that neither the clock nor the frame rate speaks.
Where it starts, where it goes and on which screen are left out: a movement turned, mirrored or
shifted gives the same numbers but for the rounding to pixels.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reauth.event import Kind
from reauth.features.kinematics import wrap
from reauth.features.polynomials import DEGREES, bows, rests
from reauth.features.roughness import ROUGH, roughness
from reauth.features.steps import GRID, Steps, steps_of
from reauth.trajectory import TICK, Floats, Trajectory

SLOW = 0.035
"""s; a clock with a longer period (a remote desktop's) is not looked at between its points."""

LEAST_STEPS = 14
"""Looks, 0.35 s, without which a movement tells too little."""

LEAST_PATH = 40.0
"""px; on a shorter path whole pixels hide whatever a hand does."""

TOO_SHORT = "too_short"
"""The reason for having no numbers."""

HELD = 1.5
"""Periods; a pointer that nobody heard of for longer stood, and then moved."""

CLEAR = 2.0
"""px; a shorter step has no direction that whole pixels would not have made."""


VERSION = 2
"""Changes whenever the same movement gives other numbers."""

_MOVE = int(Kind.MOVE)
_TINY = 1e-9
_ROUNDED = (1 / 3, 1.0, 10 / 3, 35 / 3)
"""px2: what rounding alone adds to the mean squares of steps and their first, second and third
differences, both axes: binomial(2 k, k) / 6 for the k-th difference of positions."""

_ENERGY = ("step", "change", "jerk", "snap")

UNITS: Final[Mapping[str, str]] = {
    "slow_clock": "1",
    "looks": "ln(number)",
    "pace": "ln(px)",
    "straightness": "1",
    **{f"{what}_clear": "ln(1)" for what in _ENERGY},
    **{f"{what}_ratio": "ln(1)" for what in _ENERGY[1:]},
    **dict.fromkeys(("change_across", "jerk_across", "jerk_bursts", "jerk_across_bursts"), "1"),
    **dict.fromkeys(("jerk_by_speed", "jerk_when_slow"), "1"),
    **dict.fromkeys(("change_echo", "change_echo_2", "across_echo", "across_echo_2"), "1"),
    **dict.fromkeys(("jerk_echo", "jerk_echo_2"), "1"),
    **{f"turn_{what}": "rad" for what in ("mean", "deviation", "net")},
    **dict.fromkeys(("turns_none", "turns_sharp", "turns_alternate", "turn_echo"), "1"),
    **{f"speed_{what}": "1" for what in ("deviation", "skew", "most", "begin", "end")},
    **{f"speed_{what}": "1" for what in ("first", "last", "centre", "spread", "mirror", "inner")},
    **dict.fromkeys(("peak_time", "peaks", "peaks_a_look", "stands", "slow"), "1"),
    **dict.fromkeys(("repeats", "alike", "power", "power_fit"), "1"),
    **{f"away_{what}": "1" for what in ("most", "rms", "mean", "crossings", "overshoot", "back")},
    "away_px": "ln(px)",
    **{f"{when}_{what}": "1" for when in ("begin", "end") for what in ("cos", "sin")},
    "last_fifth": "1",
    **{f"rest_{degree}": "ln(px)" for degree in DEGREES},
    **{f"part_{degree}": "ln(1)" for degree in DEGREES},
    **dict.fromkeys(("bow_2", "bow_3"), "ln(px)"),
    "bow_exact": "1",
    **ROUGH,
}
"""What each number is measured in, in the order of a row."""


def standing(each: Trajectory) -> tuple[Trajectory, float] | None:
    """Give the moves alone, on whole px, with the stands in them, and the period of their clock, s.

    Nobody tells of a pointer that stands. Where nothing was heard for long it stood until a period
    before the next point, and did not creep there. None where there are fewer than four moves.
    """
    t, x, y = each.t, each.x, each.y
    if each.kinds is not None:
        moves = each.kinds == _MOVE
        t, x, y = t[moves], x[moves], y[moves]
    if len(t) < 4:
        return None
    gaps = t[1:] - t[:-1]
    middle = len(gaps) // 2
    period = float(np.partition(gaps, middle)[middle])
    x, y = np.rint(x - x[0]), np.rint(y - y[0])
    last = max(period, GRID)
    stood = (gaps > HELD * last).nonzero()[0]
    if len(stood):
        t = np.insert(t, stood + 1, t[stood + 1] - last)
        x, y = np.insert(x, stood + 1, x[stood]), np.insert(y, stood + 1, y[stood])
    return Trajectory(each.page, t - t[0], x, y), period


def _looked_at(each: Trajectory, grid: float) -> tuple[Trajectory, bool] | None:
    """A movement whose time is such that one look is `GRID`, and whether that took a slow clock.

    None where it is too short.
    """
    found = standing(each)
    if found is None:
        return None
    moves, period = found
    step = max(grid, period if period > SLOW else GRID)
    if moves.t[-1] / step < LEAST_STEPS - TICK:
        return None
    if np.hypot(moves.x[1:] - moves.x[:-1], moves.y[1:] - moves.y[:-1]).sum() < LEAST_PATH:
        return None
    return Trajectory(0, moves.t * (GRID / step), moves.x, moves.y), step > SLOW


def numbers(
    movements: Sequence[Trajectory], grid: float = GRID
) -> tuple[Floats, NDArray[np.int64]]:
    """Give the numbers (k, d) of those movements that are long enough, and their places (k,).

    Parameters
    ----------
    grid
        s between looks at least: how a slower clock would have told them.
    """
    looked = [_looked_at(each, grid) for each in movements]
    places = np.array([at for at, each in enumerate(looked) if each is not None], dtype=np.int64)
    if not len(places):
        return np.empty((0, len(UNITS))), places
    found = [each for each in looked if each is not None]
    steps = _whole(steps_of([each for each, _ in found]))
    slow = np.array([[float(is_slow) for _, is_slow in found]])
    rows = np.concatenate((slow, *(group(steps) for group in _GROUPS))).T
    return np.ascontiguousarray(rows), places


def _whole(steps: Steps) -> Steps:
    """The same steps between whole pixels."""
    at = np.rint(steps.at)
    by = at.copy()
    by[:, 1:] -= at[:, :-1]
    by[:, steps.start] = at.take(steps.start, 1)
    d = np.hypot(by[0], by[1])
    return Steps(
        steps.bounds, steps.start, steps.end, steps.row, at, by, d, d, steps.count, steps.spans
    )


def _differences(steps: Steps) -> tuple[Floats, Floats, Floats, Floats]:
    """Steps and their first, second and third differences (4 of (2, N)); 0 where there is none."""
    found = [steps.by]
    for order in range(1, 4):
        last = found[-1]
        change = np.zeros_like(last)
        np.subtract(last[:, 1:], last[:, :-1], change[:, 1:])
        for back in range(order):
            change[:, steps.start + back] = 0.0
        found.append(change)
    return found[0], found[1], found[2], found[3]


def _echo(steps: Steps, each: Floats, lag: int) -> Floats:
    """Correlation of (N,) with itself `lag` looks ago, without taking means away."""
    product = np.zeros_like(each)
    np.multiply(each[lag:], each[:-lag], product[lag:])
    for back in range(lag):
        product[steps.start + back] = 0.0
    return np.asarray(steps.total(product) / (steps.total(each * each) + _TINY))


def _tremor(steps: Steps) -> Floats:
    """How rough it is beyond rounding, along and across, when fast and when slow."""
    orders = _differences(steps)
    path = steps.total(steps.d)
    chord = np.hypot(*steps.at.take(steps.end, 1))
    energies = [
        steps.total(each[0] ** 2 + each[1] ** 2) / np.maximum(steps.count - place, 1.0)
        for place, each in enumerate(orders)
    ]
    floors = [energy + floor for energy, floor in zip(energies, _ROUNDED, strict=True)]
    clear = [np.log(energy / floor) for energy, floor in zip(floors, _ROUNDED, strict=True)]
    ratios = [np.log(after / before) for before, after in pairwise(floors)]
    smooth = np.array((steps.smoothed(steps.by[0]), steps.smoothed(steps.by[1])))
    speed = np.hypot(smooth[0], smooth[1])
    ux, uy = smooth / (speed + _TINY)
    _, change, jerk, _ = orders
    change_across = ux * change[1] - uy * change[0]
    change_along = ux * change[0] + uy * change[1]
    jerk_across = ux * jerk[1] - uy * jerk[0]
    jerk_size = np.hypot(jerk[0], jerk[1])
    total = steps.total
    jerks = total(jerk_size**2) + _TINY
    top = steps.most(speed)[steps.row]
    slow = speed < 0.25 * top
    few = np.maximum(total(slow.astype(np.float64)), 1.0)
    return np.array(
        (
            np.log(steps.count),
            np.log(path / steps.count),
            chord / path,
            *clear,
            *ratios,
            total(change_across**2) / (total(change[0] ** 2 + change[1] ** 2) + _TINY),
            total(jerk_across**2) / jerks,
            total(jerk_size) / np.sqrt(jerks * steps.count),
            total(np.abs(jerk_across)) / np.sqrt((total(jerk_across**2) + _TINY) * steps.count),
            _correlation(steps, jerk_size, speed),
            total(slow * jerk_size**2) / few / (jerks / steps.count),
            _echo(steps, change_along, 1),
            _echo(steps, change_along, 2),
            _echo(steps, change_across, 1),
            _echo(steps, change_across, 2),
            _echo(steps, jerk_across, 1),
            _echo(steps, jerk_across, 2),
        )
    )


def _correlation(steps: Steps, one: Floats, other: Floats) -> Floats:
    n = steps.count
    a = one - (steps.total(one) / n)[steps.row]
    b = other - (steps.total(other) / n)[steps.row]
    return np.asarray(
        steps.total(a * b) / np.sqrt((steps.total(a * a) + _TINY) * (steps.total(b * b) + _TINY))
    )


def _turns(steps: Steps) -> Floats:
    """How it turns from step to step, where both are long enough to have a direction."""
    heading = np.arctan2(steps.by[1], steps.by[0])
    turn = np.zeros_like(heading)
    turn[1:] = wrap(heading[1:] - heading[:-1])
    clear = steps.d >= CLEAR
    both = np.zeros_like(clear)
    both[1:] = clear[1:] & clear[:-1]
    both[steps.start] = False
    turn = np.where(both, turn, 0.0)
    total = steps.total
    some = np.maximum(total(both.astype(np.float64)), 1.0)
    sharp = np.abs(turn)
    turn = np.where(sharp > np.pi - 1e-6, 0.0, turn)  # right back is neither left nor right
    mean, net = total(sharp) / some, total(turn)
    flips = np.zeros_like(turn)
    flips[1:] = (turn[1:] * turn[:-1]) < 0
    flips[steps.start] = 0.0
    return np.array(
        (
            mean,
            np.sqrt(total(sharp * sharp) / some),
            np.abs(net) / (total(sharp) + _TINY),
            total((both & (sharp < 1e-6)).astype(np.float64)) / some,
            total((sharp > 0.5).astype(np.float64)) / some,
            total(flips) / some,
            _echo(steps, turn, 1),
        )
    )


def _profile(steps: Steps) -> Floats:
    """The profile of speed: its shape, its ends, its symmetry, and how often it repeats itself."""
    d, n, total, row = steps.d, steps.count, steps.total, steps.row
    mean = total(d) / n
    off = d - mean[row]
    deviation = np.sqrt(total(off * off) / n)
    skew = total(off**3) / n / (deviation**3 + _TINY)
    place = (np.arange(len(d)) - steps.start[row] + 0.5) / n[row]
    path = total(d)
    centre = total(d * place) / path
    spread = np.sqrt(total(d * (place - centre[row]) ** 2) / path)
    mirrored = d[steps.start[row] + steps.end[row] - np.arange(len(d))]
    ends = [steps.start + back for back in range(4)], [steps.end - back for back in range(4)]
    first, last = (np.mean([d[at] for at in side], axis=0) / mean for side in ends)
    inner = np.ones_like(d)
    inner[steps.start] = inner[steps.end] = 0.0
    inner_mean = total(d * inner) / (n - 2)
    inner_off = (d - inner_mean[row]) * inner
    smooth = steps.smoothed(d)
    rising = steps.change(smooth) > 0.0
    peak = np.zeros_like(rising)
    peak[:-1] = rising[:-1] > rising[1:]
    peak[steps.end] = False
    peaks = total(peak.astype(np.float64))
    top = steps.most(smooth)
    at_top = np.where(smooth == top[row], place, 2.0)
    alike, same = np.zeros_like(d), np.zeros_like(d)
    far = d[1:] >= 3.0
    alike[1:] = far & (np.abs(d[1:] - d[:-1]) <= 1.0)
    same[1:] = far & (steps.by[:, 1:] == steps.by[:, :-1]).all(0)
    alike[steps.start] = same[steps.start] = 0.0
    return np.array(
        (
            deviation / mean,
            skew,
            top / mean,
            first,
            last,
            d[steps.start] / top,
            d[steps.end] / top,
            centre,
            spread,
            total(np.abs(d - mirrored)) / path,
            np.sqrt(total(inner_off**2) / (n - 2)) / (inner_mean + _TINY),
            steps.least(at_top),
            peaks,
            peaks / n,
            total((d < 0.5).astype(np.float64)) / n,
            total((d < 0.1 * top[row]).astype(np.float64)) / n,
            total(same) / n,
            total(alike) / n,
        )
    )


def _power(steps: Steps) -> Floats:
    """Slope and fit of ln speed over ln curvature: a hand slows down where it bends.

    References
    ----------
    Lacquaniti, Terzuolo, Viviani 1983, "The law relating the kinematic and figural aspects of
    drawing movements", Acta Psychologica 54: the slope is -1/3.
    """
    vx, vy = steps.smoothed(steps.by[0]), steps.smoothed(steps.by[1])
    ax, ay = steps.change(vx), steps.change(vy)
    v = np.hypot(vx, vy)
    curved = np.abs(vx * ay - vy * ax) / (v**3 + _TINY)
    fine = (v > CLEAR) & (curved > 1e-4)
    fine[steps.start] = fine[steps.end] = False
    weight = fine.astype(np.float64)
    total, row = steps.total, steps.row
    some = np.maximum(total(weight), 1.0)
    log_v = np.log(np.maximum(v, 1e-3))
    log_k = np.log(np.maximum(curved, 1e-4))
    b = weight * (log_k - (total(weight * log_k) / some)[row])
    a = weight * (log_v - (total(weight * log_v) / some)[row])
    aa, ab, bb = total(a * a), total(a * b), total(b * b)
    return np.array((ab / (bb + 0.1), ab / np.sqrt((aa + 1e-3) * (bb + 1e-3))))


def _away(steps: Steps) -> Floats:
    """How it leaves the straight line to its end, and how it begins and ends."""
    to = steps.at.take(steps.end, 1)
    chord = np.hypot(to[0], to[1])
    base = np.maximum(chord, 0.1 * steps.total(steps.d))
    ux, uy = (to / (chord + _TINY))[:, steps.row]
    along = ux * steps.at[0] + uy * steps.at[1]
    across = ux * steps.at[1] - uy * steps.at[0]
    total, n, path = steps.total, steps.count, steps.total(steps.d)
    rms = np.sqrt(total(across**2) / n)
    crossed = np.zeros_like(across)
    crossed[1:] = across[1:] * across[:-1] < 0
    crossed[steps.start] = 0.0
    back = np.minimum(ux * steps.by[0] + uy * steps.by[1], 0.0)
    ways = []
    for at in (steps.at.take(steps.start + 3, 1), to - steps.at.take(steps.end - 4, 1)):
        size = np.hypot(at[0], at[1]) * np.maximum(chord, _TINY) + _TINY
        ways += [
            (at[0] * to[0] + at[1] * to[1]) / size,
            np.abs(at[0] * to[1] - at[1] * to[0]) / size,
        ]
    place = (np.arange(len(across)) - steps.start[steps.row] + 0.5) / n[steps.row]
    return np.array(
        (
            steps.most(np.abs(across)) / base,
            rms / base,
            np.abs(total(across) / n) / base,
            total(crossed) / n,
            (steps.most(along) - chord) / base,
            -total(back) / path,
            np.log(rms + 0.29),
            *ways,
            total(np.where(place > 0.8, steps.d, 0.0)) / path,
        )
    )


def _rough(steps: Steps) -> Floats:
    return roughness(steps, _differences(steps))


_GROUPS = (_tremor, _turns, _profile, _power, _away, rests, bows, _rough)
