"""What polynomials leave of a movement: of a curve that a formula made, nothing but rounding."""

from functools import lru_cache

import numpy as np

from reauth.features.steps import Steps
from reauth.trajectory import Floats

DEGREES = (1, 2, 3, 5, 7, 9)
"""Degrees of polynomials in time, after which the rest is told."""

FLOOR = 0.1
"""px2 of mean square, below which nothing is told: rounding makes 1/6 of both axes."""


@lru_cache(maxsize=256)
def _basis(points: int) -> Floats:
    """Polynomials in time, (degrees + 1, points), orthonormal on even looks."""
    u = np.linspace(-1.0, 1.0, points)
    q, _ = np.linalg.qr(np.polynomial.legendre.legvander(u, DEGREES[-1]))
    return np.ascontiguousarray(q.T)


def rests(steps: Steps) -> Floats:
    """What polynomials in time leave: of a curve that a formula made, nothing but rounding."""
    found = []
    for bounds in steps.bounds:
        points = np.concatenate((np.zeros((2, 1)), steps.at[:, bounds]), 1)
        shares = np.square(_basis(points.shape[1]) @ points.T).sum(1)
        whole = float(np.square(points).sum())
        left = whole - np.cumsum(shares)
        found.append((points.shape[1], *left.take(DEGREES), whole - shares[0]))
    table = np.array(found).T
    count, left, whole = table[0], np.maximum(table[1:-1], 0.0), table[-1]
    free = count - 1.0 - np.array(DEGREES)[:, None]
    rest = left / np.maximum(free, 1.0)
    return np.concatenate(
        (np.log(rest + FLOOR) / 2.0, np.log((left + FLOOR * count) / (whole + FLOOR * count)))
    )


def bows(steps: Steps) -> Floats:
    """What a parabola and a cubic over the chord leave of the way across it, and how exactly."""
    to = steps.at.take(steps.end, 1)
    chord = np.hypot(to[0], to[1])
    ux, uy = (to / (chord + 1e-9))[:, steps.row]
    along = ux * steps.at[0] + uy * steps.at[1]
    across = ux * steps.at[1] - uy * steps.at[0]
    low, high = steps.least(along), steps.most(along)
    u = 2.0 * (along - low[steps.row]) / np.maximum(high - low, 1.0)[steps.row] - 1.0
    powers = np.array([u**order for order in range(7)])
    moments = steps.total(powers)
    targets = steps.total(powers[:4] * across)
    found, exact = [], None
    for degree in (2, 3):
        size = degree + 1
        matrix = np.array([[moments[i + j] for j in range(size)] for i in range(size)])
        left = np.moveaxis(matrix, -1, 0) + 1e-6 * np.eye(size)
        solved = np.linalg.solve(left, targets[:size].T[..., None])[..., 0].T
        rest = across - (solved[:, steps.row] * powers[:size]).sum(0)
        found.append(np.log(steps.total(rest**2) / steps.count + FLOOR) / 2.0)
        exact = steps.total((np.abs(rest) < 0.75).astype(np.float64)) / steps.count
    return np.array((*found, exact))
