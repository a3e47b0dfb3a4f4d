"""A movement of a person that is turned and scaled to where a program wants to go."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from reauth.errors import SettingsError
from reauth.generate.aimed import aimed, chord
from reauth.generate.generator import Point, movement
from reauth.trajectory import Floats, Trajectory

SIMILAR = 10
"""Movements of the most similar lengths, of which one is taken."""


def onto(t: Floats, places: Floats, start: Point, target: Point) -> Trajectory:
    """Turn, scale and shift a movement so that its first and last point are these.

    Parameters
    ----------
    t, places
        (n,) s and (n, 2) px; the last place another one than the first.
    """
    path = places[:, 0] + 1j * places[:, 1]
    begin, end = complex(*start), complex(*target)
    moved = begin + (path - path[0]) * ((end - begin) / (path[-1] - path[0]))
    return movement(t, np.column_stack((moved.real, moved.imag)))


@dataclass(frozen=True, slots=True)
class Retargeted:
    """The evasion attack: recorded movement, chosen by its length, fitted to the wanted way.

    Times stay as they were, so that a movement is as fast as its person was, but for the scale.

    Parameters
    ----------
    library
        Movements that go somewhere, by the length of their chord.
    lengths
        ln(px) of each.

    References
    ----------
    Lu et al. 2021, section 3.2: a library of slides by length, "calculates the new coordinate point
    and delay time". Slides have one direction; here movements are turned as well.
    """

    library: Sequence[Trajectory]
    lengths: Floats
    name: ClassVar[str] = "retargeted"

    @classmethod
    def fit(cls, people: Sequence[Trajectory]) -> Self:
        """Take the movements of people that go somewhere.

        Raises
        ------
        SettingsError
            If there are none.
        """
        library = sorted(aimed(people), key=lambda each: abs(chord(each)))
        if not library:
            raise SettingsError("to retarget movement, recordings of people are needed")
        return cls(library, np.log([abs(chord(each)) for each in library]))

    def draw(self, start: Point, target: Point, rng: np.random.Generator) -> Trajectory:
        """Draw a movement from start to target."""
        wanted = math.log(max(1.0, math.dist(start, target)))
        apart = np.abs(self.lengths - wanted)
        similar = np.argsort(apart, kind="stable")[:SIMILAR]
        taken = self.library[int(rng.choice(similar))]
        return onto(taken.t, np.column_stack((taken.x, taken.y)), start, target)
