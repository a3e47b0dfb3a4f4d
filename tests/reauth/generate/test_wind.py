"""A pointer that falls towards its target."""

import numpy as np
import pytest

from reauth.generate.wind import FASTEST, NEAR, SLOWEST, Wind


def steps(trajectory):
    return np.hypot(np.diff(trajectory.x), np.diff(trajectory.y))


def test_no_step_is_faster_than_the_limit_and_the_last_ones_are_slow():
    """Whole px may add the diagonal of one."""
    found = Wind.fit(()).draw((0, 300), (1000, 500), np.random.default_rng(1))
    left = np.hypot(1000 - found.x, 500 - found.y)[:-1]

    assert steps(found).max() <= FASTEST + 1.5
    assert FASTEST / 2 - 1.5 <= np.median(steps(found)[left > 2 * NEAR])
    assert steps(found)[left < SLOWEST].max() <= SLOWEST + 1.5


def test_the_wind_blows_it_off_the_line():
    """By some px, to both sides."""
    beside = [
        (np.asarray(Wind.fit(()).draw((0, 300), (1000, 300), np.random.default_rng(seed)).y) - 300)
        for seed in range(10)
    ]

    assert min(each.min() for each in beside) < -1
    assert max(each.max() for each in beside) > 1


@pytest.mark.parametrize("length", [0, 1, 3, 11, 13, 2000])
def test_it_arrives(length):
    """However near the target is; it never circles around it."""
    for seed in range(50):
        found = Wind.fit(()).draw((10, 10), (10 + length, 10), np.random.default_rng(seed))

        assert (10 + length, 10) == (found.x[-1], found.y[-1])
        assert len(found.t) <= 12 + length / 4


def test_equal_steps_of_time():
    """A program sleeps for so long between two points."""
    found = Wind.fit(()).draw((0, 300), (1000, 500), np.random.default_rng(1))

    assert np.allclose(np.diff(found.t), np.diff(found.t)[0])
