"""News of an alert in the Elastic Common Schema, release 9 (field reference of ECS 9.4)."""

from typing import Any

from reauth.alert_document import rfc3339
from reauth.news import Letterhead, News, when
from reauth.ocsf import finding

VERSION = "9.4.0"

_CATEGORIES = {
    "impostor": ["authentication", "session"],
    "tokens": ["session", "intrusion_detection"],
}


def ecs(news: News, head: Letterhead) -> dict[str, Any]:
    """The document; what ECS has no field for stands under `reauth`, as its rules want."""
    alert = news.alert
    document = finding(news, head)
    found: dict[str, Any] = {
        "@timestamp": rfc3339(when(news)),
        "ecs": {"version": VERSION},
        "message": document["message"],
        "event": {
            "kind": "alert",
            "category": _CATEGORIES.get(alert.kind, ["intrusion_detection", "session"]),
            "type": ["info"],
            "action": news.event.value,
            "id": news.id,
            "code": alert.kind,
            "provider": "reauth",
            "module": "reauth",
            "dataset": "reauth.alert",
            "created": rfc3339(alert.raised_at),
            "start": rfc3339(alert.first_anomaly_at),
            "severity": alert.severity.rank,
            "reason": document["finding_info"]["desc"],
            **_risk(document),
        },
        "rule": {
            "id": document["finding_info"]["analytic"]["uid"],
            "name": document["finding_info"]["analytic"]["name"],
            "category": alert.kind,
            "version": document["finding_info"]["analytic"]["version"],
        },
        "observer": {
            "vendor": "reauth", "product": "reauth", "type": "proxy", "version": head.version
        },
        "source": {"ip": alert.client},
        "related": {"ip": [alert.client]},
        "reauth": {
            **document["unmapped"]["reauth"], "alert_id": alert.id, "verdict": alert.verdict
        },
    }  # fmt: skip
    if alert.user is not None:
        found["user"] = {"name": alert.user, **_user_risk(document)}
        found["related"]["user"] = [alert.user]
    link = head.link(alert)
    if link is not None:
        found["event"]["url"] = link
    return found


def _risk(document: dict[str, Any]) -> dict[str, Any]:
    score = document.get("risk_score")
    return {} if score is None else {"risk_score": score, "risk_score_norm": score}


def _user_risk(document: dict[str, Any]) -> dict[str, Any]:
    score = document.get("risk_score")
    if score is None:
        return {}
    level = {"calculated_level": document["risk_level"], "calculated_score": score}
    return {"risk": {**level, "calculated_score_norm": score}}
