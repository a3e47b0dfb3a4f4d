"""A Bézier curve over random control points, eased and distorted: what "human-like" tools draw."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from reauth.generate.generator import Point, movement, ticks
from reauth.generate.pace import Pace
from reauth.trajectory import Floats, Trajectory

ROOM = 100.0
"""px around the box of start and target in which control points lie (PyClick's default); at most
half of the distance, as short movements would be mere loops."""
DISTORTED = 0.5
"""Share of points that are distorted (PyClick's default)."""
DISTORTION = 1.0, 1.0
"""px, mean and deviation of what is added to y of such a point (PyClick's defaults)."""

EASINGS: Sequence[Callable[[Floats], Floats]] = (
    lambda s: s * (2 - s),
    lambda s: np.where(s < 0.5, 2 * s * s, 1 - 2 * (1 - s) ** 2),
    lambda s: 1 - (1 - s) ** 3,
    lambda s: (1 - np.cos(np.pi * s)) / 2,
)
"""How far along the curve at a share of the time: quadratic out (PyClick's default), quadratic in
and out, cubic out, sine in and out."""


@dataclass(frozen=True, slots=True)
class Bezier:
    """Draws a cubic Bézier curve with two control points at random.

    References
    ----------
    The idea and its defaults are PyClick's `HumanCurve`, the bot of AGH 2021; the code is ours.
    """

    pace: Pace
    name: ClassVar[str] = "bezier"

    @classmethod
    def fit(cls, people: Sequence[Trajectory]) -> Self:
        """Learn from people how long they take."""
        return cls(Pace.fit(people))

    def draw(self, start: Point, target: Point, rng: np.random.Generator) -> Trajectory:
        """Draw a movement from start to target."""
        t = ticks(self.pace.duration(start, target, rng))
        ends = np.array((start, target))
        room = min(ROOM, float(np.hypot(*(ends[1] - ends[0]))) / 2)
        knots = rng.uniform(ends.min(axis=0) - room, ends.max(axis=0) + room, (2, 2))
        ease = EASINGS[int(rng.integers(len(EASINGS)))]
        places = _curve(np.array((ends[0], *knots, ends[1])), ease(t / t[-1]))
        distorted = rng.random(len(t) - 2) < DISTORTED
        places[1:-1, 1] += distorted * rng.normal(*DISTORTION, len(t) - 2)
        return movement(t, places)


def _curve(knots: Floats, s: Floats) -> Floats:
    """Places (n, 2) of a cubic curve over knots (4, 2), by Bernstein's polynomials."""
    r = 1 - s
    return np.asarray(np.stack((r**3, 3 * r * r * s, 3 * r * s * s, s**3), axis=1) @ knots)
