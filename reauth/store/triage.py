"""Alerts in the store as people work on them, and the rules that hold alerts back."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from reauth.alert import BUDGET, POPULATION, Alert, Severity
from reauth.errors import StoreError
from reauth.news import Event
from reauth.ports import Wanted
from reauth.ports.triage import Change
from reauth.store import alerts
from reauth.store.desk import Desk
from reauth.suppression import Rule, Scope

_RULE = (
    "id, kind, owner, reason, begins, ends, person, lane, alert_kind, site, network, made, held"
)


class SqliteCases:
    """See `reauth.ports.Cases`; `told` says which sinks ask for which event of an alert."""

    def __init__(self, desk: Desk, told: alerts.Told) -> None:
        self._desk = desk
        self._told = told

    async def find(self, wanted: Wanted, limit: int) -> list[Alert]:
        """Alerts, newest first."""
        return await self._desk.read(_find, wanted, limit)

    async def change(self, alert_id: str, change: Change) -> Alert | None:
        """Change an alert whole, whoever else does."""
        return await self._desk.write(_change, alert_id, change, self._told)

    async def tell(self, alert_id: str, change: Change, sinks: Sequence[str]) -> Alert | None:
        """The same, and have sinks told that have not been."""
        return await self._desk.write(_tell, alert_id, change, (self._told, sinks))

    async def unseen(self, before: float, limit: int) -> list[Alert]:
        """Open alerts that were told, raised before a time, escalated to nobody."""
        return await self._desk.read(_unseen, before, limit)

    async def held_over(self, by: str, before: float, limit: int) -> list[Alert]:
        """Open alerts held back by something, raised before a time, the severest first."""
        return await self._desk.read(_held_over, by, before, limit)

    async def told(self, day: int) -> int:
        """How many alerts were told on a day."""
        return await self._desk.read(alerts.told_on, day)

    async def figures(self) -> Mapping[str, float]:
        """For the metrics, by name with labels."""
        return await self._desk.read(_figures)


class SqliteSuppressions:
    """See `reauth.ports.Suppressions`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def add(self, rule: Rule) -> Rule:
        """Keep a rule; the same once more changes nothing."""
        return await self._desk.write(_add, rule)

    async def end(self, rule_id: str, kind: str, now: float) -> Rule | None:
        """Let a rule end, unless it has; None if there is none of that kind."""
        return await self._desk.write(_end, rule_id, kind, now)

    async def rules(self, kind: str) -> list[Rule]:
        """All of a kind, the last to end first."""
        return await self._desk.read(_rules, "kind = ? ORDER BY ends DESC, id", (kind,))

    async def standing(self, now: float) -> list[Rule]:
        """Those of any kind that hold something back."""
        return await self._desk.read(_rules, "begins <= ? AND ends > ? ORDER BY id", (now, now))


def _conditions(wanted: Wanted) -> tuple[list[str], list[Any]]:
    """What is asked for, as words of SQL and their values."""
    words, values = ["1 = 1"], list[Any]()
    for column, choices in (("state", wanted.states), ("severity", wanted.severities)):
        if choices:
            words.append(f"{column} IN ({', '.join('?' * len(choices))})")
            values += [one.value for one in choices]
    for condition, value in (
        ("kind = ?", wanted.kind),
        ("lane = ?", wanted.lane),
        ("COALESCE(person, '') = ?", wanted.user),
        ("client = ?", wanted.client),
        ("session = ?", wanted.session),
        ("site = ?", wanted.site),
        ("COALESCE(assignee, '') = ?", wanted.assignee),
        ("EXISTS (SELECT 1 FROM json_each(alert.tags) WHERE value = ?)", wanted.tag),
        ("suppressed = ?", wanted.suppressed),
        ("held = ?", wanted.held),
        ("test = ?", wanted.test),
        ("raised_at >= ?", wanted.since),
        ("raised_at < ?", wanted.until),
    ):
        if value is not None:
            words.append(condition)
            values.append(value)
    return words, values


