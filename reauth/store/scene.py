"""What is stored around an alert, read as narrowly as a page needs it."""

import sqlite3

from reauth.alert import Alert
from reauth.ports.scene import Backlog, Beside, Footage, Point, Scene
from reauth.store import people, rows
from reauth.store.desk import Desk
from reauth.store.seal import Sealer

MOST = 400
"""Points of a scene: as many as a picture of a screen's width can tell apart."""
AFTER = 40
"""Of them behind the alert: whether it went on."""
ABOUT = 3600.0
"""s around an alarm that what was refused counts for it."""
SEEN = 60
"""Anomalous movements at most; a window has as many low ones."""


class SqliteScenes:
    """See `reauth.ports.scene.Scenes`.

    Parameters
    ----------
    cut
        Names the segmenter of the lane that learns, whose movement is the user's own.
    """

    def __init__(self, desk: Desk, cut: str) -> None:
        self._desk, self._cut = desk, cut

    async def scene(self, alert: Alert) -> Scene | None:
        """What is stored around an alert."""
        return await self._desk.read(_scene, alert)

    async def footage(self, alert: Alert, own: int) -> Footage:
        """The movement that an alert rests on."""
        return await self._desk.read_much(_footage, self._desk.sealer, alert, self._cut, own)

    async def backlog(self) -> list[Backlog]:
        """Sinks to which something has yet to go."""
        return await self._desk.read(_backlog)


def _scene(connection: sqlite3.Connection, alert: Alert) -> Scene | None:
    whose = connection.execute(
        "SELECT source, confidence FROM session WHERE id = ?", (alert.session,)
    ).fetchone()
    if whose is None:
        return None
    forked = connection.execute(
        "SELECT 1 FROM tab WHERE person IS ? AND client = ? AND forked = 1 LIMIT 1",
        (alert.user, alert.client),
    ).fetchone()
    [waiting] = connection.execute(
        "SELECT COUNT(*) FROM held WHERE person IS ?", (alert.user,)
    ).fetchone()
    refused = connection.execute(
        "SELECT reason, SUM(amount) FROM reject WHERE received BETWEEN ? AND ? AND person IS ?"
        " GROUP BY reason ORDER BY reason",
        (alert.first_anomaly_at - ABOUT, alert.raised_at + ABOUT, alert.user),
    ).fetchall()
    learnt = connection.execute(
        "SELECT enrolled_at FROM template WHERE person = ? AND version = ?",
        (alert.user, alert.template_version),
    ).fetchone()
    source, confidence = whose
    return Scene(
        source,
        confidence,
        _points(connection, alert),
        _beside(connection, alert),
        forked is not None,
        waiting,
        dict(refused),
        learnt and learnt[0],
    )


def _points(connection: sqlite3.Connection, alert: Alert) -> list[Point]:
    last = max((item.number for item in alert.evidence), default=0) + AFTER
    found = connection.execute(
        "SELECT number, received, score, reason, COALESCE(device, '') FROM trajectory"
        " WHERE session = ? AND lane = ? AND number <= ? ORDER BY number DESC LIMIT ?",
        (alert.session, alert.lane, last, MOST),
    ).fetchall()
    return [Point(*row) for row in reversed(found)]


def _beside(connection: sqlite3.Connection, alert: Alert) -> list[Beside]:
    found = connection.execute(
        "SELECT DISTINCT client, site, source FROM session WHERE person = ? AND id <> ?"
        " AND COALESCE(last_received, seen) >= ? AND COALESCE(first_received, seen) <= ?"
        " ORDER BY client, site LIMIT 20",
        (alert.user, alert.session, alert.first_anomaly_at, alert.raised_at),
    ).fetchall()
    return [Beside(*row) for row in found]


def _footage(
    connection: sqlite3.Connection, sealer: Sealer, alert: Alert, cut: str, own: int
) -> Footage:
    low = [item.number for item in alert.evidence if item.low][-SEEN:]
    marks = ", ".join("?" * len(low))
    found = connection.execute(
        f"SELECT {rows.POINTS} FROM trajectory WHERE session = ? AND lane = ?"  # noqa: S608 - our own words
        f" AND number IN ({marks}) ORDER BY number",
        (alert.session, alert.lane, *low),
    ).fetchall()
    devices = {device for _, _, _, device, _, _ in found if device is not None}
    wanted = people.Wanted(cut, own, devices or None)
    sessions = [] if alert.user is None else people.genuine(connection, sealer, alert.user, wanted)
    seen = [rows.opened(values, sealer) for values in found]
    return Footage(seen, [one for session in sessions for one in session])


def _backlog(connection: sqlite3.Connection) -> list[Backlog]:
    found = connection.execute(
        "SELECT sink, SUM(state = 'waiting' AND attempts = 0),"
        " SUM(state = 'waiting' AND attempts > 0), SUM(state = 'given_up')"
        " FROM outbox WHERE state <> 'delivered' GROUP BY sink ORDER BY sink"
    ).fetchall()
    return [Backlog(*row) for row in found]
