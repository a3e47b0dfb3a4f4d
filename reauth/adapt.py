"""Templates follow their users: retrained on what has been genuine since, under guard.

What may teach is decided in `drift`. Here is only when to look, and what lies before: sessions that
are old enough that somebody would have complained, of users about whom nothing is in doubt.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace

from reauth.alert import State
from reauth.drift import refusal, taught
from reauth.enrol import Enroller
from reauth.errors import NotEnrolled, StoreError, TemplateError
from reauth.person import DeviceRow
from reauth.ports import Store
from reauth.settings import Settings
from reauth.template import Template

log = logging.getLogger(__name__)

EACH = 86_400.0
"""s between two looks at a user: movement changes over days (biometrics.md §6, a week apart)."""
PAGE = 500
"""Unresolved alerts read at once."""


class Adapter:
    """Looks at every user's device classes once a day, and retrains whose movement has gone on.

    Parameters
    ----------
    store, settings, clock
        As the enroller's.
    enroller
        Learns.
    """

    def __init__(
        self, store: Store, settings: Settings, clock: Callable[[], float], enroller: Enroller
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._enroller = enroller
        self._looked: dict[tuple[str, str], float] = {}
        self.counters: Counter[str] = Counter()

    async def adapt_due(self) -> AsyncIterator[Template]:
        """Retrain whose time has come; each template is kept before it is yielded."""
        doubts = await self._doubts()
        people = await self._store.people()
        rows = [(each.user, row) for each in people if not each.paused for row in each.devices]
        for user, row in rows:
            now = self._clock()
            if not self._may(user, row, now):
                continue
            self._looked[user, row.device] = now
            try:
                template = await self.adapt(user, doubts.get(user, now), row.version)
            except (NotEnrolled, TemplateError) as error:
                # Too little is left, or the code has changed and enrolment will do it anew.
                self._refuse(type(error).__name__)
                continue
            if template is not None:
                yield template

    async def adapt(
        self, user: str, before: float, version: int | None = None
    ) -> Template | None:
        """Retrain a user on what was genuine, ended before `before` (s since 1970), and teaches.

        Parameters
        ----------
        version
            The active template to retrain; None for the newest.

        Returns
        -------
        Template or None
            The new active template, or None where there is too little new, or the guard refuses.

        Raises
        ------
        NotEnrolled
            If the user was deleted meanwhile.
        TemplateError
            If a template is of other code.
        StoreError
            If the store fails.
        """
        active = await self._store.template(user, version)
        if active is None or active.provisional:
            return None
        anchor = await self._store.template(user, active.anchor) if active.anchor else active
        if anchor is None:
            return None
        known = await self._enroller.gathered(user, active.device)
        end = min(before, self._clock() - self._settings.enrolment.quarantine)
        ended = [session for session in known if session[-1].t[-1] < end]
        kept = await asyncio.to_thread(taught, anchor, ended)
        new = sum(len(each) for each in kept if each[-1].t[-1] > active.enrolled_at)
        if new < self._settings.enrolment.adapt_after:
            return None
        candidate = await self._enroller.learnt(user, active.device, kept)
        reason = refusal(active, candidate, self._settings.identity_lane.window)
        if reason:
            self._refuse(reason)
            return None
        self.counters["adaptations_total"] += 1
        return await self._store.save_template(replace(candidate, anchor=anchor.version))

    async def run(self) -> None:
        """Look at whoever is due, at intervals, until cancelled; do nothing if not wanted."""
        while self._settings.enrolment.automatic and self._settings.enrolment.adapt_after:
            await asyncio.sleep(self._settings.enrolment.check)
            try:
                async for template in self.adapt_due():
                    log.info("adapted", extra={"version": template.version})
            except StoreError:
                log.warning("adaptation_postponed")

    def _may(self, user: str, row: DeviceRow, now: float) -> bool:
        """Not where somebody went back to an older version."""
        as_it_was = 0 < row.version == row.newest_version
        rested = now - self._looked.get((user, row.device), -EACH) >= EACH
        return as_it_was and rested and not row.provisional

    def _refuse(self, reason: str) -> None:
        self.counters[f'adaptations_refused_total{{reason="{reason}"}}'] += 1
        log.info("adaptation_refused", extra={"reason": reason})

    async def _doubts(self) -> Mapping[str, float]:
        """Since when each user is in doubt: the first anomaly of an alert not closed yet."""
        since: dict[str, float] = {}
        for state in (State.OPEN, State.ACKNOWLEDGED):
            cursor = None
            while found := await self._store.alerts(state, None, PAGE, cursor):
                for alert in found:
                    if alert.user is not None:
                        first = since.get(alert.user, alert.first_anomaly_at)
                        since[alert.user] = min(first, alert.first_anomaly_at)
                cursor = found[-1].id
        return since

