"""What polynomials leave: rounding of a curve that is one, and much of any other."""

import numpy as np
import pytest

from reauth.features.polynomials import DEGREES, bows, rests
from reauth.features.steps import steps_of
from reauth.trajectory import Trajectory

T = 0.025 * np.arange(61)
U = np.linspace(0, 1, 61)


def told(x, y):
    """Both groups of numbers of one movement."""
    steps = steps_of([Trajectory(0, T, x, y)])
    return rests(steps)[:, 0], bows(steps)[:, 0]


def test_of_a_polynomial_of_degree_three_in_time_three_leave_nothing():
    """Two leave something; 0.1 px2 is the floor below which nothing is told."""
    rest, _ = told(400 * U**3, 200 * U)
    left = dict(zip(DEGREES, np.exp(2 * rest[: len(DEGREES)]) - 0.1, strict=True))

    assert left[2] > 10.0
    assert left[3] == pytest.approx(0.0, abs=1e-6)
    assert left[9] == pytest.approx(0.0, abs=1e-6)


def test_shares_of_what_is_left_fall_with_the_degree():
    """Whatever the movement."""
    x, y = np.random.default_rng(1).normal(0, 30, (2, 61)).cumsum(1)
    rest, _ = told(x, y)

    assert (np.diff(rest[len(DEGREES) :]) <= 1e-12).all()


def test_a_parabola_over_its_chord_is_found_at_any_speed():
    """However unevenly it is gone along; a wave of the same size is not."""
    done = U**2 * (3 - 2 * U)
    _, (two, three, exact) = told(600 * done, 150 * done * (1 - done))
    assert np.exp(2 * two) - 0.1 == pytest.approx(0.0, abs=1e-3)
    assert np.exp(2 * three) - 0.1 == pytest.approx(0.0, abs=1e-3)
    assert 1.0 == exact

    _, (two, _, exact) = told(600 * done, 40 * np.sin(4 * np.pi * done))
    assert np.exp(two) > 10
    assert exact < 0.3
