"""What a movement was drawn with, as far as it shows: how often its points come.

People are compared with their own past on the same kind of device. On another the features mean
other things, and a low score says nothing of who moves: an unknown device is no impostor.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np

from reauth.event import Kind
from reauth.trajectory import Trajectory

CLASSES: Final[tuple[tuple[str, float], ...]] = (
    ("dense", 0.0115),
    ("frame", 0.06),
    ("sparse", float("inf")),
)
"""Names of the sampling classes, and the s between points below which each lies. `dense`: each
sample of the mouse, or frames of a screen of 90 Hz and more; `frame`: one a frame of 17 to 85 Hz;
`sparse`: remote desktops. H-BRS' devices lie at 3 to 10 and at 12 to 20 ms, Balabit's at 16 and at
109 ms (shared/data/README.md, biometrics.md §4); where points are thinned to 25 ms, as Medvet's
are, the first two are one."""

QUARTER = 0.25
"""Share of a trajectory's intervals that are no longer than its own: a slow hand has pauses, at
best it moves as fast as it is sampled. Ten points of H-BRS are not of their recording's class in
0.3 % of trajectories with the quarter and in 2.9 % with the median, of Balabit in 0.1 and 0.3 %."""

USUAL = 0.05
"""Share of a user's trajectories that makes a class the user's own: far more than are of another
class by chance."""


def sampling(trajectory: Trajectory) -> str | None:
    """Give the sampling class of a trajectory, a name of `CLASSES`.

    None where fewer than three of its points are movements: one interval tells of a hand, not of
    what it holds.

    Examples
    --------
    >>> t = np.arange(10) * 0.017
    >>> sampling(Trajectory(0, t, t, t))
    'frame'
    """
    t = trajectory.t
    if trajectory.kinds is not None:
        t = t[trajectory.kinds == Kind.MOVE]
    if len(t) < 3:
        return None
    gaps = np.sort(np.diff(t))
    usual = gaps[int(len(gaps) * QUARTER)]
    return next(name for name, above in CLASSES if usual < above)


def known(trajectories: Iterable[Trajectory]) -> tuple[str, ...]:
    """Give the sampling classes that are a user's own, in the order of `CLASSES`.

    Examples
    --------
    >>> t = np.arange(10) * 0.017
    >>> known([Trajectory(0, t, t, t)] * 20 + [Trajectory(0, 9 * t, t, t)])
    ('frame',)
    """
    counts = Counter(map(sampling, trajectories))
    least = USUAL * counts.total()
    return tuple(name for name, _ in CLASSES if counts[name] > least)
