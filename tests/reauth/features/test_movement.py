"""Numbers of whole movements."""

import json
from math import log, pi
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reauth.errors import TooShort
from reauth.event import Kind
from reauth.features.movement import Movement
from reauth.movement import MovementSegmenter
from reauth.trajectory import Trajectory
from tests.playbook import ALICE, MALLORY

GOLDEN = Path(__file__).parents[2] / "golden" / "features" / "movement.json"


def drawn(t, x, y, kinds=None, rest=float("nan")):
    what = None if kinds is None else np.array(kinds, dtype=np.int8)
    points = (np.asarray(values, dtype=np.float64) for values in (t, x, y))
    return Trajectory(0, *points, what, rest)


def told(trajectory):
    """The numbers by name."""
    return dict(zip(Movement.names, Movement().extract(trajectory).tolist(), strict=True))


def movements(hand, strokes=6, seed=1):
    cut = MovementSegmenter(0.5)
    events = hand.draw(strokes, np.random.default_rng(seed))
    return [each for _, each in cut.feed_many(events)] + cut.close()


def test_a_straight_movement_has_the_numbers_that_anybody_can_work_out():
    """400 px to the right in 1 s at one speed, seen at odd moments: the golden numbers are by
    hand, and a comment beside each says how."""
    golden = json.loads(GOLDEN.read_text("utf-8"))
    t = np.array([0.0, 0.03, 0.1, 0.18, 0.37, 0.5, 0.512, 0.77, 0.9, 1.0])

    found = told(drawn(7.0 + t, 30 + 400 * t, np.full(10, 50.0)))

    assert [*found] == [row["name"] for row in golden]
    for row in golden:
        assert pytest.approx(row["value"], abs=1e-6) == found[row["name"]], row


def test_the_rate_of_the_mouse_is_not_what_is_seen():
    """The same way through the same places, at 200 and at 50 Hz."""
    corners = np.array([0.0, 0.2, 0.3, 0.6]), [0.0, 90.0, 100.0, 400.0], [0.0, 10.0, 60.0, 20.0]
    seen = []
    for hertz in (200, 50):
        t = np.arange(round(0.6 * hertz) + 1) / hertz
        seen.append(drawn(t, np.interp(t, *corners[:2]), np.interp(t, corners[0], corners[2])))

    fast, slow = Movement().extract_many(seen)

    assert np.allclose(fast, slow, atol=1e-6)


def test_a_corner_is_a_turn():
    """Right, then down: a quarter turn, half of the path along either axis."""
    found = told(drawn([0.0, 0.5, 1.0], [0.0, 200.0, 200.0], [0.0, 0.0, 200.0]))

    assert pytest.approx(log(1 + pi / 2), abs=1e-5) == found["turned"]
    assert pytest.approx(pi / 2) == found["turn_net"]
    assert pytest.approx(2**-0.5) == found["straightness"]
    assert pytest.approx([1, 0, 0, 1], abs=1e-6) == [
        found[name] for name in ("cos_begin", "sin_begin", "cos_end", "sin_end")
    ]


def test_a_movement_that_comes_back_is_no_division_by_zero():
    """It has no chord, and no direction."""
    found = told(drawn([0.0, 0.5, 1.0], [0.0, 200.0, 0.0], [0.0, 0.0, 0.0]))

    assert (0.0, 0.0) == (found["chord"], found["cos_whole"])


def test_the_click_belongs_to_the_movement_and_its_time_is_told():
    """0.2 s after the last move, held for 0.06 s; a press in the middle counts and is no click."""
    t = [0.0, 0.3, 0.35, 0.5, 0.55, 0.7, 0.76]
    kinds = [Kind.MOVE, Kind.DOWN, Kind.UP, Kind.MOVE, Kind.WHEEL, Kind.DOWN, Kind.UP]
    x = [0.0, 0.0, 0.0, 90.0, 90.0, 90.0, 90.0]

    found = told(drawn(t, x, [0.0] * 7, kinds, rest=4.0))

    assert pytest.approx(0.2) == found["click_wait"]
    assert pytest.approx(log(0.05)) == found["held"]
    assert (1.0, log(3), log(2), log(4)) == tuple(
        found[name] for name in ("click", "presses", "wheel", "rest")
    )
    assert pytest.approx(log(0.5)) == found["duration"]


