"""Lu's attack modes: each has the property that the paper tells it by."""

import numpy as np
import pytest

from reauth.generate.slide import SLIDES

START, TARGET = (40.0, 200.0), (240.0, 210.0)


def drawn(name, seed=0, start=START, target=TARGET):
    return SLIDES[name]([]).draw(start, target, np.random.default_rng(seed))


def speeds(one):
    return np.diff(one.x) / np.diff(one.t)


@pytest.mark.parametrize("name", SLIDES)
@pytest.mark.parametrize("seed", range(5))
def test_a_slide_goes_from_start_to_target_on_whole_pixels(name, seed):
    """Time begins at 0 and grows by whole milliseconds; the same seed gives the same."""
    one, again = drawn(name, seed), drawn(name, seed)

    assert (0.0, *START) == (one.t[0], one.x[0], one.y[0])
    assert TARGET == (one.x[-1], one.y[-1])
    assert (np.diff(one.t) > 0).all()
    assert np.allclose(one.t * 1e3, np.rint(one.t * 1e3))
    for places in (one.x, one.y):
        assert np.array_equal(places, np.rint(places))
    assert np.array_equal(one.t, again.t)
    assert name == SLIDES[name]([]).name


@pytest.mark.parametrize("name", SLIDES)
def test_a_slide_may_go_to_the_left(name):
    """A target is a place, not a direction."""
    assert 40.0 == drawn(name, start=TARGET, target=START).x[-1]


@pytest.mark.parametrize("seed", range(5))
def test_the_first_mode_waits_and_then_keeps_its_speed_from_height_to_height(seed):
    """Dense points, no acceleration to speak of; long level runs, few steps between them."""
    one = drawn("slide-1", seed, target=(240.0, 200.0))
    parts = np.array_split(np.arange(1, len(one.t)), 4)
    means = [np.ptp(one.x[part]) / np.ptp(one.t[part]) for part in parts]

    assert one.t[1] >= 0.3
    assert 1 == (np.diff(one.t) > 0.1).sum()
    assert max(means) < 1.2 * min(means)
    assert 1 <= (np.diff(one.y) != 0).sum() < 0.15 * len(one.y)


@pytest.mark.parametrize("seed", range(5))
def test_the_second_mode_dashes_and_speeds_up_for_longer_than_it_slows_down(seed):
    """At one height, after a wait."""
    one = drawn("slide-2", seed, target=(440.0, 200.0))
    moving = speeds(one)[1:]

    assert one.t[1] >= 0.3
    assert one.t[-1] - one.t[1] < 0.6
    assert np.argmax(moving) > 0.6 * len(moving)
    assert (one.y == 200.0).all()


def test_the_third_mode_repeats_itself():
    """Random jumps at nearly one speed; of many slides only a few differ."""
    slides = [drawn("slide-3", seed) for seed in range(40)]
    kinds = {(*one.t, *one.x) for one in slides}

    assert 1 < len(kinds) <= 4
    for one in slides:
        assert one.t[1] < 0.1
        assert np.ptp(np.diff(one.x)) > 2
        assert speeds(one).std() < 0.2 * speeds(one).mean()


@pytest.mark.parametrize("seed", range(5))
def test_the_fourth_mode_is_a_metronome(seed):
    """The variance of dt is none; height wanders."""
    one = drawn("slide-4", seed)

    assert np.diff(one.t).std() < 1e-9
    assert np.ptp(one.y) >= 2


@pytest.mark.parametrize("seed", range(5))
def test_the_fifth_mode_is_chaotic_and_goes_in_bursts(seed):
    """Far apart in time; it turns back, and strays in height."""
    one = drawn("slide-5", seed)

    assert 2 <= (np.diff(one.t) > 0.15).sum() <= 4
    assert np.ptp(one.y) > 10
    assert (np.diff(one.x) < 0).any()
