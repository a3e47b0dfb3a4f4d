"""A line at one speed."""

import numpy as np

from reauth.generate.straight import Straight
from tests.reauth.generate.crowd import speeds


def test_it_is_straight_and_of_one_speed():
    """But for whole px: on a way along an axis nothing else is left."""
    found = Straight.fit(()).draw((0, 300), (1600, 300), np.random.default_rng(1))

    assert {300.0} == set(found.y.tolist())
    assert np.abs(np.diff(found.x) - np.diff(found.x).mean()).max() < 1
    assert np.allclose(speeds(found), speeds(found).mean(), rtol=0.1)
