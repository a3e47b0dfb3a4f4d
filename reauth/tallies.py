"""What the proxy tells beside batches, on its way to the console: sites, and how the machine is."""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping

from reauth.console.subjects import Machine
from reauth.errors import StoreError
from reauth.ingest import Control, Receiver
from reauth.ports.coverage import CoverageKept

log = logging.getLogger(__name__)

EVERY = 5.0
"""s between writes of what was counted: what changed is to be seen within 5 s (interfaces.md)."""
_FORGET = 720
"""Writes between looks for what is older than its retention: an hour."""
_UNWATCHED = re.compile(r'unwatched_total\{reason="([^"]+)"\}')


async def keep_coverage(
    receiver: Receiver, kept: CoverageKept, keep: float, clock: Callable[[], float]
) -> None:
    """Keep what was counted of sites, for ever; forget what is older than `keep` (s)."""
    while True:
        try:
            await kept.expire(clock(), keep)
            for _ in range(_FORGET):
                await asyncio.sleep(EVERY)
                if seen := receiver.coverage.take(clock()):
                    await kept.add(seen, clock())
        except StoreError as error:
            log.error("coverage_failed", extra={"fault": str(error)})
            await asyncio.sleep(EVERY)


def machine_of(
    control: Control, receiver: Receiver, urls: Mapping[str, str], clock: Callable[[], float]
) -> Callable[[], Machine]:
    """What the running parts tell of themselves; `urls` may be filled in later."""
    started = clock()

    def machine() -> Machine:
        counted = receiver.proxy_counters.items()
        reasons = {found[1]: n for name, n in counted if (found := _UNWATCHED.fullmatch(name))}
        return Machine(urls.get("metrics", ""), control.listeners, reasons, started)

    return machine
