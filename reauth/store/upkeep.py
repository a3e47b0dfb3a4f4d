"""What keeps a store fit: retention, copies, and the probe behind its health."""

import os
import sqlite3
from typing import NamedTuple

from reauth.device import UNKNOWN_DEVICE, UNTOLD
from reauth.errors import StoreError
from reauth.settings import StoreSettings
from reauth.store.alerts import Told, expire_unseen, forget_attempts
from reauth.store.commit import LANE

BUSY = 5.0
"""s to wait for another process's transaction (ingest.md section 7, busy_timeout=5000)."""

_CLOSED = ("confirmed", "dismissed", "expired")
_GATHERED = """
INSERT INTO gathered (session, device, amount, unknown)
SELECT session, COALESCE(device, ?) AS class, COUNT(*),
    SUM(CASE WHEN reason = ? THEN 1 ELSE 0 END)
FROM trajectory WHERE session = ? AND lane = ? GROUP BY session, class
"""


def expire(
    connection: sqlite3.Connection, keep: StoreSettings, now: float, told: Told | None = None
) -> dict[str, int]:
    """Delete rows that are older than their retention; how many, by table.

    A session goes with its last trajectory. An alert that nobody acknowledges expires; it goes
    when it is closed and old.
    """
    movement, raw, alerts = now - keep.trajectories, now - keep.raw, now - keep.alerts
    expire_unseen(connection, now - keep.unseen, now, told)
    gone = {"trajectory": _expire_trajectories(connection, movement)}
    gone["session"] = connection.execute(
        "DELETE FROM session WHERE first_received IS NULL AND last_t < ?", (movement,)
    ).rowcount
    gone["alert"] = connection.execute(
        "DELETE FROM alert WHERE state IN (?, ?, ?) AND raised_at < ?", (*_CLOSED, alerts)
    ).rowcount
    gone["delivery_attempt"] = forget_attempts(connection, now - keep.deliveries)
    connection.execute("DELETE FROM suppression WHERE ends < ?", (alerts,))
    connection.execute("DELETE FROM alert_day WHERE day < ?", (int(alerts // 86_400),))
    gone["tab"] = connection.execute("DELETE FROM tab WHERE last_seen < ?", (raw,)).rowcount
    gone["held"] = connection.execute("DELETE FROM held WHERE received < ?", (raw,)).rowcount
    gone["reject"] = connection.execute("DELETE FROM reject WHERE received < ?", (raw,)).rowcount
    return gone


def _expire_trajectories(connection: sqlite3.Connection, before: float) -> int:
    """Delete old trajectories and take them off what their sessions sum up."""
    gone = 0
    old = connection.execute(
        "SELECT id FROM session WHERE first_received < ?", (before,)
    ).fetchall()
    for (session,) in old:
        gone += connection.execute(
            "DELETE FROM trajectory WHERE session = ? AND received < ?", (session, before)
        ).rowcount
        amount, first = connection.execute(
            "SELECT COALESCE(SUM(CASE WHEN lane = ? THEN 1 ELSE 0 END), 0), MIN(received)"
            " FROM trajectory WHERE session = ?",
            (LANE, session),
        ).fetchone()
        connection.execute(
            "UPDATE session SET trajectories = ?, first_received = ? WHERE id = ?",
            (amount, first, session),
        )
        connection.execute("DELETE FROM gathered WHERE session = ?", (session,))
        connection.execute(_GATHERED, (UNTOLD, UNKNOWN_DEVICE, session, LANE))
    return gone


def backup(connection: sqlite3.Connection, path: str) -> None:
    """Write a consistent copy, mode 0600; never overwrites.

    Raises
    ------
    StoreError
        If there is something at `path` already, or it cannot be written.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise StoreError(f"{path} is there already; a copy never overwrites") from None
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error
    copy = sqlite3.connect(path)
    try:
        # One step: a copy in several begins anew whenever somebody writes.
        connection.backup(copy)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        copy.close()


def probe(connection: sqlite3.Connection) -> None:
    """Write something."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'probe'")


def free_share(path: str) -> float:
    """The share of the file system that is free to us."""
    disk = os.statvfs(os.path.dirname(path))
    return disk.f_bavail / disk.f_blocks if disk.f_blocks else 0.0


def truncate_log(connection: sqlite3.Connection) -> None:
    """Empty the write-ahead log, unless somebody still reads from it: nobody waits for that."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY * 1000:.0f}")


class Figures(NamedTuple):
    """Schema, deliveries that wait and that were given up, open alerts, users by state."""

    schema: int
    waiting: int
    failed: int
    alerts: int
    users: dict[str, int]


def figures(connection: sqlite3.Connection) -> Figures:
    """What the store's health is told from."""
    schema, waiting, failed, alerts = (
        connection.execute(sql).fetchone()[0]
        for sql in (
            "PRAGMA user_version",
            "SELECT COUNT(*) FROM outbox WHERE state = 'waiting'",
            "SELECT COUNT(*) FROM outbox WHERE state = 'given_up'",
            "SELECT COUNT(*) FROM alert WHERE state = 'open' AND test = 0",
        )
    )
    users = dict(
        connection.execute(
            "SELECT CASE WHEN paused = 1 THEN 'paused' WHEN provisional IS NULL THEN 'gathering'"
            " WHEN provisional = 1 THEN 'provisional' ELSE 'active' END AS state, COUNT(*)"
            " FROM (SELECT paused, (SELECT MIN(provisional) FROM active JOIN template"
            "   ON template.person = active.person AND template.version = active.version"
            "   WHERE active.person = person.name) AS provisional FROM person UNION ALL"
            "   SELECT 0, NULL FROM (SELECT DISTINCT person FROM session WHERE trajectories > 0"
            "   AND person NOT IN (SELECT name FROM person)) AS gathering) AS known GROUP BY 1"
        ).fetchall()
    )
    return Figures(schema, waiting, failed, alerts, users)
