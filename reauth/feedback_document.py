"""Labels and shadows as JSON, for pages, API and command line alike."""

from collections.abc import Mapping
from typing import Any

from reauth.alert_document import rfc3339
from reauth.label import Label
from reauth.ports import ShadowRow


def label_document(label: Label) -> dict[str, Any]:
    """A label; times are RFC 3339, UTC."""
    at = label.decided_at
    return {
        "alert": label.alert,
        "session": label.session,
        "user": label.user,
        "verdict": label.verdict,
        "closed_by": label.closed_by,
        "closed_at": rfc3339(label.closed_at),
        "standing": label.standing.value,
        "decided_by": label.decided_by,
        "decided_at": None if at is None else rfc3339(at),
        "reason": label.reason,
    }


def shadow_document(row: ShadowRow) -> dict[str, Any]:
    """A shadow with its comparison; rates are fractions."""
    at = row.decided_at
    return {
        "id": row.id,
        "user": row.user,
        "device": row.device,
        "base": row.base,
        "made": rfc3339(row.made),
        "state": row.state.value,
        "alerts": list(row.alerts),
        "comparison": row.comparison,
        "version": row.version,
        "decided_by": row.decided_by,
        "decided_at": None if at is None else rfc3339(at),
    }


def told(comparison: Mapping[str, Any]) -> str:
    """A comparison in one line.

    Examples
    --------
    >>> told({"verdict": "unknown", "reason": "3 unseen windows", "active": None})
    'unknown: 3 unseen windows'
    """
    words = str(comparison["verdict"]).replace("_", " ")
    active, shadow, reason = (comparison.get(name) for name in ("active", "shadow", "reason"))
    if active and shadow:
        words += (
            f": refuses the user {shadow['frr']:.1%} of the time, the active one"
            f" {active['frr']:.1%}, where {comparison['far']:.0%} of strangers pass"
        )
    return f"{words}{'; ' if active else ': '}{reason}" if reason else words
