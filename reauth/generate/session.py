"""What a program does at an account: movement after movement, each with its click, and rests."""

from collections.abc import Iterator

import numpy as np

from reauth.event import Event, Kind
from reauth.generate.clock import sampled
from reauth.generate.generator import Generator, Point
from reauth.generate.habits import LEAST_REST, PAUSE, Habits
from reauth.movement import MovementSegmenter
from reauth.trajectory import TICK, Trajectory

Clock = tuple[float, float]
"""s, period and jitter."""

_TRIES = 20  # of ways as people have them; some kind may be none of whose movements counts


def acts(
    generator: Generator,
    habits: Habits,
    clock: Clock | None,
    screen: Point,
    rng: np.random.Generator,
) -> Iterator[list[Event]]:
    """Give act after act, without an end: a movement, and a click where it arrived.

    Parameters
    ----------
    clock
        The device's, by which movements are told; None where they come with one of their own.
    screen
        px, within which targets lie.

    Yields
    ------
    list of Event
        On page 0; s from the first movement on, whole ticks; whole px. Between the last move of an
        act and the first of the next one is a rest that a segmenter takes for one.
    """
    t = 0.0
    place: Point = habits.target((-1.0, -1.0), screen, rng)
    while True:
        told = _one(generator, habits, clock, screen, place, rng)
        act = _act(told, t, habits.click(rng))
        yield act
        place = act[-1].x, act[-1].y
        t = _whole(t + float(told.t[-1]) + habits.rest(rng))


def _one(
    generator: Generator,
    habits: Habits,
    clock: Clock | None,
    screen: Point,
    place: Point,
    rng: np.random.Generator,
) -> Trajectory:
    """Draw until it is one movement to a segmenter; what is too short would attack nobody."""
    for _ in range(_TRIES):
        drawn = generator.draw(place, habits.target(place, screen, rng), rng)
        told = drawn if clock is None else sampled(drawn, *clock, rng)
        if _is_one(told, place):
            break
    return told


def _is_one(told: Trajectory, place: Point) -> bool:
    """Whether it is cut out as one movement, if the pointer rested at a place before."""
    segmenter = MovementSegmenter(PAUSE)
    points = zip((told.t - told.t[0]).tolist(), told.x.tolist(), told.y.tolist(), strict=True)
    before = Event(Kind.MOVE, 0, -LEAST_REST, *place)
    found = segmenter.feed_many([before, *(Event(Kind.MOVE, 0, *point) for point in points)])
    return len(found) + len(segmenter.close()) == 1


def _act(told: Trajectory, start: float, click: tuple[float, float]) -> list[Event]:
    """A movement from a moment on, s, and its click: waited and held for so long, s."""
    x, y = float(told.x[-1]), float(told.y[-1])
    moves = zip((start + told.t).tolist(), told.x.tolist(), told.y.tolist(), strict=True)
    events = [Event(Kind.MOVE, 0, _whole(t), at_x, at_y) for t, at_x, at_y in moves]
    pressed = events[-1].t + max(TICK, click[0])
    events.append(Event(Kind.DOWN, 0, _whole(pressed), x, y))
    events.append(Event(Kind.UP, 0, _whole(pressed + max(TICK, click[1])), x, y))
    return events


def _whole(t: float) -> float:
    return round(round(t / TICK) * TICK, 4)
