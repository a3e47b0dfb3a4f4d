"""A replay is what was recorded."""

import numpy as np
import pytest

from reauth.errors import SettingsError
from reauth.generate.aimed import moves
from reauth.generate.recorded import Recorded
from tests.reauth.generate.crowd import crowd, drawn


def test_it_is_a_movement_of_the_library_to_the_px_and_the_tick():
    """At its own place; and all of them come."""
    people = crowd(1, 12)
    known = {moves(each).id for each in people}
    recorded, rng = Recorded.fit(people), np.random.default_rng(1)

    assert known == {recorded.draw((9, 9), (99, 9), rng).id for _ in range(300)}


def test_without_people_there_is_nothing_to_play():
    """Nor with one who only clicked."""
    for people in ((), [drawn([0.0, 0.2], [1, 1], [1, 1], [1, 2])], [drawn([0.0], [1], [1])]):
        with pytest.raises(SettingsError, match="recordings of people are needed"):
            Recorded.fit(people)
