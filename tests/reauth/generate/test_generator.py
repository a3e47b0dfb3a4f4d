"""The form in which programs give movements."""

import numpy as np

from reauth.generate.generator import PERIOD, along, movement, ticks


def test_a_movement_begins_at_zero_on_whole_px():
    """And knows no -0, which another name would follow from."""
    found = movement(np.array([2.0, 2.5]), np.array([[-0.3, 1.6], [10.4, 2.0]]))

    assert [0.0, 0.5] == found.t.tolist()
    assert ([0.0, 10.0], [2.0, 2.0]) == (found.x.tolist(), found.y.tolist())
    assert not np.signbit(found.x).any()


def test_ticks_are_a_period_apart_and_meet_both_ends():
    """However odd the duration; and two moments at least."""
    found = ticks(0.1003)

    assert (0.0, 0.1003) == (found[0], found[-1])
    assert np.allclose(np.diff(found), PERIOD, rtol=0.05)
    assert [0.0, 0.001] == ticks(0.001).tolist()


def test_along_a_way_is_a_share_of_it():
    """Half way to (10, 20) is (5, 10)."""
    assert [[5.0, 10.0]] == along((0.0, 0.0), (10.0, 20.0), np.array([0.5])).tolist()
