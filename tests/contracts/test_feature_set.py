"""What every feature set keeps, whichever it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reauth.errors import TooShort
from reauth.features import FEATURE_SETS
from reauth.trajectory import Trajectory
from tests.playbook import ALICE, MALLORY, trajectories

pytestmark = pytest.mark.parametrize("features", FEATURE_SETS.values(), ids=list(FEATURE_SETS))

coordinates = st.floats(-65000, 65000, allow_nan=False)


@st.composite
def drawings(draw):
    """Any trajectory that a segmenter could give: nasty steps, tiny and huge times."""
    count = draw(st.integers(10, 20))
    steps = draw(st.lists(st.floats(1e-4, 100), min_size=count, max_size=count))
    xs = draw(st.lists(coordinates, min_size=count, max_size=count))
    ys = draw(st.lists(coordinates, min_size=count, max_size=count))
    start = draw(st.floats(0, 2e9))
    return Trajectory(0, start + np.cumsum(steps), np.array(xs), np.array(ys))


def test_the_table_knows_it_by_its_name(features):
    """Settings and templates name a set; the table must find that one."""
    assert FEATURE_SETS[features.name] is features


def test_names_and_units_are_as_many_as_numbers(features):
    """A number without a name and a unit cannot be checked by anybody."""
    row = features.extract(trajectories(ALICE, 1, 0)[0])

    assert (len(features.names),) == row.shape == (len(features.units),)
    assert len(features.names) == len(set(features.names))
    assert features.version >= 1


@given(st.lists(drawings(), min_size=1, max_size=4))
@settings(deadline=None)
def test_numbers_are_finite_whatever_was_drawn(features, drawn):
    """Never NaN, never infinite: a classifier would pass them on silently."""
    assert np.isfinite(features.extract_many(drawn)).all()


@given(st.lists(drawings(), min_size=1, max_size=9))
@settings(deadline=None)
def test_a_batch_gives_what_one_by_one_gives(features, drawn):
    """Micro-batches are for speed; they change nothing."""
    one_by_one = np.stack([features.extract(each) for each in drawn])

    assert np.allclose(one_by_one, features.extract_many(drawn), rtol=1e-12, atol=1e-12)


def test_moving_the_drawing_changes_nothing(features):
    """Where on the screen, and at what time of day, is no feature of a person."""
    drawn = trajectories(MALLORY, 5, 3)
    moved = [Trajectory(9, each.t + 3600.0, each.x + 640, each.y - 400) for each in drawn]

    found = features.extract_many(moved)

    assert np.allclose(features.extract_many(drawn), found, atol=1e-6)


def test_a_trajectory_of_one_point_is_too_short(features):
    """Too short is an error of its own, an outcome and no bug."""
    with pytest.raises(TooShort):
        features.extract(Trajectory(0, np.zeros(1), np.zeros(1), np.zeros(1)))
