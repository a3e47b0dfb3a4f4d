"""What live sessions go on from: tabs, batches that wait, sessions and their trajectories."""

import sqlite3

from reauth.ports import HeldRow, SessionRow, TabRow, TrajectoryRow
from reauth.store import rows
from reauth.store.seal import Sealer


def tab(connection: sqlite3.Connection, name: bytes) -> TabRow | None:
    """What is remembered of a tab."""
    found = connection.execute(
        f"SELECT {rows.TAB} FROM tab WHERE tab = ?",  # noqa: S608 - our own column names
        (name,),
    ).fetchone()
    return rows.tab_row(found) if found else None


def held(connection: sqlite3.Connection, sealer: Sealer, tab: bytes) -> list[HeldRow]:
    """Acknowledged batches of a tab that wait for an earlier one, in order."""
    found = connection.execute(
        "SELECT tab, seq, received, sealed FROM held WHERE tab = ? ORDER BY seq", (tab,)
    )
    return [rows.held_row(values, sealer) for values in found]


def held_tabs(connection: sqlite3.Connection) -> list[bytes]:
    """Tabs that have such batches."""
    return [tab for (tab,) in connection.execute("SELECT DISTINCT tab FROM held ORDER BY tab")]


def session(
    connection: sqlite3.Connection, sealer: Sealer, user: str | None, client: str
) -> SessionRow | None:
    """The session of a user on a client heard of last; of nobody known, of the client.

    By our clock: a page's own may say anything of when its session began.
    """
    whose, values = ("person = ?", (user, client)) if user else ("person IS NULL", (client,))
    found = connection.execute(
        f"SELECT {rows.SESSION} FROM session WHERE {whose} AND client = ?"  # noqa: S608 - ours
        " ORDER BY seen DESC, started DESC LIMIT 1",
        values,
    ).fetchone()
    return rows.session_row(found, sealer) if found else None


def deletions(connection: sqlite3.Connection) -> int:
    """Count how often anybody was deleted."""
    found = connection.execute("SELECT value FROM meta WHERE name = 'deletions'").fetchone()
    return int(found[0])


def moved_since(connection: sqlite3.Connection, since: float) -> list[tuple[str, str]]:
    """(user, client) of sessions that moved at `since` or later; asked for once, at the start."""
    return connection.execute(
        "SELECT DISTINCT person, client FROM session"
        " WHERE last_t >= ? AND person IS NOT NULL ORDER BY person, client",
        (since,),
    ).fetchall()


def trajectories_of(
    connection: sqlite3.Connection,
    sealer: Sealer,
    lane: tuple[str, str],
    limit: int,
    version: int | None,
) -> list[TrajectoryRow]:
    """The newest trajectories of a session's lane, oldest first; those compared with a version."""
    found = connection.execute("SELECT person FROM session WHERE id = ?", lane[:1]).fetchone()
    compared = "" if version is None else " AND score IS NOT NULL AND template_version = ?"
    newest = connection.execute(
        f"SELECT {rows.TRAJECTORY} FROM trajectory WHERE session = ? AND lane = ?{compared}"  # noqa: S608 - ours
        " ORDER BY number DESC LIMIT ?",
        (*lane, *(() if version is None else (version,)), limit),
    ).fetchall()
    return [rows.trajectory_row(found[0], values, sealer) for values in reversed(newest)]
