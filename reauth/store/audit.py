"""The audit in the store's file: a chain of entries, both of its ends sealed with the store's key.

Who can write to the file but has no key cannot shorten the chain unseen, nor write it anew.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any

from reauth.audit import START, Anchor, Deed, Entry, Fault, first_fault, following, plain
from reauth.errors import StoreError
from reauth.ports import Checked, Sought
from reauth.store.desk import Desk
from reauth.store.seal import Sealer

_COLUMNS = "number, at, who, action, subject, done, address, reason, digest"
_INSERT = f"INSERT INTO audit ({_COLUMNS}) VALUES ({', '.join('?' * 9)})"  # noqa: S608 - our own column names
_SEAL = """
INSERT INTO audit_seal (name, number, sealed) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET number = excluded.number, sealed = excluded.sealed
"""
_DIGEST = 32


class SqliteAudit:
    """See `reauth.ports.Audit`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def append(self, deed: Deed) -> Entry:
        """Keep a deed durably, as the chain's next entry."""
        return await self._desk.write(append, self._desk.sealer, deed)

    async def entries(self, sought: Sought, limit: int) -> list[Entry]:
        """Entries, newest first; with `after` the oldest ones first."""
        return await self._desk.read(_select, sought, limit)

    async def check(self) -> Checked:
        """Go through the whole chain."""
        return await self._desk.read_much(_check, self._desk.sealer)

    async def expire(self, before: float, now: float) -> int:
        """Take out entries from before a time; how many went."""
        return await self._desk.write(_expire, self._desk.sealer, before, now)


def append(connection: sqlite3.Connection, sealer: Sealer, deed: Deed) -> Entry:
    """Add an entry within an open transaction: with what it tells of, or not at all.

    Raises
    ------
    StoreError
        If the chain's end does not open.
    """
    last = _anchor(connection, sealer, "head") or START
    entry = following(last, plain(deed))
    connection.execute(_INSERT, (entry.number, *_values(entry.deed), entry.digest))
    _keep(connection, sealer, "head", Anchor(entry.number, entry.digest))
    return entry


def _select(connection: sqlite3.Connection, sought: Sought, limit: int) -> list[Entry]:
    wanted, values = ["1 = 1"], list[Any]()
    for condition, value in (
        ("who = ?", sought.who),
        ("substr(action, 1, length(?)) = ?", sought.action or None),
        ("subject = ?", sought.subject),
        ("at >= ?", sought.since),
        ("at < ?", sought.until),
        ("number < ?", sought.before),
        ("number > ?", sought.after),
    ):
        if value is not None:
            wanted.append(condition)
            values += [value] * condition.count("?")
    order = "DESC" if sought.after is None else "ASC"
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM audit WHERE {' AND '.join(wanted)}"  # noqa: S608 - our own words
        f" ORDER BY number {order} LIMIT ?",
        (*values, limit),
    )
    return [_entry(row) for row in found]


def _check(connection: sqlite3.Connection, sealer: Sealer) -> Checked:
    [count] = connection.execute("SELECT COUNT(*) FROM audit").fetchone()
    try:
        base = _anchor(connection, sealer, "base") or START
        head = _anchor(connection, sealer, "head")
    except StoreError as error:
        return Checked(count, START, START, Fault(1, f"an end of the chain is forged: {error}"))
    if head is None and count:
        return Checked(count, base, base, Fault(1, "the sealed end of the chain is gone"))
    head = head or base
    return Checked(count, base, head, first_fault(_all(connection), base, head))


def _all(connection: sqlite3.Connection) -> Iterator[Entry]:
    for row in connection.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY number"):  # noqa: S608 - our own words
        yield _entry(row)


def _expire(connection: sqlite3.Connection, sealer: Sealer, before: float, now: float) -> int:
    """Only what no younger entry precedes goes: a clock that was set back leaves no hole."""
    [last] = connection.execute(
        "SELECT MAX(number) FROM audit WHERE at < ? AND number <"
        " COALESCE((SELECT MIN(number) FROM audit WHERE at >= ?), 9223372036854775807)",
        (before, before),
    ).fetchone()
    if last is None:
        return 0
    [digest] = connection.execute("SELECT digest FROM audit WHERE number = ?", (last,)).fetchone()
    _keep(connection, sealer, "base", Anchor(last, digest))
    gone = connection.execute("DELETE FROM audit WHERE number <= ?", (last,)).rowcount
    append(connection, sealer, Deed(now, "retention", "audit.expire", str(last), True, ""))
    return gone


def _anchor(connection: sqlite3.Connection, sealer: Sealer, name: str) -> Anchor | None:
    row = connection.execute(
        "SELECT number, sealed FROM audit_seal WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        return None
    text = sealer.open("audit", name.encode(), row[1])
    sealed = Anchor(int.from_bytes(text[_DIGEST:], "big"), text[:_DIGEST])
    if sealed.number != row[0]:
        raise StoreError("this audit does not open: changed, or another key")
    return sealed


def _keep(connection: sqlite3.Connection, sealer: Sealer, name: str, anchor: Anchor) -> None:
    text = anchor.digest + anchor.number.to_bytes(8, "big")
    sealed = sealer.seal("audit", name.encode(), text)
    connection.execute(_SEAL, (name, anchor.number, sealed))


def _values(deed: Deed) -> tuple[Any, ...]:
    told = deed.at, deed.who, deed.action, deed.subject
    return *told, int(deed.done), deed.address, deed.reason


def _entry(row: Any) -> Entry:
    number, at, who, action, subject, done, address, reason, digest = row
    # As it stands there: what is neither 0 nor 1 must not pass for done.
    return Entry(number, Deed(at, who, action, subject, done == 1, address, reason), digest)
