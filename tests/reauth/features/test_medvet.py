"""Medvet's 39 numbers."""

import json
from pathlib import Path

import numpy as np
import pytest

from reauth.errors import TooShort
from reauth.features.medvet import Medvet
from reauth.trajectory import Trajectory

GOLDEN = Path(__file__).parents[2] / "golden" / "features" / "medvet.json"


@pytest.fixture
def golden():
    """One trajectory and its numbers, computed without us."""
    found = json.loads(GOLDEN.read_text())
    points = (np.array(found[name]) for name in ("t", "x", "y"))
    return Trajectory(0, *points), np.array(found["features"])


def test_the_numbers_are_those_of_the_formulas(golden):
    """The golden numbers come from the definition in plain arithmetic, not from this code."""
    trajectory, features = golden

    assert np.allclose(features, Medvet().extract(trajectory), rtol=0, atol=1e-9)


def test_only_the_last_ten_points_count(golden):
    """The last 10 events before a pause are the trajectory, whoever cut it."""
    trajectory, features = golden
    longer = Trajectory(
        0,
        np.concatenate(([-2.0, -1.0], trajectory.t)),
        np.concatenate(([0.0, 9.0], trajectory.x)),
        np.concatenate(([5.0, 7.0], trajectory.y)),
    )

    assert np.allclose(features, Medvet().extract(longer), rtol=0, atol=1e-9)


def test_nine_points_are_too_short(golden):
    """Shorter runs give nothing, one by one and in a batch."""
    whole = golden[0]
    short = Trajectory(0, whole.t[:9], whole.x[:9], whole.y[:9])

    with pytest.raises(TooShort):
        Medvet().extract(short)
    with pytest.raises(TooShort):
        Medvet().extract_many([whole, short])


def test_nothing_gives_no_rows():
    """A batch in which nothing ended is no error."""
    assert (0, 39) == Medvet().extract_many([]).shape


def test_there_are_the_papers_39():
    """9 directions, 8 changes, 9 speeds, 8 accelerations, 2 extents: 36, and three of ours."""
    assert (39, 39) == (len(Medvet.names), len(Medvet.units))
    assert len(set(Medvet.names)) == 39
