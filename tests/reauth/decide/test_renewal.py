"""How often a rule raises a false alarm, against what is known and what is drawn."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.decide.renewal import LONGEST, STRETCHES, least, run_lengths, stretches
from reauth.template import Drift
from tests.playbook import template

COIN = np.array([[1.0, -1.0]])
FAIR = np.array([0.5, 0.5])

STEADY = Drift(fall=0.0, spread=0.16)


def drawn(count, mean=0.5, seed=0):
    """Scores of one session."""
    return np.random.default_rng(seed).normal(mean, 1.0, count).clip(-2.5, 2.5)


def known(*held_out, drift=STEADY):
    """A user of whom these scores were held out."""
    return replace(template(), held_out=held_out, drift=drift)


def test_stretches_are_as_good_as_what_was_held_out_on_average():
    """Some better, some worse; the middle one is like it."""
    scores = drawn(2000)

    own = stretches(known(scores[:500], scores[500:]))
    means = own.scores @ own.weights

    assert pytest.approx(1.0) == own.weights.sum()
    assert scores.mean() == pytest.approx(means.mean(), abs=0.01)
    assert means[STRETCHES // 2] == pytest.approx(means.mean())
    assert own.deviation == pytest.approx(means.std(), rel=0.15)
    assert list(means) == sorted(means)


def test_later_stretches_are_lower_as_the_drift_says():
    """On average, and each like another day."""
    scores = drawn(2000)

    own = stretches(known(scores, drift=Drift(0.3, 0.2)))
    means = own.scores @ own.weights

    assert own.mean - 0.3 * own.unit == pytest.approx(means.mean())
    assert 0.2 * own.unit == pytest.approx(own.deviation, rel=0.02)
    assert scores.std() == pytest.approx(own.unit, rel=0.02)


def test_the_fewer_scores_the_worse_the_worst_stretch():
    """Nothing held out is the most doubtful of all: even the middle one speaks for nobody."""
    found = [stretches(known(drawn(2000)[:count])) for count in (2000, 200, 20, 2)]
    none = stretches(known())

    deviations = [own.deviation for own in found]
    assert deviations == sorted(deviations)
    assert none.deviation > deviations[-1]
    assert 0 == pytest.approx((none.scores @ none.weights).mean())


def test_a_coin_takes_as_long_as_a_coin_does():
    """A fair walk reaches b or -a from 0 in a b steps; begun anew at -a, in a b + b^2."""
    assert [12.0] == run_lengths(COIN, FAIR, bound=3.0).round(6).tolist()
    assert [8.0] == run_lengths(COIN, FAIR, bound=2.0, floor=-2.0).round(6).tolist()


@pytest.mark.parametrize(("bound", "floor"), [(3.0, 0.0), (4.0, 0.0), (3.0, -2.0)])
def test_run_lengths_are_those_of_drawn_scores(bound, floor):
    """Rather too short than too long, by a tenth at most."""
    scores = drawn(1000, 0.3)
    numbers = np.random.default_rng(1)
    level, length = np.zeros(2000), np.zeros(2000)
    running = np.ones(2000, dtype=bool)
    while running.any():
        level = np.where(running, level - numbers.choice(scores, 2000), level)
        level[level <= floor] = 0.0
        length += running
        running &= level < bound

    found = run_lengths(-scores[None], np.full(1000, 1 / 1000), bound, floor)

    assert 0.88 * length.mean() < found[0] < 1.04 * length.mean()


def test_what_never_comes_has_the_longest_run():
    """Scores that only fall; no division by zero."""
    found = run_lengths(np.array([[-1.0, -2.0]]), FAIR, bound=1.0)

    assert LONGEST == pytest.approx(found[0], rel=1e-3)


@given(st.floats(0.05, 50), st.floats(-3, 3))
def test_a_higher_bound_is_reached_no_sooner(bound, shift):
    """Whatever the scores are like; nor before the first score."""
    climbs = drawn(50)[None] + shift
    lengths = [run_lengths(climbs, np.full(50, 0.02), size)[0] for size in (bound, 1.3 * bound)]

    assert 1 - 1e-6 <= lengths[0] <= lengths[1] * 1.05


def test_the_least_bound_has_the_wanted_rate():
    """Between two bounds; the nearer end where there is none between them."""

    def rate(bound):
        return np.exp(-bound) / 2

    assert np.log(50) == pytest.approx(least(rate, 0.01, 0.5, 50.0), rel=0.01)
    assert 5.0 == least(rate, 0.01, 5.0, 50.0)
    assert 2.0 == least(rate, 0.01, 0.5, 2.0)
