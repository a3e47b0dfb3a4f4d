"""Features as normal scores: how large a number is among those seen, not how large it is.

Lengths, speeds and their changes have long tails, and one far value outweighs in a kernel what
all others say. Ranks have no tails; put on a normal scale, they suit a kernel that measures
squared distances. What is kept of the numbers seen are some quantiles of each.
"""

from statistics import NormalDist
from typing import Final

import numpy as np

from reauth.trajectory import Floats

KNOTS = 64
"""Quantiles kept of each number: a rank is right to 1 % of those seen."""

_SCORES: Final = np.array(
    [NormalDist().inv_cdf((rank + 0.5) / (2 * KNOTS + 1)) for rank in range(2 * KNOTS + 1)]
)
"""By twice the rank, as a value equal to a knot lies half beyond it."""

_AT_ONCE = 256
"""Rows compared at once, so that the comparisons of a whole session need some megabytes."""


def knots_of(x: Floats) -> Floats:
    """Give (KNOTS, d) quantiles of (n, d) numbers, n >= 1."""
    middles = (np.arange(KNOTS) + 0.5) / KNOTS
    return np.asarray(np.quantile(x, middles, axis=0))


def normal_scores(knots: Floats, x: Floats) -> Floats:
    """Turn numbers (n, d) into normal scores (n, d), within about 2.7 of 0.

    Parameters
    ----------
    knots
        (KNOTS, d), as `knots_of` gave them.

    Examples
    --------
    >>> seen = np.arange(1000.0)[:, None]
    >>> normal_scores(knots_of(seen), np.array([[499.5], [5000.0]])).round(1).tolist()
    [[0.0], [2.7]]
    """
    parts = [_scores(knots, x[at : at + _AT_ONCE]) for at in range(0, len(x), _AT_ONCE)]
    return np.concatenate(parts) if parts else np.empty_like(x)


def _scores(knots: Floats, x: Floats) -> Floats:
    each = x[:, None, :]
    # Twice the knots fit into a byte, and bytes are added many at a time.
    passed = (each > knots).view(np.uint8) + (each >= knots).view(np.uint8)
    return np.asarray(_SCORES.take(np.add.reduce(passed, 1, np.uint8)))
