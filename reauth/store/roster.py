"""The list of users in SQL: names first, sorted and counted there; the rest of one page only."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from reauth.alert import Alert
from reauth.ports.roster import Asked, Line, LineState, Listing, Order, Remarks, Run, VersionRow
from reauth.store import alerts, people
from reauth.store.desk import Desk

KEPT_RUNS = 20
"""Lists of users to be enrolled that are shown."""

_TRAINS = (
    "cut = :cut AND trajectories > 0 AND id NOT IN"
    " (SELECT session FROM alert WHERE state = 'confirmed' AND session IS NOT NULL)"
)
_SUM = "SELECT MIN(:needed, SUM(trajectories)) FROM session WHERE person = name"
_GATHERED = f"({_SUM} AND {_TRAINS})"
_KEYS = {
    Order.USER: "name",
    Order.STATE: "state",
    Order.PROGRESS: f"CASE WHEN enrolled_at IS NULL THEN COALESCE({_GATHERED}, 0) ELSE :needed END",
    Order.TEMPLATE: "COALESCE(enrolled_at, 0)",
}
_LISTING = f"""
WITH RECURSIVE moved (name) AS (
    SELECT MIN(person) FROM session WHERE person > '' AND cut = :cut AND trajectories > 0
    UNION ALL
    SELECT (
        SELECT MIN(person) FROM session
        WHERE person > moved.name AND cut = :cut AND trajectories > 0
    ) FROM moved WHERE moved.name IS NOT NULL
), known AS (
    SELECT name FROM person UNION SELECT name FROM moved WHERE name IS NOT NULL
), learnt AS (
    SELECT active.person, MIN(template.provisional) AS provisional,
        MAX(template.enrolled_at) AS enrolled_at
    FROM active JOIN template
        ON template.person = active.person AND template.version = active.version
    GROUP BY active.person
), listed AS MATERIALIZED (
    SELECT known.name AS name, learnt.enrolled_at AS enrolled_at,
        CASE WHEN person.paused = 1 THEN 'paused'
            WHEN learnt.provisional = 1 THEN 'provisional'
            WHEN learnt.provisional = 0 THEN 'active'
            WHEN EXISTS (SELECT 1 FROM session WHERE person = known.name AND {_TRAINS})
                THEN 'gathering'
            ELSE 'none' END AS state
    FROM known
    LEFT JOIN person ON person.name = known.name
    LEFT JOIN learnt ON learnt.person = known.name
    WHERE :search = '' OR instr(lower(known.name), lower(:search)) > 0
), counted AS (
    SELECT json_group_object(state, amount) AS states
    FROM (SELECT state, COUNT(*) AS amount FROM listed GROUP BY state)
), page AS (
    SELECT name, ROW_NUMBER() OVER (ORDER BY {{key}} {{turn}}, name) AS place
    FROM listed WHERE :state IS NULL OR state = :state
    ORDER BY place LIMIT :most OFFSET :first
)
SELECT counted.states, page.name FROM counted LEFT JOIN page ON 1 = 1 ORDER BY page.place
"""  # noqa: S608 - our own words
"""Names are stepped through in the index, one look a user: a scan would see every session."""
_VERSIONS = """
SELECT template.version, template.device, template.provisional, template.enrolled_at,
    active.version IS NOT NULL, template.quality
FROM template LEFT JOIN active
    ON active.person = template.person AND active.version = template.version
WHERE template.person = ? ORDER BY template.version DESC
"""


def listing(connection: sqlite3.Connection, cut: str, asked: Asked) -> Listing:
    """A page of users, sorted; the name decides between equals, so that pages never overlap."""
    values = {
        "cut": cut,
        "search": asked.search,
        "needed": asked.needed,
        "state": asked.state and asked.state.value,
        "first": asked.first,
        "most": asked.most,
    }
    key, turn = _KEYS[asked.order], "DESC" if asked.descending else "ASC"
    found = connection.execute(_LISTING.format(key=key, turn=turn), values).fetchall()
    states: dict[str, int] = json.loads(found[0][0])
    names = [name for _, name in found if name is not None]
    rows = {row.user: row for row in people.people(connection, cut, names)}
    total = states.get(asked.state.value, 0) if asked.state else sum(states.values())
    return Listing([rows[name] for name in names], total, states)


def versions(connection: sqlite3.Connection, user: str) -> list[VersionRow]:
    """A user's templates, newest first; what they have learnt stays sealed."""
    return [
        VersionRow(
            version, device, bool(provisional), at, bool(active),
            json.loads(quality) if quality else None,
        )
        for version, device, provisional, at, active, quality in connection.execute(
            _VERSIONS, (user,)
        )
    ]  # fmt: skip


def remarks(connection: sqlite3.Connection, user: str) -> Remarks:
    """What was written down about a user."""
    row = connection.execute(
        "SELECT note, paused_why FROM person WHERE name = ?", (user,)
    ).fetchone()
    return Remarks(*row) if row else Remarks()


