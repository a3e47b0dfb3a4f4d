"""What draws movements that nobody made, and the form in which it gives them."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from reauth.trajectory import Floats, Trajectory

PERIOD = 0.008
"""s between a program's points, 125 Hz: what most mice give, and what the segmenter keeps. Which
clock a movement is told by is the device's business (`reauth.generate.clock`)."""

Point = tuple[float, float]
"""x and y, px."""


class Generator(Protocol):
    """Draws movements from one place to another, one kind of program each."""

    @property
    def name(self) -> str:
        """The kind, as in the table of generators."""
        ...

    def draw(self, start: Point, target: Point, rng: np.random.Generator) -> Trajectory:
        """Draw a movement.

        Returns
        -------
        Trajectory
            Of movements only, whole px, from time 0 on. It goes from `start` to `target`, unless
            the kind says otherwise.
        """
        ...


Fit = Callable[[Sequence[Trajectory]], Generator]
"""Makes a generator from movements of people, which some kinds do without."""


def movement(t: Floats, places: Floats) -> Trajectory:
    """Give a movement as a program sends it: whole px, the first point at 0 s.

    Parameters
    ----------
    t
        (n,) s, strictly increasing; without any there is no point either.
    places
        (n, 2) px.
    """
    x, y = np.rint(places).T + 0.0  # a program knows no -0
    return Trajectory(0, t - t[:1], x, y)


def ticks(duration: float) -> Floats:
    """Give the moments, s, at which a program sends a point: both ends, `PERIOD` apart."""
    return np.linspace(0.0, duration, max(1, round(duration / PERIOD)) + 1)


def along(start: Point, target: Point, done: Floats) -> Floats:
    """Give the places, (n, 2) px, where so much (n,) of the straight way is done."""
    begin = np.array(start)
    return np.asarray(begin + done[:, None] * (np.array(target) - begin))
