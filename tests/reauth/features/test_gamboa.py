"""Gamboa's 64 numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import make_smoothing_spline

from reauth.errors import TooShort
from reauth.features.gamboa import (
    SAMPLES,
    SLIDES,
    SMOOTHING,
    SUMMARIES,
    VECTORS,
    WHOLE,
    Gamboa,
    smooth,
)
from reauth.features.kinematics import slog
from reauth.trajectory import Trajectory


def stroke(t, x, y):
    t, x, y = (np.asarray(each, dtype=np.float64) for each in (t, x, y))
    return Trajectory(0, t, x, y)


def found(drawn):
    return dict(zip(Gamboa().names, Gamboa().extract(drawn).tolist(), strict=True))


def summaries(values, vector):
    return [values[f"{vector}_{what}"] for what in SUMMARIES]


LINE = stroke([*np.arange(11) * 0.05, 0.9], [*np.arange(11) * 30.0, 300.0], np.zeros(12))
"""300 px to the right in 0.5 s, 600 px/s, and a click 0.4 s later."""

_U = 0.0314 * np.arange(51)
ARC = stroke(_U, 200.0 * np.sin(_U), 200.0 * (1 - np.cos(_U)))
"""A quarter of a circle of 200 px, clockwise on the screen, at 1 rad/s; times are whole ticks."""


def test_a_straight_line_has_the_numbers_of_one():
    """By hand: smoothing leaves it, nothing turns, speed is constant, the click waits 0.4 s."""
    values = found(LINE)
    x = np.arange(301.0)

    expected = {
        "x": slog(np.array([0.0, 300.0, 150.0, x.std(), 300.0])),
        "y": np.zeros(5),
        "angle": np.zeros(5),
        "curvature": np.zeros(5),
        "curvature_slope": np.zeros(5),
        "speed_x": np.log1p([600.0, 600.0, 600.0, 0.0, 0.0]),
        "speed_y": np.zeros(5),
        "speed": np.log1p([600.0, 600.0, 600.0, 0.0, 0.0]),
        "acceleration": np.zeros(5),
        "jerk": np.zeros(5),
        "angular_speed": np.zeros(5),
    }
    for vector, numbers in expected.items():
        assert numbers == pytest.approx(summaries(values, vector), abs=1e-6), vector
    whole = [np.log1p(0.9), np.log1p(300.0), 1.0, 1.0, 0.0, np.log1p(0.4)]
    whole += [np.log1p(1.0), np.log1p(0.4), 0.4 / 0.9]
    assert whole == pytest.approx([values[name] for name in WHOLE], abs=1e-9)


def test_an_arc_has_the_numbers_of_one():
    """Its angle goes from 0 to a right one, its curvature is 1/200 px, its angular speed 1 rad/s.

    The spline has no curvature at its two ends: the least is 0, mean and most are the circle's.
    """
    values = found(ARC)

    assert [0.0, np.pi / 2] == pytest.approx(summaries(values, "angle")[:2], abs=0.03)
    assert values["curvature_mean"] == pytest.approx(np.log1p(1 / 200), rel=0.03)
    assert values["curvature_max"] == pytest.approx(np.log1p(1 / 200), rel=0.15)
    assert np.log1p([200.0] * 3) == pytest.approx(summaries(values, "speed")[:3], rel=1e-4)
    assert np.log([2.0] * 3) == pytest.approx(summaries(values, "angular_speed")[:3], rel=1e-6)
    assert values["speed_y_max"] == pytest.approx(np.log1p(200 * np.cos(np.pi / 200)), rel=1e-3)
    assert values["length"] == pytest.approx(np.log1p(100 * np.pi), rel=1e-4)
    assert values["straightness"] == pytest.approx(2 * np.sqrt(2) / np.pi, rel=1e-3)
    assert values["jitter"] == pytest.approx(1.0, abs=1e-3)
    assert 0.0 == values["critical_points"] == values["pauses"] == values["paused_share"]
    assert values["time_to_click"] == pytest.approx(np.log1p(0.0314))


def test_speeding_up_is_acceleration_and_its_change_is_jerk():
    """x = 100 t^3: at even times the third difference is exact, 600 px/s3."""
    t = np.arange(9) * 0.125
    values = found(stroke(t, 100 * t**3, np.zeros(9)))

    assert np.log1p([600.0] * 3) == pytest.approx(summaries(values, "jerk")[:3])
    assert values["acceleration_max"] == pytest.approx(np.log1p(600 * t[-2]))


def test_smoothing_is_the_smoothing_spline_with_its_ends_fixed():
    """scipy's, with ends that weigh a hundred million times as much, is the same curve."""
    rng = np.random.default_rng(0)
    step, count = 0.97, 60
    rough = np.cumsum(rng.normal(0, 2, (2, count)), axis=1)
    weights = np.ones(count)
    weights[[0, -1]] = 1e8
    at = step * np.arange(count)

    expected = [
        make_smoothing_spline(at, each, w=weights, lam=SMOOTHING**4 / step)(at) for each in rough
    ]

    assert np.allclose(expected, smooth(rough, step), rtol=0, atol=1e-4)
    assert np.allclose(rough[:, [0, -1]], smooth(rough, step)[:, [0, -1]], rtol=0, atol=1e-9)


