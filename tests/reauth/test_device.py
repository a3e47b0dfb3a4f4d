"""Sampling classes of movements, and which are a user's own."""

import numpy as np
import pytest

from reauth.device import CLASSES, known, sampling
from reauth.event import Kind
from reauth.trajectory import Trajectory


def every(*gaps, kinds=None):
    """A trajectory with these intervals, s."""
    t = np.cumsum((0.0, *gaps))
    return Trajectory(0, t, t, t, None if kinds is None else np.array(kinds, dtype=np.int8))


@pytest.mark.parametrize(
    ("gap", "name"),
    [(0.004, "dense"), (0.010, "dense"), (0.013, "frame"), (0.033, "frame"), (0.109, "sparse")],
)
def test_a_class_is_that_of_the_intervals(gap, name):
    """Mice and screens of 100 Hz and more, screens of 30 to 85 Hz, remote desktops."""
    assert name == sampling(every(*[gap] * 9))


def test_a_slow_hand_is_no_other_device():
    """Most intervals are pauses of the hand; the shortest tell how often it is looked at."""
    assert "frame" == sampling(every(0.2, 0.017, 0.3, 0.1, 0.017, 0.2, 0.017, 0.15, 0.2))


def test_one_short_interval_is_no_other_device_either():
    """A remote desktop, too, has two packets at once now and then."""
    assert "sparse" == sampling(every(0.001, *[0.11] * 8))


def test_only_movements_count():
    """A click comes when it comes."""
    kinds = [Kind.MOVE, Kind.DOWN, Kind.UP, Kind.MOVE, Kind.MOVE]

    assert "sparse" == sampling(every(0.001, 0.001, 0.108, 0.11, kinds=kinds))


def test_two_movements_tell_nothing():
    """There is one interval, and no other to compare it with."""
    assert sampling(every(0.01)) is None
    kinds = [Kind.MOVE, Kind.DOWN, Kind.MOVE]
    assert sampling(every(0.01, 0.01, kinds=kinds)) is None


def test_a_users_classes_are_those_used_more_than_by_chance():
    """Two mice are two classes, one odd movement is none, nor is what tells nothing."""
    frames, dense, odd = every(*[0.017] * 9), every(*[0.007] * 9), every(*[0.11] * 9)

    assert ("dense", "frame") == known([frames] * 50 + [dense] * 10 + [odd] * 2)
    assert () == known([every(0.01)] * 5)
    assert () == known([])


def test_classes_rise():
    """Every interval has one."""
    bounds = [above for _, above in CLASSES]

    assert bounds == sorted(bounds)
    assert float("inf") == bounds[-1]
