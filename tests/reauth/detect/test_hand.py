"""A hand or a program: by rules from the first day on, then by what people taught."""

import json

import numpy as np
import pytest

from reauth.detect import DETECTORS
from reauth.detect import learn as teaching
from reauth.detect.hand import CLEAR, MECHANICAL, Hand, load, mechanical
from reauth.detect.learn import learn
from reauth.detect.model import Model
from reauth.errors import TemplateError
from reauth.features.hand import UNITS, numbers
from reauth.trajectory import Trajectory
from tests.reauth.detect.crowd import line, people, person, program, programs


@pytest.fixture(scope="module")
def model():
    """Learnt from generated people and four programs: few trees, few decoys."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teaching, "ROUNDS", 40)
        patch.setattr(teaching, "DECOYS", 300)
        return learn(people(range(10), 20), programs(100, 25), np.random.default_rng(1))


def told(detector, movements):
    """The scores of those that have one."""
    return np.array([one for one in detector.score_many(movements) if not isinstance(one, str)])


def test_a_straight_line_at_one_speed_is_no_hand():
    """On the first day and later."""
    [score] = load().score_many([line()])

    assert MECHANICAL == score


def test_on_the_first_day_nothing_is_said_of_generated_people():
    """Rules object to what is too exact, and praise nobody: a twentieth of a nat is nothing."""
    assert {CLEAR} == set(told(load(), person(50)).tolist())
    assert 0 < CLEAR < 0.1


def test_most_lines_and_even_curves_are_found_without_any_learning():
    """What knows no hand at all."""
    assert (told(load(), program("straight", 1)) < 0).mean() > 0.7
    assert (told(load(), program("function-quadratic-constant", 2)) < 0).mean() > 0.6


def test_learnt_it_tells_people_whom_it_never_saw_from_programs(model):
    """Held-out generated people above 0, held-out movements of programs below."""
    hand = Hand(model)
    hands = np.concatenate([told(hand, person(seed)) for seed in range(60, 64)])

    assert (hands > 0).mean() > 0.9
    assert hands.mean() > 1.0
    for kind, movements in programs(200).items():
        assert (told(hand, movements) < 0).mean() > 0.8, kind


def test_a_movement_that_is_too_short_has_a_reason_and_others_their_score(model):
    """In its place, whatever is around it."""
    short = Trajectory(0, np.array([0.0, 0.2]), np.array([0.0, 50.0]), np.zeros(2))
    hand = Hand(model)
    found = hand.score_many([short, line(), short])

    assert ["too_short", "too_short"] == [found[0], found[2]]
    assert hand.score_many([line()]) == [found[1]]
    assert [] == hand.score_many([])
    assert ["too_short"] == hand.score_many([short])


def test_one_by_one_the_scores_are_the_same(model):
    """To the bit."""
    drawn = person(70) + program("wind", 9)
    hand = Hand(model)

    assert hand.score_many(drawn) == [hand.score_many([each])[0] for each in drawn]


def test_stored_and_loaded_it_scores_alike(model):
    """Through bytes, as an installation keeps it."""
    drawn = person(71)

    again = DETECTORS["default"](1)
    again.take(model.to_bytes())

    assert Hand(model).score_many(drawn) == again.score_many(drawn)


@pytest.mark.parametrize(
    "changed", [{"detector": "other"}, {"version": 99}, {"features": [99, len(UNITS)]}]
)
def test_a_model_of_something_else_is_refused(model, changed):
    """A wrong score is worse than none."""
    other = Model(model.arrays, {**json.loads(json.dumps(model.meta)), **changed})
    with pytest.raises(TemplateError, match="learn it anew"):
        load(other.to_bytes())


@pytest.mark.parametrize(
    ("name", "value"), [("speed_inner", 0.1), ("alike", 0.8), ("repeats", 0.3), ("rest_5", -1.0)]
)
def test_each_rule_objects_by_itself(name, value):
    """And none to a row that nothing is wrong with."""
    rows = numbers(person(5))[0][:1]
    at = {each: place for place, each in enumerate(UNITS)}
    assert not mechanical(rows).any()
    rows[0, at["step_clear"]] = 9.0
    rows[0, at[name]] = value

    assert mechanical(rows).all()
