"""Minimum jerk through places, with tremor."""

import numpy as np
import pytest

from reauth.generate import jerk as module
from reauth.generate.jerk import Jerk, _minimum


def test_half_is_done_at_half_of_the_time():
    """Flash and Hogan's polynomial: still at both ends, symmetric between."""
    done = _minimum(np.array([-1.0, 0.0, 0.5, 1.0, 2.0]))

    assert [0.0, 0.0, 0.5, 1.0, 1.0] == done.tolist()
    assert _minimum(np.array([0.25]))[0] == pytest.approx(1 - _minimum(np.array([0.75]))[0])


def test_it_begins_and_ends_where_it_should_and_trembles_between():
    """Exactly at both ends; no two drawn alike."""
    made, rng = Jerk.fit([]), np.random.default_rng(1)
    drawn = [made.draw((100, 100), (700, 400), rng) for _ in range(20)]

    for each in drawn:
        assert (100, 100) == (each.x[0], each.y[0])
        assert (700, 400) == (each.x[-1], each.y[-1])
        assert np.abs(np.diff(each.x, 3)).max() > 1
    assert 20 == len({each.id for each in drawn})


def test_without_tremor_and_places_the_peak_of_speed_is_that_of_the_books(monkeypatch):
    """15 / 8 of the mean speed, in the middle."""
    monkeypatch.setattr(module, "TREMOR", (0.0, 0.0))
    monkeypatch.setattr(module, "PLACES", 0)
    each = Jerk.fit([]).draw((0, 0), (5000, 0), np.random.default_rng(2))
    speed = np.diff(each.x)

    assert speed.max() / speed.mean() == pytest.approx(15 / 8, rel=0.02)
    assert abs(speed.argmax() / len(speed) - 0.5) < 0.03
