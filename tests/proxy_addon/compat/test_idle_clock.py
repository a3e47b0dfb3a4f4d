"""A clock that is set cuts no connection, and keeps none; without the patch it does both."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from mitmproxy.proxy import server

from proxy_addon.compat import idle_clock


@pytest.fixture(autouse=True)
def stock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """mitmproxy as it was, afterwards too."""
    kind = server.TimeoutWatchdog
    for name in ("__init__", "register_activity", "watch"):
        monkeypatch.setattr(kind, name, getattr(kind, name))
    yield


async def cut(monkeypatch: pytest.MonkeyPatch, bound: float, step: float) -> bool:
    """Whether a connection is cut soon, after the time of day was set by so many s."""
    ended = asyncio.Event()

    async def end() -> None:
        ended.set()

    watchdog = server.TimeoutWatchdog(bound, end)
    day = time.time
    monkeypatch.setattr(time, "time", lambda: day() + step)
    watching = asyncio.ensure_future(watchdog.watch())
    try:
        await asyncio.wait_for(ended.wait(), 0.5)
    except TimeoutError:
        return False
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        monkeypatch.setattr(time, "time", day)
    return True


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_a_set_clock_means_nothing_to_a_connection(
    monkeypatch: pytest.MonkeyPatch, step: float
):
    """One that waits is not cut, one that is dead is."""
    assert (step > 0) == await cut(monkeypatch, 60, step)
    assert (step > 0) == await cut(monkeypatch, 0.05, step)
    idle_clock.apply()

    assert (False, True) == (
        await cut(monkeypatch, 60, step), await cut(monkeypatch, 0.05, step),
    )  # fmt: skip


async def test_activity_puts_the_end_off(monkeypatch: pytest.MonkeyPatch):
    """As before."""
    idle_clock.apply()
    ended = []

    async def end() -> None:
        ended.append(time.monotonic())

    watchdog = server.TimeoutWatchdog(1.0, end)
    watching = asyncio.ensure_future(watchdog.watch())
    await asyncio.sleep(0.1)
    watchdog.register_activity()
    touched = time.monotonic()
    await watching

    assert ended and ended[0] >= touched + 1.0
