"""How often a rule raises a false alarm: its level as a Markov chain on the user's own scores.

No stretch of a user's movement is like another, later ones are less like the template than earlier
ones, and little was held out. So a user is taken as several equally likely stretches, in which all
held-out scores are moved down, and up or down, together; false alarms are counted over all of them.
Nothing is drawn at random.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt
from statistics import NormalDist

import numpy as np

from reauth.template import Template
from reauth.trajectory import Floats

EXTREME = 2.5
"""nats; half a score there and half a score at its opposite stand for what was not seen yet. No
calibrated score is further from 0 (biometrics.md §4)."""

STRETCHES = 9
"""Equally likely stretches: an odd number has one like the held-out scores themselves. With 33 the
bounds are 3 % higher and take six times as long."""

STATES = 48
"""Levels that are told apart below a bound. Against two million drawn scores the run lengths came
out 5 % short at a bound of 3 nats and 17 % short at 7: on the side of caution."""

BIN = 0.02
"""nats; scores as close as that are counted as one."""

LONGEST = 1e12
"""Scores; no run is longer, or lengths of which nobody sees the end would be mostly rounding."""

STEPS = 5
"""Halvings of the range in which a bound is sought; what is left is divided by the rates there."""


@dataclass(frozen=True, eq=False, slots=True)
class Stretches:
    """A user's own scores in equally likely stretches of use.

    Parameters
    ----------
    scores
        (stretches, n), nats.
    weights
        (n,), how often each comes; they sum to 1.
    deviation
        nats, standard deviation of the stretches' means.
    mean, unit
        nats, mean and standard deviation of the held-out scores as they were.
    """

    scores: Floats
    weights: Floats
    deviation: float
    mean: float
    unit: float


def stretches(template: Template) -> Stretches:
    """Give what to expect of a user's movement from what was held out of training.

    The means of stretches fall and differ as the template's `drift` says, and differ more where
    little was held out: the fewer scores, the worse the worst stretch.

    Examples
    --------
    >>> alone = Template("anna", "f", 1, "v", 1, 1, True, {}, {}, (np.array([1.0, 2.0]),))
    >>> stretches(alone).weights.round(3).tolist()
    [0.167, 0.333, 0.333, 0.167]
    """
    seen = np.concatenate((*template.held_out, np.empty(0)))
    found, counts = np.unique(np.rint(seen / BIN), return_counts=True)
    scores = np.concatenate(([-EXTREME], found * BIN, [EXTREME]))
    weights = np.concatenate(([0.5], counts, [0.5])) / (len(seen) + 1)
    mean = float(weights @ scores)
    unit = sqrt(weights @ scores**2 - mean**2)
    drift = template.drift
    deviation = unit * sqrt(drift.spread**2 + 1 / (len(seen) + 2))
    normal = [NormalDist().inv_cdf((place + 0.5) / STRETCHES) for place in range(STRETCHES)]
    moved = deviation * np.array(normal) - drift.fall * unit
    return Stretches(scores + moved[:, None], weights, deviation, mean, unit)


def run_lengths(climbs: Floats, weights: Floats, bound: float, floor: float = 0.0) -> Floats:
    """Give the mean number of scores from level 0 until the level reaches a bound.

    A level that falls to `floor` is 0 again.

    Parameters
    ----------
    climbs
        (stretches, n), by how much each score moves the level.
    weights
        (n,), how often it comes.
    bound
        Above 0.
    floor
        At most 0.

    Returns
    -------
    ndarray
        (stretches,), at most `LONGEST`.

    References
    ----------
    Brook & Evans 1972, "An approach to the probability distribution of CUSUM run length". Here a
    climb is split between the two nearest states, which keeps its mean.

    Examples
    --------
    >>> coin = np.array([[1.0, -1.0]])
    >>> run_lengths(coin, np.array([0.5, 0.5]), bound=2.0, floor=-2.0).round(6).tolist()
    [8.0]
    """
    width = (bound - floor) / STATES
    chance = _steps(np.clip(climbs / width, -STATES, STATES), weights)
    state = np.arange(STATES)
    move = chance[:, state - state[:, None] + STATES]
    # State 0 is the floor itself: who gets there, or would get below, begins again at level 0.
    fallen = np.cumsum(chance, axis=1)[:, STATES - state]
    start = np.interp(state, *_tent(-floor / width))
    move[:, :, 0] = 0.0
    move += fallen[:, :, None] * start
    stay = np.eye(STATES) * (1 + 1 / LONGEST)
    lengths = np.linalg.solve(stay - move, np.ones((len(climbs), STATES, 1)))
    return np.asarray(lengths[:, :, 0] @ start)


def _tent(at: float) -> tuple[list[float], list[float]]:
    """Corners of the function that shares a level out between the two states next to it."""
    return [at - 1, at, at + 1], [0.0, 1.0, 0.0]


def _steps(steps: Floats, weights: Floats) -> Floats:
    """Give (stretches, 2 STATES + 2) chances to move by -STATES ... states, from (stretches, n)."""
    whole = np.floor(steps)
    share = steps - whole
    size = 2 * STATES + 2
    to = (whole + STATES).astype(int) + np.arange(len(steps))[:, None] * size
    total = len(steps) * size
    chance = np.bincount(to.ravel(), ((1 - share) * weights).ravel(), total)
    chance += np.bincount(to.ravel() + 1, (share * weights).ravel(), total)
    return np.asarray(chance.reshape(len(steps), size))


def least(rate: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Find the least bound between two, above 0, whose rate of false alarms is the wanted one.

    The rate falls as the bound rises; where no bound is high enough the answer is `high`.

    Examples
    --------
    >>> round(least(lambda bound: 2.0**-bound, wanted=2.0**-5, low=1.0, high=64.0), 6)
    5.0
    """
    above, below = rate(low), rate(high)
    if above <= wanted:
        return low
    if below > wanted:
        return high
    for _ in range(STEPS):
        middle = sqrt(low * high)
        found = rate(middle)
        if found > wanted:
            low, above = middle, found
        else:
            high, below = middle, found
    return low + (high - low) * log(above / wanted) / log(above / below)
