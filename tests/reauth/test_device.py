"""Device classes: of movements, of users, and who is told from whom on them."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.device import (
    CLASSES,
    SCREENS,
    class_of,
    cohort,
    likeness,
    pools,
    sampling,
    screen_class,
    split,
)
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


def test_a_class_is_told_by_movement_and_page_together():
    """What nobody told is a value; what a trajectory bears already is believed."""
    frames = every(*[0.017] * 9)

    assert "frame/?/?" == class_of(frames)
    assert "frame/touch/hand" == class_of(frames, "touch", "hand")
    assert "?/?/small" == class_of(every(0.01), screen="small")
    assert "dense/pen/large" == class_of(replace(frames, device="dense/pen/large"), "mouse")


@pytest.mark.parametrize(
    ("size", "name"),
    [
        ((390, 844), "hand"), ((1366, 768), "small"), ((1080, 1920), "medium"),
        ((1920, 1080), "medium"), ((2560, 1440), "large"), ((0, 0), None),
    ],
)  # fmt: skip
def test_a_screen_is_as_large_as_its_longer_side(size, name):
    """Turned it is the same one."""
    assert name == screen_class(*size)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("frame/mouse/small", "frame/mouse/small", 3),
        ("frame/mouse/small", "frame", 1),
        ("frame/?/?", "?/mouse/small", 0),
        ("frame/mouse/small", "dense/mouse/small", -1),
        ("frame/mouse/small", "frame/touch/small", -1),
        ("frame/mouse/small", "frame/mouse/large", -1),
    ],
)
def test_classes_are_alike_unless_they_contradict(one, other, found):
    """The more is told alike, the more; whichever comes first."""
    assert found == likeness(one, other) == likeness(other, one)


def test_what_leaves_a_part_open_is_learnt_with_the_commonest_that_tells_it():
    """Before the first press of a page its pointer is not told."""
    into = pools({"?/?/small": 1, "frame/mouse/small": 60, "dense/mouse/small": 40, "frame": 3})

    assert into == {
        "frame/mouse/small": "frame/mouse/small", "frame": "frame/mouse/small",
        "?/?/small": "frame/mouse/small", "dense/mouse/small": "dense/mouse/small",
    }  # fmt: skip
    assert ["frame/mouse/small", "dense/mouse/small"] == list(dict.fromkeys(into.values()))


def test_an_odd_movement_does_not_give_recordings_another_name():
    """One in three hundred is of another class by chance."""
    odd = {"dense/?/?": 300, "dense/mouse/small": 1}

    assert {"dense/?/?", "dense/mouse/small"} == set(pools(odd).values())
    assert {"dense/mouse/small"} == set(pools({**odd, "dense/mouse/small": 30}).values())


def test_a_users_trajectories_are_dealt_out_by_class():
    """The commonest first; a session has a part in each class that it was moved on."""
    frames, dense = every(*[0.017] * 9), every(*[0.007] * 9)
    told = replace(dense, device="dense/mouse/small")

    dealt = split([[frames, told, frames], [dense], [frames]])

    assert {"frame/?/?": [[frames, frames], [frames]], "dense/mouse/small": [[told], [dense]]} == (
        dealt
    )
    assert ["frame/?/?", "dense/mouse/small"] == list(dealt)
    assert {} == split([])


def test_a_user_is_told_from_others_on_the_same_class_where_there_are_enough():
    """Else from everybody: a class of three is no population."""
    frames, dense = every(*[0.017] * 9), every(*[0.007] * 9)
    others = {"bob": [[frames, dense]], "carol": [[frames, frames]], "dave": [[dense, dense]]}

    assert {"bob": [[frames]], "carol": [[frames, frames]]} == cohort(others, "frame/?/?", 1, 2)
    assert others == cohort(others, "frame/?/?", 2, 2)
    assert others == cohort(others, "sparse/?/?", 1, 2)


@pytest.mark.parametrize("classes", [CLASSES, SCREENS], ids=["sampling", "screen"])
def test_classes_rise(classes):
    """Every interval, and every screen, has one."""
    bounds = [above for _, above in classes]

    assert bounds == sorted(bounds)
    assert float("inf") == bounds[-1]
