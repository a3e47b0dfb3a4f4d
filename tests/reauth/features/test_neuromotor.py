"""BeCAPTCHA-Mouse's numbers: of strokes by halves, and of the movement as a whole."""

from math import log, log1p, pi

import numpy as np
import pytest

from reauth.event import Kind
from reauth.features.neuromotor import Becaptcha, Global, Neuromotor
from reauth.lognormal import Stroke, trace
from reauth.trajectory import Trajectory

FIRST = Stroke(300.0, 0.0, -1.6, 0.25, 0.2, 0.6)
SECOND = Stroke(120.0, 1.1, -1.4, 0.2, 1.0, 0.7)
THIRD = Stroke(80.0, 1.9, -1.5, 0.3, -0.5, -0.5)


def drawn(*strokes, until=2.8):
    t = np.arange(0.0, until, 0.008)
    return Trajectory(0, t, *trace(strokes, t, (5.0, 6.0)).T)


def told(features, trajectory):
    """The numbers by name."""
    return dict(zip(features.names, features.extract(trajectory).tolist(), strict=True))


def test_there_are_as_many_numbers_as_in_the_paper():
    """37 and 6; the two flags stand beside them."""
    flags = [name for name in Neuromotor.names if name.startswith("has_")]

    assert len(Neuromotor.names) - len(flags) == 37
    assert len(Global.names) == 6
    assert len(flags) == 2
    assert len(Becaptcha.names) == 45


def test_strokes_are_told_by_the_half_in_which_they_are_fastest():
    """Three strokes drawn: one in the first half, two in the second, each parameter by name."""
    found = told(Neuromotor(), drawn(FIRST, SECOND, THIRD, until=2.5))

    assert found["lognormals"] == 3
    assert found["has_first"] == found["has_second"] == 1
    for statistic in ("max", "min", "mean"):
        for name in ("t0", "mu", "sigma", "theta_s", "theta_e"):
            alone = getattr(FIRST, name)
            assert found[f"{name}_{statistic}_first"] == pytest.approx(alone, abs=0.15)
        assert found[f"d_{statistic}_first"] == pytest.approx(log1p(300), abs=0.05)
    assert found["d_max_second"] == pytest.approx(log1p(120), abs=0.05)
    assert found["d_min_second"] == pytest.approx(log1p(80), abs=0.05)
    assert found["d_mean_second"] == pytest.approx(log1p(100), abs=0.05)
    assert found["theta_s_max_second"] == pytest.approx(1.0, abs=0.15)
    assert found["theta_e_min_second"] == pytest.approx(-0.5, abs=0.15)
    assert found["t0_max_second"] == pytest.approx(1.9, abs=0.15)


def test_a_half_without_strokes_is_zeros_and_says_so():
    """Zero is a value, too: the flag tells which it is."""
    found = told(Neuromotor(), drawn(FIRST, until=2.5))

    assert found["has_first"] == 1
    assert found["has_second"] == 0
    assert not any(found[name] for name in Neuromotor.names if name.endswith("_second"))


def test_the_six_are_what_anybody_can_work_out():
    """300 px right, then 400 px down, in 2 s: 700 px of way, 500 px away."""
    t = np.array([10.0, 11.0, 12.0])

    found = Global().extract(Trajectory(0, t, np.array([5.0, 305, 305]), np.array([1.0, 1, 401])))

    by_hand = [2, log1p(700), log1p(500), pi / 4, log1p(350), log(1.4)]
    assert found == pytest.approx(np.array(by_hand))


def test_a_movement_that_ends_where_it_began_has_an_efficiency():
    """The paper divides by the displacement."""
    t = np.array([0.0, 1.0, 2.0])

    found = told(Global(), Trajectory(0, t, np.array([0.0, 50, 0]), np.zeros(3)))

    assert found["move_efficiency"] == pytest.approx(log(100))
    assert found["average_angle"] == 0


def test_clicks_are_no_part_of_a_movement():
    """They lie where the pointer is, and tell nothing of the hand."""
    alone = drawn(FIRST, SECOND)
    kinds = np.zeros(len(alone.t) + 1, dtype=np.int8)
    kinds[-1] = int(Kind.DOWN)
    t, x, y = (np.append(each, each[-1] + 1) for each in (alone.t, alone.x, alone.y))

    clicked = Becaptcha().extract(Trajectory(0, t, x, y, kinds))

    assert np.array_equal(Becaptcha().extract(alone), clicked)


def test_both_sets_stand_side_by_side():
    """The fused row is the two rows, one behind the other."""
    movement = drawn(FIRST, SECOND)
    parts = [features.extract(movement) for features in (Neuromotor(), Global())]

    assert np.array_equal(Becaptcha().extract(movement), np.concatenate(parts))
