"""A movement of a person as it is: a replay."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from reauth.errors import SettingsError
from reauth.generate.aimed import moves
from reauth.generate.generator import Point
from reauth.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Recorded:
    """Plays somebody's movements again, whichever comes, moved by nothing.

    Parameters
    ----------
    library
        Movements without clicks, from time 0 on.
    """

    library: Sequence[Trajectory]
    name: ClassVar[str] = "recorded"

    @classmethod
    def fit(cls, people: Sequence[Trajectory]) -> Self:
        """Take the movements of people that have two points at least.

        Raises
        ------
        SettingsError
            If there are none.
        """
        library = [found for found in map(moves, people) if len(found.t) > 1]
        if not library:
            raise SettingsError("to play recorded movement, recordings of people are needed")
        return cls(library)

    def draw(self, start: Point, target: Point, rng: np.random.Generator) -> Trajectory:
        """Draw a movement; it goes where it went, whatever the start and the target."""
        return self.library[int(rng.integers(len(self.library)))]
