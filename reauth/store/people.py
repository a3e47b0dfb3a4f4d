"""People in the store: what was gathered of them, their templates, and how they are forgotten."""

import hashlib
import json
import sqlite3
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, astuple, replace
from typing import Any, NamedTuple

from reauth.device import UNTOLD, likeness
from reauth.errors import NotEnrolled
from reauth.person import DeviceRow, PersonRow
from reauth.ports import SessionRow, TrajectoryRow
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
    COALESCE(person.newest, 0), COALESCE(person.paused, 0)
FROM (
    SELECT name FROM person WHERE {name}
    UNION
    SELECT person FROM session WHERE {person} AND cut = :cut AND trajectories > 0
) AS known
LEFT JOIN person ON person.name = known.name
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
_GATHERED = """
SELECT session.person, gathered.device, SUM(gathered.amount), SUM(gathered.unknown)
FROM session JOIN gathered ON gathered.session = session.id
WHERE {person} AND cut = :cut AND NOT EXISTS (
    SELECT 1 FROM alert WHERE alert.session = session.id AND alert.state = 'confirmed'
)
GROUP BY session.person, gathered.device
"""
_NEWEST_OF = """
SELECT person, device, MAX(version) FROM template WHERE {person} GROUP BY person, device
"""
_ACTIVE = """
SELECT active.person, active.device, active.version, template.provisional, template.quality,
    template.enrolled_at
FROM active JOIN template
    ON template.person = active.person AND template.version = active.version
WHERE {person}
"""
_ASKED = tuple(
    (
        _PEOPLE.format(name=name, person=person),
        _GATHERED.format(person=f"session.{person}"),
        _NEWEST_OF.format(person=person),
        _ACTIVE.format(person=f"active.{person}"),
    )
    for name, person in (("1 = 1", "person IS NOT NULL"), ("name = :user", "person = :user"))
)
"""What is asked of everybody, and of one user."""

_GENUINE_SESSIONS = """
SELECT id FROM session
WHERE person = ? AND cut = ? AND trajectories > 0 AND NOT EXISTS (
    SELECT 1 FROM alert WHERE alert.session = session.id
    AND alert.state IN ('open', 'acknowledged', 'confirmed')
)
ORDER BY started DESC, id DESC
"""
_NEWEST = f"""
SELECT {rows.POINTS} FROM trajectory
WHERE session = ? AND lane = ?{{devices}} ORDER BY number DESC LIMIT ?
"""  # noqa: S608 - our own column names


_NEWEST_SESSIONS = """
SELECT id FROM session WHERE person IS NOT NULL ORDER BY last_received DESC, id DESC
"""


class Wanted(NamedTuple):
    """Which trajectories: cut how, how many of each user, of which device classes (None: all).

    `lane` is the one that they were kept for.
    """

    cut: str
    limit: int
    devices: Collection[str] | None = None
    lane: str = LANE


def version(connection: sqlite3.Connection) -> int:
    """Counts changes of people and templates by any process."""
    value: int = connection.execute("SELECT value FROM meta WHERE name = 'people'").fetchone()[0]
    return value


