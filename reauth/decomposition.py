"""Strokes of a movement: the sigma-lognormal parameters that its points speak for.

Theory of operation. The pointer's places are joined by smooth curves, looked at 200 times a second
and low-passed; what is decomposed is that velocity, a complex number a look (x + iy). The loop
takes the highest peak of what is left, reads times, speeds and directions where it peaks and bends,
lets the closed forms make strokes of pairs of these points, moved a little, and keeps the one that
leaves least; a few steps of least squares make it fit better; it is subtracted as a vector, and the
next peak's turn comes. In the end all strokes are fitted together, as each was found beside
neighbours that were not there yet.

Times and places are counted from the first point, to a microsecond and a millionth of a pixel: when
and where a movement was changes nothing.
"""

from dataclasses import dataclass
from math import log10, pi

import numpy as np
from numpy.typing import NDArray

from reauth.event import Kind
from reauth.lognormal import NONE, Stroke, courses, directions, sigma_of, stroke_of
from reauth.movement import LONGEST
from reauth.trajectory import Floats, Trajectory

Complex = NDArray[np.complex128]

STEP = 0.005
"""s between looks: 200 Hz, as in Robust XZERO (biometrics.md §1.3)."""

SMOOTH = 0.015
"""s, width of the low-pass: 17 Hz pass at half their power, 8 Hz at 90 %. A hand's strokes lie
below that, the steps of whole pixels above."""

MARGIN = 0.1
"""s of rest before the first point and after the last: the pointer stood there."""

ENOUGH_DB = 25.0
"""dB; the upper end of where extraction stops (biometrics.md §1.3, "until 15-25 dB")."""

STROKES = 40
"""Strokes of a movement at most: eight a second of the longest, more than a hand gives."""

LEAST_PEAK = 1 / 15
"""Of the highest speed: lower peaks are passed over (biometrics.md §1.3, "skip peaks"); of
half of that in what a joint fit leaves."""

GAIN = 0.002
"""Of what is left: a stroke that takes less of it is none, and its peak is passed over."""

STOOD = 0.04
"""s without an event, and then a jump: the pointer rested and then moved, not crept."""

JUMP = 2.0
"""px, the least jump; a hand that creeps gives an event for each pixel."""

MOST_DB = 100.0
"""dB; what is told of a reconstruction that leaves nothing."""

POLISH = 12
"""Steps of the joint fit at most."""

ROUNDS = 4
"""Joint fits at most; what they leave may hide a stroke that was not seen before."""

_ALONE = 4  # steps of the fit of a single stroke
_MOVE = int(Kind.MOVE)
_FINE = 1e6  # parts of a second and of a pixel
_LOW = np.array([1e-9, -1.5, -4.0, 0.06, -np.inf, -np.inf])
_HIGH = np.array([np.inf, np.inf, 1.0, 1.2, np.inf, np.inf])
_PAIRS = (0, 1), (2, 1), (2, 0)
_SHIFTS = np.array([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)]).T


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Strokes in the order of their peaks, and how well they make up the movement.

    Parameters
    ----------
    strokes
        Their times are counted from the movement's first point.
    snr_db
        10 log10 of the power of the low-passed velocity over that of what the strokes leave; 0
        where nothing moved, `MOST_DB` at most.
    """

    strokes: tuple[Stroke, ...]
    snr_db: float


@dataclass(frozen=True, eq=False, slots=True)
class Signal:
    """A movement's velocity: `t` (n,) s from its first point, `v` (n,) px/s, x + iy."""

    t: Floats
    v: Complex