def test_smoothing_halves_detail_of_its_wavelength():
    """2 pi times the amount; five times as long is hardly touched."""
    at = np.arange(2000.0)
    middle = slice(900, 1100)

    def kept(wavelength):
        wave = np.sin(2 * np.pi * at / wavelength)
        return smooth(wave, 1.0)[middle].std() / wave[middle].std()

    assert kept(2 * np.pi * SMOOTHING) == pytest.approx(0.5, abs=0.01)
    assert kept(10 * np.pi * SMOOTHING) > 0.99


def test_jitter_and_critical_points_come_from_the_path():
    """A zigzag is shorter once it is smoothed; a sharp corner turns there and back bends most."""
    there, back = np.arange(0, 200, 10.0), np.arange(200, -1, -10.0)
    t = np.arange(41) * 0.02
    turned = found(stroke(t, np.concatenate((there, back)), np.zeros(41)))
    zigzag = found(stroke(t, np.arange(41) * 4.0, np.arange(41) % 2 * 4.0))

    assert turned["critical_points"] == pytest.approx(np.log(2.0))
    assert turned["angle_range"] == pytest.approx(np.pi, abs=1e-6)
    assert 0.0 == pytest.approx(turned["straightness"], abs=1e-12)
    assert zigzag["jitter"] == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_a_pause_is_more_than_a_tenth_of_a_second():
    """Names are the thesis's; the click's own wait counts as one."""
    values = found(stroke([0.0, 0.1, 0.3, 0.35, 1.0], [0, 9, 20, 30, 30], [0, 0, 0, 0, 0]))

    assert values["pauses"] == pytest.approx(np.log(3.0))
    assert values["paused_time"] == pytest.approx(np.log1p(0.85))
    assert values["paused_share"] == pytest.approx(0.85)


def test_a_stroke_that_goes_nowhere_has_numbers_too():
    """Nothing to divide by: straight and smooth, without speed."""
    values = found(stroke(np.arange(4) * 0.05, np.full(4, 3.0), np.full(4, 4.0)))

    assert [1.0, 1.0, 0.0] == [values[key] for key in ("straightness", "jitter", "speed_max")]


def test_two_places_have_a_speed_and_no_more():
    """Vectors that are empty count as 0."""
    values = found(stroke(np.arange(4) * 0.05, [0, 10, 10, 10], np.zeros(4)))

    assert values["speed_mean"] == pytest.approx(np.log1p(200.0))
    assert [0.0] * 5 == summaries(values, "acceleration") == summaries(values, "jerk")


def test_the_longest_path_is_cut_into_so_many_steps():
    """A stroke across many screens costs no more than one of 4096 px."""
    t = np.arange(40) * 0.02
    values = found(stroke(t, np.arange(40) % 2 * 60000.0, np.zeros(40)))

    assert values["length"] == pytest.approx(np.log1p(39 * 60000.0))
    assert SAMPLES < 39 * 60000.0


def test_the_whole_stroke_is_64_numbers_and_the_slides_count_62():
    """Eleven vectors with five numbers each, and nine; duration and length are the thesis's."""
    names = Gamboa().names

    assert (11, 5, 9, 64) == (len(VECTORS), len(SUMMARIES), len(WHOLE), len(names))
    assert {"duration", "length"} == set(names) - {names[place] for place in SLIDES}
    assert 62 == len(SLIDES)


def test_three_points_are_too_short():
    """One by one and in a batch; nothing gives no rows."""
    short = stroke([0, 0.1, 0.2], [0, 1, 2], [0, 0, 0])

    with pytest.raises(TooShort):
        Gamboa().extract(short)
    with pytest.raises(TooShort):
        Gamboa().extract_many([LINE, short])
    assert (0, 64) == Gamboa().extract_many([]).shape


places = st.lists(st.integers(-40, 40).map(float), min_size=4, max_size=12)


@given(places, st.integers(1, 20000), st.integers(-3000, 3000))
@settings(deadline=None)
def test_small_strokes_are_finite_and_the_same_anywhere(xs, ticks, away):
    """Few places, short ways, turns on the spot: where smoothing leaves least. And at any time:
    differences of seconds since 1970 are known to a quarter of a microsecond only."""
    t = np.arange(len(xs)) * ticks * 1e-4
    ys = [-x / 2 for x in xs[::-1]]
    here, there = stroke(t, xs, ys), stroke(t + 1.8e9, np.array(xs) + away, ys)

    assert np.isfinite(Gamboa().extract(here)).all()
    assert np.allclose(Gamboa().extract(here), Gamboa().extract(there), atol=1e-6)
