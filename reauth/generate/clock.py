"""A device's clock: what a browser tells of a movement, whoever made it.

A bot that is played through a browser has the browser's sampling. Before people and machines are
compared both must be on such clocks, or what is recognised is the clock.
"""

from collections.abc import Sequence

import numpy as np

from reauth.generate.aimed import moves
from reauth.generate.generator import PERIOD
from reauth.trajectory import TICK, Floats, Trajectory

JITTER = 0.002
"""s, deviation of the time between two events where nobody's is known: browsers keep no grid."""
_LEAST = 0.25  # of a period: what two events are apart at least
_DEVIATION = 1.4826  # a normal distribution's, in median deviations from its median


def sampled(
    trajectory: Trajectory, period: float, jitter: float, rng: np.random.Generator
) -> Trajectory:
    """Tell a movement by a clock.

    It is looked at about every `period`, on the straight lines between its points, from its first
    moment to the first look after its last one. A look at which the pointer is still on the same
    px tells nothing. Times are whole ticks of the wire.

    Parameters
    ----------
    trajectory
        Of movements only.
    period, jitter
        s, mean and deviation of the time between two looks.

    Examples
    --------
    >>> line = Trajectory(0, np.array([0.0, 0.1]), np.array([0.0, 50.0]), np.zeros(2))
    >>> told = sampled(line, 0.025, 0.0, np.random.default_rng(1))
    >>> told.t.tolist(), told.x.tolist()
    ([0.0, 0.025, 0.05, 0.075, 0.1], [0.0, 12.0, 25.0, 38.0, 50.0])
    """
    since = trajectory.t - trajectory.t[0]
    at = _looks(float(since[-1]), period, jitter, rng)
    x, y = (np.rint(np.interp(at, since, each)) + 0.0 for each in (trajectory.x, trajectory.y))
    told = np.concatenate(([True], (np.diff(x) != 0) | (np.diff(y) != 0)))
    return Trajectory(trajectory.page, at[told], x[told], y[told])


def clock_of(movements: Sequence[Trajectory]) -> tuple[float, float]:
    """Give the clock that somebody's movements were told by: period and jitter, s, robustly.

    Nobody's clock is the commonest one.
    """
    steps = [np.diff(moves(each).t) for each in movements]
    every = np.concatenate(steps) if steps else np.zeros(0)
    if not len(every):
        return PERIOD, JITTER
    period = float(np.median(every))
    return period, float(_DEVIATION * np.median(np.abs(every - period)))


def _looks(end: float, period: float, jitter: float, rng: np.random.Generator) -> Floats:
    """Moments from 0 to the first one at `end` or after it, whole ticks."""
    least = max(TICK, _LEAST * period)
    steps = np.maximum(rng.normal(period, jitter, int(end / least) + 2), least)
    at = np.concatenate(([0.0], np.cumsum(np.rint(steps / TICK))))
    last = int(np.searchsorted(at, np.rint(end / TICK)))
    return np.asarray(at[: last + 1] * TICK)
