"""What people do about alerts, whoever asks: command line, API or page."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from reauth.alert import (
    Alert,
    IllegalTransition,
    Severity,
    Step,
    annotate,
    assign,
    move,
    tag,
)
from reauth.drill import drill
from reauth.errors import ReauthError
from reauth.ports import Cases, Commit, Store, Suppressions
from reauth.suppression import NoRule, Rule, made


class NoAlert(ReauthError):
    """The analyst's fault: there is no alert of that id."""


@dataclass(frozen=True, slots=True)
class Closing:
    """What an alert is closed or taken with; `verdict` None is the action's own."""

    note: str = ""
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class Many:
    """What came of one action on many alerts: those that it was done to, and why not to others."""

    done: tuple[Alert, ...]
    refused: dict[str, str]


class Triage:
    """One for a process.

    Parameters
    ----------
    store
        Takes test alerts.
    cases, suppressions
        Where they are read, too.
    clock
        Seconds since 1970.
    """

    def __init__(
        self, store: Store, cases: Cases, suppressions: Suppressions, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self.cases = cases
        self.suppressions = suppressions
        self._clock = clock

    async def move(self, alert_id: str, action: str, by: str, closing: Closing) -> Alert:
        """Acknowledge, confirm or dismiss.

        Raises
        ------
        IllegalTransition
            If it cannot go there from where it is.
        NoAlert
            If there is none.
        """
        step = self._step(action, by, closing.note)
        return await self._change(alert_id, lambda one: move(one, action, step, closing.verdict))

    async def assign(self, alert_id: str, to: str | None, by: str) -> Alert:
        """Put it in somebody's hands, or in nobody's; raises as `move`."""
        step = self._step("assign", by, f"to {to}" if to else "to nobody")
        return await self._change(alert_id, lambda one: assign(one, to or None, step))

    async def tag(
        self, alert_id: str, add: Sequence[str], remove: Sequence[str], by: str
    ) -> Alert:
        """Put tags on it and take some off; raises as `move`."""
        told = [*(f"+{one}" for one in add), *(f"-{one}" for one in remove)]
        if not told:
            raise IllegalTransition("name a tag to put on, or one to take off")
        step = self._step("tag", by, " ".join(told))
        return await self._change(alert_id, lambda one: tag(one, add, remove, step))

    async def note(self, alert_id: str, note: str, by: str) -> Alert:
        """Write another note; raises as `move`."""
        return await self._change(alert_id, lambda one: annotate(one, self._step("note", by, note)))

    async def many(
        self, alert_ids: Sequence[str], action: Callable[[str], Awaitable[Alert]]
    ) -> Many:
        """Do one thing to many alerts, each for itself: one that refuses stops no other."""
        done, refused = list[Alert](), dict[str, str]()
        for alert_id in dict.fromkeys(alert_ids):
            try:
                done.append(await action(alert_id))
            except (IllegalTransition, NoAlert) as error:
                refused[alert_id] = str(error)
        return Many(tuple(done), refused)

    async def drill(self, kind: str, severity: Severity) -> Alert:
        """Raise a test alert: through the store to every sink, marked as one."""
        alert = drill(kind, severity, self._clock())
        await self._store.commit(Commit(alerts=[alert]))
        return alert

    async def suppress(self, rule: Rule) -> Rule:
        """Keep a rule or a window of maintenance; its id and time of making are given here.

        Raises
        ------
        NoRule
            If it may not be kept; the message says why.
        """
        return await self.suppressions.add(made(replace(rule, made=self._clock())))

    async def end(self, rule_id: str, kind: str) -> Rule:
        """Let a rule or window end now.

        Raises
        ------
        NoRule
            If there is none.
        """
        ended = await self.suppressions.end(rule_id, kind, self._clock())
        if ended is None:
            raise NoRule(f"there is no {kind} '{rule_id}'")
        return ended

    def _step(self, action: str, by: str, note: str) -> Step:
        return Step(self._clock(), action, by, note)

    async def _change(self, alert_id: str, change: Callable[[Alert], Alert]) -> Alert:
        changed = await self.cases.change(alert_id, change)
        if changed is None:
            raise NoAlert(f"there is no alert '{alert_id}'; `reauth alerts list` has them all")
        return changed
