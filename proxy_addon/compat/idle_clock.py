"""How long a connection has been idle is measured by a clock that nobody sets.

mitmproxy's watchdog (https://github.com/mitmproxy/mitmproxy/issues/7909) compares times of day: a
clock that is set ahead cuts connections that wait, such as a long poll; one that is set back keeps
dead ones for as long as it was set back.
"""

import asyncio
import time
from typing import Any

from mitmproxy.proxy.server import TimeoutWatchdog


def apply() -> None:
    """Let the watchdog of a connection read the monotonic clock."""
    TimeoutWatchdog.__init__ = _begin  # type: ignore[method-assign,assignment] # the patch
    TimeoutWatchdog.register_activity = _register_activity  # type: ignore[method-assign] # same
    TimeoutWatchdog.watch = _watch  # type: ignore[method-assign] # same


def _begin(self: TimeoutWatchdog, *given: Any) -> None:
    _stock(self, *given)
    self.register_activity()  # type: ignore[no-untyped-call] # as published


def _register_activity(self: TimeoutWatchdog) -> None:
    self.last_activity = time.monotonic()


async def _watch(self: TimeoutWatchdog) -> None:
    try:
        while True:
            await self.can_timeout.wait()
            left = self.last_activity + self.timeout - time.monotonic()
            if left <= 0:
                await self.callback()
                return
            await asyncio.sleep(left)
    except asyncio.CancelledError:
        return


_stock = TimeoutWatchdog.__init__
