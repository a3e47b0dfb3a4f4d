"""Strokes of people, varied."""

import numpy as np
import pytest

from reauth.errors import SettingsError
from reauth.generate.lognormal import LEAST_CHORD, SPREAD, Lognormal, Strokes, varied
from reauth.lognormal import Stroke, parameters, trace
from tests.reauth.generate.crowd import drawn, speeds

TWO = [Stroke(400.0, -0.05, -1.3, 0.3, 0.1, -0.2), Stroke(80.0, 0.3, -1.6, 0.25, 0.4, 0.2)]
"""A way and a correction, as most movements are."""


def played(strokes, duration=1.0):
    t = np.arange(0.0, duration, 0.008)
    return drawn(t, *trace(strokes, t, (100.0, 100.0)).T)


def test_strokes_are_varied_by_so_much_and_stay_strokes():
    """Lengths and spreads stay above 0."""
    rows = np.repeat(parameters(TWO)[:1], 4000, axis=0)
    found = varied(rows, np.random.default_rng(1))
    away = found - rows
    away[:, (0, 3)] = np.log(found[:, (0, 3)] / rows[:, (0, 3)])

    assert np.allclose(SPREAD, away.std(axis=0), rtol=0.05)
    assert (found[:, (0, 3)] > 0).all()


def test_a_movement_is_made_of_the_strokes_of_somebody():
    """On its own way it is nearly as fast, as soon, as the one that it is from; yet never it."""
    whose = played(TWO)
    lognormal = Lognormal.fit([whose])
    ends = (whose.x[0], whose.y[0]), (whose.x[-1], whose.y[-1])
    found = [lognormal.draw(*ends, np.random.default_rng(seed)) for seed in range(40)]
    known = speeds(whose)

    peaks = [each.t[speeds(each).argmax()] for each in found]
    assert pytest.approx(whose.t[known.argmax()], abs=0.05) == np.mean(peaks)
    assert pytest.approx(known.max(), rel=0.15) == np.mean([speeds(each).max() for each in found])
    assert 40 == len({each.id for each in found})


def test_who_cannot_be_decomposed_gives_no_strokes():
    """Nobody, or one who goes nowhere."""
    for people in ((), [drawn([0.0, 0.1, 0.2, 0.3], [0, 1, 0, 1], [0, 0, 0, 0])]):
        with pytest.raises(SettingsError, match="recordings of people are needed"):
            Lognormal.fit(people)


def test_strokes_that_went_astray_are_drawn_anew():
    """Two that nearly undo each other can end anywhere: what goes hardly anywhere is no giant."""
    back = Stroke(360.0, 0.35, -1.3, 0.3, np.pi, np.pi)
    rows = parameters([Stroke(400.0, 0.0, -1.3, 0.3, 0.0, 0.0), back])
    lognormal = Lognormal([Strokes(rows, 1.4)], np.array([40.0]))
    for seed in range(100):
        found = lognormal.draw((0, 0), (250, 0), np.random.default_rng(seed))

        assert (250, 0) == (found.x[-1], found.y[-1])
        assert np.hypot(found.x, found.y).max() < 700 * 250 / (LEAST_CHORD * 40)
