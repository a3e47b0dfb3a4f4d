"""People in the store: what was gathered of them, their templates, and how they are forgotten."""

import hashlib
import json
import sqlite3
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, replace
from typing import Any

from reauth.errors import NotEnrolled
from reauth.ports import PersonRow, SessionRow, TrajectoryRow
from reauth.store import rows
from reauth.store.commit import LANE, write_trajectories
from reauth.store.seal import Sealer
from reauth.store.templates import from_parts, to_parts
from reauth.template import Drift, Drifts, Quality, Shared, Template
from reauth.trajectory import Trajectory

_DELETED = "UPDATE meta SET value = value + 1 WHERE name IN ('people', 'deletions')"
_SHARED = (
    "made, verifier, features, fall_once, spread_once, fall_often, spread_often, users, sessions"
)
_SIZE = struct.Struct(">I")

_PEOPLE = """
SELECT known.name, COALESCE(gathered.amount, 0), gathered.oldest, gathered.newest,
    COALESCE(person.active, 0), COALESCE(person.newest, 0), COALESCE(person.paused, 0),
    COALESCE(template.provisional, 0), template.quality, template.enrolled_at
FROM (
    SELECT name FROM person WHERE {name}
    UNION
    SELECT person FROM session WHERE {person} AND cut = :cut AND trajectories > 0
) AS known
LEFT JOIN person ON person.name = known.name
LEFT JOIN template ON template.person = known.name AND template.version = person.active
LEFT JOIN (
    SELECT person, SUM(trajectories) AS amount, MIN(first_received) AS oldest,
        MAX(last_received) AS newest
    FROM session
    WHERE {person} AND cut = :cut AND trajectories > 0 AND NOT EXISTS (
        SELECT 1 FROM alert WHERE alert.session = session.id AND alert.state = 'confirmed'
    )
    GROUP BY person
) AS gathered ON gathered.person = known.name
ORDER BY known.name
"""
_EVERYONE = _PEOPLE.format(name="1 = 1", person="person IS NOT NULL")
_ONE = _PEOPLE.format(name="name = :user", person="person = :user")

_GENUINE_SESSIONS = """
SELECT id FROM session
WHERE person = ? AND cut = ? AND trajectories > 0 AND NOT EXISTS (
    SELECT 1 FROM alert WHERE alert.session = session.id
    AND alert.state IN ('open', 'acknowledged', 'confirmed')
)
ORDER BY started DESC, id DESC
"""
_NEWEST = """
SELECT session, lane, number, form, sealed FROM trajectory
WHERE session = ? AND lane = ? ORDER BY number DESC LIMIT ?
"""


def version(connection: sqlite3.Connection) -> int:
    """Counts changes of people and templates by any process."""
    value: int = connection.execute("SELECT value FROM meta WHERE name = 'people'").fetchone()[0]
    return value


def actives(connection: sqlite3.Connection) -> dict[str, int]:
    """The active version of everyone who has one and is not paused."""
    found = connection.execute("SELECT name, active FROM person WHERE active > 0 AND paused = 0")
    return dict(found.fetchall())


def people(connection: sqlite3.Connection, cut: str, user: str | None = None) -> list[PersonRow]:
    """Everyone who has a trajectory cut so, or a template, by name; or one of them."""
    found = connection.execute(_EVERYONE if user is None else _ONE, {"user": user, "cut": cut})
    return [_person(row) for row in found]


def _person(row: Sequence[Any]) -> PersonRow:
    *head, paused, provisional, quality, enrolled_at = row
    user, trajectories, first, last, active, newest = head
    return PersonRow(
        user,
        trajectories,
        first,
        last,
        active,
        newest,
        bool(provisional),
        bool(paused),
        json.loads(quality) if quality else None,
        enrolled_at,
    )


