"""Minimum jerk through places on the way, with tremor: what a textbook says that a hand does.

It teaches nobody (`reauth.detect.opponents`), so that it measures what a detector makes of a
program that it was not taught. It is not unlike a decoy: strokes of `reauth.detect.decoys` may be
of minimum jerk, and may tremble.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from reauth.generate.generator import Point, movement, ticks
from reauth.generate.pace import Pace
from reauth.trajectory import Floats, Trajectory

PLACES = 3
"""Places between start and target at most."""
BESIDE = 0.08
"""Chords, deviation of a place from the chord; ours."""
TREMOR = 0.2, 1.2
"""px, deviation of each point: least and most of a movement."""


@dataclass(frozen=True, slots=True)
class Jerk:
    """Draws movements of minimum jerk, stretch by stretch, and trembles at every point.

    A stretch from one place to the next begins while the one before still ends, so that the pointer
    does not stop between them.

    References
    ----------
    Flash, Hogan 1985, "The coordination of arm movements", J. Neurosci. 5(7), eq. 3; the
    superposition is Flash, Henis 1991, "Arm trajectory modifications during reaching".
    """

    pace: Pace
    name: ClassVar[str] = "jerk"

    @classmethod
    def fit(cls, people: Sequence[Trajectory]) -> Self:
        """Learn from people how long they take."""
        return cls(Pace.fit(people))

    def draw(self, start: Point, target: Point, rng: np.random.Generator) -> Trajectory:
        """Draw a movement from start to target."""
        t = ticks(self.pace.duration(start, target, rng))
        begin, way = complex(*start), complex(target[0] - start[0], target[1] - start[1])
        count = int(rng.integers(0, PLACES + 1))
        along = np.sort(rng.uniform(0.1, 0.95, count))
        stops = np.concatenate(([0.0], along + 1j * rng.normal(0.0, BESIDE, count), [1.0]))
        share = t / t[-1]
        length = min(1.0, 1.6 / (count + 1))
        begins = np.linspace(0.0, 1.0 - length, count + 1)
        done = [_minimum((share - each) / length) for each in begins.tolist()]
        place = begin + way * sum(
            step * part for step, part in zip(np.diff(stops).tolist(), done, strict=True)
        )
        tremor = rng.normal(0.0, rng.uniform(*TREMOR), (2, len(t)))
        tremor[:, [0, -1]] = 0.0
        return movement(t, np.column_stack((place.real, place.imag)) + tremor.T)


def _minimum(share: Floats) -> Floats:
    """How much of a stretch is done at a share of its time; all of it afterwards."""
    u = np.clip(share, 0.0, 1.0)
    return np.asarray(u**3 * (10.0 - 15.0 * u + 6.0 * u * u))
