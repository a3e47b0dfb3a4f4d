"""What a live session weighs: in memory, as stored state, and what its movement takes on disk.

Thousands of sessions go through the real engine and a real store until each has all that it ever
remembers: a full window of scores, an open movement, the numbers of its tab's last batches. Weighed
once by the process's resident memory, and once, fewer of them, by what Python allocates. Templates
are apart: everybody's here is of the same arrays.
"""

import asyncio
import gc
import sys
import tempfile
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rig.report import arguments, table, write
from rig.traffic import Traffic, moving, name

from reauth import app
from reauth.claim import Keys
from reauth.engine import Engine
from reauth.enrol import Options as Learning
from reauth.enrol import learn
from reauth.ports import Accepted, Store
from reauth.settings import Settings
from reauth.store import Options, open_store
from reauth.template import Template
from reauth.trajectory import PauseSegmenter, Trajectory

WANTED_KB = 20.0
GROUP = 256


class OneTemplate:
    """A store in which everybody is enrolled with the same template; all else is the real one."""

    def __init__(self, store: Store, template: Template, users: int) -> None:
        self._store = store
        self._template = template
        self._actives = {name(user): {template.device: 1} for user in range(users)}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def actives(self) -> dict[str, dict[str, int]]:
        return self._actives

    async def template(self, user: str, version: int | None = None) -> Template | None:
        return replace(self._template, user=user, version=1)


def trained() -> Template:
    """A template of the person whose movement everybody here repeats."""
    people = [[_trajectories(moving(seed, 1, 320))] for seed in range(5)]
    others = {str(place): each for place, each in enumerate(people[1:])}
    return learn("nobody", people[0], others, Learning(), np.random.default_rng(0), 0.0)


def _trajectories(events: list[Any]) -> list[Trajectory]:
    segmenter = PauseSegmenter(0.5, 10, 0.025)
    return [found for _, found in segmenter.feed_many(events)] + segmenter.close()


def weighed(template: Template, users: int, batches: int, out: Path) -> dict[str, float]:
    """kB a session by resident memory and by Python's own count, and bytes of what is stored."""
    with tempfile.TemporaryDirectory(dir=out) as name:
        folder = Path(name).resolve()
        found = asyncio.run(_live(template, users, batches, f"sqlite:///{folder}/store.db"))
        raw = sum(path.stat().st_size for path in folder.glob("raw-*.db"))
        main = (folder / "store.db").stat().st_size
    sent = users * batches
    return {**found, "raw_bytes_a_batch": raw / sent, "other_bytes_a_batch": main / sent}


async def _live(template: Template, users: int, batches: int, url: str) -> dict[str, float]:
    settings = Settings()
    traffic = Traffic(Keys("0123abcd", (b"k" * 32,)), users)
    options = Options(durable=False)
    async with (
        open_store(url, b"k" * 32, options) as store,
        Engine(
            OneTemplate(store, template, users), app.recipes(settings), settings, time.time
        ) as engine,
    ):
        # Buffers of the store and of numpy are there before the first session is counted.
        known = users // 10
        sent = [Accepted(*item) for item in traffic.items(users)]
        await _receive(engine, sent[:known])
        gc.collect()
        before = psutil.Process().memory_info().rss, tracemalloc.get_traced_memory()[0]
        await _receive(engine, sent[known:])
        del sent
        for _ in range(batches - 1):
            await _receive(engine, [Accepted(*item) for item in traffic.items(users)])
        gc.collect()
        after = psutil.Process().memory_info().rss, tracemalloc.get_traced_memory()[0]
        assert engine.sessions == users
        rows = [await store.session(name(user), _client(user)) for user in range(0, users, 50)]
        states = [len(row.state) for row in rows if row is not None]
    return {
        "resident_kb": (after[0] - before[0]) / 1024 / (users - known),
        "allocated_kb": (after[1] - before[1]) / 1024 / (users - known),
        "state_bytes": float(np.mean(states)),
        "body_bytes": traffic.bytes / (users * batches),
    }


def _client(user: int) -> str:
    return f"10.{user >> 16}.{user >> 8 & 255}.{user & 255}"


async def _receive(engine: Engine, accepted: list[Accepted]) -> None:
    for at in range(0, len(accepted), GROUP):
        await engine.receive(accepted[at : at + GROUP])


def main() -> int:
    """Measure; exit 1 where a session weighs more than wanted."""
    options = arguments(__doc__ or "").parse_args()
    users, fewer, batches = (100, 50, 3) if options.tiny else (3000, 300, 105)
    template = trained()
    options.out.mkdir(parents=True, exist_ok=True)
    found = weighed(template, users, batches, options.out)
    tracemalloc.start()
    counted = weighed(template, fewer, batches, options.out)
    tracemalloc.stop()
    found["allocated_kb"] = counted["allocated_kb"]
    template_kb = sum(array.nbytes for array in template.arrays.values()) / 1024
    figures = {
        "users": users,
        "batches": batches,
        "template_kb": template_kb,
        "support_vectors": len(template.arrays["support"]),
        **{key: float(f"{value:.4g}") for key, value in found.items()},
    }
    table(
        [(key.replace("_", " "), f"{value:,.1f}") for key, value in figures.items()],
        ("a live session", ""),
    )
    write(options.out, "memory", {**figures, "wanted_kb": WANTED_KB})
    weight = max(found["resident_kb"], found["allocated_kb"])
    return 0 if options.tiny or weight <= WANTED_KB else 1


if __name__ == "__main__":
    sys.exit(main())
