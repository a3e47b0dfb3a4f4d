"""Looks after the audit: goes through its chain, lets it age, tells the log where it stands.

An anchor in the log is out of reach of who can change the store: `reauth audit verify --anchor`
holds the chain against it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from reauth.errors import StoreError
from reauth.ports import Audit

log = logging.getLogger("reauth.audit")

EVERY = 3600.0
"""s between looks: a chain of a year is gone through in seconds."""
DAY = 86_400.0
"""s from one anchor in the log to the next (alerts-console.md section 5)."""


class Notary:
    """One for a house.

    Parameters
    ----------
    clock
        Seconds since 1970.
    keep
        s; older entries go.
    """

    def __init__(self, audit: Audit, clock: Callable[[], float], keep: float) -> None:
        self._audit = audit
        self._clock = clock
        self._keep = keep
        self._told = float("-inf")
        self.counters: Counter[str] = Counter()

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                log.error("audit_unreadable", extra={"fault": str(error)})
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Go through the chain; tell the log what is wrong, and once a day where it stands.

        A chain that is broken does not age: what is left of it is evidence.

        Raises
        ------
        StoreError
            If it cannot be read.
        """
        now = self._clock()
        checked = await self._audit.check()
        self.counters["audit_chain_ok"] = int(checked.fault is None)
        self.counters["audit_entries"] = checked.entries
        if checked.fault is not None:
            told = {"number": checked.fault.number, "fault": checked.fault.why}
            log.error("audit_broken", extra=told)
            return
        if abs(now - self._told) >= DAY:
            self._told = now
            head = checked.head
            log.info("audit_anchor", extra={"number": head.number, "digest": head.digest.hex()})
        await self._audit.expire(now - self._keep, now)
