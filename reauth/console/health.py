"""Whether data can be taken now: a few probes, each with a time limit, their answers kept briefly.

A probe gives None, or the reason why not. One that does not come back in time is a reason too, so
a stale answer can never pass for a good one; and whoever asks in a loop costs one probe a second.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from reauth.errors import ReauthError

Probe = Callable[[], Awaitable[str | None]]

FRESH = 1.0
"""s that an answer is kept: load balancers ask every few seconds, each from several hosts."""
LIMIT = 2.0
"""s that a probe may take: below the 3 s after which load balancers commonly give up."""


class Readiness:
    """The answer of `/readyz`.

    Parameters
    ----------
    probes
        By the name that the answer shows.
    limit
        s that each may take.
    advisory
        Those that are told and keep nobody away: a SIEM that is down is no reason to take no data.
    """

    def __init__(
        self,
        probes: Mapping[str, Probe],
        limit: float = LIMIT,
        advisory: Collection[str] = (),
    ) -> None:
        self._probes = dict(probes)
        self._advisory = frozenset(advisory)
        self._limit = limit
        self._lock = asyncio.Lock()
        self._answer: dict[str, str | None] = {}
        self._until = float("-inf")
        self._stopping = False
        self.begun = False
        """Whether everything has accepted once: the answer of `/startupz`."""

    def stop(self) -> None:
        """Say no from now on: load balancers leave before the listeners close."""
        self._stopping = True

    def allows(self, answer: Mapping[str, str | None]) -> bool:
        """Whether data can be taken, by what `ask` gave."""
        return not any(why for name, why in answer.items() if name not in self._advisory)

    async def ask(self) -> dict[str, str | None]:
        """By probe: None where all is well, else the reason."""
        if self._stopping:
            return {"running": "stopping"}
        loop = asyncio.get_running_loop()
        async with self._lock:
            if loop.time() >= self._until:
                asked = (self._one(probe) for probe in self._probes.values())
                reasons = await asyncio.gather(*asked)
                self._answer = dict(zip(self._probes, reasons, strict=True))
                self._until = loop.time() + FRESH
        return self._answer

    async def _one(self, probe: Probe) -> str | None:
        try:
            return await asyncio.wait_for(probe(), self._limit)
        except TimeoutError:
            return f"no answer in {self._limit:g} s"
        except ReauthError as error:
            return str(error)
