"""The audit in a real file: appended only, aged with its chain whole, forged by nobody unseen."""

import sqlite3
from itertools import count

import pytest

from reauth.audit import Anchor, Deed
from reauth.errors import StoreError
from reauth.ports import Sought
from reauth.store import SqliteAudit, open_store
from tests.rows import DAY, NOON

KEY = bytes(range(32))


def deed(at=NOON, who="anna", action="alert.ack", **other):
    """Something that was done."""
    told = {"subject": "a1", "done": True, "address": "10.0.0.1", **other}
    return Deed(at, who, action, **told)


@pytest.fixture
async def audit(store):
    return SqliteAudit(store.desk)


@pytest.fixture
async def filled(audit):
    """Five days of one deed each."""
    for day in range(5):
        await audit.append(deed(NOON + day * DAY, "anna" if day % 2 else "bert"))
    return audit


async def test_what_was_done_is_kept_in_order(filled):
    """Newest first; to read on, oldest first."""
    assert [5, 4] == [one.number for one in await filled.entries(Sought(), 2)]
    assert [3, 4, 5] == [one.number for one in await filled.entries(Sought(after=2), 9)]
    assert deed(who="bert") == (await filled.entries(Sought(), 9))[-1].deed


@pytest.mark.parametrize(
    ("sought", "numbers"),
    [
        (Sought(who="anna"), [4, 2]),
        (Sought(action="alert."), [5, 4, 3, 2, 1]),
        (Sought(action="alert_"), []),
        (Sought(subject="a2"), []),
        (Sought(since=NOON + DAY, until=NOON + 3 * DAY), [3, 2]),
        (Sought(before=3), [2, 1]),
    ],
)
async def test_entries_are_found_by_what_they_say(filled, sought, numbers):
    """Each condition narrows; a name's beginning is taken as it is typed."""
    assert numbers == [one.number for one in await filled.entries(sought, 9)]


async def test_a_chain_that_nobody_touched_holds(filled, audit):
    """And says where it ends."""
    checked = await filled.check()

    assert (None, 5, 5) == (checked.fault, checked.entries, checked.head.number)


async def test_an_empty_chain_holds(audit):
    """Nothing was done, nothing is missing."""
    assert (None, 0) == ((await audit.check()).fault, (await audit.check()).head.number)


@pytest.mark.parametrize(
    "slip",
    [
        "UPDATE audit SET who = 'eve' WHERE number = 3",
        "DELETE FROM audit WHERE number = 5",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 3",
        "INSERT INTO audit SELECT 0, at, who, action, subject, done, address, reason, digest"
        " FROM audit WHERE number = 3",
        "UPDATE audit_seal SET number = 2",
        "DELETE FROM audit_seal",
    ],
)
async def test_the_table_takes_nothing_but_the_next_entry(filled, store, slip):
    """A slip of the program is stopped before it is a forgery."""
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        await store.desk.write(lambda connection: connection.execute(slip).fetchall())


FORGERIES = {
    "UPDATE audit SET who = 'eve' WHERE number = 3": 3,
    "UPDATE audit SET at = at - 1 WHERE number = 1": 1,
    "UPDATE audit SET done = 0 WHERE number = 4": 4,
    "UPDATE audit SET digest = zeroblob(32) WHERE number = 2": 2,
    "DELETE FROM audit WHERE number = 2": 2,
    "DELETE FROM audit WHERE number = 5": 5,
    "DELETE FROM audit": 1,
    "DELETE FROM audit WHERE number > 3; UPDATE audit_seal SET number = 3": 1,
    "DELETE FROM audit_seal": 1,
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_who_writes_to_the_file_is_found(filled, store, forgery):
    """Without the triggers, as somebody with an editor would; the first broken entry is named."""

    def forge(connection):
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in forgery.split(";"):
            connection.execute(statement)

    await store.desk.write(forge)

    assert FORGERIES[forgery] == (await filled.check()).fault.number


async def test_what_ages_leaves_a_chain_that_holds(filled):
    """What went is sealed as what the rest follows; that it went is an entry."""
    assert 2 == await filled.expire(NOON + 2 * DAY, NOON + 9 * DAY)

    checked = await filled.check()
    assert (None, 4, 2) == (checked.fault, checked.entries, checked.base.number)
    [newest] = await filled.entries(Sought(), 1)
    assert (6, "audit.expire", "2") == (newest.number, newest.deed.action, newest.deed.subject)
    assert 0 == await filled.expire(NOON + 2 * DAY, NOON + 9 * DAY)
    assert 4 == await filled.expire(NOON + 10 * DAY, NOON + 10 * DAY)
    assert 7 == (await filled.append(deed(NOON + 11 * DAY))).number - 1
    assert (await filled.check()).fault is None


async def test_ageing_goes_no_further_than_time_is_in_order(audit):
    """A clock that was set back leaves no hole."""
    for at in (NOON, NOON + DAY, NOON - DAY):
        await audit.append(deed(at))

    assert 1 == await audit.expire(NOON + 1, NOON + 2)
    assert [2, 3, 4] == [one.number for one in await audit.entries(Sought(after=0), 9)]


async def test_the_ends_open_with_the_stores_key_only(tmp_path):
    """Whoever has the file and not the key cannot seal another end; nothing is added to one."""
    numbers = count()
    async with open_store(f"sqlite://{tmp_path}/store.db", KEY) as store:
        audit = SqliteAudit(store.desk)
        await audit.append(deed())

        def forge(connection):
            sealed = bytes([0]) + bytes(32) + (next(numbers) + 1).to_bytes(8, "big")
            connection.execute("UPDATE audit_seal SET sealed = ?", (sealed,))

        await store.desk.write(forge)
        assert "forged" in (await audit.check()).fault.why
        with pytest.raises(StoreError):
            await audit.append(deed())


async def test_a_store_opened_again_goes_on_with_its_chain(tmp_path):
    """From where it was."""
    for number in (1, 2):
        async with open_store(f"sqlite://{tmp_path}/store.db", KEY) as store:
            audit = SqliteAudit(store.desk)
            entry = await audit.append(deed())
            assert number == entry.number
            checked = await audit.check()
            assert (None, Anchor(number, entry.digest)) == (checked.fault, checked.head)
