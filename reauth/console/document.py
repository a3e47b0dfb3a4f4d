"""An alert as scripts outside read it: the JSON object of interfaces.md §6, from one place.

Keys are added, never changed; times are RFC 3339, UTC.
"""

from datetime import UTC, datetime
from typing import Any

from reauth.alert import Alert, Evidence, Step


def rfc3339(at: float) -> str:
    """Write seconds since 1970 as RFC 3339, UTC, with milliseconds.

    Examples
    --------
    >>> rfc3339(0.5)
    '1970-01-01T00:00:00.500Z'
    """
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def alert_document(alert: Alert) -> dict[str, Any]:
    """Describe an alert with its evidence and history; no coordinate, no feature."""
    return {
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
        "evidence": [_evidence(item) for item in alert.evidence],
        "note": alert.note,
        "verdict": alert.verdict,
        "site": alert.site,
        "template_version": alert.template_version,
        "provisional": alert.provisional,
        "suppressed": alert.suppressed,
        "history": [_step(step) for step in alert.history],
    }


def _evidence(item: Evidence) -> dict[str, Any]:
    return {
        "trajectory": item.trajectory,
        "number": item.number,
        "at": rfc3339(item.at),
        "score": item.score,
        "low": item.low,
    }


def _step(step: Step) -> dict[str, Any]:
    return {"at": rfc3339(step.at), "action": step.action, "by": step.by, "note": step.note}