def decompose(trajectory: Trajectory, polish: int = POLISH) -> Decomposition:
    """Find the strokes of a movement; none where nothing moves, or for one point.

    What lies more than `LONGEST` after its beginning, clicks and the wheel do not count.

    Parameters
    ----------
    polish
        Steps of the joint fit at most; 0: none, which is faster.

    References
    ----------
    biometrics.md §1.3, "Extraction loop"; the joint fit is ours.

    Examples
    --------
    >>> from reauth.lognormal import trace
    >>> t = np.arange(0, 0.9, 0.008)
    >>> drawn = trace([Stroke(300.0, 0.0, -1.2, 0.25, 0.0, 0.5)], t, (0.0, 0.0))
    >>> found = decompose(Trajectory(0, t, *drawn.T))
    >>> [stroke] = found.strokes
    >>> round(stroke.d), round(stroke.sigma, 2), found.snr_db > 25
    (300, 0.25, True)
    """
    signal = signal_of(trajectory)
    if not len(signal.t):
        return Decomposition((), 0.0)
    rows = _found(signal, np.empty((0, 6)), LEAST_PEAK)
    for _ in range(ROUNDS if polish and len(rows) else 0):
        rows = fitted(rows, signal, polish)
        more = _found(signal, rows, LEAST_PEAK / 2)
        if len(more) == len(rows):
            break
        rows = more
    rows = rows[np.argsort(rows[:, 1] + np.exp(rows[:, 2] - rows[:, 3] ** 2), kind="stable")]
    turns = np.round(rows[:, 4] / (2 * pi)) * 2 * pi
    rows[:, 4:] -= turns[:, None]
    left = signal.v - drawn(rows, signal.t).sum(axis=0)
    strokes = tuple(Stroke(*row) for row in rows.tolist())
    return Decomposition(strokes, _snr(_power(signal.v), _power(left)))


