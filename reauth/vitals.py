"""What a process tells of itself: the pulse of its loop, its clock, how its store stands."""

import asyncio
from collections import Counter
from collections.abc import Callable

from reauth.clock import synchronised
from reauth.errors import StoreError
from reauth.ports.figures import Figures
from reauth.pulse import beat

FRESH = 60.0
"""s that is kept what takes long to count: nothing of it changes within a scrape or two."""


class Vitals:
    """Figures beside those that parts count themselves.

    Parameters
    ----------
    clock
        s since 1970.
    """

    def __init__(self, figures: Figures, clock: Callable[[], float]) -> None:
        self._figures = figures
        self._clock = clock
        self._told: dict[str, float] = {}
        self._until = float("-inf")
        self.counters: Counter[str] = Counter()

    async def run(self) -> None:
        """Feel the pulse, for ever."""
        await beat(self.counters, "event_loop_lag_seconds")

    async def gauges(self) -> dict[str, float]:
        """Those that take long to count; as of a minute ago where the store does not answer."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._until:
            self._until = loop.time() + FRESH
            try:
                self._told = await self._count()
            except StoreError:
                return self._told
        return self._told

    async def _count(self) -> dict[str, float]:
        now = self._clock()
        oldest, overdue = await self._figures.standing(now)
        told = {"retention_overdue_rows": float(overdue)}
        if oldest is not None:
            told["model_age_seconds"] = max(0.0, now - oldest)
        kept = await asyncio.to_thread(synchronised)
        if kept is not None:
            told["clock_synchronised"] = float(kept)
        return told
