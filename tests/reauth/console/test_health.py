"""Readiness: a reason for each probe that is not well, in time, and not asked too often."""

import asyncio

from reauth.console.health import Readiness
from reauth.errors import StoreError


async def well():
    """A probe that is well."""
    return None


async def test_all_well_is_all_none():
    """Each probe under its name."""
    assert {"store": None, "disk": None} == await Readiness({"store": well, "disk": well}).ask()


async def test_a_reason_or_a_failure_is_told():
    """The operator reads it."""

    async def full():
        return "2 % free"

    async def broken():
        raise StoreError("cannot go on")

    answer = await Readiness({"disk": full, "store": broken, "queue": well}).ask()

    assert {"disk": "2 % free", "store": "cannot go on", "queue": None} == answer


async def test_advice_keeps_nobody_away():
    """A sink that is down is shown; data are taken all the same, as they wait for it."""

    async def down():
        return "3 deliveries were given up"

    readiness = Readiness({"store": well, "sinks": down}, advisory=("sinks",))
    answer = await readiness.ask()

    assert "3 deliveries were given up" == answer["sinks"]
    assert readiness.allows(answer)
    readiness.stop()
    assert not readiness.allows(await readiness.ask())


async def test_a_probe_that_hangs_is_not_well():
    """The answer comes all the same."""

    async def hangs():
        await asyncio.Event().wait()

    assert {"store": "no answer in 0.01 s"} == await Readiness({"store": hangs}, limit=0.01).ask()


async def test_a_crowd_of_askers_asks_once():
    """However many load balancers there are."""
    asked = []

    async def counted():
        asked.append(1)

    readiness = Readiness({"store": counted})
    await asyncio.gather(*(readiness.ask() for _ in range(20)))

    assert 1 == len(asked)


async def test_who_stops_says_so_at_once():
    """Before the listeners close."""
    readiness = Readiness({"store": well})
    await readiness.ask()
    readiness.stop()

    assert {"running": "stopping"} == await readiness.ask()
