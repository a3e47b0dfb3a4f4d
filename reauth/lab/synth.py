"""People who do not exist: movement from a documented model, for where no recording may be used.

A movement goes from one target to the next along the minimum-jerk path, takes as long as Fitts'
law says, bends to one side, may overshoot and be corrected, and trembles. Each person has
parameters of their own, drawn once; so people can be told apart, though far more easily than real
ones: figures measured on them say nothing about people.

References
----------
Flash, Hogan 1985, "The coordination of arm movements", J. Neurosci. 5(7), eq. 3 (minimum jerk).
MacKenzie 1992, "Fitts' law as a research and design tool", HCI 7, eq. 6 (Shannon's form).
"""

import math
from dataclasses import dataclass

import numpy as np

from reauth.event import Event, Kind

SCREEN = (1920.0, 1080.0)
"""px; the commonest desktop screen."""
JITTER = 0.002
"""s, standard deviation of the time between two events: browsers report no exact grid, and a
template learnt from one would take every real hand for somebody else's."""
_LEAST = 0.30
"""s; shorter movements have no ten events at 25 ms, and would tell nobody apart."""


@dataclass(frozen=True, slots=True)
class Person:
    """What tells one generated person from another.

    Parameters
    ----------
    intercept, slope
        s, and s a bit: duration = intercept + slope * log2(distance / width + 1).
    bend
        Largest deviation from the chord, as a share of it; its sign is the side.
    overshoot
        Share of movements that go too far and are corrected.
    tremor
        px, standard deviation of the jitter of a position.
    period
        s between events, the device's.
    skew
        Exponent of time: below 1 the peak of speed comes early.
    """

    intercept: float
    slope: float
    bend: float
    overshoot: float
    tremor: float
    period: float
    skew: float


def draw_person(rng: np.random.Generator) -> Person:
    """Draw a person; ranges are those of mouse studies (MacKenzie 1992, table 3) or ours."""
    return Person(
        intercept=rng.uniform(0.15, 0.45),
        slope=rng.uniform(0.08, 0.26),
        bend=rng.normal(0.0, 0.12),
        overshoot=rng.uniform(0.0, 0.5),
        tremor=rng.uniform(0.3, 1.5),
        period=0.008,
        skew=rng.uniform(0.75, 1.15),
    )


def recording(
    person: Person, movements: int, rng: np.random.Generator, pause: float = 0.6
) -> list[Event]:
    """So many movements with a click after each, `pause` s at rest between them.

    Returns
    -------
    list of Event
        On page 0, from time 0 on; positions are whole CSS px, as a browser gives them.
    """
    events: list[Event] = []
    t, place = 0.0, np.array([rng.uniform(0, side) for side in SCREEN])
    for _ in range(movements):
        target = np.array([rng.uniform(0.05, 0.95) * side for side in SCREEN])
        aims = [target]
        if rng.random() < person.overshoot:
            aims.insert(0, target + (target - place) * rng.uniform(0.05, 0.2))
        for aim in aims:
            path = _path(person, place, aim, rng)
            steps = person.period + rng.normal(0.0, JITTER, len(path))
            times = t + np.cumsum(np.maximum(steps, person.period / 4))
            events.extend(
                Event(Kind.MOVE, 0, float(moment), float(x), float(y))
                for moment, (x, y) in zip(times, np.rint(path), strict=True)
            )
            t, place = float(times[-1]), aim
        x, y = np.rint(place)
        events.append(Event(Kind.DOWN, 0, t + 0.05, float(x), float(y)))
        events.append(Event(Kind.UP, 0, t + 0.13, float(x), float(y)))
        t += pause + rng.exponential(0.1)
    return events


def _path(
    person: Person, start: np.ndarray, end: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(n, 2) positions of one aimed movement, px, one each period."""
    distance = max(1.0, math.dist(start, end))
    width = rng.uniform(20.0, 120.0)
    taken = person.intercept + person.slope * math.log2(distance / width + 1)
    taken = max(_LEAST, taken * rng.lognormal(0.0, 0.1))
    share = np.linspace(0.0, 1.0, max(12, round(taken / person.period))) ** person.skew
    done = share**3 * (10 - 15 * share + 6 * share**2)
    side = np.array([-(end - start)[1], (end - start)[0]]) * (person.bend + rng.normal(0, 0.03))
    path = start + done[:, None] * (end - start) + np.sin(np.pi * done)[:, None] * side
    return np.asarray(path + rng.normal(0.0, person.tremor, path.shape))
