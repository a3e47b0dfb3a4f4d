"""The notary: looks at the real chain, ages it, and tells the log where it stands."""

import asyncio
import logging
from contextlib import suppress

import pytest

from reauth.audit import Deed
from reauth.doors import doors_of
from reauth.notary import Notary
from reauth.ports import Sought
from tests.rows import DAY, NOON


@pytest.fixture
async def audit(store):
    found = doors_of(store).audit
    for day in range(3):
        await found.append(Deed(NOON + day * DAY, "anna", "alert.ack", "a1", True, ""))
    return found


def said(caplog, event):
    """What the log was told."""
    return [record for record in caplog.records if record.getMessage() == event]


async def test_the_log_is_told_once_a_day_where_the_chain_stands(audit, caplog):
    """Number and digest, for who has to compare."""
    caplog.set_level(logging.INFO, "reauth.audit")
    clock = [NOON + 3 * DAY]
    notary = Notary(audit, lambda: clock[0], 730 * DAY)
    await notary.look()
    clock[0] += 3600
    await notary.look()

    [told] = said(caplog, "audit_anchor")
    head = (await audit.check()).head
    assert (head.number, head.digest.hex()) == (told.number, told.digest)
    assert {"audit_chain_ok": 1, "audit_entries": 3} == notary.counters

    clock[0] += DAY
    await notary.look()
    assert 2 == len(said(caplog, "audit_anchor"))


async def test_old_entries_go(audit):
    """And the chain holds at the next look."""
    notary = Notary(audit, lambda: NOON + 3.5 * DAY, 2 * DAY)
    await notary.look()
    await notary.look()

    assert [3, 4] == [one.number for one in await audit.entries(Sought(after=0), 9)]
    assert 1 == notary.counters["audit_chain_ok"]


async def test_a_broken_chain_is_told_and_kept(audit, store, caplog):
    """What is left of it is evidence."""

    def forge(connection):
        connection.execute("DROP TRIGGER audit_unchanged")
        connection.execute("UPDATE audit SET who = 'eve' WHERE number = 2")

    await store.desk.write(forge)
    notary = Notary(audit, lambda: NOON + 99 * DAY, DAY)
    await notary.look()

    [told] = said(caplog, "audit_broken")
    assert 2 == told.number
    assert 0 == notary.counters["audit_chain_ok"]
    assert 3 == len(await audit.entries(Sought(), 9))


async def test_it_looks_as_soon_as_it_runs(audit):
    """The figure is there from the first minute, and a store that cannot be read ends nothing."""
    notary = Notary(audit, lambda: NOON, DAY)
    with suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            await notary.run()

    assert 1 == notary.counters["audit_chain_ok"]
