"""Looks for alerts that wait too long: tells others of what nobody takes, and of yesterday's.

All that is known stands in the store, so that a restart neither forgets nor repeats anything.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from reauth.alert import BUDGET, Alert, IllegalTransition, State, Step, escalate, release
from reauth.errors import StoreError
from reauth.ports import Cases
from reauth.settings import Alerts

log = logging.getLogger(__name__)

EVERY = 15.0
"""s between looks; escalation is counted in minutes."""
DAY = 86_400.0
BY = "reauth"
"""Who does it, in an alert's history."""
_AT_ONCE = 1000


class Lookout:
    """One for a house.

    Parameters
    ----------
    sinks
        Names of those that are told of every alert, and of those that are told only of what nobody
        takes.
    clock
        Seconds since 1970.
    on_told
        Called when there is something to deliver.
    """

    def __init__(
        self,
        cases: Cases,
        settings: Alerts,
        sinks: tuple[Sequence[str], Sequence[str]],
        clock: Callable[[], float],
        on_told: Callable[[Sequence[Alert]], None] = lambda alerts: None,
    ) -> None:
        self._cases = cases
        self._settings = settings
        self._usual, self._higher = sinks
        self._clock = clock
        self._on_told = on_told

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                log.error("lookout_failed", extra={"fault": str(error)})
            await asyncio.sleep(EVERY)

    async def look(self) -> list[Alert]:
        """Tell what is due; the alerts that were told.

        Raises
        ------
        StoreError
            If the store cannot be read or written.
        """
        now = self._clock()
        told = [*await self._released(now), *await self._escalated(now)]
        if told:
            self._on_told(told)
        return told

    async def _escalated(self, now: float) -> list[Alert]:
        """Tell the higher sinks of what nobody took in time."""
        wait = self._settings.escalate_after
        if not wait or not self._higher:
            return []
        step = Step(now, "escalate", BY, f"nobody acknowledged it in {wait / 60:g} minutes")
        due = await self._cases.unseen(now - wait, _AT_ONCE)
        return await self._told(due, lambda alert: escalate(alert, step), self._higher)

    async def _released(self, now: float) -> list[Alert]:
        """Tell what an earlier day's budget held back, as far as this day's reaches."""
        budget, day = self._settings.budget_per_day, now // DAY
        left = budget - await self._cases.told(int(day)) if budget else _AT_ONCE
        if left <= 0:
            return []
        step = Step(now, "release", BY, "held back by an earlier day's budget")
        due = await self._cases.held_over(BUDGET, day * DAY, left)
        return await self._told(due, lambda alert: _release(alert, step), self._usual)

    async def _told(
        self, due: Sequence[Alert], change: Callable[[Alert], Alert], sinks: Sequence[str]
    ) -> list[Alert]:
        found = []
        for alert in due:
            try:
                found.append(await self._cases.tell(alert.id, change, sinks))
            except IllegalTransition:
                continue  # somebody took it between the look and the change
        return [alert for alert in found if alert is not None]


def _release(alert: Alert, step: Step) -> Alert:
    if alert.state is not State.OPEN or alert.held != BUDGET:
        raise IllegalTransition("only an open alert that the budget holds back is released")
    return release(alert, step)
