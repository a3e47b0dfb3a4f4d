"""A pointer that falls towards its target while a wind blows it about."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from reauth.generate.generator import Point, movement
from reauth.generate.pace import Pace
from reauth.trajectory import Trajectory

GRAVITY = 9.0
"""px a step², towards the target."""
WIND = 3.0
"""px a step², how strongly the wind blows at most."""
FASTEST = 15.0
"""px a step."""
NEAR = 12.0
"""px from the target from where on the wind dies down and the pointer brakes."""
SLOWEST = 3.0
"""px a step; to what it brakes, until less than that is left."""

_KEPT = 1 / math.sqrt(3)  # of the wind from step to step
_GUST = 1 / math.sqrt(5)  # of its strength, that a step may add
_BRAKE = 1 / math.sqrt(5)  # of the fastest speed, that is left after a step near the target


@dataclass(frozen=True, slots=True)
class Wind:
    """Steps of equal time under a constant pull to the target, a wind and a limit of speed.

    The first three constants and the bound of nearness are those that the idea is known with.

    References
    ----------
    B. Land, "WindMouse, an algorithm for generating human-like mouse motion", 2021: the idea; the
    code is ours.
    """

    pace: Pace
    name: ClassVar[str] = "wind"

    @classmethod
    def fit(cls, people: Sequence[Trajectory]) -> Self:
        """Learn from people how long they take."""
        return cls(Pace.fit(people))

    def draw(self, start: Point, target: Point, rng: np.random.Generator) -> Trajectory:
        """Draw a movement from start to target."""
        places = np.array(_fall(complex(*start), complex(*target), rng))
        t = np.linspace(0.0, self.pace.duration(start, target, rng), len(places))
        return movement(t, np.column_stack((places.real, places.imag)))


def _fall(place: complex, target: complex, rng: np.random.Generator) -> list[complex]:
    """Places step by step, px; the last one is the target."""
    places, speed, wind, fastest = [place], 0j, 0j, FASTEST
    most = 20 + round(abs(target - place))  # more than one px a step is certain but for bad luck
    while (left := abs(target - place)) > 1 and len(places) < most:
        wind *= _KEPT
        if left >= NEAR:
            wind += complex(*rng.uniform(-1, 1, 2)) * min(WIND, left) * _GUST
        else:
            fastest = min(left, max(SLOWEST, fastest * _BRAKE))
        speed += wind + GRAVITY * (target - place) / left
        if abs(speed) > fastest:
            speed *= fastest * rng.uniform(0.5, 1) / abs(speed)
        place += speed
        places.append(place)
    return [*places, target]
