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


def test_every_number_tells_of_something(features):
    """Or the laboratory could not leave it out; a group names no number that there is not."""
    named = [name for group in features.groups.values() for name in group]
    others = [name for key, group in features.groups.items() if key != "timing" for name in group]

    assert set(features.names) == set(named)
    assert len(others) == len(set(others)) == len(features.names)


def test_what_is_not_timing_rests_on_the_path_alone(features):
    """The same paths under another clock, slower and uneven, give the same of all other numbers."""
    share = np.linspace(0.0, 1.0, 400)
    hasty = 2.0 * (0.7 * share + 0.3 * np.sin(np.pi * share / 2))
    hesitant = 3.3 * (0.4 * share + 0.6 * share**1.4)
    rng = np.random.default_rng(1)
    paths = [_bow(share, *rng.uniform((0, -0.4, 200), (6.28, 0.4, 900))) for _ in range(30)]

    rows = [
        features.extract_many([Trajectory(0, t, x, y) for x, y in paths])
        for t in (hasty, hesitant)
    ]

    changed = np.abs(rows[0] - rows[1]).mean(axis=0) / (np.concatenate(rows).std(axis=0) + 1e-9)
    found = {name for name, much in zip(features.names, changed, strict=True) if much > 0.05}
    assert found
    assert found <= set(features.groups["timing"])


def _bow(share, angle, bend, length):
    """(400,) x and y of a path with two bends, px."""
    x = length * share
    y = length * (bend * np.sin(np.pi * share) + 0.05 * np.sin(3 * np.pi * share))
    return x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)


@given(st.lists(drawings(), min_size=1, max_size=4))
@settings(deadline=None)
def test_numbers_are_finite_whatever_was_drawn(features, drawn):
    """Never NaN, never infinite: a classifier would pass them on silently."""
    assert np.isfinite(features.extract_many(drawn)).all()


@given(st.lists(drawings(), min_size=1, max_size=9))
@settings(deadline=None)
def test_a_batch_gives_what_one_by_one_gives(features, drawn):
    """Micro-batches are for speed; they change nothing, not even the last bits."""
    one_by_one = np.stack([features.extract(each) for each in drawn])

    assert np.array_equal(one_by_one, features.extract_many(drawn))


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
