"""Numbers that tell a hand from a program, at any clock and on any screen."""

import numpy as np
import pytest

from reauth.event import Kind
from reauth.features.hand import LEAST_PATH, LEAST_STEPS, UNITS, numbers, standing
from reauth.trajectory import Trajectory
from tests.reauth.detect.crowd import line, person

AT = {name: place for place, name in enumerate(UNITS)}


def row(movement, **given):
    """The numbers of one movement, by name."""
    [found], _ = numbers([movement], **given)
    return dict(zip(UNITS, found.tolist(), strict=True))


def test_they_are_the_same_one_by_one_and_finite():
    """To the bit: whoever is judged in a batch is judged as alone."""
    drawn = person(1)
    together, places = numbers(drawn)

    assert np.isfinite(together).all()
    assert len(UNITS) == together.shape[1]
    assert (together == np.concatenate([numbers([drawn[at]])[0] for at in places])).all()


@pytest.mark.parametrize(
    "turned",
    [
        lambda x, y: (x + 300, y - 200),
        lambda x, y: (-y, x),
        lambda x, y: (-x, -y),
        lambda x, y: (x, -y),
    ],
)
def test_turned_mirrored_or_moved_it_is_the_same_movement(turned):
    """By right angles, as whole pixels allow no other ones exactly."""
    for each in person(2, 8):
        if not len(numbers([each])[0]):
            continue
        x, y = turned(each.x, each.y)
        other = Trajectory(0, each.t, x, y, each.kinds)
        assert np.allclose(numbers([each])[0], numbers([other])[0], atol=1e-6)


def test_a_clock_twice_as_fast_changes_little():
    """A mouse of 125 Hz and a browser's 60 look alike at 25 ms."""
    t = 0.002 * np.arange(700)
    x = 300 * (1 - np.cos(t * 2))
    y = 80 * np.sin(t * 3)
    fine, coarse = (Trajectory(0, t[::step], x[::step], y[::step]) for step in (4, 8))
    a, b = row(fine), row(coarse)

    for name in ("straightness", "speed_deviation", "speed_most", "speed_centre", "away_most"):
        assert a[name] == pytest.approx(b[name], abs=0.03), name


def test_a_straight_line_at_one_speed_is_told_as_one():
    """No deviation from line or speed but rounding."""
    found = row(line())

    assert found["straightness"] > 0.999
    assert found["speed_inner"] < 0.1
    assert found["bow_exact"] == 1.0
    assert found["stands"] == 0.0
    assert found["looks"] == pytest.approx(np.log(38))


def test_a_pause_is_a_stand_and_no_creeping():
    """Nothing is told of a pointer that stands: it stood until just before the next point."""
    t = np.concatenate((0.01 * np.arange(50), 0.8 + 0.01 * np.arange(50)))
    x = 10.0 * np.arange(100)
    moves, period = standing(Trajectory(0, t, x, np.zeros(100)))

    assert period == pytest.approx(0.01)
    assert np.interp(0.7, moves.t, moves.x) == 490.0
    assert row(Trajectory(0, t, x, np.zeros(100)))["stands"] > 0.2


def test_clicks_and_wheel_are_no_points_of_the_path():
    """They are told where the pointer is."""
    each = line()
    kinds = np.zeros(len(each.t) + 1, dtype=np.int8)
    kinds[60] = Kind.DOWN
    t, x, y = (
        np.insert(side, 60, value)
        for side, value in ((each.t, 0.4761), (each.x, 9000.0), (each.y, 9000.0))
    )

    assert row(each) == row(Trajectory(0, t, x, y, kinds))


@pytest.mark.parametrize("wanted", ["time", "path", "points"])
def test_what_is_too_short_has_no_numbers(wanted):
    """In time, on the screen, or in points; just long enough has."""
    fits = line(count=int(LEAST_STEPS * 0.025 / 0.008) + 2)
    if wanted == "time":
        short = line(speed=4000.0, count=int(LEAST_STEPS * 0.025 / 0.008) - 2)
    elif wanted == "path":
        short = line(speed=0.5 * LEAST_PATH, count=125)
    else:
        short = Trajectory(0, np.array([0.0, 0.5, 1.0]), np.array([0.0, 90.0, 99.0]), np.zeros(3))
    rows, places = numbers([short, fits, short])

    assert [1] == places.tolist()
    assert (1, len(UNITS)) == rows.shape
    assert (0, len(UNITS)) == numbers([short])[0].shape


def test_a_slow_clock_is_looked_at_as_it_is():
    """Between points of a remote desktop nothing is known, so nothing is made up."""
    t = 0.11 * np.arange(40)
    rng = np.random.default_rng(1)
    steps = rng.integers(-30, 60, (2, 40)).cumsum(1).astype(float)
    slow = row(Trajectory(0, t, *steps))

    assert 1.0 == slow["slow_clock"]
    assert slow["looks"] == pytest.approx(np.log(39))
    assert row(line(), grid=0.05)["slow_clock"] == 1.0
    assert row(line())["slow_clock"] == 0.0
