"""A recording as movements with idle time between them: what a seat plays.

Idle time is shortened to the pause that ends a trajectory, movements never are. Their clicks stay
with them; scrolling is left out, as it moves no pointer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reauth.event import Event, Kind

PAUSE = 0.5
"""s; Medvet's pause: what is still for so long is idle."""
REST = 0.56
"""s at rest between two movements: the pause, and what a browser's timing may be off by."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Events between two pauses; times in s from the movement's first event, positions in px."""

    events: tuple[Event, ...]

    @property
    def duration(self) -> float:
        """s from the first event to the last."""
        return self.events[-1].t

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Least x and y, width and height, px."""
        xs, ys = [event.x for event in self.events], [event.y for event in self.events]
        return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def movements(events: Iterable[Event]) -> list[Movement]:
    """Cut a recording at its pauses.

    A move to the last position is none, as in the segmenter. A click that falls into a pause is
    its movement's last event, a tenth of a second after it.
    """
    found: list[Movement] = []
    open_: list[Event] = []
    last: Event | None = None
    for event in events:
        if event.kind == Kind.MOVE:
            if last is not None and (event.x, event.y) == (last.x, last.y):
                continue
            if last is not None and event.t - last.t >= PAUSE:
                found.append(_closed(open_))
                open_ = []
            last = event
            open_.append(event)
        elif event.kind in (Kind.DOWN, Kind.UP) and last is not None:
            open_.append(event._replace(t=min(event.t, last.t + 0.1), x=last.x, y=last.y))
    return [*found, _closed(open_)] if open_ else found


def _closed(events: Sequence[Event]) -> Movement:
    ordered = sorted(events, key=lambda event: event.t)
    start = ordered[0].t
    return Movement(tuple(event._replace(t=event.t - start) for event in ordered))


def seat(found: Sequence[Movement], seconds: float) -> list[Movement]:
    """As many movements, from the first on, as fit into so many seconds with their rests."""
    kept, spent = [], 0.0
    for movement in found:
        spent += movement.duration + REST
        if spent > seconds:
            break
        kept.append(movement)
    return kept


def timed(played: Iterable[Movement], start: float = 0.0) -> Iterator[Event]:
    """The events as a perfect browser would report them: true speed, rests between."""
    for movement in played:
        for event in movement.events:
            yield event._replace(t=start + event.t)
        start += movement.duration + REST
