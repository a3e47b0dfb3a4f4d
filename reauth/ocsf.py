"""News of an alert as a Detection Finding of OCSF 1.8.0 (class 2004): the canonical document.

Everything that has no key there stands under `unmapped.reauth`, in the words of
`reauth.alert_document`. A site is a keyed hash; no coordinate, no feature and no note is in it.
"""

from typing import Any

from reauth.alert import VERDICTS, Alert, State
from reauth.alert_document import SCHEMA_VERSION, instant
from reauth.news import Event, Letterhead, News, when
from reauth.wording import CAUTION, seen, title

VERSION = "1.8.0"

_ACTIVITIES = {
    Event.RAISED: (1, "Create"),
    Event.ACKNOWLEDGED: (2, "Update"),
    Event.CLOSED: (3, "Close"),
}
_STATUS = {
    State.OPEN: (1, "New"),
    State.ACKNOWLEDGED: (2, "In Progress"),
    State.CONFIRMED: (4, "Resolved"),
    State.DISMISSED: (4, "Resolved"),
    State.EXPIRED: (5, "Archived"),
}
_SUPPRESSED = (3, "Suppressed")
_LEVELS = ((90, 4, "Critical"), (60, 3, "High"), (30, 2, "Medium"), (1, 1, "Low"), (0, 0, "Info"))
"""Least `risk_score` of a `risk_level_id`."""

_ATTACKS = {
    "impostor": ("T1078", "Valid Accounts"),
    "replay": ("T1078", "Valid Accounts"),
    "tokens": ("T1185", "Browser Session Hijacking"),
}
"""Techniques of MITRE ATT&CK; programs without a pointer are as often the user's own."""

SCORES = 20
"""Newest scores in the document: with them it stays below 8 kB."""


def finding(news: News, head: Letterhead) -> dict[str, Any]:
    """The document of what is told.

    Parameters
    ----------
    head
        Of the installation: its version, its models, its console.

    Returns
    -------
    dict
        JSON values only; times are ms since 1970, as OCSF's `timestamp_t` has them.
    """
    alert = news.alert
    activity, name = _ACTIVITIES[news.event]
    status, status_name = _SUPPRESSED if alert.suppressed else _STATUS[alert.state]
    level = alert.severity
    return {
        "activity_id": activity,
        "activity_name": name,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "type_uid": 200400 + activity,
        "type_name": f"Detection Finding: {name}",
        "time": _ms(when(news)),
        "start_time": _ms(alert.first_anomaly_at),
        "severity_id": level.rank,
        "severity": level.value.capitalize(),
        "status_id": status,
        "status": status_name,
        "message": title(news),
        "is_alert": not alert.suppressed,
        "action_id": 3,
        "action": "Observed",
        "disposition_id": 19,
        "disposition": "Alert",
        "confidence_id": 1 if alert.provisional else 2,
        "confidence": "Low" if alert.provisional else "Medium",
        **_risk(alert),
        **_verdict(alert),
        "finding_info": _information(news, head),
        **_anomalies(alert),
        "evidences": [_evidence(alert)],
        "observables": _observables(alert),
        "metadata": _metadata(news, head),
        "unmapped": {"reauth": _own(alert, head)},
    }


def _ms(at: float) -> int:
    return round(instant(at).timestamp() * 1000)


def _risk(alert: Alert) -> dict[str, Any]:
    if alert.risk is None:
        return {}
    found = next(level for level in _LEVELS if alert.risk.score >= level[0])
    return {"risk_score": alert.risk.score, "risk_level_id": found[1], "risk_level": found[2]}


def _verdict(alert: Alert) -> dict[str, Any]:
    given = "test" if alert.test else alert.verdict
    if given is None:
        return {}
    return {"verdict_id": VERDICTS[given], "verdict": given.replace("_", " ").title()}


