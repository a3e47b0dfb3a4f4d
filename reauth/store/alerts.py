"""Alerts in the store, and the outbox of those that a sink has yet to take."""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

from reauth.alert import (
    UNRESOLVED,
    Alert,
    Evidence,
    Reason,
    Resemblance,
    Risk,
    Severity,
    State,
    Step,
    again,
    move,
)
from reauth.errors import StoreError
from reauth.histogram import observe
from reauth.label import label_of
from reauth.news import Event, event_of
from reauth.ports import Delivery
from reauth.store.rows import CHANGED

_COLUMNS = (
    "id, person, client, session, lane, kind, site, template_version, first_anomaly_at, raised_at,"
    " score, threshold, window_size, low, low_limit, provisional, evidence, state, note, verdict,"
    " suppressed, history, rule, level, bound, resembles, posterior, risk, reasons,"
    " severity, test, assignee, tags, held, escalated_at"
)
"""In the order of `Alert`'s fields."""
_QUALIFIED = ", ".join(f"alert.{name}" for name in _COLUMNS.split(", "))

_INSERT = f"INSERT INTO alert ({_COLUMNS}) VALUES ({', '.join('?' * 35)}) ON CONFLICT DO NOTHING"  # noqa: S608 - our own column names
_UNRESOLVED = "state IN ('open', 'acknowledged')"
"""`UNRESOLVED`, in the words of the index `alert_unresolved`."""
_TELL = """
INSERT INTO outbox (id, alert, sink, event, due, state)
SELECT COALESCE(MAX(id), 0) + 1, ?, ?, ?, 0, 'waiting' FROM outbox WHERE true
ON CONFLICT DO NOTHING
"""
"""Due at once: 0 lies before every clock. The condition keeps SQLite from reading ON as a join."""
_DAY = 86_400.0
_ADD = """
INSERT INTO alert_figure (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = alert_figure.value + excluded.value
"""
_NOTE = """
INSERT INTO delivery_attempt (id, delivery, alert, sink, event, at, number, result, fault)
SELECT (SELECT COALESCE(MAX(id), 0) + 1 FROM delivery_attempt),
    id, alert, sink, event, ?, attempts, ?, ?
FROM outbox WHERE id = ?
"""
LONGEST_FAULT = 300
"""Letters kept of what went wrong: a line in a table."""

Told = Mapping[Event, Sequence[str]]
"""Names of the sinks that are to be told of an event."""
_DUE = f"""
SELECT outbox.id, outbox.sink, outbox.attempts, outbox.event, {_QUALIFIED}
FROM outbox JOIN alert ON alert.id = outbox.alert
WHERE outbox.state = 'waiting' AND outbox.due <= ? AND outbox.sink NOT IN ({{}})
AND NOT EXISTS (
    SELECT 1 FROM outbox AS earlier WHERE earlier.alert = outbox.alert
    AND earlier.sink = outbox.sink AND earlier.state = 'waiting' AND earlier.id < outbox.id
)
ORDER BY outbox.due, outbox.id LIMIT ?
"""  # noqa: S608 - our own column names
"""That it is closed is told to nobody who has yet to hear that it was raised."""


def insert(connection: sqlite3.Connection, alert: Alert, told: Told) -> Alert | None:
    """Keep a new alert and its deliveries; None if it, or an unresolved one, is there.

    Of one that is suppressed no sink is told. An unresolved one notes in its history that there was
    another alarm; if it was suppressed and that one is not, it is told of after all, and given.
    """
    if connection.execute(_INSERT, _values(alert)).rowcount != 1:
        return _again(connection, alert, told)
    if alert.suppressed:
        connection.execute("UPDATE suppression SET held = held + 1 WHERE id = ?", (alert.held,))
    else:
        announce(connection, alert, told, alert.raised_at)
    return alert


