"""Sigma-lognormal synthesis: strokes of people, each a little other than it was."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from reauth.decomposition import decompose
from reauth.errors import SettingsError
from reauth.generate.aimed import aimed
from reauth.generate.generator import Point, ticks
from reauth.generate.retargeted import SIMILAR, onto
from reauth.lognormal import Stroke, parameters, trace
from reauth.movement import LEAST_TIME
from reauth.trajectory import Floats, Trajectory

KNOWN = 100
"""Movements of people at most that are decomposed: enough of any length, in some seconds."""
LEAST_DB = 15.0
"""dB that a decomposition must reach (biometrics.md §1.3, "Extraction loop")."""
SPREAD = np.array([0.15, 0.01, 0.05, 0.10, 0.05, 0.05])
"""Deviations of what is drawn anew of each stroke: of ln(d), t0 in s, mu, ln(sigma), both angles in
rad; about what a hand differs by from one time to the next, ours."""
LEAST_CHORD = 0.5
"""Of the chord of the strokes as they were; what has less went astray, and is drawn anew."""

_TRIES = 8
_LOGARITHMS = (0, 3)  # d and sigma are above 0, so that it is their logarithms that vary


@dataclass(frozen=True, eq=False, slots=True)
class Strokes:
    """A decomposed movement: its strokes, and how long it took, s."""

    rows: Floats
    duration: float

    def run(self, rows: Floats) -> tuple[Floats, Floats]:
        """Give times (n,) s and places (n, 2) px of such strokes within the same time."""
        t = ticks(self.duration)
        return t, trace([Stroke(*row) for row in rows.tolist()], t, (0.0, 0.0))


@dataclass(frozen=True, eq=False, slots=True)
class Lognormal:
    """Draws the strokes of a movement of similar length anew, and fits them to the wanted way.

    Parameters
    ----------
    library
        Decomposed movements.
    chords
        px, how far each of them goes.

    References
    ----------
    biometrics.md §1.3 (model), Acien et al. 2021, section 3.1; how strokes are varied is ours.
    """

    library: Sequence[Strokes]
    chords: Floats
    name: ClassVar[str] = "lognormal"

    @classmethod
    def fit(cls, people: Sequence[Trajectory]) -> Self:
        """Decompose movements of people.

        Raises
        ------
        SettingsError
            If none goes somewhere and can be decomposed.
        """
        known = aimed(people)
        library, chords = [], []
        for each in known[:: max(1, math.ceil(len(known) / KNOWN))]:
            found = decompose(each, polish=0)
            strokes = Strokes(parameters(found.strokes), max(LEAST_TIME, float(each.t[-1])))
            far = _chord(strokes.run(strokes.rows)[1])
            if found.snr_db >= LEAST_DB and far >= 1:
                library.append(strokes)
                chords.append(far)
        if not library:
            raise SettingsError("to vary strokes of people, recordings of people are needed")
        return cls(library, np.array(chords))

    def draw(self, start: Point, target: Point, rng: np.random.Generator) -> Trajectory:
        """Draw a movement from start to target."""
        wanted = max(1.0, math.dist(start, target))
        similar = np.argsort(np.abs(np.log(self.chords / wanted)), kind="stable")[:SIMILAR]
        taken = int(rng.choice(similar))
        strokes, least = self.library[taken], LEAST_CHORD * self.chords[taken]
        for _ in range(_TRIES):
            t, places = strokes.run(varied(strokes.rows, rng))
            if _chord(places) >= least:
                return onto(t, places, start, target)
        return onto(*strokes.run(strokes.rows), start, target)


def varied(rows: Floats, rng: np.random.Generator) -> Floats:
    """Draw strokes, a row each (`reauth.lognormal.parameters`), near to given ones."""
    away = rng.normal(0.0, SPREAD, rows.shape)
    found = rows + away
    for column in _LOGARITHMS:
        found[:, column] = rows[:, column] * np.exp(away[:, column])
    return found


def _chord(places: Floats) -> float:
    return float(np.hypot(*(places[-1] - places[0])))
