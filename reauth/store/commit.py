"""One group of batches into the tables, in one transaction: whole or not at all.

Everything is written so that the same group once more changes nothing: what has a key of its own
is inserted unless it is there, what has a state is set to the same state.
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from reauth.alert import Alert
from reauth.device import UNKNOWN_DEVICE, class_of
from reauth.errors import StoreError
from reauth.ports import Commit, TrajectoryRow
from reauth.store import alerts, live, rows
from reauth.store.seal import Sealer

LANE = "identity"
"""The lane whose trajectories enrolment learns from."""

KEPT_REJECTS = 10_000
"""Refused batches remembered: enough to see who sends what, and bounded (ingest.md §2)."""

_TAB = f"""
INSERT INTO tab ({rows.TAB}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tab) DO UPDATE SET person = excluded.person, client = excluded.client,
    next_seq = excluded.next_seq, clock_offset = excluded.clock_offset, last_t = excluded.last_t,
    last_seen = excluded.last_seen, recent = excluded.recent, forked = excluded.forked,
    screen = excluded.screen
"""  # noqa: S608 - our own column names
_SESSION = f"""
INSERT INTO session ({rows.SESSION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET last_t = excluded.last_t, seen = excluded.seen, site = excluded.site,
    source = excluded.source, confidence = excluded.confidence, sealed = excluded.sealed
"""  # noqa: S608 - our own column names
_TRAJECTORY = f"""
INSERT INTO trajectory ({rows.TRAJECTORY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""  # noqa: S608 - our own column names
_SUMS = """
UPDATE session SET trajectories = trajectories + ?,
    first_received = CASE WHEN first_received <= ? THEN first_received ELSE ? END,
    last_received = CASE WHEN last_received >= ? THEN last_received ELSE ? END
WHERE id = ?
"""
_GATHERED = """
INSERT INTO gathered (session, device, amount, unknown) VALUES (?, ?, ?, ?)
ON CONFLICT (session, device) DO UPDATE SET amount = gathered.amount + excluded.amount,
    unknown = gathered.unknown + excluded.unknown
"""
_HELD = """
INSERT INTO held (tab, seq, received, person, sealed) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_REJECT = """
INSERT INTO reject (id, received, reason, person, amount) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_RAW_DAY = """
INSERT INTO raw_day (day, row_count) VALUES (?, ?)
ON CONFLICT (day) DO UPDATE SET row_count = excluded.row_count
"""


def write(
    connection: sqlite3.Connection,
    commit: Commit,
    sealer: Sealer,
    told: alerts.Told,
    days: Mapping[str, int],
) -> list[Alert]:
    """Write a group inside an open transaction; the alerts that somebody is to be told of.

    Parameters
    ----------
    told
        Names of the sinks that are to be told, by event.
    days
        What the day files gave: the last row of each day.

    Raises
    ------
    StoreError
        If somebody was deleted since the group was made.
    """
    # Inside the transaction, so that no deletion comes between this look and what is written.
    if commit.deletions is not None and commit.deletions != live.deletions(connection):
        raise StoreError("somebody was deleted since; what was remembered of them is not kept")
    connection.executemany(_RAW_DAY, days.items())
    connection.executemany(_TAB, map(rows.tab_values, commit.tabs))
    held = [rows.held_values(row, sealer) for row in commit.held]
    connection.executemany(_HELD, held)
    connection.executemany("DELETE FROM held WHERE tab = ? AND seq = ?", commit.delivered)
    sessions = [rows.session_values(row, sealer) for row in commit.sessions]
    connection.executemany(_SESSION, sessions)
    write_trajectories(connection, commit.trajectories, sealer)
    if commit.rejects:
        _write_rejects(connection, commit.rejects)
    new = [alerts.insert(connection, alert, told) for alert in commit.alerts]
    return [alert for alert in new if alert is not None]


def write_trajectories(
    connection: sqlite3.Connection, trajectories: Iterable[TrajectoryRow], sealer: Sealer
) -> None:
    """Write trajectories and add them to what their sessions sum up."""
    kinds: dict[_Kind, list[TrajectoryRow]] = {}
    for row in trajectories:
        unknown = row.reason == UNKNOWN_DEVICE
        kind = (row.session, row.lane, class_of(row.trajectory), unknown)
        kinds.setdefault(kind, []).append(row)
    values = {
        kind: [rows.trajectory_values(row, sealer) for row in group]
        for kind, group in kinds.items()
    }
    new = _inserted(connection, values)
    sums, gathered = [], []
    for kind, group in kinds.items():
        session, lane, device, unknown = kind
        times = [row.received for row in group]
        first, last = min(times), max(times)
        counted = new[kind] if lane == LANE else 0
        sums.append((counted, first, first, last, last, session))
        if counted:
            gathered.append((session, device, counted, counted * unknown))
    connection.executemany(_SUMS, sums)
    connection.executemany(_GATHERED, gathered)


_Kind = tuple[str, str, str, bool]
"""Session, lane, device class, and whether it was not compared as that was unknown."""


def _inserted(
    connection: sqlite3.Connection, values: Mapping[_Kind, Sequence[tuple[Any, ...]]]
) -> dict[_Kind, int]:
    """Insert trajectories; how many of each kind were not there yet.

    All at once, as they are new but after a crash. Where some were known, each kind is counted.
    """
    connection.execute("SAVEPOINT trajectories")
    together = connection.executemany(_TRAJECTORY, chain.from_iterable(values.values())).rowcount
    new = {name: len(group) for name, group in values.items()}
    if together != sum(new.values()):
        connection.execute("ROLLBACK TO trajectories")
        new = {
            name: connection.executemany(_TRAJECTORY, group).rowcount
            for name, group in values.items()
        }
    connection.execute("RELEASE trajectories")
    return new


def _write_rejects(
    connection: sqlite3.Connection, rejects: Sequence[tuple[float, str, str | None]]
) -> None:
    """Write refused batches, equal ones of a moment as one row, and keep the table bounded."""
    values = [
        (hashlib.blake2b(repr(reject).encode(), digest_size=16).hexdigest(), *reject, amount)
        for reject, amount in Counter(rejects).items()
    ]
    connection.executemany(_REJECT, values)
    beyond = connection.execute(
        "SELECT received FROM reject ORDER BY received DESC LIMIT 1 OFFSET ?", (KEPT_REJECTS,)
    ).fetchone()
    if beyond:
        connection.execute("DELETE FROM reject WHERE received <= ?", beyond)
