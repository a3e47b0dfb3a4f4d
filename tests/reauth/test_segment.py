"""Each name makes a segmenter that follows the settings."""

import pytest

from reauth.event import Event, Kind
from reauth.features import FEATURE_SETS
from reauth.segment import SEGMENTERS, Cut


@pytest.mark.parametrize("name", SEGMENTERS)
def test_every_segmenter_ends_a_movement_at_the_pause(name):
    """And is a fresh one each time, as every session has its own."""
    make = SEGMENTERS[name]
    drawn = [Event(Kind.MOVE, 0, 0.05 * i, 10.0 * i, 3.0 * i) for i in range(12)]
    drawn += [Event(Kind.DOWN, 0, 0.6, 110.0, 33.0), Event(Kind.UP, 0, 0.65, 110.0, 33.0)]

    one, other = make(Cut(pause=0.4)), make(Cut(pause=0.4))
    found = [trajectory for _, trajectory in one.feed_many(drawn)] + one.close()

    assert 1 == len(found)
    assert [] == other.close()


def test_every_feature_set_has_its_segmenter():
    """A name that no table has would be found by the first user only."""
    assert {each.segmenter for each in FEATURE_SETS.values()} <= set(SEGMENTERS)
