"""The sigma-lognormal model: a movement of the hand is a sum of strokes, each a lognormal in time.

The nerves and muscles that carry out a stroke answer as a long chain of small systems does: its
speed rises and falls like a lognormal, while its direction turns from one angle to another. A
movement is the vector sum of strokes that overlap.

Where a stroke's speed peaks and bends, closed forms give its parameters; times and speeds of two
of these points are enough.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from math import exp, pi, sqrt

import numpy as np

from reauth.trajectory import Floats

NONE = 1e-9
"""s; so soon after its onset a stroke has no speed yet, and a logarithm there is finite."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A stroke: its speed is `d` times a lognormal of time, its direction turns with its course.

    Parameters
    ----------
    d
        px, the length of its path; above 0.
    t0
        s, when the command was given; nothing moves before.
    mu
        ln(s), logarithm of the time in which half of the path is done.
    sigma
        Spread of that logarithm, above 0: the higher, the less alike are rise and fall.
    theta_s, theta_e
        rad, its direction in the beginning and in the end; y grows downwards.

    References
    ----------
    Acien et al. 2021 (BeCAPTCHA-Mouse), eq. 1 and table 2; biometrics.md §1.3.
    """

    d: float
    t0: float
    mu: float
    sigma: float
    theta_s: float
    theta_e: float

    @property
    def peak(self) -> float:
        """When it is fastest, s."""
        return self.t0 + exp(self.mu - self.sigma**2)


def velocity(strokes: Sequence[Stroke], t: Floats) -> Floats:
    """Give (n, 2) px/s at the times t, (n,) s.

    Examples
    --------
    >>> stroke = Stroke(d=100.0, t0=0.0, mu=-1.5, sigma=0.3, theta_s=0.0, theta_e=0.0)
    >>> velocity([stroke], np.array([0.0, stroke.peak])).round(1).tolist()
    [[0.0, 0.0], [623.4, 0.0]]
    """
    return np.asarray(velocities(parameters(strokes), t).sum(axis=0))


def trace(strokes: Sequence[Stroke], t: Floats, start: tuple[float, float]) -> Floats:
    """Give (n, 2) px, where the pointer is at the times t, (n,) s, if it rested at `start`.

    The integral of a stroke is exact: an arc of a circle, run through as its course says.

    Examples
    --------
    >>> quarter = Stroke(d=50 * np.pi, t0=0.0, mu=-1.5, sigma=0.3, theta_s=0.0, theta_e=np.pi / 2)
    >>> trace([quarter], np.array([0.0, 9.0]), (10.0, 20.0)).round(6).tolist()
    [[10.0, 20.0], [110.0, 120.0]]
    """
    if not strokes:
        return np.tile(np.array(start, dtype=np.float64), (len(t), 1))
    d, _, _, _, theta_s, theta_e = parameters(strokes).T[..., None]
    _, done = courses(parameters(strokes), t)
    half = (theta_e - theta_s) * done / 2
    chord = d * done * np.sinc(half / pi)
    along = theta_s + half
    at = np.stack((chord * np.cos(along), chord * np.sin(along)), axis=-1)
    return np.asarray(at.sum(axis=0) + np.array(start))


def parameters(strokes: Sequence[Stroke]) -> Floats:
    """Give (k, 6), a row a stroke, in the order of its fields."""
    return np.array([astuple(stroke) for stroke in strokes]).reshape(-1, 6)


def courses(rows: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Give each stroke's lognormal, (k, n) 1/s, and the share of it that is done, (k, n).

    Parameters
    ----------
    rows
        (k, 6), a row a stroke (`parameters`).
    """
    from scipy.special import ndtr  # noqa: PLC0415 - a quarter of a second to import

    t0, mu, sigma = rows[:, 1, None], rows[:, 2, None], rows[:, 3, None]
    since = np.maximum(t - t0, NONE)
    z = (np.log(since) - mu) / sigma
    density = np.exp(-z * z / 2) / (sqrt(2 * pi) * sigma * since)
    return density, np.asarray(ndtr(z))


def velocities(rows: Floats, t: Floats) -> Floats:
    """Give each stroke's velocity, (k, n, 2) px/s, at the times t, (n,) s."""
    density, done = courses(rows, t)
    theta_s = rows[:, 4, None]
    angle = theta_s + (rows[:, 5, None] - theta_s) * done
    speed = rows[:, 0, None] * density
    return np.stack((speed * np.cos(angle), speed * np.sin(angle)), axis=-1)


def places(sigma: Floats) -> Floats:
    """Give (3, ...): a_k of the first bend, the peak and the second bend, t_k = t0 + e^(mu - a_k).

    References
    ----------
    biometrics.md §1.3, "characteristic times".
    """
    square = sigma * sigma
    away = sigma * np.sqrt(square / 4 + 1)
    return np.stack((1.5 * square + away, square, 1.5 * square - away))


def sigma_of(pair: tuple[int, int], ratio: Floats) -> Floats:
    """Give sigma from the ratio of the speeds at two of a stroke's points.

    Parameters
    ----------
    pair
        Which points, 0 the first bend, 1 the peak, 2 the second bend: (0, 1), (2, 1) or (2, 0),
        the one on top of the ratio first.
    ratio
        Above 0; below 1 where the peak is one of them.

    References
    ----------
    biometrics.md §1.3, "s^2 from".
    """
    log = np.log(ratio)
    square = -2 + 2 * np.sqrt(1 + log * log) if pair == (2, 0) else -2 - 2 * log - 1 / (2 * log)
    return np.asarray(np.sqrt(np.maximum(square, 0.0)))


def stroke_of(
    pair: tuple[int, int], sigma: Floats, t: tuple[Floats, Floats], speed: Floats
) -> tuple[Floats, Floats, Floats]:
    """Give d, t0 and mu from when two of a stroke's points are, and how fast it is at the first.

    Parameters
    ----------
    pair, sigma
        As in `sigma_of`.
    t
        s, of both points of the pair.
    speed
        px/s at the first of them.

    References
    ----------
    biometrics.md §1.3, "mu", "t0" and "D".
    """
    at = places(sigma)
    first, second = at[pair[0]], at[pair[1]]
    mu = np.log((t[0] - t[1]) / (np.exp(-first) - np.exp(-second)))
    t0 = t[0] - np.exp(mu - first)
    d = sqrt(2 * pi) * speed * sigma * np.exp(mu - first + first * first / (2 * sigma * sigma))
    return d, t0, mu


def directions(sigma: Floats, angles: Floats) -> tuple[Floats, Floats]:
    """Give theta_s and theta_e from the directions, (3, ...) rad, at a stroke's three points.

    References
    ----------
    biometrics.md §1.3, "dphi".
    """
    from scipy.special import ndtr  # noqa: PLC0415 - a quarter of a second to import

    done = ndtr(-places(sigma) / sigma)
    turn = (angles[0] - angles[2]) / (done[0] - done[2])
    return angles[1] - turn * done[1], angles[1] + turn * (1 - done[1])
