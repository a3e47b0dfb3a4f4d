"""When a session's scores changed: the one moment that splits them best.

Scores are taken as normal about one mean before the change and about another after it, with one
spread. The place is the one of greatest likelihood, which is the one of the least squares (Hinkley
1970, "Inference about the change-point in a sequence of random variables", Biometrika 57).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

LEAST: Final = 3
"""Scores on each side: a mean of fewer is one odd movement."""


@dataclass(frozen=True, slots=True)
class Change:
    """Where scores changed.

    Parameters
    ----------
    place
        Index of the first score after it.
    before, after
        Mean scores, nats.
    """

    place: int
    before: float
    after: float


def change_of(scores: Sequence[float]) -> Change | None:
    """Estimate the moment of one change in mean.

    Parameters
    ----------
    scores
        (n,) in order of time.

    Returns
    -------
    Change or None
        None where no single change is worth its two numbers, its place and the second mean, by
        Schwarz' criterion (Yao 1988, "Estimating the number of change-points via Schwarz'
        criterion", Statistics and Probability Letters 6).

    Examples
    --------
    >>> change_of([1.0, 1.2, 0.9, 1.1, -2.0, -1.9, -2.1]).place
    4
    """
    values = np.asarray(scores, dtype=float)
    n = len(values)
    if n < 2 * LEAST:
        return None
    places = np.arange(LEAST, n - LEAST + 1)
    sums = np.cumsum(values)
    first, rest = sums[places - 1], sums[-1] - sums[places - 1]
    # What a split explains of the squares: as each side's mean, weighed by its number.
    explained = first**2 / places + rest**2 / (n - places) - sums[-1] ** 2 / n
    best = int(np.argmax(explained))
    whole = float(((values - values.mean()) ** 2).sum())
    left = max(whole - float(explained[best]), 1e-12 * max(whole, 1.0))
    if whole <= 0 or n * np.log(whole / left) <= 2 * np.log(n):
        return None
    place = int(places[best])
    return Change(place, float(values[:place].mean()), float(values[place:].mean()))
