"""Shapes and profiles are what they are called."""

import numpy as np
import pytest

from reauth.generate.functions import DECADE, FUNCTIONS, SHAPES, WIDTH
from tests.reauth.generate.crowd import crowd


@pytest.fixture(scope="module")
def people():
    return crowd()


def test_there_are_nine():
    """Three shapes, three profiles."""
    assert 9 == len(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_movement_has_its_shape(name, people):
    """Some multiple of it, to the px; a line is on its chord."""
    shape = name.split("-")[1]
    for seed in range(5):
        found = FUNCTIONS[name](people).draw((0, 0), (1500, 0), np.random.default_rng(seed))
        expected = SHAPES[shape](found.x / 1500)
        bow = expected @ found.y / max(expected @ expected, 1e-9)

        assert np.abs(found.y - bow * expected).max() < 1.5
        assert (shape == "linear") == (np.abs(found.y).max() == 0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_movement_has_its_profile(name, people):
    """Steps along the chord against the time in their middle; whole px move them by one."""
    profile = name.split("-")[2]
    found = FUNCTIONS[name](people).draw((0, 0), (3000, 0), np.random.default_rng(1))
    middle = (found.t[1:] + found.t[:-1]) / 2 / found.t[-1]
    steps = np.diff(found.x)
    if profile == "constant":
        assert np.ptp(steps) <= 1
    if profile == "logarithmic":
        assert np.corrcoef(steps, np.log1p(DECADE * middle))[0, 1] > 0.998
        assert (np.diff(steps) >= -1).all()
    if profile == "gaussian":
        expected = np.exp(-((middle - 0.5) ** 2) / (2 * WIDTH**2))
        assert np.corrcoef(steps, expected)[0, 1] > 0.998
        assert pytest.approx(0.5, abs=0.05) == middle[steps.argmax()]


def test_bows_of_people_are_as_high_on_either_curve():
    """A logarithm is not more bent than the parabola that was fitted; only sooner."""
    done = np.linspace(0, 1, 1001)
    parabola, logarithm = SHAPES["quadratic"](done), SHAPES["logarithmic"](done)

    assert pytest.approx((0.25, 0.25), abs=1e-4) == (parabola.max(), logarithm.max())
    assert 0.5 == done[parabola.argmax()]
    assert done[logarithm.argmax()] < 0.35


def test_points_are_as_many_as_people_have(people):
    """Mean number of points on ways of one length and direction."""
    generator, way = FUNCTIONS["function-linear-constant"](people), ((100, 100), (700, 400))
    rng = np.random.default_rng(1)
    made = [len(generator.draw(*way, rng).t) for _ in range(300)]
    known = generator.pace.counts[generator.pace._like(*way)]

    assert pytest.approx(known.mean(), rel=0.05) == np.mean(made)
    assert pytest.approx(known.std(), rel=0.15) == np.std(made)
