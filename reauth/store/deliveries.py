"""What was told outside, in the store: the log of attempts, and deliveries that begin anew."""

import sqlite3
from collections.abc import Mapping

from reauth.news import Event
from reauth.ports.deliveries import Attempt, Backlog
from reauth.store.alerts import LONGEST_FAULT
from reauth.store.desk import Desk

_COLUMNS = "id, delivery, alert, sink, event, at, number, result, fault"
_NOTE_TEST = f"""
INSERT INTO delivery_attempt ({_COLUMNS})
SELECT COALESCE(MAX(id), 0) + 1, NULL, NULL, ?, ?, ?, 1, ?, ? FROM delivery_attempt
"""  # noqa: S608 - our own column names

def _attempts(
    connection: sqlite3.Connection, sink: str | None, limit: int, before: int | None
) -> list[Attempt]:
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM delivery_attempt WHERE (? IS NULL OR sink = ?)"  # noqa: S608 - our own
        " AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?",
        (sink, sink, before, before, limit),
    )
    return [_attempt(*row) for row in found]


def _attempt(
    number: int, delivery: int | None, alert: str | None, sink: str, event: str, *rest: object
) -> Attempt:
    return Attempt(number, delivery, alert, sink, Event(event), *rest)  # type: ignore[arg-type] # by the table's types


def _backlog(connection: sqlite3.Connection) -> dict[str, Backlog]:
    counted = connection.execute(
        "SELECT sink, SUM(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END),"
        " SUM(CASE WHEN state = 'given_up' THEN 1 ELSE 0 END) FROM outbox GROUP BY sink"
    ).fetchall()
    last = connection.execute(
        f"SELECT {_COLUMNS} FROM delivery_attempt"  # noqa: S608 - our own column names
        " WHERE id IN (SELECT MAX(id) FROM delivery_attempt GROUP BY sink)"
    ).fetchall()
    newest = {found.sink: found for found in (_attempt(*row) for row in last)}
    amounts = {sink: (waiting, given_up) for sink, waiting, given_up in counted}
    return {
        sink: Backlog(*amounts.get(sink, (0, 0)), newest.get(sink))
        for sink in sorted(amounts.keys() | newest.keys())
    }


def _again(connection: sqlite3.Connection, delivery: int) -> bool:
    changed = connection.execute(
        "UPDATE outbox SET state = 'waiting', attempts = 0, due = 0 WHERE id = ?", (delivery,)
    )
    return changed.rowcount == 1


def _noted(
    connection: sqlite3.Connection, sink: str, event: Event, at: float, fault: str | None
) -> None:
    result = "delivered" if fault is None else "failed"
    told = (fault or "")[:LONGEST_FAULT]
    connection.execute(_NOTE_TEST, (sink, event.value, at, result, told))


class SqliteDeliveries:
    """`reauth.ports.deliveries.Deliveries` over a desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def attempts(
        self, sink: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[Attempt]:
        """Attempts, the newest first."""
        return await self._desk.read(_attempts, sink, limit, before)

    async def backlog(self) -> Mapping[str, Backlog]:
        """By the names of the sinks that anything was ever told."""
        return await self._desk.read(_backlog)

    async def again(self, delivery: int) -> bool:
        """Let a delivery begin anew; False if there is none."""
        return await self._desk.write(_again, delivery)

    async def noted(self, sink: str, event: Event, at: float, fault: str | None) -> None:
        """Keep an attempt that is no delivery of the outbox."""
        await self._desk.write(_noted, sink, event, at, fault)
