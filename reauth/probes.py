"""What `/readyz` asks (privacy-ops.md §4): whether data can be taken now, and by what not."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from reauth import ca
from reauth.clock import Steps
from reauth.ports import Store
from reauth.settings import Settings

Probe = Callable[[], Awaitable[str | None]]

LEAST_FREE = 0.05
"""Share of the disk that must be free to take data."""
HIGH_WATER = 0.8
"""Share of the ingest's queue from which on clients are told to slow down (ingest.md §6)."""


def probes_of(
    store: Store, depth: Callable[[], int], settings: Settings, now: Callable[[], float]
) -> dict[str, Probe]:
    """What is asked, by the name that the answer shows.

    Parameters
    ----------
    depth
        Batches that wait.
    now
        s since 1970.
    """

    async def writable() -> str | None:
        return None if (await store.health()).writable else "cannot be written to"

    async def disk() -> str | None:
        free = (await store.health()).free_share
        return None if free >= LEAST_FREE else f"{free:.1%} of the disk is free"

    async def queue() -> str | None:
        full = depth() >= HIGH_WATER * settings.ingest.queue
        return "full: the store is slower than what comes" if full else None

    async def templates() -> str | None:
        await store.actives()
        return None

    async def signing() -> str | None:
        ca.load(Path(settings.ca_path))
        return None

    steps = Steps(now)

    async def clock() -> str | None:
        return steps.fault()

    async def told() -> str | None:
        failed = (await store.health()).outbox_failed
        return f"{failed} deliveries were given up" if failed else None

    return {
        "store": writable, "disk": disk, "queue": queue, "templates": templates, "ca": signing,
        "clock": clock, "sinks": told,
    }  # fmt: skip
