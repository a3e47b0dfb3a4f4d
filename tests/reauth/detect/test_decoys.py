"""Decoys: as long as a person's movement, between the same places, and otherwise at random."""

import numpy as np

from reauth.detect.decoys import decoys
from reauth.trajectory import Trajectory
from tests.reauth.detect.crowd import person


def test_a_decoy_goes_where_a_person_went_in_the_same_time():
    """By its clock, on whole px."""
    t = np.cumsum(np.full(120, 0.008))
    like = Trajectory(0, t, np.linspace(50, 850, 120).round(), np.linspace(400, 100, 120).round())
    for each in decoys([like], 60, np.random.default_rng(1)):
        assert abs(complex(each.x[-1], each.y[-1]) - complex(800, -300)) < 60
        assert each.t[-1] <= t[-1] - t[0] + 1e-9
        assert (np.diff(each.t) > 0).all()
        assert (each.x == each.x.round()).all()


def test_they_differ_from_each_other_and_are_drawn_by_the_seed():
    """No two alike; the same seed, the same decoys."""
    people = person(3)
    one, again = (decoys(people, 30, np.random.default_rng(4)) for _ in range(2))

    assert 30 == len({each.id for each in one})
    assert [each.id for each in one] == [each.id for each in again]


def test_without_ways_there_are_none():
    """Movements that end where they began lead nowhere."""
    t = np.arange(50) * 0.01
    there_and_back = Trajectory(0, t, np.abs(np.arange(50) - 25.0), np.zeros(50))

    assert [] == decoys([there_and_back], 5, np.random.default_rng(1))
