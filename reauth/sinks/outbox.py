"""Takes undelivered news from the store to their sinks; retries, backs off, gives up aloud.

Each sink is served apart, so that one that hangs delays no other. A delivery counts as done only
once the sink has taken it and the store knows: after a crash it may go out again, under the same
id. Going on after a failure is this file's job.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import numpy as np

from reauth.alert import Alert
from reauth.errors import SettingsError, SinkError, StoreError
from reauth.histogram import observe
from reauth.news import News
from reauth.ports import Delivery, Sink, Store

log = logging.getLogger(__name__)

RETRIES = (0.0, 5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""s from one attempt to the next (Standard Webhooks 1.0.0, its retry schedule)."""

JITTER = 0.2
"""Share by which a wait is drawn shorter or longer, so that a sink's return is no stampede."""

POLL = 1.0
"""s between looks at what is due; new alerts do not wait for it."""

_BATCH = 1000
"""Deliveries taken from the store at once."""


class SinkGone(SinkError):
    """The sink will never take this: trying again is no use."""


class Outbox:
    """Carries deliveries from the store to the sinks, from entering the context to leaving it.

    Parameters
    ----------
    clock
        Seconds since 1970.
    rng
        Draws the jitter.

    Raises
    ------
    SettingsError
        If two sinks have the same name: nobody could tell their deliveries apart.
    """

    def __init__(
        self,
        store: Store,
        sinks: Sequence[Sink],
        clock: Callable[[], float],
        rng: np.random.Generator | None = None,
    ) -> None:
        self._store = store
        self._sinks = {sink.name: sink for sink in sinks}
        if len(self._sinks) != len(sinks):
            raise SettingsError("sinks.urls: two sinks differ in nothing but their credentials")
        self._clock = clock
        self._rng = rng or np.random.default_rng()
        self._woken = asyncio.Event()
        self._busy: set[str] = set()
        self._group = asyncio.TaskGroup()
        self._running: asyncio.Task[None]
        self.counters: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        """Begin to deliver."""
        await self._group.__aenter__()
        self._running = self._group.create_task(self.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; what is not delivered waits in the store."""
        self._running.cancel()
        if kind is not asyncio.CancelledError:
            # The group would wrap what went wrong in the context's body; it is not the group's.
            kind = error = trace = None
        await self._group.__aexit__(kind, error, trace)

    def wake(self, alerts: Sequence[Alert] = ()) -> None:
        """Look at once: there are new alerts."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver what is due, for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._woken.clear()
                await self._start(group)
                # Not `wait_for`: before 3.12 it loses a cancellation that comes with the event.
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await self._woken.wait()

    async def deliver_due(self) -> None:
        """Make one attempt at everything that is due now, and wait for the outcome."""
        async with asyncio.TaskGroup() as group:
            await self._start(group)

    async def _start(self, group: asyncio.TaskGroup) -> None:
        """Let every idle sink that has something due begin with it.

        The store is asked again until no idle sink has anything: thousands that wait for one
        sink hide nothing that waits for another.
        """
        begun: set[str] = set()  # once a look, or one that cannot take note would begin for ever
        while due := await self._due(self._busy | begun):
            by_sink: dict[str, list[Delivery]] = {}
            for delivery in due:
                by_sink.setdefault(delivery.sink, []).append(delivery)
            begun.update(by_sink)
            self._busy.update(by_sink)
            for name, deliveries in by_sink.items():
                group.create_task(self._serve(name, deliveries))

    async def _due(self, without: set[str]) -> list[Delivery]:
        try:
            return await self._store.due(self._clock(), _BATCH, without)
        except Exception as error:  # whatever it is, the next look may find better
            log.error("outbox_unreadable", extra={"fault": _fault(error)})
            return []

    async def _serve(self, name: str, deliveries: Sequence[Delivery]) -> None:
        try:
            for delivery in deliveries:
                await self._attempt(self._sinks.get(name), delivery)
        except Exception as error:  # a delivery that cannot be noted ends no other sink's
            # The attempt may be made again: the sink drops what it has by its id.
            log.error("outbox_unwritable", extra={"sink": name, "fault": _fault(error)})
        finally:
            self._busy.discard(name)

    async def _attempt(self, sink: Sink | None, delivery: Delivery) -> None:
        now = self._clock()
        try:
            if sink is None:
                raise SinkGone("no such sink is configured any more")
            news = News(delivery.alert, delivery.event)
            # Aside: a chart takes a while to draw, and batches come in meanwhile.
            await sink.deliver(news, await asyncio.to_thread(sink.render, news), now)
        except Exception as error:  # a fault of ours must not stop what else is to be told
            await self._failed(delivery, error, now)
            return
        await self._store.delivered(delivery.id, now)
        self._count(delivery, "delivered")
        observe(self.counters, "delivery_lag_seconds", max(0.0, now - delivery.alert.raised_at))

    async def _failed(self, delivery: Delivery, error: Exception, now: float) -> None:
        attempts = delivery.attempts + 1
        told: dict[str, Any] = {
            "sink": delivery.sink,
            "alert": delivery.alert.id,
            "event": delivery.event.value,
            "attempts": attempts,
            "fault": _fault(error),
        }
        if isinstance(error, SinkGone) or attempts >= len(RETRIES):
            await self._store.postponed(delivery.id, None, now, told["fault"])
            self._count(delivery, "given_up")
            log.error("sink_failed", extra=told)
            return
        wait = RETRIES[attempts] * self._rng.uniform(1 - JITTER, 1 + JITTER)
        await self._store.postponed(delivery.id, now + wait, now, told["fault"])
        self._count(delivery, "failed")
        log.warning("delivery_failed", extra=told)

    def _count(self, delivery: Delivery, result: str) -> None:
        sink = delivery.sink.replace("\\", "\\\\").replace('"', '\\"')
        self.counters[f'delivery_total{{sink="{sink}",result="{result}"}}'] += 1


def _fault(error: Exception) -> str:
    """What is told of an error; of one not ours only its kind: its text may say anything."""
    ours = isinstance(error, (SinkError, StoreError))
    return str(error) if ours else type(error).__name__
