"""What a device tells of a movement."""

import numpy as np
import pytest

from reauth.generate.clock import JITTER, clock_of, sampled
from reauth.generate.generator import PERIOD
from reauth.trajectory import TICK
from tests.reauth.generate.crowd import drawn

LINE = drawn([0.0, 1.0], [0.0, 1000.0], [0.0, -500.0])


def test_without_jitter_it_is_a_grid_on_the_line():
    """To the first look after the last moment."""
    found = sampled(
        drawn([0.0, 0.1], [0.0, 100.0], [0.0, 0.0]), 0.03, 0.0, np.random.default_rng(1)
    )

    assert np.allclose([0.0, 0.03, 0.06, 0.09, 0.12], found.t)
    assert [0.0, 30.0, 60.0, 90.0, 100.0] == found.x.tolist()


@pytest.mark.parametrize("period", [0.004, 0.008, 0.017, 0.1])
def test_it_has_the_clock_that_was_asked_for(period):
    """Mean and deviation of its steps; whole px, whole ticks, times that rise."""
    told = [sampled(LINE, period, period / 5, np.random.default_rng(seed)) for seed in range(30)]
    steps = np.concatenate([np.diff(each.t) for each in told])

    assert pytest.approx(period, rel=0.05) == steps.mean()
    assert pytest.approx(period / 5, rel=0.15) == steps.std()
    assert steps.min() > 0
    assert all(np.array_equal(each.x, np.rint(each.x)) for each in told)
    assert all(np.allclose(each.t / TICK, np.rint(each.t / TICK), atol=1e-6) for each in told)
    assert {1000.0} == {each.x[-1] for each in told}


def test_wild_jitter_never_turns_time_back():
    """A quarter of a period at least."""
    found = sampled(LINE, 0.01, 0.1, np.random.default_rng(1))

    assert np.diff(found.t).min() >= 0.0025 - TICK


def test_a_pointer_that_stands_tells_nothing():
    """Half a second on one px is a gap between two points."""
    found = sampled(
        drawn([0.0, 0.1, 0.6, 0.7], [0, 50, 50, 90], [0, 0, 0, 0]), 0.01, 0.0,
        np.random.default_rng(1),
    )  # fmt: skip

    assert pytest.approx(0.51, abs=0.001) == np.diff(found.t).max()
    assert (np.diff(found.x) != 0).all()


def test_a_clock_is_read_off_movements():
    """Robustly: the gaps of a pointer that stands are no part of it. Nobody's is the usual one."""
    rng = np.random.default_rng(1)
    steps = np.maximum(rng.normal(0.017, 0.001, (40, 30)), 0.001)
    steps[:, 10] = 0.3
    known = [drawn(np.cumsum(each), np.arange(30) * 5, np.zeros(30)) for each in steps]

    period, jitter = clock_of(known)

    assert pytest.approx(0.017, rel=0.02) == period
    assert pytest.approx(0.001, rel=0.15) == jitter
    assert (PERIOD, JITTER) == clock_of([])
