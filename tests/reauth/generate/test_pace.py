"""What generators learn from people about ways like a wanted one."""

import numpy as np
import pytest

from reauth.generate.pace import NEAREST, Pace
from tests.reauth.generate.crowd import crowd, drawn


def bent(length, bow, duration=1.0, points=21, turn=1.0):
    """A parabola in a direction, over the chord of a length."""
    done = np.linspace(0, 1, points)
    places = length * turn * (done + 1j * bow * done * (1 - done))
    return drawn(duration * done, places.real, places.imag)


def test_the_bow_is_the_parabola_that_was_drawn():
    """Its sign is the side: above 0 is to the right of where it goes, down on a screen."""
    rng = np.random.default_rng(1)
    for bow in (0.3, -0.3, 0.0):
        pace = Pace.fit([bent(800, bow)])

        assert pytest.approx(bow, abs=0.01) == pace.bow((0, 0), (0, 500), rng)


def test_long_and_short_ways_are_told_apart():
    """Durations of those that are near by their length."""
    people = [bent(900, 0, 2.0)] * NEAREST + [bent(30, 0, 0.5)] * NEAREST
    pace, rng = Pace.fit(people), np.random.default_rng(1)

    assert {2.0} == {pace.duration((0, 0), (800, 0), rng) for _ in range(20)}
    assert {0.5} == {pace.duration((0, 0), (35, 0), rng) for _ in range(20)}


def test_directions_are_told_apart():
    """Other muscles move up than to the right."""
    people = [bent(300, 0, 2.0)] * NEAREST + [bent(300, 0, 0.5, turn=-1j)] * NEAREST
    pace, rng = Pace.fit(people), np.random.default_rng(1)

    assert {0.5} == {pace.duration((0, 400), (10, 100), rng) for _ in range(20)}


def test_the_number_of_points_is_normal_with_the_mean_and_deviation_of_people():
    """Spaced so that what people's mean number of points takes is their mean duration."""
    people = [bent(500, 0, 1.0, points) for points in (30, 50) for _ in range(25)]
    pace, rng = Pace.fit(people), np.random.default_rng(1)

    counts = np.array([len(pace.moments((0, 0), (400, 0), rng)) for _ in range(2000)])

    assert pytest.approx(40, abs=1) == counts.mean()
    assert pytest.approx(10, abs=0.7) == counts.std()
    assert pytest.approx(1 / 39) == pace.moments((0, 0), (400, 0), rng)[1]


def test_without_people_longer_ways_take_longer():
    """Fitts' law of the books; a movement is never too short to count."""
    pace, rng = Pace.fit(()), np.random.default_rng(1)
    means = [
        np.mean([pace.duration((0, 0), (length, 0), rng) for _ in range(300)])
        for length in (20, 200, 1800)
    ]

    assert means == sorted(means)
    assert 0.3 < means[0] < means[-1] < 1.6


def test_a_way_to_where_one_is_takes_no_logarithm_of_nothing():
    """It is as one of 1 px."""
    pace, rng = Pace.fit(crowd(1, 30)), np.random.default_rng(1)

    assert pace.duration((5, 5), (5, 5), rng) >= 0.1
