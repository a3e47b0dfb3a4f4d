"""The pulse of an event loop: how late it comes to what is due, as whoever waits feels it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

from reauth.histogram import observe

PERIOD = 1.0
"""s between beats."""


async def beat(
    counters: Counter[str],
    lag: str,
    depths: Mapping[str, Callable[[], float]] | None = None,
    period: float = PERIOD,
) -> None:
    """Observe how late the loop is, for ever, and at the same times how much waits.

    Parameters
    ----------
    lag
        The histogram of s.
    depths
        By histogram, what gives the amount.
    """
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + period
        await asyncio.sleep(period)
        observe(counters, lag, max(0.0, loop.time() - due))
        for name, depth in (depths or {}).items():
            observe(counters, name, depth())
