"""The list of users, a page of it at a time, and what is known of one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from reauth.alert import Alert
from reauth.person import Enrolled, PersonRow


class Order(StrEnum):
    """What a list of users may be sorted by.

    `progress` ends at what enrolment needs: how much somebody moves beyond that is nobody's
    business.
    """

    USER = "user"
    STATE = "state"
    PROGRESS = "progress"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which users.

    Parameters
    ----------
    search
        Part of the name, whichever the case of its ASCII letters.
    state
        None for all.
    needed
        Trajectories from which on all are alike to `Order.PROGRESS`.
    first, most
        The page: so many users, after so many.
    """

    search: str = ""
    state: Enrolled | None = None
    order: Order = Order.USER
    descending: bool = False
    needed: int = 300
    first: int = 0
    most: int = 50


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of users in order; how many there are in all, and by state whatever state was asked.

    `states` and `total` count those that the search finds.
    """

    people: Sequence[PersonRow]
    total: int
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A template of a user, without what it has learnt; `quality` by window as stored."""

    version: int
    device: str
    provisional: bool
    enrolled_at: float
    active: bool
    quality: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Remarks:
    """What people wrote down about a user: at enrolment, and when they were paused."""

    note: str = ""
    paused_why: str = ""


class Roster(Protocol):
    """Reads that are as quick among ten thousand users as among ten."""

    async def listing(self, asked: Asked) -> Listing:
        """A page of users."""

    async def versions(self, user: str) -> list[VersionRow]:
        """A user's templates, newest first."""

    async def remarks(self, user: str) -> Remarks:
        """What was written down about a user."""

    async def alerts_of(self, user: str, limit: int) -> list[Alert]:
        """A user's newest alerts, newest first."""

    async def expect(self, user: str, note: str) -> None:
        """Put somebody on the list before anything is known of them; an empty note changes none."""

    async def pause(self, user: str, why: str) -> None:
        """Stop comparing a user, for a reason."""

    async def resume(self, user: str) -> None:
        """Compare a user again."""


class LineState(StrEnum):
    """What became of a line of a list."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Line:
    """One user of a list to be enrolled; `told` says what became of it."""

    number: int
    user: str
    note: str = ""
    file: str = ""
    state: LineState = LineState.WAITING
    told: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A list that somebody gave; `begun` in s since 1970."""

    id: str
    begun: float
    begun_by: str
    lines: Sequence[Line] = field(default_factory=tuple)


class Runs(Protocol):
    """Lists of users to be enrolled: kept, so that a restart forgets none of their lines."""

    async def begin(self, run: Run) -> None:
        """Keep a new list."""

    async def run(self, name: str) -> Run | None:
        """One list, lines in order."""

    async def runs(self) -> list[Run]:
        """The newest lists, newest first, without their lines."""

    async def waiting(self) -> tuple[str, Line] | None:
        """The list and the line that is next; None when all is done."""

    async def told(self, run: str, line: Line) -> None:
        """Keep what became of a line."""
