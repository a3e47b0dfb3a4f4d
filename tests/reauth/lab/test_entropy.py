"""Fuzzy entropy: more of it where a series is less regular."""

import numpy as np
import pytest

from reauth.features.slider import Slide
from reauth.lab.entropy import LEAST, fuzzy_entropy, speeds_of

N = 200


def test_constant_regular_and_random_series_are_ordered():
    """None, little, much."""
    constant = fuzzy_entropy(np.full(N, 3.0))
    regular = fuzzy_entropy(np.sin(np.arange(N) / 5))
    uneven = fuzzy_entropy(np.random.default_rng(0).normal(size=N))

    assert 0.0 == constant < regular < 0.5 * uneven


def test_its_unit_does_not_matter():
    """r is told in standard deviations."""
    series = np.random.default_rng(1).normal(size=N)

    assert fuzzy_entropy(series) == pytest.approx(fuzzy_entropy(1000 * series + 5))


def test_it_is_what_the_equations_give():
    """By loops, as Lu prints them (1 to 3), with vectors without their mean."""
    series = np.random.default_rng(2).normal(size=40)
    sums = []
    for n in (2, 3):
        rows = [series[i : i + n] - series[i : i + n].mean() for i in range(38)]
        pairs = [
            np.exp(-((np.abs(a - b).max() / (0.2 * series.std())) ** 2))
            for i, a in enumerate(rows)
            for j, b in enumerate(rows)
            if i != j
        ]
        sums.append(np.mean(pairs))

    assert np.log(sums[0]) - np.log(sums[1]) == pytest.approx(fuzzy_entropy(series))


def test_a_series_without_any_two_alike_has_a_bound():
    """One pair of all is the least: ln of their number, and not what a float holds at least."""
    series = np.exp(np.arange(20.0))

    assert 0.0 <= fuzzy_entropy(series) <= np.log(18 * 17)


def test_too_few_values_have_none():
    """There are no pairs to compare."""
    assert np.isnan(fuzzy_entropy(np.arange(LEAST - 1.0)))
    assert np.isfinite(fuzzy_entropy(np.arange(float(LEAST))))


def test_the_series_of_a_slide_are_speeds_of_steps_that_took_time():
    """px/s."""
    t, x = np.array([0.0, 0.1, 0.1, 0.2]), np.array([0.0, 3.0, 9.0, 9.0])

    assert [30.0, 0.0] == pytest.approx(speeds_of(Slide(t, x, np.zeros(4))).tolist())
