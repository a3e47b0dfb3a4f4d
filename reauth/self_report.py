"""What the house says of itself: the probes behind `/readyz`, the figures of `/metrics`."""

from collections import Counter
from pathlib import Path

from reauth import __version__, ca
from reauth.adapt import Adapter
from reauth.clock import Steps
from reauth.console.health import Probe
from reauth.doors import Doors
from reauth.engine import Engine
from reauth.families import unheard
from reauth.feeds import Addresses
from reauth.ingest import Receiver
from reauth.installation import now
from reauth.intake.local import LocalIntake
from reauth.notary import Notary
from reauth.ports import Store
from reauth.settings import Settings
from reauth.sinks.outbox import Outbox
from reauth.vitals import Vitals

LEAST_FREE = 0.05
"""Share of the disk that must be free to take data (privacy-ops.md §4)."""
_STATES = ("none", "gathering", "provisional", "active", "paused")
"""Of enrolment (interfaces.md §4)."""
HIGH_WATER = 0.8
"""Share of the ingest's queue from which on clients are told to slow down (ingest.md §6)."""


def probes(store: Store, intake: LocalIntake, settings: Settings) -> dict[str, Probe]:
    """What `/readyz` asks."""

    async def writable() -> str | None:
        return None if (await store.health()).writable else "cannot be written to"

    async def disk() -> str | None:
        free = (await store.health()).free_share
        return None if free >= LEAST_FREE else f"{free:.1%} of the disk is free"

    async def queue() -> str | None:
        full = intake.depth >= HIGH_WATER * settings.ingest.queue
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


async def figures(
    inner: Doors,
    intake: LocalIntake,
    counting: tuple[Engine, Receiver, Outbox, Addresses, Adapter, Notary, Vitals],
) -> dict[str, float]:
    """What `/metrics` tells; never of a single person."""
    health = await inner.store.health()
    engine, receiver, *_, vitals = counting
    counted: Counter[str] = Counter(receiver.proxy_counters)
    for each in counting:
        counted.update(each.counters)
    return {
        **unheard(),
        **counted,
        **await vitals.gauges(),
        f'build_info{{version="{__version__}"}}': 1,
        "sessions": engine.sessions,
        "ingest_queue_depth": intake.depth,
        "score_queue_depth": engine.scoring,
        **await inner.cases.figures(),
        "outbox_depth": health.outbox_depth,
        "outbox_failed": health.outbox_failed,
        "db_size_bytes": health.db_bytes,
        "wal_size_bytes": health.wal_bytes,
        "disk_free_share": health.free_share,
        **{f'users{{state="{state}"}}': health.users.get(state, 0) for state in _STATES},
    }
