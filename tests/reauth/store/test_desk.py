"""The desk: work whole or not at all, on one state, and failures told as the store's."""

import sqlite3

import pytest

from reauth.errors import StoreError


def _note(connection, value):
    connection.execute("INSERT INTO meta (name, value) VALUES ('noted', ?)", (value,))


def _noted(connection):
    row = connection.execute("SELECT value FROM meta WHERE name = 'noted'").fetchone()
    return row and row[0]


async def test_what_is_written_is_read(store):
    """By both readers, with arguments passed on."""
    await store.desk.write(_note, 3)

    assert 3 == await store.desk.read(_noted)
    assert 3 == await store.desk.read_much(_noted)


async def test_work_that_fails_has_not_happened(store):
    """Whatever it was that failed."""

    def half(connection):
        _note(connection, 1)
        raise KeyError

    with pytest.raises(KeyError):
        await store.desk.write(half)

    assert await store.desk.read(_noted) is None


async def test_a_reader_cannot_write(store):
    """So that no page changes anything by reading."""
    with pytest.raises(StoreError, match="readonly"):
        await store.desk.read(_note, 1)


async def test_a_broken_rule_is_the_callers_to_hear(store):
    """A key that is there already is no fault of the disk."""
    await store.desk.write(_note, 1)

    with pytest.raises(sqlite3.IntegrityError):
        await store.desk.write(_note, 2)
