"""A session's stored movement, whichever lane kept it."""

import sqlite3

from reauth.ports.film import Film
from reauth.store import rows
from reauth.store.desk import Desk
from reauth.store.seal import Sealer
from reauth.trajectory import Trajectory

MOST = 1500
"""Movements of a film: some hours of somebody busy, and as many as a browser draws at once."""


def film(connection: sqlite3.Connection, sealer: Sealer, session: str) -> Film | None:
    """The newest movements of a session, oldest first; what lies within another one is left out.

    A lane keeps what it judges: the identity lane perhaps only the end of a movement of which
    another lane has kept the whole.
    """
    whose = connection.execute("SELECT person FROM session WHERE id = ?", (session,)).fetchone()
    if whose is None or whose[0] is None:
        return None
    found = connection.execute(
        f"SELECT {rows.POINTS} FROM trajectory WHERE session = ?"  # noqa: S608 - our own column names
        " ORDER BY received DESC, number DESC LIMIT ?",
        (session, MOST + 1),
    ).fetchall()
    movements = [rows.opened(values, sealer) for values in found[:MOST]]
    return Film(session, whose[0], _whole(movements), len(found) > MOST)


def _whole(movements: list[Trajectory]) -> list[Trajectory]:
    """Movements in order of time, without those that lie within another one of their page."""
    kept: list[Trajectory] = []
    ends: dict[int, float] = {}
    for each in sorted(movements, key=lambda one: (one.t[0], -one.t[-1])):
        if float(each.t[-1]) > ends.get(each.page, float("-inf")):
            kept.append(each)
            ends[each.page] = float(each.t[-1])
    return kept


class SqliteFilms:
    """See `reauth.ports.film.Films`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def film(self, session: str) -> Film | None:
        """A session's movements."""
        return await self._desk.read_much(film, self._desk.sealer, session)