def signal_of(trajectory: Trajectory) -> Signal:
    """Give the low-passed velocity that is decomposed; empty where there is no movement."""
    t, at = _points(trajectory)
    span = float(t[-1]) if len(t) else 0.0
    if len(t) < 2 or not np.ptp(at.real) + np.ptp(at.imag):
        return Signal(np.empty(0), np.empty(0, dtype=np.complex128))
    t, at = _rested(t, at)
    reach = len(_KERNEL) // 2
    looks = np.arange(-round(MARGIN / STEP) - reach, (span + MARGIN) // STEP + reach + 1) * STEP
    edges = np.clip(np.append(looks, looks[-1] + STEP) - STEP / 2, t[0], t[-1])
    # A tangent is as steep as the chord from the point before to the point after.
    steep = np.zeros_like(at)
    steep[1:-1] = (at[2:] - at[:-2]) / (t[2:] - t[:-2])
    from scipy.interpolate import CubicHermiteSpline  # noqa: PLC0415 - half a second to import

    curve = CubicHermiteSpline(t, at, steep)
    raw = np.diff(curve(edges)) / STEP
    return Signal(looks[reach:-reach], np.convolve(raw, _KERNEL, "valid"))


def drawn(rows: Floats, t: Floats) -> Complex:
    """Give each stroke's velocity, (k, n) px/s x + iy, of parameters (k, 6)."""
    return _drawn(rows, *courses(rows, t))


def _drawn(rows: Floats, density: Floats, done: Floats) -> Complex:
    angle = rows[:, 4, None] + (rows[:, 5] - rows[:, 4])[:, None] * done
    speed = rows[:, 0, None] * density
    made = np.empty(speed.shape, dtype=np.complex128)
    np.multiply(speed, np.cos(angle), out=made.real)
    np.multiply(speed, np.sin(angle), out=made.imag)
    return made


def fitted(rows: Floats, signal: Signal, steps: int) -> Floats:
    """Fit the strokes of (k, 6) together to a velocity, by least squares: (k, 6).

    Levenberg and Marquardt's method on the normal equations: few steps with an exact Jacobian of
    few columns, which `scipy.optimize.least_squares` with its bounds takes longer for.
    """
    best, course = rows, courses(rows, signal.t)
    made = _drawn(rows, *course)
    left = signal.v - made.sum(axis=0)
    power, damping = _power(left), 1e-2
    normal, slope = _equations(rows, signal.t, (*course, made), left)
    for _ in range(steps):
        unit = 1 / np.sqrt(np.diag(normal).clip(1e-12))
        damped = normal * unit * unit[:, None] + damping * np.eye(len(unit))
        change = np.linalg.solve(damped, slope * unit) * unit
        tried = _within(best, change.reshape(-1, 6))
        course = courses(tried, signal.t)
        made = _drawn(tried, *course)
        left = signal.v - made.sum(axis=0)
        remains = _power(left)
        if remains >= power:
            damping *= 8.0
            if damping > 1e6:
                break
            continue
        gain, best, power, damping = 1 - remains / power, tried, remains, damping / 6
        if gain < 1e-4:
            break
        normal, slope = _equations(best, signal.t, (*course, made), left)
    return best


def _within(rows: Floats, change: Floats) -> Floats:
    """Change parameters, lengths by their logarithm, and keep them where strokes are."""
    tried = rows + change
    tried[:, 0] = rows[:, 0] * np.exp(change[:, 0].clip(-2, 2))
    return np.asarray(tried.clip(_LOW, _HIGH))


def _equations(
    rows: Floats, t: Floats, made: tuple[Floats, Floats, Complex], left: Complex
) -> tuple[Floats, Floats]:
    """Give the normal equations about (k, 6) strokes: (6k, 6k) and (6k,).

    Parameters
    ----------
    made
        Of each stroke its lognormal, the share that is done, and its velocity: (k, n) each.
    left
        (n,) px/s, what they leave.
    """
    density, done, stroke = made
    _, t0, mu, sigma, theta_s, theta_e = rows.T[..., None]
    turn = 1j * (theta_e - theta_s)
    since = np.maximum(t - t0, NONE)
    z = (np.log(since) - mu) / sigma
    bell = density * since  # the normal density of z, over sigma
    slopes = np.stack(
        (
            stroke,
            stroke * ((z / sigma + 1) / since - turn * density),
            stroke * (z / sigma - turn * bell),
            stroke * ((z * z - 1) / sigma - turn * bell * z),
            stroke * 1j * (1 - done),
            stroke * 1j * done,
        ),
        axis=1,
    ).reshape(-1, len(t))
    real = np.concatenate((slopes.real, slopes.imag), axis=1)
    return real @ real.T, real @ np.concatenate((left.real, left.imag))


def _found(signal: Signal, known: Floats, share: float) -> Floats:
    """Extract strokes beside known ones, the strongest first, until it is enough: (k, 6)."""
    rows = [*known]
    left = signal.v - drawn(known, signal.t).sum(axis=0)
    power, whole, open_ = _power(left), _power(signal.v), np.ones(len(left))
    least = share * np.abs(signal.v).max()
    while len(rows) < STROKES and _snr(whole, power) < ENOUGH_DB:
        speed = np.abs(left)
        peak = int(np.argmax(speed * open_))
        if speed[peak] * open_[peak] <= least:
            break
        start, end = _valley(speed, peak)
        row = _stroke_at(Signal(signal.t, left), speed, (start, peak, end))
        after = left - drawn(row[None], signal.t)[0] if row is not None else left
        if (remains := _power(after)) > power * (1 - GAIN):
            open_[start : end + 1] = 0.0
            continue
        rows.append(row)
        left, power = after, remains
    return np.array(rows).reshape(-1, 6)


def _valley(speed: Floats, peak: int) -> tuple[int, int]:
    """Give where the hill about a peak begins and ends: its lowest looks."""
    rising = np.diff(speed) > 0
    before, after = np.flatnonzero(~rising[:peak]), np.flatnonzero(rising[peak:])
    start = int(before[-1]) + 1 if len(before) else 0
    return start, peak + int(after[0]) if len(after) else len(speed) - 1


def _stroke_at(signal: Signal, speed: Floats, hill: tuple[int, int, int]) -> Floats | None:
    """Give the stroke (6,) that leaves least about a hill: its start, its peak and its end."""
    start, peak, end = hill
    if not start < peak < end:
        return None
    reach = end - start
    near = slice(max(start - reach, 0), end + reach + 1)
    about = Signal(signal.t[near], signal.v[near])
    slope = np.diff(speed)
    first = np.clip(start + np.argmax(slope[start:peak]) + _SHIFTS[0], start, peak - 1)
    second = np.clip(peak + 1 + np.argmin(slope[peak:end]) + _SHIFTS[0], peak + 1, end)
    top = np.clip(peak + _SHIFTS[1], first + 1, second - 1)
    rows = _candidates(signal, speed, np.stack((first, top, second)))
    if not len(rows):
        return None
    made = drawn(rows, about.t)
    # The length that leaves least, all else as it is.
    share = (made.conj() * about.v).real.sum(axis=1) / (abs(made) ** 2).sum(axis=1).clip(1e-12)
    rows, made, share = rows[share > 0], made[share > 0], share[share > 0]
    if not len(rows):
        return None
    rows[:, 0] *= share
    errors = (abs(about.v - share[:, None] * made) ** 2).sum(axis=1)
    best = int(np.argmin(errors))
    row: Floats = fitted(rows[best : best + 1], about, _ALONE)[0]
    return row


def _candidates(signal: Signal, speed: Floats, points: NDArray[np.int64]) -> Floats:
    """Give strokes (k, 6) by the closed forms, from each pair of points, (3, c) looks."""
    t, speeds = signal.t[points], speed[points].clip(1e-9)
    angles = np.angle(signal.v[points])
    turns = np.angle(signal.v[points] * signal.v[points[1]].conj())
    rows = []
    for one, other in _PAIRS:
        ratio = speeds[one] / speeds[other]
        usable = ratio < 0.999 if other == 1 else ratio > 0
        sigma = sigma_of((one, other), np.where(usable, ratio, 0.5)).clip(_LOW[3], _HIGH[3])
        d, t0, mu = stroke_of((one, other), sigma, (t[one], t[other]), speeds[one])
        theta_s, theta_e = directions(sigma, angles[1] + turns)
        rows.append(np.stack((d, t0, mu, sigma, theta_s, theta_e), axis=1)[usable])
    return np.concatenate(rows).clip(_LOW, _HIGH)


def _points(trajectory: Trajectory) -> tuple[Floats, Complex]:
    """Give times and places (x + iy) of the movements, from the first one on, each time once."""
    moves = slice(None) if trajectory.kinds is None else trajectory.kinds == _MOVE
    t, x, y = trajectory.t[moves], trajectory.x[moves], trajectory.y[moves]
    if not len(t):
        return np.empty(0), np.empty(0, dtype=np.complex128)
    t, x, y = (np.round((each - each[0]) * _FINE) / _FINE for each in (t, x, y))
    later = np.ones(len(t), dtype=bool)
    later[1:] = t[1:] > np.maximum.accumulate(t)[:-1]
    later &= t <= LONGEST
    return t[later], (x + 1j * y)[later]


def _rested(t: Floats, at: Complex) -> tuple[Floats, Complex]:
    """Add where the pointer stood: before a jump that follows a rest, and at both ends."""
    steps = np.diff(t)
    usual = float(np.median(steps))
    stood = (steps > max(STOOD, 3 * usual)) & (abs(np.diff(at)) >= JUMP)
    where = np.flatnonzero(stood) + 1
    t, at = np.insert(t, where, t[where] - usual), np.insert(at, where, at[where - 1])
    still = min(usual, MARGIN)
    t = np.concatenate(([-1.0, -still], t, t[-1] + np.array([still, 1.0])))
    return t, np.concatenate((at[[0, 0]], at, at[[-1, -1]]))


def _kernel() -> Floats:
    """A Gaussian of fourth order: flatter in its pass band than a plain one."""
    at = np.arange(-4 * SMOOTH, 4 * SMOOTH + STEP / 2, STEP) / SMOOTH
    weight = np.exp(-at * at / 2) * (1.5 - at * at / 2)
    return np.asarray(weight / weight.sum())


def _power(v: Complex) -> float:
    return float(np.vdot(v, v).real)


def _snr(whole: float, left: float) -> float:
    """Give dB, `MOST_DB` at most."""
    return min(10 * log10(whole / left), MOST_DB) if left > 0 else MOST_DB


_KERNEL = _kernel()
