"""Rules of what a seat plays."""

import numpy as np
import pytest

from reauth.demo.movement import REST, movements, seat, timed
from reauth.event import Event, Kind
from reauth.lab.synth import draw_person, recording
from tests.live import trajectories


def move(t, x):
    return Event(Kind.MOVE, 0, t, x, 0.0)


def test_idle_time_is_shortened_to_the_pause_and_movement_is_not():
    """Every step inside a movement keeps its time."""
    events = [move(0.0, 1), move(0.1, 2), move(60.0, 3), move(60.25, 4)]

    first, second = movements(events)
    played = list(timed([first, second]))

    assert (first.duration, second.duration) == (0.1, 0.25)
    assert [event.t for event in played] == pytest.approx([0, 0.1, 0.1 + REST, 0.35 + REST])


def test_a_click_stays_with_its_movement():
    """One that comes in the pause after it follows a tenth of a second later."""
    click = Event(Kind.DOWN, 0, 0.4, 99.0, 99.0)
    [found] = movements([move(0.0, 1), move(0.1, 2), click])

    assert [event.kind for event in found.events] == [Kind.MOVE, Kind.MOVE, Kind.DOWN]
    assert found.events[-1].t == pytest.approx(0.2)
    assert found.box == (1.0, 0.0, 1.0, 0.0)


def test_what_moves_no_pointer_is_left_out():
    """Scrolling, a click before any movement, and a move to where the pointer is."""
    wheel, click = Event(Kind.WHEEL, 0, 0.0, 0.0, 0.0, 3), Event(Kind.DOWN, 0, 0.0, 0.0, 0.0)
    [found] = movements([wheel, click, move(0.1, 1), move(0.2, 1), move(0.3, 2)])

    assert [event.x for event in found.events] == [1, 2]
    assert movements([wheel]) == []


def test_a_seat_takes_whole_movements_from_the_first_on():
    """None is left out before one that is kept."""
    found = movements([move(0.0, 1), move(0.4, 2), move(9.0, 3), move(9.2, 4)])

    assert seat(found, 0.9) == []
    assert seat(found, 1.0) == found[:1]
    assert seat(found, 9.0) == found


def test_a_shortened_recording_gives_the_same_trajectories():
    """Same points, same steps: only when they happen differs."""
    events = recording(draw_person(np.random.default_rng(1)), 20, np.random.default_rng(2), 3.0)
    before = trajectories(events)
    after = trajectories(list(timed(movements(events))))

    assert len(before) == len(after) == 20
    for one, two in zip(before, after, strict=True):
        assert np.array_equal(one.x, two.x)
        assert np.diff(one.t) == pytest.approx(np.diff(two.t))
