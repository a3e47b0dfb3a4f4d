"""Movement that was seen before, also if it was turned and scaled to go somewhere else.

Whoever has a recording of a person need not play it as it was: turned, scaled and shifted it goes
from where a pointer is to where it is wanted, with that person's own times (Lu 2021, section 3.2).
So every movement is looked up twice: as it is, and laid on a line of one length.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from reauth.detect.replay import NEW, Library
from reauth.event import Kind
from reauth.trajectory import Trajectory

LINE: Final = 300.0
"""px between the ends of a movement that is laid on a line; three times the least, so that whole px
are small on it; ours."""

LEAST_CHORD: Final = 100.0
"""px; of a shorter one whole px make more, on the line, than `reauth.detect.shape` allows for."""

ON_LINE: Final = -2.5
"""nats; no movement that is known on the line only weighs more: four numbers less tell two of them
apart there, and chance meets more often."""


def laid(movement: Trajectory) -> Trajectory | None:
    """Turn and scale a movement so that it ends `LINE` px to the right of where it began.

    None where it ends within `LEAST_CHORD` of its beginning; clicks are left out.
    """
    places, t = movement.x + 1j * movement.y, movement.t
    if movement.kinds is not None:
        moves = movement.kinds == Kind.MOVE
        places, t = places[moves], t[moves]
    if not t.size or abs(places[-1] - places[0]) < LEAST_CHORD:
        return None
    way = (places - places[0]) * (LINE / (places[-1] - places[0]))
    x, y = (np.ascontiguousarray(part) for part in (way.real, way.imag))
    return Trajectory(movement.page, t, x, y)


class Turned:
    """Two libraries, of movements as they are and laid on a line; each with limits of its own.

    Parameters
    ----------
    most
        Movements that each keeps.

    Examples
    --------
    >>> turn = np.linspace(0.0, 2.0, 60)
    >>> bow = Trajectory(0, turn / 2, 300 * turn, 120 * np.sin(turn * 2))
    >>> other = Trajectory(0, turn / 2, -150 * np.sin(turn * 2), 375 * turn)
    >>> known = Turned(1000)
    >>> known.remember([bow])
    >>> known.score_many([bow]) < known.score_many([other]) < [0.0]
    True
    """

    name: ClassVar[str] = "turned"
    version: ClassVar[int] = 1

    def __init__(self, most: int) -> None:
        self.plain, self.line = Library(most), Library(most)

    @property
    def remembers(self) -> int:
        """How many movements it is to be reminded of at a start."""
        return self.plain.remembers

    def score_many(self, movements: Sequence[Trajectory]) -> list[float | str]:
        """Give each movement's log-likelihood ratio, nats, or why it has none.

        The lower of both; `NEW` if neither knows it and one of them would.
        """
        scores = self.plain.score_many(movements)
        for place, movement in enumerate(movements):
            line = laid(movement)
            if line is None:
                continue
            [found] = self.line.score_many([line])
            on_line = found if isinstance(found, str) else max(found, ON_LINE)
            scores[place] = _lower(scores[place], on_line)
        return scores

    def take(self, learnt: bytes) -> None:
        """Nothing: what is learnt comes with the movements that it is reminded of."""

    def remember(self, movements: Sequence[Trajectory]) -> None:
        """Take movements that were judged, in order of time."""
        self.plain.remember(movements)
        self.line.remember([each for each in map(laid, movements) if each is not None])

    def forget(self) -> None:
        """Forget all movements, and what they taught."""
        self.plain.forget()
        self.line.forget()


def _lower(one: float | str, other: float | str) -> float | str:
    if isinstance(one, str):
        return other if not isinstance(other, str) else one
    return one if isinstance(other, str) else min(one, other, NEW)
