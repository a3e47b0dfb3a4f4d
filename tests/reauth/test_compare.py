"""Many trajectories at once: each as if it were alone."""

import numpy as np

from reauth.compare import compare
from reauth.trajectory import Trajectory
from tests.playbook import Read, Written, template


def drawn(score, points=2):
    """A movement whose score is written into it."""
    t = np.arange(points) * 0.1
    return Trajectory(0, t, np.full(points, score), t)


def test_each_item_has_its_own_score_or_its_reason():
    """Whatever features and templates stand beside it."""
    read, two, three = Read(), Written(), Written(least=3)
    plain, biased = template(), template(bias=2.0)

    found = compare(
        [
            (two, read, plain, drawn(1.0)), "not_enrolled", (three, read, plain, drawn(3.0)),
            (two, read, biased, drawn(1.0)), (three, read, biased, drawn(3.0, points=3)),
            (two, read, plain, drawn(-4.0)),
        ]
    )  # fmt: skip

    assert [1.0, "not_enrolled", "too_short", 3.0, 5.0, -4.0] == found


def test_nothing_and_nothing_long_enough_are_no_batch():
    """There is nobody to compare."""
    few = (Written(least=9), Read(), template(), drawn(1.0))

    assert [] == compare([])
    assert ["too_short", "too_short"] == compare([few, few])
