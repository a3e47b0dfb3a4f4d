"""An alert as others read it: the JSON object of interfaces.md §6, for scripts, sinks and pages.

Keys are added, never changed. There is no coordinate and no feature in it, as there is none in an
alert.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from reauth.alert import Alert
from reauth.grouping import Group
from reauth.suppression import Rule

SCHEMA_VERSION = 1
"""Of the object; a reader that knows it may rely on the keys."""


_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0
"""s since 1970 of the first and the last second that the calendar has: years 1 to 9999."""


def instant(at: float) -> datetime:
    """Return the moment of seconds since 1970, UTC; the calendar's nearest where it has none.

    Whatever a clock said, an alert must be told.

    Examples
    --------
    >>> instant(-1e300).year
    1
    """
    # In this order, what is not a number is the first.
    return datetime.fromtimestamp(min(max(_FIRST, at), _LAST), UTC)


def rfc3339(at: float) -> str:
    """Write seconds since 1970 as RFC 3339, UTC, to the millisecond.

    Times outside the years 1 to 9999 are written as `instant` has them.

    Examples
    --------
    >>> rfc3339(0.5)
    '1970-01-01T00:00:00.500Z'
    """
    return instant(at).isoformat(timespec="milliseconds")[:-6] + "Z"


def alert_document(alert: Alert) -> dict[str, Any]:
    """Describe an alert with its evidence and its history."""
    return {
        "schema_version": SCHEMA_VERSION,
        "id": alert.id,
        "user": alert.user,
        "client": alert.client,
        "session": alert.session,
        "lane": alert.lane,
        "kind": alert.kind,
        "state": alert.state.value,
        "first_anomaly_at": rfc3339(alert.first_anomaly_at),
        "raised_at": rfc3339(alert.raised_at),
        "score": alert.score,
        "threshold": alert.threshold,
        "window": alert.window,
        "low": alert.low,
        "limit": alert.limit,
        "rule": alert.rule,
        "level": alert.level,
        "bound": alert.bound,
        "evidence": [{**asdict(item), "at": rfc3339(item.at)} for item in alert.evidence],
        "note": alert.note,
        "verdict": alert.verdict,
        "site": alert.site,
        "template_version": alert.template_version,
        "provisional": alert.provisional,
        "suppressed": alert.suppressed,
        "history": [{**asdict(step), "at": rfc3339(step.at)} for step in alert.history],
        "resembles": asdict(alert.resembles) if alert.resembles else None,
        "risk": asdict(alert.risk) if alert.risk else None,
        "severity": alert.severity.value,
        "test": alert.test,
        "assignee": alert.assignee,
        "tags": list(alert.tags),
        "held": alert.held,
        "escalated_at": None if alert.escalated_at is None else rfc3339(alert.escalated_at),
    }


def rule_document(rule: Rule) -> dict[str, Any]:
    """Describe a rule of suppression or a window of maintenance."""
    times = {"begins": rfc3339(rule.begins), "ends": rfc3339(rule.ends), "made": rfc3339(rule.made)}
    return {**asdict(rule), **times}


def group_document(group: Group) -> dict[str, Any]:
    """Describe alerts that belong together, by the newest of them."""
    newest = group.newest
    return {
        "user": newest.user,
        "client": newest.client,
        "lane": newest.lane,
        "test": newest.test,
        "severity": group.severity.value,
        "count": group.count,
        "waiting": group.waiting,
        "first_at": rfc3339(group.alerts[0].raised_at),
        "last_at": rfc3339(newest.raised_at),
        "ids": [one.id for one in group.alerts],
    }