def actives(connection: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Everyone's active versions by device class, but for those who are paused."""
    found: dict[str, dict[str, int]] = {}
    for user, device, number in connection.execute(
        "SELECT person, device, version FROM active JOIN person ON name = person"
        " WHERE paused = 0 ORDER BY person, version"
    ):
        found.setdefault(user, {})[device] = number
    return found


def people(connection: sqlite3.Connection, cut: str, user: str | None = None) -> list[PersonRow]:
    """Everyone who has a trajectory cut so, or a template, by name; or one of them."""
    everybody, *about = _ASKED[user is not None]
    asked = {"user": user, "cut": cut}
    devices: dict[str, dict[str, DeviceRow]] = {}
    gathered, newest, active = (connection.execute(sql, asked).fetchall() for sql in about)
    for name, device, amount, unknown in gathered:
        devices.setdefault(name, {})[device] = DeviceRow(device, amount, unknown)
    for name, device, number in newest:
        row = devices.setdefault(name, {}).get(device, DeviceRow(device))
        devices[name][device] = replace(row, newest_version=number)
    for name, device, number, provisional, quality, enrolled_at in active:
        devices[name][device] = replace(
            devices[name][device],
            version=number,
            provisional=bool(provisional),
            quality=json.loads(quality) if quality else None,
            enrolled_at=enrolled_at,
        )
    found = connection.execute(everybody, asked)
    return [_person(row, devices.get(row[0], {})) for row in found]


def _person(values: Sequence[Any], devices: Mapping[str, DeviceRow]) -> PersonRow:
    user, trajectories, first, last, newest, paused = values
    active = [row for row in devices.values() if row.version]
    main = max(active, key=lambda row: row.version, default=DeviceRow(""))
    provisional = bool(active) and all(row.provisional for row in active)
    return PersonRow(
        user,
        trajectories,
        first,
        last,
        main.version,
        newest,
        provisional,
        bool(paused),
        main.quality,
        main.enrolled_at,
        tuple(devices[name] for name in sorted(devices)),
    )


def genuine(
    connection: sqlite3.Connection, sealer: Sealer, user: str, wanted: Wanted
) -> list[list[Trajectory]]:
    """A user's trajectories that may train, session by session in order, the newest kept."""
    found: list[list[Trajectory]] = []
    left, names = wanted.limit, tuple(wanted.devices or ())
    marks = ", ".join("?" * len(names))
    of_class = "" if wanted.devices is None else f" AND COALESCE(device, '{UNTOLD}') IN ({marks})"
    newest = _NEWEST.format(devices=of_class)
    for (session,) in connection.execute(_GENUINE_SESSIONS, (user, wanted.cut)).fetchall():
        if left <= 0:
            break
        rows_of = connection.execute(newest, (session, wanted.lane, *names, left)).fetchall()
        left -= len(rows_of)
        if rows_of:
            found.append([rows.opened(values, sealer) for values in reversed(rows_of)])
    return found[::-1]


def background(
    connection: sqlite3.Connection, sealer: Sealer, without: str, wanted: Wanted
) -> dict[str, list[list[Trajectory]]]:
    """What may train of everyone else, at most so many trajectories of each."""
    others = connection.execute(
        "SELECT DISTINCT person FROM session WHERE person <> ? AND cut = ? AND trajectories > 0"
        " ORDER BY person",
        (without, wanted.cut),
    ).fetchall()
    found = {user: genuine(connection, sealer, user, wanted) for (user,) in others}
    return {user: sessions for user, sessions in found.items() if sessions}


def template(
    connection: sqlite3.Connection, sealer: Sealer, user: str, version: int | None
) -> Template | None:
    """A version of a user's template; None: the newest active one, unless the user is paused."""
    if version is None:
        version = actives_of(connection, user)
    row = connection.execute(
        "SELECT version, sealed FROM template WHERE person = ? AND version = ?", (user, version)
    ).fetchone()
    return _template(sealer, user, *row) if row else None


def actives_of(connection: sqlite3.Connection, user: str) -> int:
    """A user's newest active version; 0 for none, or while paused."""
    return max(_active(connection, user, paused=0).values(), default=0)


def _active(connection: sqlite3.Connection, user: str, paused: int = 1) -> dict[str, int]:
    """A user's active versions by device class; of one who is paused, only if that is asked for."""
    found = connection.execute(
        "SELECT device, version FROM active JOIN person ON name = person"
        " WHERE person = ? AND paused <= ?",
        (user, paused),
    )
    return dict(found.fetchall())


def _activate(connection: sqlite3.Connection, user: str, device: str, version: int) -> None:
    """Make a version active in place of those whose device class does not contradict its own."""
    gone = [name for name in _active(connection, user) if likeness(name, device) >= 0]
    connection.executemany(
        "DELETE FROM active WHERE person = ? AND device = ?", [(user, name) for name in gone]
    )
    connection.execute(
        "INSERT INTO active (person, device, version) VALUES (?, ?, ?)", (user, device, version)
    )
    connection.execute(rows.CHANGED)


def templates(connection: sqlite3.Connection, sealer: Sealer, user: str) -> list[Template]:
    """All versions, oldest first."""
    found = connection.execute(
        "SELECT version, sealed FROM template WHERE person = ? ORDER BY version", (user,)
    ).fetchall()
    return [_template(sealer, user, *row) for row in found]


def save_template(connection: sqlite3.Connection, sealer: Sealer, template: Template) -> Template:
    """Keep a template as the user's next version and make it the active one of its class."""
    user = template.user
    connection.execute("INSERT INTO person (name) VALUES (?) ON CONFLICT DO NOTHING", (user,))
    connection.execute("UPDATE person SET newest = newest + 1 WHERE name = ?", (user,))
    number = connection.execute("SELECT newest FROM person WHERE name = ?", (user,)).fetchone()[0]
    saved = replace(template, version=number)
    text, arrays = to_parts(saved)
    blob = _SIZE.pack(len(text)) + text.encode() + arrays
    values = (
        user,
        number,
        saved.device,
        int(saved.provisional),
        saved.enrolled_at,
        _quality(saved.quality),
        sealer.seal("template", _name(user, number), blob),
    )
    connection.execute(
        "INSERT INTO template (person, version, device, provisional, enrolled_at, quality, sealed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    _activate(connection, user, saved.device, number)
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


def newest(
    connection: sqlite3.Connection, sealer: Sealer, lane: str, limit: int
) -> list[Trajectory]:
    """Everybody's trajectories of a lane, session by session in order of time, the newest kept."""
    found: list[list[Trajectory]] = []
    left = limit
    for (session,) in connection.execute(_NEWEST_SESSIONS):
        kept = connection.execute(_NEWEST.format(devices=""), (session, lane, left)).fetchall()
        found.append([rows.opened(values, sealer) for values in reversed(kept)])
        left -= len(kept)
        if left <= 0:
            break
    return [trajectory for session in reversed(found) for trajectory in session]


def learnt(
    connection: sqlite3.Connection, sealer: Sealer, detector: str
) -> tuple[float, bytes] | None:
    """When a detector has learnt of everybody, and what."""
    row = connection.execute(
        "SELECT made, sealed FROM detector WHERE name = ?", (detector,)
    ).fetchone()
    return (row[0], sealer.open("detector", detector.encode(), row[1])) if row else None


def save_learnt(
    connection: sqlite3.Connection, sealer: Sealer, detector: str, made: float, model: bytes
) -> None:
    """Keep what a detector has learnt of everybody, in the place of what it had."""
    connection.execute(
        "INSERT INTO detector (name, made, sealed) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET made = excluded.made, sealed = excluded.sealed",
        (detector, made, sealer.seal("detector", detector.encode(), model)),
    )
    connection.execute(rows.CHANGED)


def rollback(connection: sqlite3.Connection, user: str, version: int) -> None:
    """Make an older version the active one of its device class.

    Raises
    ------
    NotEnrolled
        If there is no such version.
    """
    found = connection.execute(
        "SELECT device FROM template WHERE person = ? AND version = ?", (user, version)
    ).fetchone()
    if found is None:
        raise NotEnrolled(f"{user} has no template of version {version}")
    _activate(connection, user, found[0], version)


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
    That somebody else's movement resembled the user's is no such record, and goes, as do rules that
    hold back what is found of the user.
    """
    connection.execute("DELETE FROM suppression WHERE person = ?", (user,))
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
