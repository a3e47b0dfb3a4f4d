"""Weibull densities, one a feature."""

import numpy as np
import pytest
from scipy.stats import weibull_min

from reauth.verify.likelihood import ABOVE_ZERO, BEYOND, FLOOR, Densities, Scale, fit, log_sum


@pytest.fixture(scope="module")
def drawn():
    """Of a hand's three features: flat, common and peaked."""
    rng = np.random.default_rng(0)
    return np.array([3.0, 1.0, 0.2]) * rng.weibull([0.7, 2.0, 9.0], (200, 3))


def test_the_fit_is_that_of_greatest_likelihood(drawn):
    """scipy's own, found another way, has the same parameters: b, and a = scale^-b."""
    log_a, b = fit(np.log(drawn))

    for place, column in enumerate(drawn.T):
        shape, _, scale = weibull_min.fit(column, floc=0)
        assert shape == pytest.approx(b[place], rel=1e-3)
        assert -shape * np.log(scale) == pytest.approx(log_a[place], rel=2e-3, abs=2e-3)


def test_the_density_is_the_papers(drawn):
    """p(x | a, b) = a b x^(b-1) exp(-a x^b), for each user and each feature."""
    a = np.array([[0.5, 2.0, 1.0], [1.0, 1.0, 1.0]])
    b = np.array([[0.7, 1.5, 3.0], [1.0, 2.0, 1.0]])
    x = drawn[:20]

    expected = np.stack(
        [own_a * own_b * x ** (own_b - 1) * np.exp(-own_a * x**own_b)
         for own_a, own_b in zip(a, b, strict=True)]
    )  # fmt: skip

    found = Densities(np.log(a), b).log_density(np.log(x))
    assert np.allclose(np.maximum(np.log(expected), FLOOR), found)


def test_no_density_is_taken_for_less_than_the_floor():
    """One strange number does not decide over a sequence."""
    known = Densities(np.zeros((1, 1)), np.full((1, 1), 3.0))

    assert [[[FLOOR]]] == known.log_density(np.log([[50.0]])).tolist()


def test_a_feature_that_never_changes_is_fitted_too():
    """A user who never pauses: a peak as narrow as shapes go, no division by zero."""
    x = np.column_stack((np.full(30, 0.4), np.random.default_rng(1).uniform(0.1, 1, 30)))

    log_a, b = fit(np.log(x))

    assert np.isfinite(log_a).all()
    assert b[0] == b.max()


def test_the_scale_brings_features_above_zero_and_to_one_measure():
    """Edges are those of all but the most extreme strokes; beyond, nothing more is told."""
    x = np.column_stack((np.linspace(-50, 50, 1001), np.full(1001, 7.0)))

    scale = Scale.of(x)
    logs = scale.logs(np.array([[-49.5, 7.0], [49.5, 8.0], [-1e9, 7.0], [1e9, 7.0]]))

    low, high = np.log(ABOVE_ZERO), np.log(1 + ABOVE_ZERO)
    expected = [[low, low], [high, high], [low, low], [np.log(BEYOND + ABOVE_ZERO), low]]
    assert np.allclose(expected, logs)


def test_log_sum_is_safe_where_sums_are_not():
    """The likelihood of a hundred strokes is below all that a computer has."""
    assert -5000 + np.log(2) == pytest.approx(log_sum(np.array([-5000.0, -5000.0])))
