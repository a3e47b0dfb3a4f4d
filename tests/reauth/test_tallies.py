"""What the proxy tells beside batches, on its way to the console."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace

import pytest

from reauth import tallies
from reauth.coverage import Coverage, Covered
from reauth.doors import doors_of
from reauth.errors import StoreError
from reauth.tallies import keep_coverage, machine_of
from tests.live import EPOCH
from tests.reauth.test_coverage import page


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """No waiting."""
    monkeypatch.setattr(tallies, "EVERY", 0.01)


async def worked(receiver, kept, until):
    """Let it work until something holds."""
    task = asyncio.get_running_loop().create_task(
        keep_coverage(receiver, kept, 7 * 86_400, lambda: EPOCH)
    )
    try:
        async with asyncio.timeout(10):
            while not await until():  # noqa: ASYNC110 - what it waits for is in the store
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_was_counted_is_kept(store):
    """Within seconds, and added up."""
    kept, receiver = doors_of(store).coverage, SimpleNamespace(coverage=Coverage())
    receiver.coverage.noted([page(token="unwatched")])

    async def there():
        return [row.amounts for row in await kept.sites(10)] == [{Covered.UNWATCHED: 1}]

    await worked(receiver, kept, there)


async def test_a_store_in_trouble_does_not_end_it(store):
    """It goes on once the store does."""
    kept, receiver = doors_of(store).coverage, SimpleNamespace(coverage=Coverage())
    tries = []

    class Once:
        """Fails the first time."""

        async def expire(self, now, keep):
            tries.append(now)
            if len(tries) == 1:
                raise StoreError("busy")

        add = kept.add

    receiver.coverage.noted([page(token="tunnelled")])

    async def there():
        return bool(await kept.sites(10))

    await worked(receiver, Once(), there)
    assert len(tries) > 1


def test_the_machine_tells_of_its_parts():
    """Reasons out of the proxy's counters; where the metrics are, once they are."""
    counters = {'unwatched_total{reason="bug"}': 2, "oversize_total": 1}
    urls = {}
    machine = machine_of(
        SimpleNamespace(listeners=3), SimpleNamespace(proxy_counters=counters), urls, lambda: EPOCH
    )
    urls["metrics"] = "http://127.0.0.1:1"

    told = machine()
    assert (3, {"bug": 2}, EPOCH) == (told.proxies, told.unwatched, told.started)
    assert "http://127.0.0.1:1" == told.metrics
