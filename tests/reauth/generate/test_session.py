"""A program at an account."""

from itertools import islice, pairwise

import numpy as np
import pytest

from reauth.event import Kind
from reauth.generate import GENERATORS
from reauth.generate.aimed import moves
from reauth.generate.habits import LEAST_REST, Habits
from reauth.generate.session import acts
from reauth.lab.synth import draw_person, recording
from tests.reauth.generate.crowd import crowd, cut, drawn

SCREEN = 1280.0, 800.0


@pytest.fixture(scope="module")
def people():
    return crowd(2, 40)


def played(name, people, count, clock=(0.008, 0.002), seed=1):
    habits, rng = Habits.fit(people, 60.0), np.random.default_rng(seed)
    return [*islice(acts(GENERATORS[name](people), habits, clock, SCREEN, rng), count)]


@pytest.mark.parametrize("name", ["straight", "wind", "retargeted"])
def test_each_act_is_a_movement_with_its_click(name, people):
    """From where the last one ended; a segmenter cuts them again, one by one."""
    found = played(name, people, 30)
    events = [event for act in found for event in act]
    movements = cut(events)

    assert 30 == len(movements)
    assert [[Kind.DOWN, Kind.UP]] * 30 == [each.kinds[-2:].tolist() for each in movements]
    assert all(one[-1][3:5] == two[0][3:5] for one, two in pairwise(found))
    assert all(one.t < two.t for one, two in pairwise(events))
    assert all(event.t == round(event.t, 4) for event in events)
    assert min(each.rest for each in movements[1:]) >= LEAST_REST - 1e-6


def test_rests_are_like_those_of_people(people):
    """A program that rests by a grid would be found by that alone."""
    made = [each.rest for each in cut([e for act in played("straight", people, 200) for e in act])]
    known = [each.rest for each in people if 0.5 <= each.rest <= 60]

    assert pytest.approx(np.median(known), rel=0.1) == np.nanmedian(made)


def test_recorded_movement_has_its_own_place_and_clock():
    """To the tick of the wire, which is what a browser tells."""
    rng = np.random.default_rng(1)
    told = [each._replace(t=round(each.t, 4)) for each in recording(draw_person(rng), 40, rng)]
    people = cut(told)
    known = {moves(each).id for each in people}
    found = played("recorded", people, 20, clock=None)
    columns = [zip(*(event[:5] for event in act), strict=True) for act in found]
    shapes = {moves(drawn(t, x, y, kinds)).id for kinds, _, t, x, y in columns}

    assert len(shapes) > 10
    assert shapes <= known


def test_a_seed_is_a_session(people):
    """The same tomorrow; another is another."""
    one, same, other = (played("bezier", people, 5, seed=seed) for seed in (1, 1, 2))

    assert one == same != other


def test_every_act_counts_however_short_the_ways_of_people_are():
    """Ways of 6 px in a tenth of a second: many are nothing to a segmenter, and are drawn anew."""
    rng = np.random.default_rng(1)
    short = []
    for turn in rng.uniform(0, 2 * np.pi, 50):
        places = np.rint(np.linspace(0, 6, 5) * np.exp(1j * turn))
        short.append(drawn(np.linspace(0, 0.12, 5), places.real, places.imag))
    found = played("bezier", short, 60)

    assert 60 == len(cut([event for act in found for event in act]))