def test_a_press_that_is_never_released_is_held_as_long_as_usual():
    """Browsers' clicks, and a release that comes after the pause."""
    found = told(drawn([0.0, 0.4, 0.5], [0.0, 50.0, 50.0], [0.0] * 3, [0, 0, Kind.DOWN]))

    assert log(0.1) == found["held"]
    assert pytest.approx(0.1) == found["click_wait"]


def test_a_rest_is_told_up_to_a_minute():
    """What nobody knows is in the middle."""
    t, x, y = [0.0, 0.5], [0.0, 9.0], [0.0, 0.0]

    rests = [told(drawn(t, x, y, rest=rest))["rest"] for rest in (7200.0, float("nan"))]

    assert [log(60), log(2)] == rests


def test_what_goes_on_for_too_long_does_not_count():
    """Segmenters cut there; whoever does not may not slow the live service down."""
    t = np.array([0.0, 5.0, 900.0])

    found = told(drawn(t, 10 * t, 0 * t))

    assert pytest.approx(log(51)) == found["path"]


def test_where_there_is_no_movement_there_are_no_numbers():
    """One point, or clicks alone; in a batch too."""
    whole = drawn([0.0, 0.5], [0.0, 9.0], [0.0, 0.0])
    short = drawn([0.0, 0.5], [0.0, 0.0], [0.0, 0.0], [0, Kind.DOWN])

    with pytest.raises(TooShort):
        Movement().extract(short)
    with pytest.raises(TooShort):
        Movement().extract_many([whole, short])


def test_nothing_gives_no_rows():
    """A batch in which nothing ended is no error."""
    assert (0, len(Movement.names)) == Movement().extract_many([]).shape


steps = st.tuples(st.integers(1, 900), st.integers(-300, 300), st.integers(-300, 300))
ways = st.lists(st.tuples(steps, st.sampled_from([0, 0, 0, 1, 2, 3])), min_size=1, max_size=40)


@st.composite
def any_movement(draw):
    """As segmenters give them: ticks apart, whole pixels, clicks where the pointer is."""
    way = draw(ways)
    kinds = [0, 0, *(kind for _, kind in way)]
    moved = np.array([(1, 0, 0), (1, 1, 0), *(step for step, _ in way)])
    moved[:, 1:][np.array(kinds) > 0] = 0
    ticks, x, y = np.cumsum(moved, axis=0).T
    return drawn(draw(st.integers(0, 10**9)) + ticks / 1e4, x, y, kinds, draw(st.floats(0, 99)))


@given(st.lists(any_movement(), min_size=1, max_size=6))
@settings(deadline=None)
def test_a_batch_is_its_parts_to_the_bit(found):
    """And finite, whatever was drawn."""
    together = Movement().extract_many(found)

    assert np.isfinite(together).all()
    assert together.tolist() == [Movement().extract(each).tolist() for each in found]


@given(any_movement(), st.integers(-4000, 4000), st.integers(-4000, 4000))
@settings(deadline=None)
def test_where_on_the_screen_it_was_is_no_number(each, right, down):
    """Nor when: the same way elsewhere is the same, up to the rounding of its times."""
    moved = Trajectory(4, each.t + 3600.0, each.x + right, each.y + down, each.kinds, each.rest)

    assert np.allclose(Movement().extract(each), Movement().extract(moved), rtol=0, atol=1e-6)


def test_two_hands_differ():
    """Slow and straight, or fast and bowed."""
    alice, mallory = (Movement().extract_many(movements(hand)) for hand in (ALICE, MALLORY))

    fastest = Movement.names.index("speed_most")
    assert alice[:, fastest].max() < mallory[:, fastest].min()
