"""Rules of the pulse of an event loop."""

import asyncio
import time
from collections import Counter

from reauth.pulse import beat


async def test_a_loop_that_is_held_up_is_late():
    """A fifth of a second of work in one go is seen in the sum, and what waits beside it."""
    counters = Counter()
    pulse = asyncio.ensure_future(
        beat(counters, "event_loop_lag_seconds", {"obs_queue_depth": lambda: 7.0}, period=0.05)
    )
    await asyncio.sleep(0)
    time.sleep(0.2)  # noqa: ASYNC251 - the fault
    await asyncio.sleep(0.02)
    pulse.cancel()

    assert 0.1 < counters["event_loop_lag_seconds_sum"] < 1.0
    assert 7.0 == counters["obs_queue_depth_sum"]
