"""How fast a user gathers."""

import numpy as np
import pytest

from reauth.pace import MEDVET_RATE, Progress, progress, trajectory_rate
from reauth.trajectory import Trajectory

NOW = 1_790_000_000.0


def at(t):
    """A trajectory that ends at a time."""
    return Trajectory(0, np.array([t - 0.1, t]), np.zeros(2), np.zeros(2))


def test_the_users_own_rate_counts_active_time_only():
    """A coffee between two movements is no activity; two sessions are not one."""
    busy = [at(30.0 * i) for i in range(61)]
    after_coffee = [at(10_000.0 + 30.0 * i) for i in range(61)]

    assert pytest.approx(120.0) == trajectory_rate([[*busy, *after_coffee], [at(5.0)], []])
    assert MEDVET_RATE == trajectory_rate([busy[:-2]])
    assert pytest.approx(360.0) == trajectory_rate([[at(10.0 * i) for i in range(11)]])
    assert MEDVET_RATE == trajectory_rate([])


@pytest.mark.parametrize(
    ("have", "since", "expected"),
    [
        (0, None, Progress(0, 300, None)),
        (10, None, Progress(10, 300, None)),
        (10, NOW, Progress(10, 300, None)),
        (100, NOW - 3600, Progress(100, 300, 7200.0)),
        (300, NOW - 3600, Progress(300, 300, 0.0)),
    ],
)
def test_progress_tells_when_only_if_it_can(have, since, expected):
    """No rate, no date."""
    assert expected == progress(have, 300, since, NOW)