def genuine(
    connection: sqlite3.Connection, sealer: Sealer, cut: str, user: str, limit: int
) -> list[list[Trajectory]]:
    """A user's trajectories that may train, session by session in order, the newest kept."""
    found: list[list[Trajectory]] = []
    left = limit
    for (session,) in connection.execute(_GENUINE_SESSIONS, (user, cut)).fetchall():
        if left <= 0:
            break
        newest = connection.execute(_NEWEST, (session, LANE, left)).fetchall()
        left -= len(newest)
        found.append([rows.opened(values, sealer) for values in reversed(newest)])
    return found[::-1]


def background(
    connection: sqlite3.Connection, sealer: Sealer, cut: str, without: str, most: int
) -> dict[str, list[list[Trajectory]]]:
    """What may train of everyone else, at most so many trajectories of each."""
    others = connection.execute(
        "SELECT DISTINCT person FROM session WHERE person <> ? AND cut = ? AND trajectories > 0"
        " ORDER BY person",
        (without, cut),
    ).fetchall()
    found = {user: genuine(connection, sealer, cut, user, most) for (user,) in others}
    return {user: sessions for user, sessions in found.items() if sessions}


def template(
    connection: sqlite3.Connection, sealer: Sealer, user: str, version: int | None
) -> Template | None:
    """A version of a user's template; None means the active one, unless the user is paused."""
    if version is None:
        version = actives_of(connection, user)
    row = connection.execute(
        "SELECT version, sealed FROM template WHERE person = ? AND version = ?", (user, version)
    ).fetchone()
    return _template(sealer, user, *row) if row else None


def actives_of(connection: sqlite3.Connection, user: str) -> int:
    """A user's active version; 0 for none, or while paused."""
    row = connection.execute(
        "SELECT active FROM person WHERE name = ? AND paused = 0", (user,)
    ).fetchone()
    return row[0] if row else 0


def templates(connection: sqlite3.Connection, sealer: Sealer, user: str) -> list[Template]:
    """All versions, oldest first."""
    found = connection.execute(
        "SELECT version, sealed FROM template WHERE person = ? ORDER BY version", (user,)
    ).fetchall()
    return [_template(sealer, user, *row) for row in found]


def save_template(connection: sqlite3.Connection, sealer: Sealer, template: Template) -> Template:
    """Keep a template as the user's next version and make it the active one."""
    user = template.user
    connection.execute("INSERT INTO person (name) VALUES (?) ON CONFLICT DO NOTHING", (user,))
    connection.execute(
        "UPDATE person SET newest = newest + 1, active = newest + 1 WHERE name = ?", (user,)
    )
    number = connection.execute("SELECT newest FROM person WHERE name = ?", (user,)).fetchone()[0]
    saved = replace(template, version=number)
    text, arrays = to_parts(saved)
    blob = _SIZE.pack(len(text)) + text.encode() + arrays
    values = (
        user,
        number,
        int(saved.provisional),
        saved.enrolled_at,
        _quality(saved.quality),
        sealer.seal("template", _name(user, number), blob),
    )
    connection.execute(
        "INSERT INTO template (person, version, provisional, enrolled_at, quality, sealed)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        values,
    )
    connection.execute(rows.CHANGED)
    return saved


def shared(connection: sqlite3.Connection) -> Shared | None:
    """What all users share, as measured last."""
    row = connection.execute(
        f"SELECT {_SHARED} FROM shared ORDER BY made DESC LIMIT 1"  # noqa: S608 - our own names
    ).fetchone()
    if row is None:
        return None
    made, verifier, features, *numbers, users, sessions = row
    drifts = Drifts(Drift(*numbers[:2]), Drift(*numbers[2:]))
    return Shared(made, verifier, features, drifts, users, sessions)


def save_shared(connection: sqlite3.Connection, found: Shared) -> None:
    """Keep what all users share."""
    once, often = astuple(found.drifts)
    values = (found.made, found.verifier, found.features, *once, *often)
    connection.execute(
        f"INSERT INTO shared ({_SHARED})"  # noqa: S608 - our own names
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (*values, found.users, found.sessions),
    )


