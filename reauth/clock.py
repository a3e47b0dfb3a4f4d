"""Whether the wall clock can be believed: seals, pages and alerts all carry its time."""

import ctypes
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

BUILT = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""s since 1970, before this release: a clock that says less lost its battery."""
STEP = 5.0
"""s that a clock may be set by at once; more outdates what is sealed (`[ingest] claim_age_s`)."""
_UNSYNCHRONISED = 5
"""What adjtimex gives then (TIME_ERROR; adjtimex(2), "RETURN VALUE")."""
_TIMEX = 256
"""Bytes; struct timex has 208. All zero it asks and changes nothing."""


def synchronised() -> bool | None:
    """Whether the kernel says that something keeps the clock; None where it will not tell.

    systemd's `ProtectClock=` forbids to ask, and only Linux has the call.
    """
    with suppress(AttributeError, OSError):
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX))
        return None if state < 0 else bool(state != _UNSYNCHRONISED)
    return None


class Steps:
    """Compares the wall clock with one that is never set.

    Parameters
    ----------
    wall
        s since 1970.
    steady
        s since whenever.

    Examples
    --------
    >>> wall, steady = iter([2e9, 2e9 + 1, 2e9 + 100, 2e9 + 101]), iter([0.0, 1.0, 2.0, 3.0])
    >>> steps = Steps(lambda: next(wall), lambda: next(steady))
    >>> [steps.fault() for _ in range(3)]
    [None, 'was set by 98 s', None]
    """

    def __init__(
        self, wall: Callable[[], float], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._apart = wall() - steady()

    def fault(self) -> str | None:
        """What is wrong since the last call; None where nothing is."""
        at, was = self._wall(), self._apart
        self._apart = at - self._steady()
        if at < BUILT:
            return f"says {datetime.fromtimestamp(at, UTC):%Y-%m-%d}: set it"
        step = self._apart - was
        return f"was set by {step:.0f} s" if abs(step) > STEP else None