def _find(connection: sqlite3.Connection, wanted: Wanted, limit: int) -> list[Alert]:
    words, values = _conditions(wanted)
    if wanted.before is not None:
        at = connection.execute("SELECT raised_at FROM alert WHERE id = ?", (wanted.before,))
        row = at.fetchone()
        if row is None:
            raise StoreError("no alert has the id of the cursor; list again without one")
        words.append("(raised_at, id) < (?, ?)")
        values += [row[0], wanted.before]
    # The index alone says which: rows with their evidence are read for those only.
    return alerts.where(
        connection,
        f"id IN (SELECT id FROM alert INDEXED BY alert_list WHERE {' AND '.join(words)}"  # noqa: S608 - our own words
        " ORDER BY raised_at DESC, id DESC LIMIT ?) ORDER BY raised_at DESC, id DESC",
        (*values, limit),
    )


def _change(
    connection: sqlite3.Connection, alert_id: str, change: Change, told: alerts.Told
) -> Alert | None:
    found = alerts.one(connection, alert_id)
    if found is None:
        return None
    changed = change(found)
    alerts.update(connection, changed, found.state, told)
    return changed


def _tell(
    connection: sqlite3.Connection,
    alert_id: str,
    change: Change,
    whom: tuple[alerts.Told, Sequence[str]],
) -> Alert | None:
    told, sinks = whom
    changed = _change(connection, alert_id, change, told)
    if changed is not None:
        alerts.announce(connection, changed, {Event.RAISED: sinks}, changed.history[-1].at)
    return changed


def _unseen(connection: sqlite3.Connection, before: float, limit: int) -> list[Alert]:
    return alerts.where(
        connection,
        "state = 'open' AND suppressed = 0 AND test = 0 AND escalated_at IS NULL"
        " AND raised_at < ? ORDER BY raised_at, id LIMIT ?",
        (before, limit),
    )


def _held_over(
    connection: sqlite3.Connection, by: str, before: float, limit: int
) -> list[Alert]:
    ranks = " ".join(f"WHEN '{one.value}' THEN {one.rank}" for one in Severity)
    return alerts.where(
        connection,
        f"held = ? AND state = 'open' AND raised_at < ? ORDER BY CASE severity {ranks} END DESC,"
        " raised_at, id LIMIT ?",
        (by, before, limit),
    )


def _figures(connection: sqlite3.Connection) -> dict[str, float]:
    severities = {f'alerts_open{{severity="{one.value}"}}': 0.0 for one in Severity}
    for severity, count in connection.execute(
        "SELECT severity, COUNT(*) FROM alert WHERE state = 'open' AND test = 0 GROUP BY severity"
    ):
        severities[f'alerts_open{{severity="{severity}"}}'] = count
    held = {f'alerts_held{{by="{by}"}}': 0.0 for by in (POPULATION, BUDGET, "rule")}
    for by, count in connection.execute(
        "SELECT held, COUNT(*) FROM alert WHERE state = 'open' AND suppressed = 1 AND test = 0"
        " GROUP BY held"
    ):
        held[f'alerts_held{{by="{by if by in (POPULATION, BUDGET) else "rule"}"}}'] += count
    sums = dict(connection.execute("SELECT name, value FROM alert_figure").fetchall())
    return {**severities, **held, **sums}


def _add(connection: sqlite3.Connection, rule: Rule) -> Rule:
    scope = rule.scope
    told = scope.user, scope.lane, scope.kind, scope.site, scope.network
    connection.execute(
        f"INSERT INTO suppression ({_RULE}) VALUES ({', '.join('?' * 13)}) ON CONFLICT DO NOTHING",  # noqa: S608 - our own column names
        (
            rule.id, rule.kind, rule.owner, rule.reason, rule.begins, rule.ends, *told, rule.made, 0
        ),
    )  # fmt: skip
    [kept] = _rules(connection, "id = ?", (rule.id,))
    return kept


def _end(connection: sqlite3.Connection, rule_id: str, kind: str, now: float) -> Rule | None:
    connection.execute(
        "UPDATE suppression SET ends = MAX(begins, ?) WHERE id = ? AND kind = ? AND ends > ?",
        (now, rule_id, kind, now),
    )
    found = _rules(connection, "id = ? AND kind = ?", (rule_id, kind))
    return found[0] if found else None


def _rules(connection: sqlite3.Connection, words: str, values: tuple[Any, ...]) -> list[Rule]:
    found = connection.execute(f"SELECT {_RULE} FROM suppression WHERE {words}", values)  # noqa: S608 - our own words
    return [_rule(*row) for row in found.fetchall()]


def _rule(*row: Any) -> Rule:
    name, kind, owner, reason, begins, ends, *scope, when, held = row
    return Rule(name, kind, owner, reason, begins, ends, Scope(*scope), when, held)
