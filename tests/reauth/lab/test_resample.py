"""Recordings under another clock."""

import numpy as np
import pytest

from reauth.event import Event, Kind
from reauth.lab.cutting import clock_of
from reauth.lab.resample import resampled
from reauth.lab.synth import draw_person, recording
from reauth.movement import MovementSegmenter

STEP = 0.025


def line(count, step, x=1000.0):
    """A pointer at `x` px a second."""
    return [Event(Kind.MOVE, 0, step * i, x * step * i, 7.0) for i in range(count)]


@pytest.mark.parametrize("step", [0.004, 0.008, 0.017, 0.11])
def test_the_clock_of_a_device_is_gone(step):
    """Faster and slower ones are told alike: every look, on the line that was drawn."""
    events = line(round(1.1 / step), step)

    found = resampled(events, STEP)

    assert pytest.approx(STEP) == clock_of(found)
    assert all(abs(event.x - 1000 * min(event.t, events[-1].t)) <= 0.5 for event in found)
    looks = np.array([event.t for event in found]) / STEP
    assert np.allclose(looks, np.rint(looks), atol=1e-9)


def test_a_pause_stays_one():
    """The pointer stood where it was, and nobody draws a slow line to where it went on."""
    events = [*line(21, 0.01), *(event._replace(t=event.t + 1.0, x=event.x + 500)
                                 for event in line(21, 0.01))]  # fmt: skip

    found = resampled(events, STEP)

    assert pytest.approx(0.8) == np.diff([event.t for event in found]).max()
    segmenter = MovementSegmenter(0.5)
    assert 2 == len(segmenter.feed_many(found)) + len(segmenter.close())


def test_a_pointer_that_stands_is_not_told_again():
    """As a browser: a movement is a change of position, in whole pixels."""
    events = [Event(Kind.MOVE, 0, 0.01 * i, 5.0 + 0.001 * i, 5.0) for i in range(40)]

    assert [(5.0, 5.0)] == [(event.x, event.y) for event in resampled(events, STEP)]


def test_buttons_and_wheel_come_at_the_next_look_behind_its_movement():
    """None is lost, none comes before what was before it."""
    events = [
        *line(6, 0.01),
        Event(Kind.DOWN, 0, 0.051, 50.0, 7.0, 2),
        Event(Kind.WHEEL, 0, 0.052, 50.0, 7.0, 120),
        Event(Kind.MOVE, 0, 0.055, 60.0, 7.0, 1),
        Event(Kind.MOVE, 0, 0.070, 80.0, 7.0, 1),
    ]

    found = resampled(events, STEP)

    assert [Kind.MOVE, Kind.MOVE, Kind.MOVE, Kind.MOVE, Kind.DOWN, Kind.WHEEL] == [
        event.kind for event in found
    ]
    assert [0.0, 0.025, 0.05, 0.075, 0.075, 0.075] == pytest.approx([one.t for one in found])
    assert ((80.0, 1), (2, 120)) == ((found[3].x, found[3].ext), (found[4].ext, found[5].ext))


def test_events_stay_in_order():
    """A segmenter drops what goes back in time."""
    rng = np.random.default_rng(2)
    events = recording(draw_person(rng), 15, rng)

    found = resampled(events, STEP)

    times = [event.t for event in found]
    assert times == sorted(times)
    assert [event.kind for event in events if event.kind] == [e.kind for e in found if e.kind]
    assert [] == resampled([], STEP)
