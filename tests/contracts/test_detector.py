"""What every detector does, whatever it would find.

A further detector is one more line in `DETECTORS`.
"""

import numpy as np
import pytest

from reauth.detect import DETECTORS
from reauth.errors import TemplateError
from reauth.lab.synth import draw_person, recording
from reauth.movement import MovementSegmenter
from reauth.trajectory import Trajectory

MOST = 1000


@pytest.fixture(params=[*DETECTORS])
def name(request):
    """What the table calls it."""
    return request.param


@pytest.fixture(scope="module")
def movements():
    """Whole movements of somebody generated."""
    rng = np.random.default_rng(3)
    segmenter = MovementSegmenter(0.5)
    events = recording(draw_person(rng), 40, rng)
    return [found for _, found in segmenter.feed_many(events)] + segmenter.close()


def moved(movement, x, y, t):
    """The same movement elsewhere and at another time."""
    points = (movement.t + t, movement.x + x, movement.y + y)
    return Trajectory(movement.page, *points, movement.kinds, movement.rest, movement.device)


def test_the_table_knows_it_by_its_name(name):
    detector = DETECTORS[name](MOST)

    assert detector.name == name
    assert detector.version >= 1


def test_scores_in_a_batch_are_those_one_by_one(name, movements):
    """To the last bit: decisions must not depend on who else moved."""
    detector = DETECTORS[name](MOST)
    detector.remember(movements[:10])
    alone = [score for each in movements for score in detector.score_many([each])]

    assert alone == detector.score_many(movements)
    assert [] == detector.score_many([])


def test_scores_are_finite_or_reasons(name, movements):
    detector = DETECTORS[name](MOST)
    tiny = [
        Trajectory(0, np.array([0.0]), np.array([1.0]), np.array([1.0])),
        Trajectory(0, np.array([0.0, 0.1]), np.array([1.0, 9.0]), np.array([1.0, 1.0])),
    ]
    scores = detector.score_many([*movements, *tiny])

    assert all(isinstance(each, str) or np.isfinite(each) for each in scores)
    assert isinstance(scores[-2], str)
    assert any(isinstance(each, float) for each in scores[:40])


def test_neither_place_nor_time_matters(name, movements):
    """Windows are moved, and clocks are set."""
    detector = DETECTORS[name](MOST)
    there = [moved(each, 300.0, -40.0, 86_400.0) for each in movements]
    pairs = zip(detector.score_many(movements), detector.score_many(there), strict=True)

    for here, elsewhere in pairs:
        assert here == (elsewhere if isinstance(here, str) else pytest.approx(elsewhere, abs=1e-3))


def test_what_is_forgotten_was_never_there(name, movements):
    fresh, used = DETECTORS[name](MOST), DETECTORS[name](MOST)
    used.remember(movements)
    used.forget()

    assert fresh.score_many(movements) == used.score_many(movements)


def test_what_is_no_model_is_refused_or_not_needed(name, movements):
    """It goes on with what it has."""
    detector = DETECTORS[name](MOST)
    before = detector.score_many(movements)
    try:
        detector.take(b"no model of anything")
    except TemplateError as error:
        assert name in str(error)

    assert before == detector.score_many(movements)
