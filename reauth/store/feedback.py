"""Labels and shadows in the store's file."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from reauth.errors import StoreError
from reauth.label import Label, NoLabel, Standing
from reauth.ports import ShadowRow, ShadowState
from reauth.store import people
from reauth.store.desk import Desk
from reauth.store.people import Wanted
from reauth.store.rows import CHANGED
from reauth.store.seal import Sealer
from reauth.template import Template
from reauth.trajectory import Trajectory

_LABEL = (
    "alert, session, person, verdict, closed_by, closed_at, standing, decided_by, decided_at,"
    " reason"
)
_SHADOW = (
    "id, person, device, base, made, state, alerts, comparison, version, decided_by, decided_at"
)


class SqliteLessons:
    """See `reauth.ports.Lessons`; `cut` names the segmenter whose trajectories train."""

    def __init__(self, desk: Desk, cut: str) -> None:
        self._desk = desk
        self._cut = cut

    async def labels(
        self, user: str | None = None, standings: Collection[Standing] = ()
    ) -> list[Label]:
        """Labels, oldest first."""
        return await self._desk.read(_labels, user, tuple(standings))

    async def label(self, alert: str) -> Label | None:
        """That of one alert."""
        return await self._desk.read(_label, alert)

    async def decide(self, label: Label, was: Standing) -> bool:
        """Keep a label that has moved on; False if somebody was faster."""
        return await self._desk.write(_decide, label, was)

    async def candidates(
        self, user: str, limit: int, devices: Collection[str]
    ) -> list[list[Trajectory]]:
        """Sessions that a shadow may learn from beside what trains."""
        asked, wanted = (people.CANDIDATE_SESSIONS, user), Wanted(self._cut, limit, devices)
        return await self._desk.read_much(people.of_sessions, self._desk.sealer, asked, wanted)

    async def shadows(
        self, user: str | None = None, state: ShadowState | None = None, limit: int = 1000
    ) -> list[ShadowRow]:
        """Shadows, newest first."""
        return await self._desk.read(_shadows, user, state, limit)

    async def shadow(self, shadow: str) -> tuple[ShadowRow, Template | None] | None:
        """One, with its template while it waits."""
        return await self._desk.read(_one, self._desk.sealer, shadow)

    async def keep(self, row: ShadowRow, template: Template) -> None:
        """Keep a shadow; one that waits in its place is outdated."""
        await self._desk.write(_keep, self._desk.sealer, row, template)

    async def promote(self, shadow: str, by: str, now: float) -> Template:
        """Make it the active template of its class."""
        return await self._desk.write(_promote, self._desk.sealer, shadow, by, now)

    async def discard(self, shadow: str, by: str, now: float) -> ShadowRow:
        """Reject it."""
        return await self._desk.write(_discard, self._desk.sealer, shadow, by, now)


def _labels(
    connection: sqlite3.Connection, user: str | None, standings: Sequence[Standing]
) -> list[Label]:
    marks = ", ".join("?" * len(standings))
    wanted, values = ["1 = 1"], list[Any]()
    if user is not None:
        wanted.append("person = ?")
        values.append(user)
    if standings:
        wanted.append(f"standing IN ({marks})")
        values += [one.value for one in standings]
    found = connection.execute(
        f"SELECT {_LABEL} FROM label WHERE {' AND '.join(wanted)}"  # noqa: S608 - our own words
        " ORDER BY closed_at, alert",
        values,
    )
    return [_label_from(row) for row in found]


def _label(connection: sqlite3.Connection, alert: str) -> Label | None:
    row = connection.execute(
        f"SELECT {_LABEL} FROM label WHERE alert = ?",  # noqa: S608 - our own column names
        (alert,),
    ).fetchone()
    return _label_from(row) if row else None


def _label_from(row: Sequence[Any]) -> Label:
    *head, standing, by, at, reason = row
    return Label(*[*head, Standing(standing), by, at, reason])


def _decide(connection: sqlite3.Connection, label: Label, was: Standing) -> bool:
    values = (label.standing.value, label.decided_by, label.decided_at, label.reason)
    changed = connection.execute(
        "UPDATE label SET standing = ?, decided_by = ?, decided_at = ?, reason = ?"
        " WHERE alert = ? AND standing = ?",
        (*values, label.alert, was.value),
    )
    if changed.rowcount != 1:
        return False
    if label.standing is Standing.NEVER:
        for row in _shadows(connection, label.user, ShadowState.WAITING, 1000):
            if label.alert in row.alerts:
                _close(connection, row.id, ShadowState.OUTDATED, (None, None, None))
    connection.execute(CHANGED)
    return True


def _shadows(
    connection: sqlite3.Connection, user: str | None, state: ShadowState | None, limit: int
) -> list[ShadowRow]:
    found = connection.execute(
        f"SELECT {_SHADOW} FROM shadow WHERE (? IS NULL OR person = ?)"  # noqa: S608 - our own names
        " AND (? IS NULL OR state = ?) ORDER BY made DESC, id LIMIT ?",
        (user, user, state, state, limit),
    )
    return [_shadow_from(row) for row in found]


def _shadow_from(row: Sequence[Any]) -> ShadowRow:
    *head, state, alerts, comparison, version, by, at = row
    told = tuple(json.loads(alerts)), json.loads(comparison)
    return ShadowRow(*[*head, ShadowState(state), *told, version, by, at])


def _one(
    connection: sqlite3.Connection, sealer: Sealer, shadow: str
) -> tuple[ShadowRow, Template | None] | None:
    row = connection.execute(
        f"SELECT {_SHADOW}, sealed FROM shadow WHERE id = ?",  # noqa: S608 - our own column names
        (shadow,),
    ).fetchone()
    if row is None:
        return None
    *told, sealed = row
    if sealed is None:
        return _shadow_from(told), None
    return _shadow_from(told), people.unpacked(sealer.open("shadow", shadow.encode(), sealed))


def _keep(
    connection: sqlite3.Connection, sealer: Sealer, row: ShadowRow, template: Template
) -> None:
    connection.execute(
        "UPDATE shadow SET state = 'outdated', sealed = NULL"
        " WHERE person = ? AND device = ? AND state = 'waiting'",
        (row.user, row.device),
    )
    connection.execute(
        f"INSERT INTO shadow ({_SHADOW}, sealed)"  # noqa: S608 - our own column names
        f" VALUES ({', '.join('?' * 12)})",
        (
            row.id,
            row.user,
            row.device,
            row.base,
            row.made,
            row.state.value,
            json.dumps(row.alerts),
            json.dumps(row.comparison, allow_nan=False),
            row.version,
            row.decided_by,
            row.decided_at,
            sealer.seal("shadow", row.id.encode(), people.packed(template)),
        ),
    )


def _waiting(
    connection: sqlite3.Connection, sealer: Sealer, shadow: str
) -> tuple[ShadowRow, Template]:
    found = _one(connection, sealer, shadow)
    if found is None:
        raise NoLabel(f"there is no shadow '{shadow}'; `reauth feedback list` has them all")
    row, template = found
    if row.state is not ShadowState.WAITING:
        raise NoLabel(f"shadow {shadow} is {row.state}")
    if template is None:
        raise StoreError(f"shadow {shadow} has no template")
    return row, template


def _promote(
    connection: sqlite3.Connection, sealer: Sealer, shadow: str, by: str, now: float
) -> Template:
    row, template = _waiting(connection, sealer, shadow)
    active = connection.execute(
        "SELECT 1 FROM active WHERE person = ? AND version = ?", (row.user, row.base)
    ).fetchone()
    if active is None:
        raise NoLabel(
            f"version {row.base}, which it was compared with, is active no longer:"
            f" `reauth feedback compare {row.user}` learns it anew"
        )
    labels = [_label(connection, alert) for alert in row.alerts]
    good = (Standing.CONFIRMED, Standing.TAUGHT)
    if any(label is None or label.standing not in good for label in labels):
        raise NoLabel("a session that it was learnt from is no longer taken for the user's")
    saved = people.save_template(connection, sealer, template)
    _close(connection, shadow, ShadowState.PROMOTED, (saved.version, by, now))
    connection.executemany(
        "UPDATE label SET standing = 'taught' WHERE alert = ?", [(one,) for one in row.alerts]
    )
    return saved


def _discard(
    connection: sqlite3.Connection, sealer: Sealer, shadow: str, by: str, now: float
) -> ShadowRow:
    row, _ = _waiting(connection, sealer, shadow)
    _close(connection, shadow, ShadowState.REJECTED, (None, by, now))
    connection.executemany(
        "UPDATE label SET standing = 'never', decided_by = ?, decided_at = ?,"
        " reason = 'its shadow was rejected' WHERE alert = ? AND standing = 'confirmed'",
        [(by, now, one) for one in row.alerts],
    )
    connection.execute(CHANGED)
    return row


def _close(
    connection: sqlite3.Connection,
    shadow: str,
    state: ShadowState,
    decided: tuple[int | None, str | None, float | None],
) -> None:
    """Let it wait no longer; its template goes, as it is elsewhere or nowhere."""
    connection.execute(
        "UPDATE shadow SET state = ?, version = ?, decided_by = ?, decided_at = ?, sealed = NULL"
        " WHERE id = ?",
        (state.value, *decided, shadow),
    )
