"""What surrounds an alert: its session, the scores before and after, who else was there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reauth.alert import Alert
from reauth.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Point:
    """A movement of the session as its lane judged it; `score` None where it was not compared.

    `at` is s since 1970, of the batch that it came in.
    """

    number: int
    at: float
    score: float | None
    reason: str | None
    device: str


@dataclass(frozen=True, slots=True)
class Beside:
    """Another session of the same user at the same time."""

    client: str
    site: str
    source: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What is stored around an alert.

    Parameters
    ----------
    source, confidence
        How the proxy knew whose session it is, and how surely, 0 to 1.
    points
        The lane's movements, in order; of a long session those about the alert.
    beside
        The user's other sessions that went on while this one was odd.
    forked
        Whether a tab of this user and client sent two stories of the same stretch.
    waiting
        Batches of the user that wait for an earlier one: what came has a hole.
    refused
        Batches of the user refused about that time, by reason.
    learnt
        s since 1970 when the template was made; None if it is gone.
    """

    source: str
    confidence: float
    points: Sequence[Point] = ()
    beside: Sequence[Beside] = ()
    forked: bool = False
    waiting: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    learnt: float | None = None


@dataclass(frozen=True, slots=True)
class Footage:
    """Movement under an alert: the anomalous one, and the user's own from other sessions."""

    seen: Sequence[Trajectory]
    own: Sequence[Trajectory]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits to be sent to one sink: `failing` was tried before, `given_up` never comes."""

    sink: str
    waiting: int
    failing: int
    given_up: int


class Scenes(Protocol):
    """Narrow reads for whoever looks at an alert."""

    async def scene(self, alert: Alert) -> Scene | None:
        """What is stored around an alert; None where it has no session, or that is gone."""

    async def footage(self, alert: Alert, own: int) -> Footage:
        """The movement that an alert rests on, with `own` of the user's at most."""

    async def backlog(self) -> list[Backlog]:
        """Sinks to which something has yet to go, by name."""
