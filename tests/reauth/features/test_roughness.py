"""How rough movement is: of a formula nothing but rounding, of a hand that slips, its slips."""

import numpy as np

from reauth.features.roughness import ROUGH, roughness
from reauth.features.steps import steps_of
from reauth.trajectory import Trajectory

T = 0.025 * np.arange(61)


def told(x, y):
    """The numbers of a movement between whole pixels, by name."""
    steps = steps_of([Trajectory(0, T, np.rint(x), np.rint(y))])
    change, jerk, snap = (np.zeros_like(steps.by) for _ in range(3))
    for order, each in ((1, change), (2, jerk), (3, snap)):
        each[:, order:] = np.diff(steps.by, order)
    return dict(
        zip(ROUGH, roughness(steps, (steps.by, change, jerk, snap))[:, 0].tolist(), strict=True)
    )


def test_of_a_smooth_curve_only_rounding_is_left():
    """A px at most, in every look."""
    found = told(300 * np.sin(T), 200 * np.cos(T))

    assert found["left_along_100%"] < np.log1p(4.0)
    assert found["left_across_100%"] < np.log1p(4.0)


def test_slips_show_at_the_top_and_not_in_the_middle():
    """Three looks of sixty; an unevenness of all of them shows in the middle."""
    smooth, slip, rng = 300 * np.sin(T), np.zeros(61), np.random.default_rng(1)
    slip[[12, 30, 48]] = 12.0
    slipping = told(smooth + slip, 200 * np.cos(T))
    uneven = told(smooth + rng.normal(0, 3.0, 61), 200 * np.cos(T))

    assert slipping["jerk_90%"] > slipping["jerk_50%"] + 1.0
    assert uneven["jerk_50%"] > slipping["jerk_50%"] + 0.5


def test_steps_along_an_axis_are_counted():
    """Of a staircase all are; of a slope of one in two none is."""
    stair = told(8.0 * ((np.arange(61) + 1) // 2), 8.0 * (np.arange(61) // 2))
    slope = told(8.0 * np.arange(61), 4.0 * np.arange(61))

    assert 1.0 == stair["on_axis"]
    assert 0.0 == slope["on_axis"] == slope["diagonal"]
    assert 1.0 == told(5.0 * np.arange(61), 5.0 * np.arange(61))["diagonal"]


def test_quantiles_are_in_order():
    """And each is of its own differences."""
    found = told(*np.random.default_rng(2).normal(0, 30, (2, 61)).cumsum(1))

    for what in ("step", "change", "jerk", "snap"):
        row = [found[f"{what}_{share}%"] for share in (10, 25, 50, 75, 90)]
        assert row == sorted(row)
    assert found["snap_50%"] > found["step_50%"]
