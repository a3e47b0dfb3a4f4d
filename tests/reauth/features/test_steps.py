"""Movements seen through one clock."""

import numpy as np
import pytest

from reauth.errors import TooShort
from reauth.features.steps import quantiles, steps_of
from reauth.trajectory import Trajectory


def drawn(t, x, kinds=None):
    """Along the x axis."""
    what = None if kinds is None else np.array(kinds, dtype=np.int8)
    return Trajectory(0, np.array(t), np.array(x), np.zeros(len(t)), what)


TWO = steps_of(
    [drawn([0.0, 0.05, 0.1], [5.0, 6.0, 16.0]), drawn([9.0, 9.06, 9.1], [0.0, 30.0, 30.0])]
)


def test_a_step_is_25_ms_on_straight_lines():
    """From the beginning; what is left of the last one does not count."""
    assert [0, 4] == TWO.start.tolist()
    assert [4, 4] == TWO.count.tolist()
    assert pytest.approx([0.5, 0.5, 5, 5, 12.5, 12.5, 5, 0], abs=1e-5) == TWO.d.tolist()
    assert pytest.approx([0.5, 1, 6, 11, 12.5, 25, 30, 30], abs=1e-5) == TWO.x.tolist()
    assert pytest.approx([0.1, 0.1]) == TWO.span.tolist()


def test_steps_know_their_movement_and_their_place_in_it():
    """So that one call serves all movements and none sees the other."""
    assert [0, 0, 0, 0, 1, 1, 1, 1] == TWO.row.tolist()
    assert [0, 1, 2, 3, 0, 1, 2, 3] == TWO.place.tolist()
    assert pytest.approx([9, 0.5, 0.5, 5, 9, 12.5, 12.5, 5], abs=1e-5) == TWO.before(TWO.d, 9)
    assert pytest.approx([0.5, 5, 5, 9, 12.5, 5, 0, 9], abs=1e-5) == TWO.after(TWO.d, 9)


def test_sums_extremes_and_quantiles_are_by_movement():
    """The first of equal extremes counts."""
    assert pytest.approx([11, 30]) == TWO.total(TWO.d)
    assert pytest.approx([5, 12.5], abs=1e-5) == TWO.most(TWO.d)
    assert [2, 0] == TWO.where_most(np.rint(2 * TWO.d)).tolist()
    assert pytest.approx(np.array([[0.5, 2.75], [0, 8.75]]), abs=1e-5) == (
        TWO.quantiles(TWO.d, (0, 50))
    )


def test_a_row_without_values_has_quantiles_of_zero():
    """A movement without a turn has no middle one; in the end of a batch too."""
    row, count = np.array([1, 1, 1]), np.array([0, 3, 0])

    found = quantiles(np.array([3.0, 1.0, 2.0]), row, count, (50, 100))

    assert [[0, 0], [2, 3], [0, 0]] == found.tolist()


def test_clicks_are_no_steps():
    """They move nothing, and a movement is over where the pointer rests."""
    found = steps_of([drawn([0.0, 0.05, 0.1, 0.4], [0.0, 1.0, 2.0, 2.0], [0, 3, 0, 1])])

    assert [4] == found.count.tolist()
    assert pytest.approx([0.1]) == found.span.tolist()


def test_the_shortest_movement_is_one_step():
    """Though it took less than 25 ms."""
    found = steps_of([drawn([0.0, 0.001], [0.0, 7.0])])

    assert ([1], [7.0]) == (found.count.tolist(), found.d.tolist())


def test_what_goes_on_is_not_looked_at_for_more_than_5_s():
    """Segmenters cut there."""
    assert [200] == steps_of([drawn([0.0, 900.0], [0.0, 7.0])]).count.tolist()


def test_one_point_makes_no_step():
    """Nor do a point and a click."""
    for short in (drawn([0.0], [0.0]), drawn([0.0, 0.1], [0.0, 0.0], [0, 1])):
        with pytest.raises(TooShort):
            steps_of([short])