def _information(news: News, head: Letterhead) -> dict[str, Any]:
    alert = news.alert
    link = head.link(alert)
    features, model = head.models.get(alert.lane or "", ("", ""))
    found: dict[str, Any] = {
        "uid": alert.id,
        "title": title(News(alert)),
        "desc": f"{seen(alert)}. {CAUTION}",
        "types": [alert.kind],
        "created_time": _ms(alert.raised_at),
        "modified_time": _ms(when(news)),
        "first_seen_time": _ms(alert.first_anomaly_at),
        "last_seen_time": _ms(alert.raised_at),
        "analytic": {
            "uid": f"reauth.{alert.lane or alert.kind}.{alert.rule}",
            "name": f"{alert.lane or alert.kind} by {alert.rule}",
            "type_id": 2,
            "type": "Behavioral",
            "algorithm": "/".join(filter(None, (features, model, alert.rule))),
            "version": f"{head.version}+template.{alert.template_version}",
        },
    }
    if alert.kind in _ATTACKS:
        uid, name = _ATTACKS[alert.kind]
        found["attacks"] = [{"technique": {"uid": uid, "name": name}}]
    return found if link is None else {**found, "src_url": link}


def _anomalies(alert: Alert) -> dict[str, Any]:
    """What was observed against what; none where no scores were."""
    if not alert.evidence:
        return {}
    scores = [
        {"value": f"{item.score:.4f}", "timespan": {"start_time": _ms(item.at), "type_id": 0}}
        for item in alert.evidence[-SCORES:]
    ]
    observed = {"observation_parameter": "score", "observation_type": "log-likelihood ratio, nats"}
    limit = {"observation_parameter": "threshold", "observations": [_number(alert.threshold)]}
    told = {**observed, "observations": scores, "observed_pattern": seen(alert)}
    target = {"name": alert.session or alert.client, "type": "session"}
    return {
        "anomaly_analyses": [
            {"analysis_targets": [target], "anomalies": [told], "baselines": [limit]}
        ]
    }


def _number(value: float) -> dict[str, str]:
    return {"value": f"{value:.4f}"}


def _evidence(alert: Alert) -> dict[str, Any]:
    found: dict[str, Any] = {"src_endpoint": {"ip": alert.client}}
    if alert.user is not None:
        found["user"] = {"name": alert.user}
    return found


def _observables(alert: Alert) -> list[dict[str, Any]]:
    """What other events can be joined by; type_id 2 is an address, 4 a user's name."""
    client = {"name": "evidences[].src_endpoint.ip", "type_id": 2, "type": "IP Address"}
    found = [{**client, "value": alert.client}]
    if alert.user is not None:
        user = {"name": "evidences[].user.name", "type_id": 4, "type": "User Name"}
        found.append({**user, "value": alert.user})
    return found


def _metadata(news: News, head: Letterhead) -> dict[str, Any]:
    found: dict[str, Any] = {
        "version": VERSION,
        "uid": news.id,
        "event_code": news.event.value,
        "log_name": "alerts",
        "profiles": ["incident", "security_control"],
        "product": {"name": "reauth", "vendor_name": "reauth", "version": head.version},
    }
    return {**found, "correlation_uid": news.alert.session} if news.alert.session else found


def _own(alert: Alert, head: Letterhead) -> dict[str, Any]:
    features, model = head.models.get(alert.lane or "", (None, None))
    reasons = alert.risk.reasons if alert.risk else ()
    resembles = alert.resembles
    return {
        "schema_version": SCHEMA_VERSION,
        "feature_set": features,
        "model": model,
        "template_version": alert.template_version,
        "provisional": alert.provisional,
        "site": alert.site,
        "session": alert.session,
        "lane": alert.lane,
        "kind": alert.kind,
        "test": alert.test,
        "state": alert.state.value,
        "rule": alert.rule,
        "level": alert.level,
        "bound": alert.bound,
        "score": alert.score,
        "threshold": alert.threshold,
        "window": alert.window,
        "low": alert.low,
        "limit": alert.limit,
        "evidence_total": len(alert.evidence),
        "risk_reasons": [{"lane": each.lane, "share": each.share} for each in reasons],
        "resembles": resembles
        and {"user": resembles.user, "posterior": resembles.posterior},
    }
