"""What the metrics tell of the store, beyond its health: ages, and what should be gone."""

import sqlite3

from reauth.settings import StoreSettings
from reauth.store.desk import Desk

SLACK = 7200.0
"""s that a row may outstay its retention: two looks of the job that deletes."""

_OLDEST = """
SELECT MIN(template.enrolled_at) FROM active
JOIN template ON template.person = active.person AND template.version = active.version
"""
_OVERDUE = (
    ("SELECT COUNT(*) FROM session WHERE first_received < ?", "trajectories"),
    (
        "SELECT COUNT(*) FROM alert WHERE raised_at < ?"
        " AND state IN ('confirmed', 'dismissed', 'expired')",
        "alerts",
    ),
    ("SELECT COUNT(*) FROM tab WHERE last_seen < ?", "raw"),
    ("SELECT COUNT(*) FROM held WHERE received < ?", "raw"),
    ("SELECT COUNT(*) FROM reject WHERE received < ?", "raw"),
)
"""Of each, which retention holds. A session stands for its oldest trajectories."""


class SqliteFigures:
    """See `reauth.ports.figures.Figures`."""

    def __init__(self, desk: Desk, keep: StoreSettings) -> None:
        self._desk = desk
        self._keep = keep

    async def standing(self, now: float) -> tuple[float | None, int]:
        """How the store stands."""
        return await self._desk.read_much(_standing, self._keep, now)


def _standing(
    connection: sqlite3.Connection, keep: StoreSettings, now: float
) -> tuple[float | None, int]:
    [oldest] = connection.execute(_OLDEST).fetchone()
    overdue = sum(
        connection.execute(sql, (now - getattr(keep, name) - SLACK,)).fetchone()[0]
        for sql, name in _OVERDUE
    )
    return oldest, overdue