def expect(connection: sqlite3.Connection, user: str, note: str) -> None:
    """Put somebody on the list."""
    connection.execute("INSERT INTO person (name) VALUES (?) ON CONFLICT DO NOTHING", (user,))
    if note:
        connection.execute("UPDATE person SET note = ? WHERE name = ?", (note, user))


def pause(connection: sqlite3.Connection, user: str, paused: bool, why: str) -> None:
    """Stop comparing a user for a reason, or resume."""
    people.set_paused(connection, user, paused)
    connection.execute("UPDATE person SET paused_why = ? WHERE name = ?", (why, user))


class SqliteRoster:
    """See `reauth.ports.roster.Roster`.

    Parameters
    ----------
    cut
        Names the segmenter whose trajectories enrol.
    """

    def __init__(self, desk: Desk, cut: str) -> None:
        self._desk = desk
        self._cut = cut

    async def listing(self, asked: Asked) -> Listing:
        """A page of users."""
        return await self._desk.read_much(listing, self._cut, asked)

    async def versions(self, user: str) -> list[VersionRow]:
        """A user's templates, newest first."""
        return await self._desk.read(versions, user)

    async def remarks(self, user: str) -> Remarks:
        """What was written down about a user."""
        return await self._desk.read(remarks, user)

    async def alerts_of(self, user: str, limit: int) -> list[Alert]:
        """A user's newest alerts, newest first."""
        return await self._desk.read(alerts.of_user, user, limit)

    async def expect(self, user: str, note: str) -> None:
        """Put somebody on the list before anything is known of them."""
        await self._desk.write(expect, user, note)

    async def pause(self, user: str, why: str) -> None:
        """Stop comparing a user, for a reason."""
        await self._desk.write(pause, user, True, why)

    async def resume(self, user: str) -> None:
        """Compare a user again."""
        await self._desk.write(pause, user, False, "")


_LINE = "number, person, note, file, state, told"


def begin(connection: sqlite3.Connection, run: Run) -> None:
    """Keep a new list."""
    connection.execute(
        "INSERT INTO enrolment_run (id, begun, begun_by) VALUES (?, ?, ?)",
        (run.id, run.begun, run.begun_by),
    )
    connection.executemany(
        f"INSERT INTO enrolment_line (run, {_LINE}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own column names
        [
            (run.id, each.number, each.user, each.note, each.file, each.state.value, each.told)
            for each in run.lines
        ],
    )


def one_run(connection: sqlite3.Connection, name: str) -> Run | None:
    """One list, lines in order."""
    row = connection.execute(
        "SELECT id, begun, begun_by FROM enrolment_run WHERE id = ?", (name,)
    ).fetchone()
    if row is None:
        return None
    lines = connection.execute(
        f"SELECT {_LINE} FROM enrolment_line WHERE run = ? ORDER BY number",  # noqa: S608 - our own column names
        (name,),
    )
    return Run(row[0], row[1], row[2], tuple(map(_line, lines)))


def newest_runs(connection: sqlite3.Connection) -> list[Run]:
    """The newest lists, newest first, without their lines."""
    found = connection.execute(
        "SELECT id, begun, begun_by FROM enrolment_run ORDER BY begun DESC, id LIMIT ?",
        (KEPT_RUNS,),
    )
    return [Run(*row) for row in found]


def waiting(connection: sqlite3.Connection) -> tuple[str, Line] | None:
    """The list and the line that is next."""
    row = connection.execute(
        f"SELECT run, {_LINE} FROM enrolment_line WHERE state = 'waiting'"  # noqa: S608 - our own column names
        " ORDER BY run, number LIMIT 1"
    ).fetchone()
    return (row[0], _line(row[1:])) if row else None


def told(connection: sqlite3.Connection, run: str, line: Line) -> None:
    """Keep what became of a line."""
    connection.execute(
        "UPDATE enrolment_line SET state = ?, told = ? WHERE run = ? AND number = ?",
        (line.state.value, line.told, run, line.number),
    )


def _line(values: Sequence[Any]) -> Line:
    *plain, state, said = values
    number, user, note, file = plain
    return Line(number, user, note, file, LineState(state), said)


class SqliteRuns:
    """See `reauth.ports.roster.Runs`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def begin(self, run: Run) -> None:
        """Keep a new list."""
        await self._desk.write(begin, run)

    async def run(self, name: str) -> Run | None:
        """One list, lines in order."""
        return await self._desk.read(one_run, name)

    async def runs(self) -> list[Run]:
        """The newest lists, newest first, without their lines."""
        return await self._desk.read(newest_runs)

    async def waiting(self) -> tuple[str, Line] | None:
        """The list and the line that is next; None when all is done."""
        return await self._desk.read(waiting)

    async def told(self, run: str, line: Line) -> None:
        """Keep what became of a line."""
        await self._desk.write(told, run, line)
