"""What people do around their movements: where they go next, how they click, how long they rest."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from reauth.event import Kind
from reauth.generate.aimed import aimed, chord
from reauth.generate.generator import Point
from reauth.trajectory import Floats, Trajectory

PAUSE = 0.5
"""s; the pause that ends a movement (Medvet 2014, "Procedure: overview")."""
LEAST_REST = PAUSE + 0.05
"""s; a rest that a browser's timing cannot turn into none."""
EDGE = 0.05
"""Of either side of the screen, where nothing is aimed at."""

_RESTS = 0.6, 2.4  # s; where nobody's are known
_WAITS = 0.03, 0.25  # s from arriving to pressing, likewise
_HOLDS = 0.06, 0.14  # s from pressing to releasing, likewise


@dataclass(frozen=True, eq=False, slots=True)
class Habits:
    """What was seen of people, to be drawn from.

    Parameters
    ----------
    ways
        (k,) complex, px: where movements went, from the first point to the last; maybe none.
    rests
        s without movement before a movement.
    waits
        s from the last move of a movement to the click that ended it.
    holds
        s from pressing to releasing.
    """

    ways: NDArray[np.complex128]
    rests: Floats
    waits: Floats
    holds: Floats

    @classmethod
    def fit(cls, people: Sequence[Trajectory], longest: float) -> Self:
        """Learn from movements of people.

        Parameters
        ----------
        longest
            s; longer rests are taken for no part of what somebody did, and left out.
        """
        rests = [each.rest for each in people if PAUSE <= each.rest <= longest]
        clicks = [click for click in map(_click, people) if click is not None]
        return cls(
            np.array([chord(each) for each in aimed(people)], dtype=np.complex128),
            _known(rests, _RESTS),
            _known((wait for wait, _ in clicks if wait < PAUSE), _WAITS),
            _known((hold for _, hold in clicks if hold < PAUSE), _HOLDS),
        )

    def target(self, place: Point, screen: Point, rng: np.random.Generator) -> Point:
        """Draw where to go from a place: a way of people, turned by quarters until it fits in."""
        if len(self.ways):
            way = complex(rng.choice(self.ways))
            for turn in (1, -1, 1j, -1j):
                there = complex(*place) + way * turn
                if _inside(there, screen):
                    return round(there.real), round(there.imag)
        x, y = (round(rng.uniform(EDGE, 1 - EDGE) * side) for side in screen)
        return x, y

    def click(self, rng: np.random.Generator) -> tuple[float, float]:
        """Draw how long somebody waits and then holds the button, s; both within the pause."""
        wait, hold = float(rng.choice(self.waits)), float(rng.choice(self.holds))
        return wait, min(hold, LEAST_REST - wait - 0.01)

    def rest(self, rng: np.random.Generator) -> float:
        """Draw how long somebody rests, s."""
        return max(LEAST_REST, float(rng.choice(self.rests)))


def _click(trajectory: Trajectory) -> tuple[float, float] | None:
    """How long after its last move a movement's click came, and how long it was held, s.

    None where no click ended it; never released is held for ever.
    """
    if trajectory.kinds is None:
        return None
    t, kinds = trajectory.t, trajectory.kinds
    last = float(t[kinds == Kind.MOVE][-1])
    pressed = t[(kinds == Kind.DOWN) & (t > last)]
    if not len(pressed):
        return None
    released = t[(kinds == Kind.UP) & (t > pressed[0])]
    held = float(released[0] - pressed[0]) if len(released) else math.inf
    return float(pressed[0]) - last, held


def _known(seen: Iterable[float], usual: tuple[float, float]) -> Floats:
    """What was seen, or numbers all over what is usual."""
    found = np.array(list(seen), dtype=np.float64)
    return found if len(found) else np.linspace(*usual, 100)


def _inside(place: complex, screen: Point) -> bool:
    shares = place.real / screen[0], place.imag / screen[1]
    return all(EDGE <= share <= 1 - EDGE for share in shares)