def announce(connection: sqlite3.Connection, alert: Alert, told: Told, now: float) -> None:
    """Have the sinks that ask for it told that an alert was raised, and count it on the day.

    A test is no alert, and an escalation no other one.
    """
    tell(connection, alert.id, Event.RAISED, told)
    if not alert.test and alert.escalated_at is None:
        connection.execute(
            "INSERT INTO alert_day (day, told) VALUES (?, 1)"
            " ON CONFLICT (day) DO UPDATE SET told = alert_day.told + 1",
            (int(now // _DAY),),
        )


def told_on(connection: sqlite3.Connection, day: int) -> int:
    """How many alerts were told on a day (days since 1970-01-01, UTC)."""
    row = connection.execute("SELECT told FROM alert_day WHERE day = ?", (day,)).fetchone()
    return row[0] if row else 0


def tell(connection: sqlite3.Connection, alert_id: str, event: Event, told: Told) -> None:
    """Let the sinks that ask for it be told of an event, once."""
    rows = [(alert_id, sink, event.value) for sink in told.get(event, ())]
    connection.executemany(_TELL, rows)


def _again(connection: sqlite3.Connection, alert: Alert, told: Told) -> Alert | None:
    """Note an alarm in the unresolved alert of its session and lane; give that if it is told."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM alert"  # noqa: S608 - our own words
        f" WHERE session = ? AND lane = ? AND {_UNRESOLVED}"
        " AND NOT EXISTS (SELECT 1 FROM alert WHERE id = ?)",
        (alert.session, alert.lane, alert.id),
    ).fetchone()
    if row is None:
        return None
    known = _alert(row)
    noted = again(known, alert)
    if noted == known:
        return None
    update(connection, noted, known.state)
    if noted.suppressed or not known.suppressed:
        return None
    announce(connection, noted, told, alert.raised_at)
    return noted


def unresolved(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """(session, lane) of the alerts that nobody has closed yet."""
    found = connection.execute(
        f"SELECT session, lane FROM alert WHERE {_UNRESOLVED}"  # noqa: S608 - our own words
        " AND session IS NOT NULL AND lane IS NOT NULL"
    )
    return set(found)


def select(
    connection: sqlite3.Connection,
    asked: tuple[State | None, float | None, Sequence[str]],
    limit: int,
    cursor: str | None,
) -> list[Alert]:
    """Alerts by `raised_at`, oldest first; `asked` is the state, since when (s), severities.

    Raises
    ------
    StoreError
        If there is no alert that `cursor` names.
    """
    state, since, severities = asked
    wanted, values = ["1 = 1"], list[Any]()
    if severities:
        wanted.append(f"severity IN ({', '.join('?' * len(severities))})")
        values += severities
    if state is not None:
        wanted.append("state = ?")
        values.append(state.value)
    if since is not None:
        wanted.append("raised_at >= ?")
        values.append(since)
    if cursor is not None:
        at = connection.execute("SELECT raised_at FROM alert WHERE id = ?", (cursor,)).fetchone()
        if at is None:
            raise StoreError("no alert has the id of the cursor; list again without one")
        wanted.append("(raised_at, id) > (?, ?)")
        values += [at[0], cursor]
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM alert WHERE {' AND '.join(wanted)}"  # noqa: S608 - our own words
        " ORDER BY raised_at, id LIMIT ?",
        (*values, limit),
    )
    return [_alert(row) for row in found]


def of_user(connection: sqlite3.Connection, user: str, limit: int) -> list[Alert]:
    """A user's newest alerts, newest first."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM alert WHERE person = ? ORDER BY raised_at DESC, id LIMIT ?",  # noqa: S608 - our own column names
        (user, limit),
    )
    return [_alert(row) for row in found]


def where(connection: sqlite3.Connection, words: str, values: Sequence[Any]) -> list[Alert]:
    """Alerts that fit conditions; `words` are our own, never anybody's."""
    found = connection.execute(f"SELECT {_COLUMNS} FROM alert WHERE {words}", tuple(values))  # noqa: S608 - our own words
    return [_alert(row) for row in found.fetchall()]


def one(connection: sqlite3.Connection, alert_id: str) -> Alert | None:
    """One alert."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM alert WHERE id = ?",  # noqa: S608 - our own column names
        (alert_id,),
    ).fetchone()
    return _alert(row) if row else None


def update(
    connection: sqlite3.Connection, alert: Alert, was: State, told: Told | None = None
) -> bool:
    """Keep an alert that has moved on from `was`; False if it no longer stands there.

    One that is closed changes `Store.version`: its session begins anew. Sinks that ask for it are
    told, but of one that is suppressed: they know nothing of it.
    """
    values = (
        alert.state.value,
        alert.note,
        alert.verdict,
        int(alert.suppressed),
        _history(alert),
        *_life(alert),
        alert.id,
        was.value,
    )
    changed = connection.execute(
        "UPDATE alert SET state = ?, note = ?, verdict = ?, suppressed = ?, history = ?,"
        " severity = ?, test = ?, assignee = ?, tags = ?, held = ?, escalated_at = ?"
        " WHERE id = ? AND state = ?",
        values,
    )
    if changed.rowcount != 1:
        return False
    event = event_of(alert.state)
    if event is not None and alert.state != was and not alert.suppressed:
        tell(connection, alert.id, event, told or {})
    if alert.state not in UNRESOLVED:
        _label(connection, alert)
        connection.execute(CHANGED)
    if alert.state is not was and not alert.test:
        _count(connection, alert, was)
    return True


def _label(connection: sqlite3.Connection, alert: Alert) -> None:
    """Keep what closing an alert said of its session, with the closing or not at all."""
    label = label_of(alert)
    if label is not None:
        connection.execute(
            "INSERT INTO label (alert, session, person, verdict, closed_by, closed_at, standing)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            astuple(label)[:7],
        )


def _count(connection: sqlite3.Connection, alert: Alert, was: State) -> None:
    """Add what people made of an alert to the figures, which outlive it."""
    if was is State.OPEN and alert.state is State.ACKNOWLEDGED and alert.history:
        observed: Counter[str] = Counter()
        waited = max(0.0, alert.history[-1].at - alert.raised_at)
        observe(observed, "time_to_triage_seconds", waited)
        connection.executemany(_ADD, observed.items())
    if alert.verdict is not None:
        connection.execute(_ADD, (f'alerts_total{{verdict="{alert.verdict}"}}', 1.0))


def expire_unseen(
    connection: sqlite3.Connection, before: float, now: float, told: Told | None = None
) -> int:
    """Let alerts expire that were raised before a time (s) and that nobody acknowledged."""
    old = connection.execute(
        f"SELECT {_COLUMNS} FROM alert WHERE state = ? AND raised_at < ?",  # noqa: S608 - our own
        (State.OPEN.value, before),
    ).fetchall()
    for row in old:
        step = Step(now, "expire", "retention", "nobody acknowledged it")
        update(connection, move(_alert(row), "expire", step), State.OPEN, told)
    return len(old)


def due(
    connection: sqlite3.Connection, now: float, limit: int, without: Sequence[str] = ()
) -> list[Delivery]:
    """Deliveries whose time has come, in order, but for those to some sinks."""
    marks = ", ".join("?" * len(without))
    # All at once: a row that cannot be read must not leave the others' snapshot open behind it.
    found = connection.execute(_DUE.format(marks), (now, *without, limit)).fetchall()
    return [
        Delivery(delivery, _alert(row), sink, attempts, Event(event))
        for delivery, sink, attempts, event, *row in found
    ]


def delivered(connection: sqlite3.Connection, delivery: int, at: float) -> None:
    """The sink has taken it."""
    connection.execute(
        "UPDATE outbox SET state = 'delivered', attempts = attempts + 1 WHERE id = ?", (delivery,)
    )
    _note(connection, delivery, at, "delivered")


def postponed(
    connection: sqlite3.Connection, delivery: int, until: float | None, at: float, fault: str
) -> None:
    """The sink has not taken it; None gives it up."""
    if until is None:
        change = "UPDATE outbox SET state = 'given_up', attempts = attempts + 1 WHERE id = ?"
        connection.execute(change, (delivery,))
    else:
        change = "UPDATE outbox SET due = ?, attempts = attempts + 1 WHERE id = ?"
        connection.execute(change, (until, delivery))
    _note(connection, delivery, at, "given_up" if until is None else "failed", fault)


def _note(
    connection: sqlite3.Connection, delivery: int, at: float, result: str, fault: str = ""
) -> None:
    """Keep the attempt that a row of the outbox has just counted."""
    connection.execute(_NOTE, (at, result, fault[:LONGEST_FAULT], delivery))


def forget_attempts(connection: sqlite3.Connection, before: float) -> int:
    """Delete attempts that were made before a time (s); how many."""
    return connection.execute("DELETE FROM delivery_attempt WHERE at < ?", (before,)).rowcount


def _values(alert: Alert) -> tuple[Any, ...]:
    evidence = json.dumps([astuple(item) for item in alert.evidence])
    return (
        alert.id,
        alert.user,
        alert.client,
        alert.session,
        alert.lane,
        alert.kind,
        alert.site,
        alert.template_version,
        alert.first_anomaly_at,
        alert.raised_at,
        alert.score,
        alert.threshold,
        alert.window,
        alert.low,
        alert.limit,
        int(alert.provisional),
        evidence,
        alert.state.value,
        alert.note,
        alert.verdict,
        int(alert.suppressed),
        _history(alert),
        alert.rule,
        alert.level,
        alert.bound,
        alert.resembles.user if alert.resembles else None,
        alert.resembles.posterior if alert.resembles else None,
        alert.risk.score if alert.risk else None,
        json.dumps([astuple(each) for each in alert.risk.reasons]) if alert.risk else None,
        *_life(alert),
    )


def _life(alert: Alert) -> tuple[Any, ...]:
    tags, severity = json.dumps(alert.tags), alert.severity.value
    return severity, int(alert.test), alert.assignee, tags, alert.held, alert.escalated_at


def _history(alert: Alert) -> str:
    return json.dumps([astuple(step) for step in alert.history])


def _alert(row: Sequence[Any]) -> Alert:
    *older, severity, test, assignee, tags, held, escalated_at = row
    *plain, rule, level, bound, user, posterior, risk, reasons = older
    *head, provisional, evidence, state, note, verdict, suppressed, history = plain
    tail = [
        bool(provisional),
        tuple(Evidence(*item) for item in json.loads(evidence)),
        State(state),
        note,
        verdict,
        bool(suppressed),
        tuple(Step(*step) for step in json.loads(history)),
        rule,
        level,
        bound,
        None if user is None else Resemblance(user, posterior),
        None if risk is None else Risk(risk, tuple(Reason(*each) for each in json.loads(reasons))),
        Severity(severity),
        bool(test),
        assignee,
        tuple(json.loads(tags)),
        held,
        escalated_at,
    ]
    return Alert(*[*head, *tail])
