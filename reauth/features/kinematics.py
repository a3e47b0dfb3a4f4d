"""Speed, acceleration and angle of paths: what every feature set begins with.

All functions work along the last axis, so that one call serves a whole batch of trajectories of
equal length. Units are seconds, pixels and radians; y grows downwards, so angles grow clockwise
on the screen.
"""

import numpy as np

from reauth.trajectory import Floats

MIN_DT = 1e-3
"""s; browsers stamp events of one frame alike, and a division needs more (biometrics.md §1)."""


def changes(a: Floats) -> Floats:
    """Give (..., n - 1) differences of neighbours: `np.diff` in a third of its time for a few."""
    return np.asarray(a[..., 1:] - a[..., :-1])


def intervals(t: Floats) -> Floats:
    """Give (..., n - 1) s between points, at least `MIN_DT`; `t` is (..., n), s."""
    return np.maximum(changes(t), MIN_DT)


def directions(dx: Floats, dy: Floats) -> Floats:
    """Give (..., m) rad in (-pi, pi] of steps; 0 is right, pi / 2 is down.

    A step of no length has no direction: 0, not NaN.
    """
    return _half_open(np.arctan2(dy, dx))


def wrap(angle: Floats) -> Floats:
    """Bring angles, rad, into (-pi, pi]."""
    return _half_open(angle - 2 * np.pi * np.rint(angle / (2 * np.pi)))


def accelerations(v: Floats, dt: Floats) -> Floats:
    """Give (..., m - 1) px/s2 between m speeds, px/s, of steps that took `dt`, s.

    The time between two speeds is that between the middles of their steps.
    """
    return changes(v) / ((dt[..., 1:] + dt[..., :-1]) / 2)


def slog(a: Floats) -> Floats:
    """Give sign(a) ln(1 + |a|): a logarithm that knows both directions."""
    return np.copysign(np.log1p(np.abs(a)), a)


def _half_open(angle: Floats) -> Floats:
    return np.where(angle <= -np.pi, np.pi, angle)
