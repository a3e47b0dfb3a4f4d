"""Movement that was seen before, turned and scaled."""

import numpy as np
import pytest

from reauth.detect.replay import LEAST, NEW
from reauth.detect.turned import LEAST_CHORD, LINE, ON_LINE, Turned, laid
from reauth.generate import GENERATORS
from reauth.lab.synth import draw_person, recording
from reauth.movement import MovementSegmenter


def people(seed, count=120):
    rng = np.random.default_rng(seed)
    segmenter = MovementSegmenter(0.5)
    events = recording(draw_person(rng), count, rng)
    return [found for _, found in segmenter.feed_many(events)] + segmenter.close()


@pytest.fixture(scope="module")
def known():
    library = Turned(10_000)
    library.remember(people(3))
    return library


def numbers(scores):
    return np.array([score for score in scores if not isinstance(score, str)])


def retargeted(movements, seed):
    """Each sent somewhere else, as far as it went give or take a fifth; whole px."""
    rng = np.random.default_rng(seed)
    drawn = []
    for each in (one for one in movements if laid(one) is not None):
        chord = float(np.hypot(each.x[-1] - each.x[0], each.y[-1] - each.y[0]))
        way = chord * rng.uniform(0.8, 1.2) * np.exp(1j * rng.uniform(0, 2 * np.pi))
        start = complex(900, 500)
        end = start + way
        made = GENERATORS["retargeted"]([each])
        drawn.append(made.draw((start.real, start.imag), (end.real, end.imag), rng))
    return drawn


def test_on_the_line_only_the_way_is_lost():
    """It begins at 0 and ends at the right, at the same times."""
    [movement, *_] = [each for each in people(3) if laid(each) is not None]
    line = laid(movement)

    assert (0.0, 0.0) == (line.x[0], line.y[0])
    assert (LINE, 0.0) == pytest.approx((line.x[-1], line.y[-1]), abs=1e-9)
    assert line.t.tolist() == movement.t[movement.kinds == 0].tolist()


def test_what_returns_has_no_line():
    circle = next(each for each in people(3))
    back = type(circle)(0, np.arange(3.0), np.array([0.0, 500.0, LEAST_CHORD - 1]), np.zeros(3))

    assert laid(back) is None


def test_a_movement_that_was_sent_elsewhere_is_known(known):
    """Nine of ten of those that can be looked up."""
    scores = numbers(known.score_many(retargeted(people(3), 1)))

    assert len(scores) > 60
    assert np.mean(scores < 0) > 0.9
    assert ON_LINE == scores.min()


def test_as_it_was_it_weighs_more(known):
    """But for what bends too little to be known in any other way."""
    scores = numbers(known.score_many(people(3)))

    assert (scores < 0).all()
    assert LEAST == scores.min() == np.median(scores)


def test_another_persons_movement_is_new_wherever_it_goes(known):
    scores = numbers(known.score_many([*people(4), *retargeted(people(5), 2)]))

    assert np.mean(scores < 0) < 0.02
    assert NEW == np.median(scores)


def test_forgotten_is_forgotten():
    library = Turned(1000)
    library.remember(people(3))
    library.forget()

    assert not (numbers(library.score_many(people(3))) < 0).any()
