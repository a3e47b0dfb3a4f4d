"""Speed, acceleration and angle of paths."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reauth.features.kinematics import (
    MIN_DT,
    accelerations,
    changes,
    directions,
    intervals,
    slog,
    wrap,
)

angles = st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=20).map(np.array)


def test_changes_are_between_neighbours():
    """Along the last axis."""
    assert [[1.0, 2.0], [0.0, -5.0]] == changes(np.array([[0.0, 1, 3], [5, 5, 0]])).tolist()


def test_no_interval_is_shorter_than_a_millisecond():
    """Browsers stamp the events of one frame alike, and speeds divide by the interval."""
    assert [MIN_DT, 0.5] == intervals(np.array([1.0, 1.0, 1.5])).tolist()


def test_directions_grow_clockwise_on_the_screen():
    """y grows downwards: right is 0, down is a quarter turn, left is pi and never -pi."""
    found = directions(np.array([1.0, 0.0, -1.0, -1.0, 0.0]), np.array([0.0, 1.0, 0.0, -0.0, -1.0]))

    assert [0.0, np.pi / 2, np.pi, np.pi, -np.pi / 2] == found.tolist()


def test_a_step_of_no_length_has_direction_zero():
    """Where there is no direction the number is 0, not NaN."""
    assert [0.0] == directions(np.zeros(1), np.zeros(1)).tolist()


@given(angles)
def test_wrapped_angles_lie_in_the_half_open_circle(angle):
    """(-pi, pi], and the same direction as before."""
    found = wrap(angle)

    assert (found > -np.pi).all() and (found <= np.pi).all()
    assert np.allclose(np.exp(1j * found), np.exp(1j * angle), atol=1e-9)


def test_acceleration_is_taken_between_the_middles_of_steps():
    """From 10 to 40 px/s, whose steps took 1 and 2 s: 30 px/s in 1.5 s."""
    assert [20.0] == accelerations(np.array([10.0, 40.0]), np.array([1.0, 2.0])).tolist()


def test_slog_is_odd():
    """A logarithm that knows both directions, and is 0 at 0."""
    found = slog(np.array([np.e - 1, 0.0, 1 - np.e]))

    assert np.allclose([1.0, 0.0, -1.0], found)
