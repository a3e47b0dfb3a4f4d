"""Medvet's 39 numbers of the last ten points before a pause.

Directions and their changes, speeds, accelerations, extents: 36 numbers that the paper's groups
give for ten points. It counts 39; the last three are ours (duration, path length, chord).
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from reauth.errors import TooShort
from reauth.features.kinematics import (
    accelerations,
    changes,
    directions,
    intervals,
    slog,
    wrap,
)
from reauth.trajectory import Floats, Trajectory

_DIRECTIONS = tuple(f"direction_{i}" for i in range(1, 10))
_TURNS = tuple(f"turn_{i}" for i in range(1, 9))
_SPEEDS = tuple(f"speed_{i}" for i in range(1, 10))
_ACCELERATIONS = tuple(f"acceleration_{i}" for i in range(1, 9))

POINTS = 10
"""Events of a trajectory (Medvet 2014, "Procedure: overview")."""


class Medvet:
    """The 39 features of Medvet 2014; what a longer trajectory has before its last ten points
    does not count.

    Lengths, speeds and accelerations span decades, so they go through ln(1 + .), accelerations
    with their sign. They do not change when a trajectory is moved on the screen or in time.

    References
    ----------
    Medvet et al. 2014, "Features" and "Procedure: overview". The paper gives no formulas: these
    are biometrics.md §1.1, where numbers 37 to 39 and the scaling are marked as derived.

    Examples
    --------
    >>> t = np.arange(10) * 0.1
    >>> row = Medvet().extract(Trajectory(0, t, 10.0 * np.arange(10), np.zeros(10)))
    >>> dict(zip(Medvet().names, row.round(3).tolist()))["path"]  # ln(1 + 90)
    4.511
    """

    name = "medvet"
    version = 1
    segmenter = "pause"
    points = POINTS
    names = (
        *_DIRECTIONS, *_TURNS, *_SPEEDS, *_ACCELERATIONS,
        "width", "height", "duration", "path", "chord",
    )  # fmt: skip
    units = (
        *["rad"] * 17, *["ln(1 + px/s)"] * 9, *["slog(px/s2)"] * 8,
        *["ln(1 + px)"] * 2, "ln(1 + s)", *["ln(1 + px)"] * 2,
    )  # fmt: skip
    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "shape": (*_TURNS, "width", "height", "path", "chord"),
        "direction": _DIRECTIONS,
        "speed": _SPEEDS,
        "acceleration": _ACCELERATIONS,
        "profile": ("duration",),
        "timing": (*_SPEEDS, *_ACCELERATIONS, "duration"),
    }

    def extract(self, trajectory: Trajectory) -> Floats:
        """Give (39,) numbers of one trajectory.

        Raises
        ------
        TooShort
            If the trajectory has fewer than ten points.
        """
        row: Floats = self.extract_many([trajectory])[0]
        return row

    def extract_many(self, trajectories: Sequence[Trajectory]) -> Floats:
        """Give (n, 39), bit for bit what `extract` gives one by one.

        Raises
        ------
        TooShort
            If one of them has fewer than ten points.
        """
        if not trajectories:
            return np.empty((0, len(self.names)))
        if min(trajectory.t.size for trajectory in trajectories) < POINTS:
            raise TooShort(f"a trajectory needs {POINTS} points")
        points = np.concatenate(
            [part[-POINTS:] for each in trajectories for part in (each.t, each.x, each.y)]
        ).reshape(-1, 3, POINTS)
        return _features(points[:, 0], points[:, 1], points[:, 2])


def _features(t: Floats, x: Floats, y: Floats) -> Floats:
    """Give (n, 39) of n trajectories of ten points: s, px, px, each (n, 10)."""
    rows = np.empty((t.shape[0], 39))
    dx, dy, dt = changes(x), changes(y), intervals(t)
    d = np.hypot(dx, dy)
    v = d / dt
    rows[:, :9] = directions(dx, dy)
    rows[:, 9:17] = wrap(changes(rows[:, :9]))
    rows[:, 17:26] = np.log1p(v)
    rows[:, 26:34] = slog(accelerations(v, dt))
    rows[:, 34] = x.max(axis=1) - x.min(axis=1)
    rows[:, 35] = y.max(axis=1) - y.min(axis=1)
    rows[:, 36] = t[:, -1] - t[:, 0]
    rows[:, 37] = d.sum(axis=1)
    rows[:, 38] = np.hypot(x[:, -1] - x[:, 0], y[:, -1] - y[:, 0])
    rows[:, 34:] = np.log1p(rows[:, 34:])
    return rows
