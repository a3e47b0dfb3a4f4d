"""Curves over random control points."""

import numpy as np
import pytest

from reauth.generate.bezier import EASINGS, Bezier, _curve


def test_a_curve_over_knots_on_a_line_is_that_line():
    """Equally spaced knots: at half of the curve half of the way."""
    knots = np.array([[0.0, 0.0], [10.0, 20.0], [20.0, 40.0], [30.0, 60.0]])

    assert np.allclose([[0, 0], [15, 30], [30, 60]], _curve(knots, np.array([0, 0.5, 1.0])))


@pytest.mark.parametrize("ease", EASINGS)
def test_an_easing_goes_from_nothing_to_all_without_turning_back(ease):
    """And at half of the time at least half is done."""
    done = ease(np.linspace(0, 1, 101))

    assert pytest.approx((0, 1)) == (done[0], done[-1])
    assert (np.diff(done) >= 0).all()
    assert done[50] >= 0.5 - 1e-9


def test_it_bends_by_its_knots_and_is_distorted():
    """A straight line would have one y; a curve alone would have no noise on it."""
    found = Bezier.fit(()).draw((0, 300), (1000, 300), np.random.default_rng(2))

    assert np.ptp(found.y) > 5
    turns = np.diff(found.y, 2)
    assert (np.abs(turns) >= 1).mean() > 0.3
    assert 200 - 10 <= found.y.min() <= found.y.max() <= 400 + 10
