"""The door to what verdicts said of sessions, and to templates that wait beside the active ones."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from reauth.label import Label, Standing
from reauth.template import Template
from reauth.trajectory import Trajectory


class ShadowState(StrEnum):
    """What became of a shadow."""

    WAITING = "waiting"
    PROMOTED = "promoted"
    REJECTED = "rejected"
    OUTDATED = "outdated"
    """Another took its place, or the template that it was compared with is active no longer."""


@dataclass(frozen=True, slots=True)
class ShadowRow:
    """A template beside the active one.

    Parameters
    ----------
    device
        Its device class.
    base
        The active version that it was compared with.
    made
        s since 1970.
    alerts
        Those whose labels it rests on.
    comparison
        As `reauth.shadow.comparison_document` has it.
    version
        What it became; None unless it was promoted.
    decided_by, decided_at
        Who promoted or rejected it, and when; None before.
    """

    id: str
    user: str
    device: str
    base: int
    made: float
    state: ShadowState
    alerts: tuple[str, ...]
    comparison: Mapping[str, Any]
    version: int | None = None
    decided_by: str | None = None
    decided_at: float | None = None


class Lessons(Protocol):
    """Labels and shadows. Closing an alert keeps its label, whoever closes it."""

    async def labels(
        self, user: str | None = None, standings: Collection[Standing] = ()
    ) -> list[Label]:
        """Labels of one user or all, of some standings or any, oldest first."""

    async def label(self, alert: str) -> Label | None:
        """That of one alert."""

    async def decide(self, label: Label, was: Standing) -> bool:
        """Keep a label that has moved on from `was`; False if somebody was faster.

        One that never trains takes with it every shadow that waits and rests on it.
        """

    async def candidates(
        self, user: str, limit: int, devices: Collection[str]
    ) -> list[list[Trajectory]]:
        """Sessions that a shadow may learn from and nothing else, in order of time, newest kept.

        Two people have confirmed every alert of such a session, and no template with it was
        promoted yet.
        """

    async def shadows(
        self, user: str | None = None, state: ShadowState | None = None, limit: int = 1000
    ) -> list[ShadowRow]:
        """Shadows of one user or all, in one state or any, newest first."""

    async def shadow(self, shadow: str) -> tuple[ShadowRow, Template | None] | None:
        """One, with its template while it waits."""

    async def keep(self, row: ShadowRow, template: Template) -> None:
        """Keep a shadow; one that waits in its place is outdated by it."""

    async def promote(self, shadow: str, by: str, now: float) -> Template:
        """Make a shadow the active template of its class, and its labels taught: all or nothing.

        Raises
        ------
        NoLabel
            If it does not wait, another version than its base is active, or a label that it rests
            on was rejected.
        """

    async def discard(self, shadow: str, by: str, now: float) -> ShadowRow:
        """Reject a shadow; the sessions that it brought never train.

        Raises
        ------
        NoLabel
            If it does not wait.
        """
