"""What people do around their movements."""

import numpy as np
import pytest

from reauth.event import Kind
from reauth.generate.habits import EDGE, LEAST_REST, PAUSE, Habits
from reauth.trajectory import Trajectory
from tests.reauth.generate.crowd import drawn

SCREEN = 1000.0, 800.0


def clicked(wait, hold, rest=1.0):
    """100 px down and 40 to the right, and a click."""
    t = np.array([0.0, 0.1, 0.2, 0.3, 0.3 + wait, 0.3 + wait + hold])
    kinds = np.array([0, 0, 0, 0, Kind.DOWN, Kind.UP], dtype=np.int8)
    x, y = np.array([0, 10, 20, 40, 40, 40.0]), np.array([0, 30, 60, 100, 100, 100.0])
    return Trajectory(0, t, x, y, kinds, rest)


def draws(call, count=200):
    rng = np.random.default_rng(1)
    return [call(rng) for _ in range(count)]


def test_clicks_and_rests_are_those_of_people():
    """Each as often as it was seen."""
    habits = Habits.fit([clicked(0.1, 0.05, 0.9), clicked(0.2, 0.08, 3.0)], 60.0)

    assert {0.9, 3.0} == set(draws(habits.rest))
    assert {(0.1, 0.05), (0.1, 0.08), (0.2, 0.05), (0.2, 0.08)} == {
        (round(wait, 6), round(hold, 6)) for wait, hold in draws(habits.click)
    }


def test_what_is_no_rest_is_not_learnt():
    """Unknown ones, those of a movement that goes on, and who has gone away."""
    people = [clicked(0.1, 0.05, rest) for rest in (float("nan"), 0.01, 700.0, 2.0)]

    assert {2.0} == set(draws(Habits.fit(people, 60.0).rest))


def test_where_nothing_is_known_there_is_what_is_usual():
    """Rests that end a movement, and clicks within them."""
    habits = Habits.fit((), 60.0)

    assert LEAST_REST <= min(draws(habits.rest)) < max(draws(habits.rest)) < 3
    assert all(0 < wait and 0 < hold and wait + hold < PAUSE for wait, hold in draws(habits.click))


def test_a_slow_click_is_over_before_the_next_movement():
    """However long its parts are, the least rest holds both."""
    habits = Habits.fit([clicked(0.4, 0.45)], 60.0)

    assert all(wait + hold < LEAST_REST for wait, hold in draws(habits.click))


def test_a_movement_that_never_ended_in_a_click_teaches_none():
    """A press in mid-movement is another thing; so is one that was never let go."""
    early = drawn([0.0, 0.1, 0.15, 0.2, 0.3], [0, 20, 20, 40, 80], np.zeros(5), [0, 0, 1, 0, 0])
    held = drawn([0.0, 0.1, 0.2, 0.3, 0.36], [0, 20, 40, 80, 80], np.zeros(5), [0, 0, 0, 0, 1])
    waits, holds = zip(*draws(Habits.fit([early, held], 60.0).click), strict=True)

    assert pytest.approx(0.06) == min(waits) == max(waits)
    assert len(set(holds)) > 10


def test_ways_are_those_of_people_turned_until_they_fit_in():
    """Down where there is room; else up, or across."""
    habits, rng = Habits.fit([clicked(0.1, 0.05)], 60.0), np.random.default_rng(1)

    assert (440, 500) == habits.target((400, 400), SCREEN, rng)
    assert (360, 600) == habits.target((400, 700), SCREEN, rng)


def test_without_ways_or_room_a_target_is_anywhere_on_the_screen():
    """Never at its edge."""
    for habits in (Habits.fit((), 60.0), Habits.fit([clicked(0.1, 0.05)], 60.0)):
        found = draws(lambda rng, habits=habits: habits.target((-900, -900), SCREEN, rng))
        low, high = np.min(found, axis=0), np.max(found, axis=0)

        assert (low >= np.array(SCREEN) * EDGE - 1).all()
        assert (high <= np.array(SCREEN) * (1 - EDGE) + 1).all()
        assert (high - low > 500).all()