def rollback(connection: sqlite3.Connection, user: str, version: int) -> None:
    """Make an older version the active one.

    Raises
    ------
    NotEnrolled
        If there is no such version.
    """
    changed = connection.execute(
        "UPDATE person SET active = ? WHERE name = ? AND EXISTS"
        " (SELECT 1 FROM template WHERE person = ? AND version = ?)",
        (version, user, user, version),
    )
    if changed.rowcount != 1:
        raise NotEnrolled(f"{user} has no template of version {version}")
    connection.execute(rows.CHANGED)


def set_paused(connection: sqlite3.Connection, user: str, paused: bool) -> None:
    """Stop or resume comparing a user."""
    connection.execute(
        "INSERT INTO person (name, paused) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET paused = excluded.paused",
        (user, int(paused)),
    )
    connection.execute(rows.CHANGED)


def delete(connection: sqlite3.Connection, user: str) -> int:
    """Forget a user here; how many rows went.

    Alerts stay until their own retention: they are the record of what happened to the account.
    That somebody else's movement resembled the user's is no such record, and goes.
    """
    connection.execute(
        "UPDATE alert SET resembles = NULL, posterior = NULL WHERE resembles = ?", (user,)
    )
    gone = connection.execute(
        "DELETE FROM trajectory WHERE session IN (SELECT id FROM session WHERE person = ?)", (user,)
    ).rowcount
    gone += connection.execute("DELETE FROM template WHERE person = ?", (user,)).rowcount
    gone += connection.execute("DELETE FROM person WHERE name = ?", (user,)).rowcount
    for table in ("session", "recording", "tab", "held", "reject"):
        gone += connection.execute(
            f"DELETE FROM {table} WHERE person = ?",  # noqa: S608 - our own table names
            (user,),
        ).rowcount
    connection.execute(_DELETED)
    return gone


def import_recording(
    connection: sqlite3.Connection,
    sealer: Sealer,
    recording: tuple[str, str, str],
    sessions: Sequence[Sequence[Trajectory]],
    now: float,
) -> bool:
    """Keep a recording's trajectories as sessions of their own; False if it was known.

    `recording` is (how it was cut, whose it is, the digest of its content).
    """
    cut, user, content = recording
    digest = content if cut == "pause" else f"{cut}:{content}"  # cut otherwise, it is another
    new = connection.execute(
        "INSERT INTO recording (person, digest, imported_at) VALUES (?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (user, digest, now),
    )
    if new.rowcount != 1:
        return False
    name = hashlib.blake2b(f"{user}\0{digest}".encode(), digest_size=16).hexdigest()
    for index, session in enumerate(sessions):
        times = (now, now, now)
        row = SessionRow(f"{name}-{index:06d}", user, "import", *times, "", "import", 1.0, b"", cut)
        connection.execute(
            f"INSERT INTO session ({rows.SESSION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own column names
            rows.session_values(row, sealer),
        )
        write_trajectories(connection, _imported(row, session), sealer)
    connection.execute(rows.CHANGED)
    return True


def _imported(row: SessionRow, trajectories: Sequence[Trajectory]) -> list[TrajectoryRow]:
    return [
        TrajectoryRow(
            row.id, row.user, LANE, number, "", row.started, trajectory, None, "imported", 0
        )
        for number, trajectory in enumerate(trajectories, 1)
    ]


def _template(sealer: Sealer, user: str, version: int, sealed: bytes) -> Template:
    blob = sealer.open("template", _name(user, version), sealed)
    (size,) = _SIZE.unpack_from(blob)
    at = _SIZE.size + size
    return from_parts(blob[_SIZE.size : at].decode(), blob[at:])


def _quality(quality: Mapping[int, Quality] | None) -> str | None:
    if quality is None:
        return None
    return json.dumps({str(window): asdict(entry) for window, entry in quality.items()})


def _name(user: str, version: int) -> bytes:
    return f"{user}\0{version}".encode()
