"""The doors to alerts as people work on them, and to what holds alerts back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reauth.alert import Alert, Severity, State
from reauth.suppression import Rule

Change = Callable[[Alert], Alert]
"""What becomes of an alert; may raise `IllegalTransition`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts; None asks for nothing.

    `states` and `severities` are any of these, `held` is what held it back, `user` "" means nobody
    known, `assignee` "" nobody; `since` and `until` are seconds since 1970, of raising. `before` is
    the id of an alert: only those further down the list.
    """

    states: tuple[State, ...] = ()
    severities: tuple[Severity, ...] = ()
    kind: str | None = None
    lane: str | None = None
    user: str | None = None
    client: str | None = None
    session: str | None = None
    site: str | None = None
    assignee: str | None = None
    tag: str | None = None
    suppressed: bool | None = None
    held: str | None = None
    test: bool | None = None
    since: float | None = None
    until: float | None = None
    before: str | None = None


class Cases(Protocol):
    """Alerts as people work on them."""

    async def find(self, wanted: Wanted, limit: int) -> list[Alert]:
        """Alerts, newest first.

        Raises
        ------
        StoreError
            If there is no alert that `before` names.
        """

    async def change(self, alert_id: str, change: Change) -> Alert | None:
        """Change an alert whole, whoever else does; as it is then, None if there is none."""

    async def tell(self, alert_id: str, change: Change, sinks: Sequence[str]) -> Alert | None:
        """The same, and have sinks told that have not been; told on the day of its last step.

        Neither a test nor an escalation counts as told.
        """

    async def unseen(self, before: float, limit: int) -> list[Alert]:
        """Open alerts raised before a time (s) that were told, escalated to nobody, and no tests.

        The oldest first.
        """

    async def held_over(self, by: str, before: float, limit: int) -> list[Alert]:
        """Open alerts held back by something and raised before a time (s), the severest first."""

    async def told(self, day: int) -> int:
        """How many alerts were told on a day (days since 1970-01-01, UTC); tests are none."""

    async def figures(self) -> Mapping[str, float]:
        """For the metrics, by name with labels; tests are not counted.

        `alerts_open{severity}`, `alerts_held{by}` (open ones held back: population, budget, rule),
        `alerts_total{verdict}`, and `time_to_triage_seconds` (from raising to acknowledging) as
        `reauth.histogram` has it.
        """


class Suppressions(Protocol):
    """Rules that hold alerts back."""

    async def add(self, rule: Rule) -> Rule:
        """Keep a rule; the same once more changes nothing."""

    async def end(self, rule_id: str, kind: str, now: float) -> Rule | None:
        """Let a rule end at a time (s), unless it has; None if there is none of that kind."""

    async def rules(self, kind: str) -> list[Rule]:
        """All of a kind, the last to end first."""

    async def standing(self, now: float) -> list[Rule]:
        """Those of any kind that hold something back at a time (s)."""
