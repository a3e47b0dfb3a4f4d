"""The door to what was told outside: every attempt, what waits, and doing it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from reauth.news import Event


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to tell a sink something.

    `delivery` names the row of the outbox, None for a test that nobody's alert is behind; `at` is
    seconds since 1970, `number` counts from 1, `result` is delivered, failed or given_up, `fault`
    what the other side made of it, without a secret and without an address's path.
    """

    id: int
    delivery: int | None
    alert: str | None
    sink: str
    event: Event
    at: float
    number: int
    result: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a sink has yet to take, what was given up, and how its last attempt ended."""

    waiting: int = 0
    given_up: int = 0
    last: Attempt | None = None


class Deliveries(Protocol):
    """What was told outside, beside the outbox that `Store` carries."""

    async def attempts(
        self, sink: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[Attempt]:
        """Attempts, the newest first, of one sink or of all, before the one whose id is given."""

    async def backlog(self) -> Mapping[str, Backlog]:
        """By the names of the sinks that anything was ever told."""

    async def again(self, delivery: int) -> bool:
        """Let a delivery begin anew, at once and with all its attempts; False if there is none.

        It goes out under the id that it had: a receiver that has it drops it.
        """

    async def noted(self, sink: str, event: Event, at: float, fault: str | None) -> None:
        """Keep an attempt that is no delivery of the outbox: a test; None means that it arrived."""
