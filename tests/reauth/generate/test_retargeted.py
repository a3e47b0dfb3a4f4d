"""Recorded movement, fitted to another way."""

import numpy as np
import pytest

from reauth.errors import SettingsError
from reauth.generate.retargeted import SIMILAR, Retargeted, onto
from tests.reauth.generate.crowd import drawn


def bent(length, duration):
    """A right angle: as far down as to the right."""
    return drawn(np.linspace(0, duration, 5), np.array([0, 1, 2, 2, 2]) * length / 8**0.5,
                 np.array([0, 0, 0, 1, 2]) * length / 8**0.5)  # fmt: skip


def test_a_movement_is_turned_and_scaled_as_a_whole():
    """Its corner stays as far along and beside as it was."""
    corner = bent(2 * 8**0.5, 1.0)

    found = onto(corner.t, np.column_stack((corner.x, corner.y)), (100, 100), (100, 300))

    assert [(100, 100), (150, 150), (200, 200), (150, 250), (100, 300)] == [
        *zip(found.x.tolist(), found.y.tolist(), strict=True)
    ]
    assert corner.t.tolist() == found.t.tolist()


def test_one_of_a_similar_length_is_taken():
    """Of ten such ones any, at its own speed."""
    people = [bent(1000 + each, 2.0 + each / 100) for each in range(SIMILAR)]
    people += [bent(100 + each, 0.5) for each in range(SIMILAR)]
    retargeted, rng = Retargeted.fit(people), np.random.default_rng(1)

    far = {retargeted.draw((0, 0), (0, 900), rng).t[-1] for _ in range(200)}
    near = {retargeted.draw((0, 0), (90, 9), rng).t[-1] for _ in range(200)}

    assert {each.t[-1] for each in people[:SIMILAR]} == far
    assert {0.5} == near


def test_movement_that_goes_nowhere_cannot_be_retargeted():
    """Nothing can be scaled from it."""
    with pytest.raises(SettingsError, match="recordings of people are needed"):
        Retargeted.fit([drawn([0, 1, 2, 3, 4], [0, 50, 90, 50, 0], [0, 0, 0, 0, 0])])
