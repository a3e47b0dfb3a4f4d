"""How long people take for a way, in how many points, and how bent they go."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from reauth.generate.aimed import aimed, chord
from reauth.generate.generator import PERIOD, Point
from reauth.movement import LEAST_TIME
from reauth.trajectory import Floats, Trajectory

NEAREST = 50
"""Movements of people that are taken for like a wanted one: enough for a mean and a deviation."""
MOST = 4000
"""Movements of people at most that are learnt from, evenly taken: enough for any way."""
LEAST_DRAWN = 5
"""Points of a drawn movement at least; a normal distribution knows no bounds."""

_WIDTH = 60.0  # px; a button
_FITTS = 0.30, 0.17  # s, s a bit: in the middle of mouse studies (MacKenzie 1992, table 3)
_SPREAD = 0.25  # of ln(duration)
_BEND = 0.4  # deviation of the bow: a tenth of the chord at its middle
_KNOWN = 2000  # movements that stand for everybody where there are none


@dataclass(frozen=True, eq=False, slots=True)
class Pace:
    """What people do on a way like the wanted one, by its length and its direction.

    Parameters
    ----------
    way
        (k,) complex, px: from the first point of a movement to the last.
    durations
        (k,) s.
    counts
        (k,) points.
    bows
        (k,) quadratic fits: a, where the movement is a u (1 - u) chords beside the chord when it
        has done the share u of it; above 0 to the right of where it goes, on a screen.
    """

    way: NDArray[np.complex128]
    durations: Floats
    counts: Floats
    bows: Floats

    @classmethod
    def fit(cls, people: Sequence[Trajectory]) -> Self:
        """Learn from movements of people; without any that are aimed, take a law of the books.

        References
        ----------
        MacKenzie 1992, "Fitts' law as a research and design tool", HCI 7, eq. 6 (Shannon's form).
        """
        known = aimed(people)
        known = known[:: max(1, math.ceil(len(known) / MOST))]
        if not known:
            return cls(*_by_the_books())
        way = np.array([chord(each) for each in known])
        return cls(
            way,
            np.array([each.t[-1] for each in known]),
            np.array([float(len(each.t)) for each in known]),
            np.array([_bow(each, along) for each, along in zip(known, way, strict=True)]),
        )

    def duration(self, start: Point, target: Point, rng: np.random.Generator) -> float:
        """Draw how long somebody took for a way like this one, s."""
        return max(LEAST_TIME, float(rng.choice(self.durations[self._like(start, target)])))

    def bow(self, start: Point, target: Point, rng: np.random.Generator) -> float:
        """Draw how bent somebody went on a way like this one."""
        return float(rng.choice(self.bows[self._like(start, target)]))

    def moments(self, start: Point, target: Point, rng: np.random.Generator) -> Floats:
        """Draw the moments, s, of as many points as people have on a way like this one.

        Their number is normal with the mean and deviation of people, and their spacing the mean
        one.

        References
        ----------
        Acien et al. 2021 (BeCAPTCHA-Mouse), section 3.2.1: number of points; their times are ours.
        """
        like = self._like(start, target)
        counts = self.counts[like]
        count = max(LEAST_DRAWN, round(rng.normal(counts.mean(), counts.std())))
        spacing = self.durations[like].mean() / max(1.0, counts.mean() - 1)
        return np.asarray(spacing * np.arange(max(count, math.ceil(LEAST_TIME / spacing) + 1)))

    def _like(self, start: Point, target: Point) -> NDArray[np.intp]:
        """Which movements are like this way: near it by the logarithm of its length, and angle."""
        wanted = complex(target[0] - start[0], target[1] - start[1])
        apart = np.log(self.way / (wanted if abs(wanted) >= 1 else 1.0))
        if len(apart) <= NEAREST:
            return np.arange(len(apart))
        # A way twice as long is as far as one that goes 40 degrees elsewhere.
        return np.argpartition(np.abs(apart), NEAREST)[:NEAREST]


def _bow(trajectory: Trajectory, way: complex) -> float:
    """Fit a parabola through both ends of a movement, by least squares."""
    begin = complex(trajectory.x[0], trajectory.y[0])
    seen = (trajectory.x + 1j * trajectory.y - begin) / way
    basis = seen.real * (1 - seen.real)
    return float(basis @ seen.imag / max(float(basis @ basis), 1e-9))


def _by_the_books() -> tuple[NDArray[np.complex128], Floats, Floats, Floats]:
    """Ways over a screen in all directions, and what Fitts' law says of them."""
    rng = np.random.default_rng(0)
    lengths = np.exp(rng.uniform(math.log(10), math.log(2000), _KNOWN))
    turns = np.exp(rng.uniform(-math.pi, math.pi, _KNOWN) * 1j)
    durations = (_FITTS[0] + _FITTS[1] * np.log2(lengths / _WIDTH + 1)) * np.exp(
        rng.normal(0.0, _SPREAD, _KNOWN)
    )
    counts = np.rint(durations / PERIOD) + 1
    return lengths * turns, durations, counts, rng.normal(0.0, _BEND, _KNOWN)
