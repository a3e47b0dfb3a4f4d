"""What a session says: values that compare by what they say."""

import numpy as np

from reauth.outcome import Dropped, Gap, Scored
from reauth.trajectory import Trajectory


def _movement(x):
    return Trajectory(0, np.arange(3.0), np.full(3, x), np.zeros(3))


def test_outcomes_are_equal_whose_words_are():
    """The trajectory is carried along; what is said of it is compared."""
    said = [Scored("bot", 2.0, 1.5, True, 1, _movement(x)) for x in (1.0, 2.0)]

    assert said[0] == said[1]
    assert said[0] != Scored("replay", 2.0, 1.5, True, 1, _movement(1.0))
    assert Dropped("bot", 2.0, "too_short", 1, _movement(1.0)) != Gap(2.0, 3)


def test_no_outcome_tells_where_the_pointer_was():
    """A log line may hold one."""
    assert "777" not in repr(Scored("bot", 2.0, 1.5, True, 1, _movement(777.0)))
    assert "777" not in repr(Dropped("bot", 2.0, "too_short", 1, _movement(777.0)))
