"""Movements seen through one clock."""

import numpy as np
import pytest

from reauth.errors import TooShort
from reauth.features.steps import FINE, quantile, steps_of
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
    assert [3, 7] == TWO.end.tolist()
    assert [4, 4] == TWO.count.tolist()
    assert pytest.approx([0.5, 0.5, 5, 5, 12.5, 12.5, 5, 0], abs=1e-5) == TWO.d.tolist()
    assert pytest.approx([0.5, 1, 6, 11, 12.5, 25, 30, 30], abs=1e-5) == TWO.at[0].tolist()
    assert pytest.approx(TWO.d.tolist()) == TWO.by[0].tolist()
    assert pytest.approx((TWO.d / 0.025).tolist()) == TWO.v.tolist()
    assert pytest.approx([0.1, 0.1]) == TWO.spans


def test_steps_know_their_movement():
    """So that one call serves all movements and none sees the other."""
    assert [0, 0, 0, 0, 1, 1, 1, 1] == TWO.row.tolist()
    assert [[0, 1, 2, 3], [4, 5, 6, 7]] == TWO.parted(np.arange(8))
    assert pytest.approx([0, 0, 4.5, 0, 0, 0, -7.5, -5], abs=1e-5) == TWO.change(TWO.d)
    assert pytest.approx([0.375, 1.625, 3.875, 3.75, 9.375, 10.625, 5.625, 1.25], abs=1e-5) == (
        TWO.smoothed(TWO.d)
    )
    assert [2**17, 2**17] == TWO.fine()[0][:2] == [round(each * FINE) for each in TWO.d[:2]]


def test_sums_and_extremes_are_by_movement():
    """Of one kind of number, and of several at once."""
    both = np.array((TWO.d, -TWO.d))

    assert pytest.approx([11, 30]) == TWO.total(TWO.d)
    assert pytest.approx([5, 12.5], abs=1e-5) == TWO.most(TWO.d)
    assert pytest.approx([0.5, 0.0], abs=1e-5) == TWO.least(TWO.d)
    assert TWO.total(both).tolist() == [TWO.total(each).tolist() for each in both]


def test_a_quantile_lies_on_a_straight_line_between_two_values():
    """As numpy's does; nothing has quantiles of 0, and one value is all of its own."""
    values = sorted(np.random.default_rng(0).normal(size=37).tolist())

    for share in (0.0, 0.1, 0.5, 0.95, 1.0):
        assert pytest.approx(np.quantile(values, share)) == quantile(values, share)
    assert (0.0, 7.0) == (quantile([], 0.5), quantile([7.0], 0.9))


def test_clicks_are_no_steps():
    """They move nothing, and a movement is over where the pointer rests."""
    found = steps_of([drawn([0.0, 0.05, 0.1, 0.4], [0.0, 1.0, 2.0, 2.0], [0, 3, 0, 1])])

    assert [4] == found.count.tolist()
    assert pytest.approx([0.1]) == found.spans


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
