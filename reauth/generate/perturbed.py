"""A movement of a person with some points a little elsewhere: a replay that hides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from reauth.generate.generator import Point
from reauth.generate.recorded import Recorded
from reauth.trajectory import Trajectory

SHARE = 0.3
"""Of the points, that are moved (biometrics.md §7, G10)."""


def perturbed(
    trajectory: Trajectory, share: float, size: float, rng: np.random.Generator
) -> Trajectory:
    """Move a share of a movement's points by so many px, each left, right, up or down.

    Parameters
    ----------
    trajectory
        Of movements only.
    share
        0 to 1; as many points as are nearest to it, whichever they are.

    References
    ----------
    Lu et al. 2021, section 6.3.4 ("offset rate"): 1 and 3 px. Theirs are slides from left to right;
    a movement in any direction is moved along either axis here.
    """
    places = np.stack((trajectory.x, trajectory.y))
    count = round(share * len(trajectory.t))
    points = rng.choice(len(trajectory.t), count, replace=False)
    places[rng.integers(2, size=count), points] += size * (2 * rng.integers(2, size=count) - 1)
    return Trajectory(trajectory.page, trajectory.t, places[0], places[1])


@dataclass(frozen=True, slots=True)
class Perturbed:
    """Plays somebody's movements again, with a share of the points moved by `size` px."""

    recorded: Recorded
    size: int

    @classmethod
    def fit(cls, size: int, people: Sequence[Trajectory]) -> Self:
        """Take the movements of people.

        Raises
        ------
        SettingsError
            If there are none.
        """
        return cls(Recorded.fit(people), size)

    @property
    def name(self) -> str:
        """The kind, with its size."""
        return f"perturbed-{self.size}px"

    def draw(self, start: Point, target: Point, rng: np.random.Generator) -> Trajectory:
        """Draw a movement; it goes where it went, whatever the start and the target."""
        return perturbed(self.recorded.draw(start, target, rng), SHARE, self.size, rng)
