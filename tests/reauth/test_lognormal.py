"""The sigma-lognormal model and its closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import cumulative_trapezoid

from reauth.lognormal import (
    Stroke,
    directions,
    places,
    sigma_of,
    stroke_of,
    trace,
    velocity,
)

PAIRS = (0, 1), (2, 1), (2, 0)

strokes = st.builds(
    Stroke,
    d=st.floats(5, 1500),
    t0=st.floats(-0.5, 2),
    mu=st.floats(-2.5, -0.5),
    sigma=st.floats(0.1, 0.8),
    theta_s=st.floats(-3, 3),
    theta_e=st.floats(-3, 3),
)


def characteristic(stroke):
    """Times, speeds and directions of a stroke's three points, found without the closed forms.

    A bend is where the slope of the speed is at its steepest; each is found by parting a fine
    grid about it again and again.
    """
    low, high = stroke.t0 + 1e-6, stroke.t0 + np.exp(stroke.mu + 4 * stroke.sigma)
    peak = _best(stroke, low, high, 0)
    times = np.array([_best(stroke, low, peak, 1), peak, _best(stroke, peak, high, -1)])
    found = velocity([stroke], times)
    return times, np.hypot(*found.T), np.unwrap(np.arctan2(found[:, 1], found[:, 0]))


def _best(stroke, low, high, slope):
    """When the speed (slope 0), or its slope times `slope`, is highest between two times."""
    for _ in range(12):
        t = np.linspace(low, high, 201)
        speed = np.hypot(*velocity([stroke], t).T)
        judged = speed if not slope else slope * _slope(stroke, t)
        at = int(np.argmax(judged))
        low, high = t[max(at - 1, 0)], t[min(at + 1, 200)]
    return (low + high) / 2


def _slope(stroke, t):
    """The derivative of a lognormal, by hand: -(z / sigma + 1) / tau times itself."""
    tau = t - stroke.t0
    z = (np.log(tau) - stroke.mu) / stroke.sigma
    return -(z / stroke.sigma + 1) / tau * np.hypot(*velocity([stroke], t).T)


@given(strokes)
def test_the_closed_forms_give_a_stroke_back(stroke):
    """To 1e-6, from each pair of points; a wrong sign in one of them gives another stroke."""
    at = places(np.float64(stroke.sigma))
    times = stroke.t0 + np.exp(stroke.mu - at)
    found = velocity([stroke], times)
    speeds = np.hypot(*found.T)
    angles = np.unwrap(np.arctan2(found[:, 1], found[:, 0]))

    for one, other in PAIRS:
        sigma = sigma_of((one, other), speeds[one] / speeds[other])
        d, t0, mu = stroke_of((one, other), sigma, (times[one], times[other]), speeds[one])
        theta_s, theta_e = directions(sigma, angles)

        assert sigma == pytest.approx(stroke.sigma, abs=1e-6)
        assert (t0, mu) == pytest.approx((stroke.t0, stroke.mu), abs=1e-6)
        assert d == pytest.approx(stroke.d, rel=1e-6)
        assert (theta_e - theta_s) == pytest.approx(stroke.theta_e - stroke.theta_s, abs=1e-5)
        assert np.cos(theta_s - stroke.theta_s) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("sigma", [0.1, 0.3, 0.7])
def test_the_points_are_where_the_speed_peaks_and_bends(sigma):
    """Found on the curve itself, so that the places and the ratios cannot be wrong together."""
    stroke = Stroke(300.0, 0.1, -1.4, sigma, 0.4, 0.4)
    times, _, _ = characteristic(stroke)

    expected = stroke.t0 + np.exp(stroke.mu - places(np.float64(sigma)))

    assert times == pytest.approx(expected, abs=1e-6)
    assert stroke.peak == pytest.approx(times[1], abs=1e-6)


@given(st.lists(strokes, min_size=1, max_size=4))
def test_the_trace_is_the_integral_of_the_velocity(drawn):
    """One draws what the other fits: both must mean the same stroke."""
    t = np.linspace(-1, 6, 14001)

    found = trace(drawn, t, (3.0, -4.0))

    summed = cumulative_trapezoid(velocity(drawn, t), t, axis=0, initial=0)
    assert np.abs(found - found[0] - summed).max() < 1e-3 * sum(stroke.d for stroke in drawn)
    assert found[0] == pytest.approx((3.0, -4.0))


def test_a_stroke_is_as_long_as_it_says():
    """`d` is the length of the path, whatever it turns by."""
    stroke = Stroke(200.0, 0.0, -1.5, 0.3, 0.0, 2.0)
    at = trace([stroke], np.linspace(0, 3, 3001), (0.0, 0.0))

    assert np.hypot(*np.diff(at, axis=0).T).sum() == pytest.approx(200, abs=0.01)


def test_nothing_moves_before_the_command():
    """A lognormal begins at t0, with no speed at all."""
    stroke = Stroke(200.0, 0.5, -1.5, 0.3, 0.0, 0.0)

    assert not velocity([stroke], np.array([-1.0, 0.0, 0.5])).any()
    assert np.isfinite(velocity([stroke], np.array([0.5 + 1e-12, 1e9]))).all()


def test_no_strokes_are_rest():
    """An empty decomposition can be drawn, too."""
    t = np.array([0.0, 1.0])

    assert velocity([], t).tolist() == [[0, 0], [0, 0]]
    assert trace([], t, (1.0, 2.0)).tolist() == [[1, 2], [1, 2]]
