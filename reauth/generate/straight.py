"""A straight line at one speed: what most automation does when it is told to move."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from reauth.generate.generator import Point, along, movement, ticks
from reauth.generate.pace import Pace
from reauth.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Straight:
    """Goes straight at one speed, for as long as people take."""

    pace: Pace
    name: ClassVar[str] = "straight"

    @classmethod
    def fit(cls, people: Sequence[Trajectory]) -> Self:
        """Learn from people how long they take."""
        return cls(Pace.fit(people))

    def draw(self, start: Point, target: Point, rng: np.random.Generator) -> Trajectory:
        """Draw a movement from start to target."""
        t = ticks(self.pace.duration(start, target, rng))
        return movement(t, along(start, target, t / t[-1]))
