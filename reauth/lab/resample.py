"""A recording as another clock would have told it: an old machine's, or a remote one's.

Whoever is told apart by the rate of a mouse is not told apart by his hand. With everybody's
recordings on one grid the rate says nothing, and what is left is movement.
"""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from reauth.event import Event, Kind
from reauth.trajectory import TICK, Floats

STILL = 0.5
"""s; between movements that are further apart the pointer stood, and then jumped: the pause that
ends a trajectory (Medvet 2014, "Procedure: overview")."""


def resampled(events: Sequence[Event], step: float) -> list[Event]:
    """Look at a recording every `step` s.

    A movement is told at a look if the pointer is then at another whole pixel than it was at the
    last one, on the straight line between the events around it. Buttons, the wheel and markers
    come as they were, at the next look, after the movement of that look.

    Parameters
    ----------
    events
        Of one page, in order of time.
    step
        s.

    Examples
    --------
    >>> line = [Event(Kind.MOVE, 0, 0.01 * i, 10.0 * i, 0.0) for i in range(6)]
    >>> [(round(event.t, 3), event.x) for event in resampled(line, 0.025)]
    [(0.0, 0.0), (0.025, 25.0), (0.05, 50.0)]
    """
    found: list[Event] = []
    for moves, part in groupby(events, lambda event: event.kind == Kind.MOVE):
        if moves:
            found += _moves(list(part), step)
        else:
            found += [event._replace(t=_look(event.t, step) * step) for event in part]
    # Movements on both sides of a click may have been told at one look.
    return sorted(_changed(found), key=lambda event: (event.t, event.kind != Kind.MOVE))


def _look(t: float, step: float) -> int:
    """The first look at `t` or later; half a tick of grace makes whole multiples their own."""
    return int(np.ceil((t - TICK / 2) / step))


def _moves(moves: Sequence[Event], step: float) -> list[Event]:
    """Movements without anything between them: on straight lines, but for pauses."""
    t, x, y = (np.array(column) for column in list(zip(*moves, strict=True))[2:5])
    pieces = np.split(np.arange(len(t)), np.flatnonzero(np.diff(t) >= STILL) + 1)
    found: list[Event] = []
    for piece in pieces:
        looks = np.arange(_look(t[piece[0]], step), _look(t[piece[-1]], step) + 1)
        at = np.asarray(looks * step, dtype=np.float64)
        xs, ys = (np.rint(np.interp(at, t[piece], each[piece])) for each in (x, y))
        held = _before(at, t[piece])
        found += [
            Event(Kind.MOVE, moves[0].page, when, left, down, moves[piece[place]].ext)
            for when, left, down, place in zip(
                at.tolist(), xs.tolist(), ys.tolist(), held.tolist(), strict=True
            )
        ]
    return found


def _before(at: Floats, t: Floats) -> np.ndarray:
    """Places of the last of `t` at or before each of `at`; the first where there is none."""
    return np.maximum(np.searchsorted(t, at + TICK / 2, side="right") - 1, 0)


def _changed(events: Sequence[Event]) -> list[Event]:
    """Leave out movements to where the pointer is, and all but the last one of a look."""
    found: list[Event] = []
    place = -1
    for event in events:
        last = found[place] if place >= 0 else None
        if event.kind != Kind.MOVE or last is None:
            place = len(found) if event.kind == Kind.MOVE else place
            found.append(event)
        elif last.t == event.t:
            found[place] = event
        elif (last.x, last.y) != (event.x, event.y):
            place = len(found)
            found.append(event)
    return found
