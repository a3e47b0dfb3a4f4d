"""Movements between clicks, told by one clock."""

import numpy as np
import pytest

from reauth.event import Event, Kind
from reauth.generate import GENERATORS
from reauth.lab.pointing import (
    between_clicks,
    by_person,
    ends,
    machine,
    opened,
    parted,
    pointing,
    spread,
    told,
)
from tests.reauth.lab.towns import build


def line(start, count, ext=0, x=0.0):
    """A straight movement at 100 Hz."""
    return [Event(Kind.MOVE, 0, start + 0.01 * i, x + 10.0 * i, 0.0, ext) for i in range(count)]


def test_clicks_cut_and_drags_are_left_out():
    """As the paper cuts; a pause cuts too."""
    down, up = (Event(kind, 0, t, 0.0, 0.0) for kind, t in ((Kind.DOWN, 0.2), (Kind.UP, 0.45)))
    events = [*line(0.0, 20), down, *line(0.21, 20, ext=1, x=190), up, *line(0.5, 15, x=400)]
    found = between_clicks([*events, *line(2.0, 30)])

    assert [20, 15, 30] == [len(each.t) for each in found]


def test_what_goes_nowhere_is_no_pointing():
    """There and back."""
    back = [event._replace(t=0.3 + event.t, x=190 - event.x) for event in line(0.0, 20)]

    assert [] == pointing([*line(0.0, 20), *back])
    assert 1 == len(pointing(line(0.0, 20)))


def test_people_and_machines_are_told_every_twenty_ms_in_whole_px(tmp_path):
    """Whatever clock they had before."""
    people = by_person(opened(build(tmp_path, twice=1, once=1, movements=10)))
    known = [each for movements in people.values() for each in movements]
    straight = GENERATORS["straight"](known)
    rng = np.random.default_rng(1)
    drawn = [machine(straight, ends(known[0]), clock, rng) for clock in ((0.017, 0.002), None)]

    assert ["p00", "p01"] == list(people)
    for each in [told(each) for each in known] + drawn:
        looks = each.t / 0.02
        assert looks == pytest.approx(np.rint(looks), abs=1e-6)
        assert np.array_equal(np.rint(each.x), each.x)
    assert ends(known[0]) == ends(drawn[1])


def test_everybody_gives_as_many_as_the_others():
    """Until somebody has no more."""
    people = {"a": [1] * 3, "b": [2] * 50, "c": [3] * 50}
    found = spread(people, 23, np.random.default_rng(1))
    count = {name: sum(who == name for who, _ in found) for name in people}

    assert {"a": 3, "b": 10, "c": 10} == count
    assert 103 == len(spread(people, 1000, np.random.default_rng(1)))


def test_people_are_parted_whole():
    """Nobody is on both sides."""
    one, other = parted("abcdef", 1 / 3, np.random.default_rng(1))

    assert (2, 4) == (len(one), len(other))
    assert set() == one & other
