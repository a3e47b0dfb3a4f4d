"""News of an alert as one line of CEF, version 0 (ArcSight Common Event Format, revision 27)."""

from dataclasses import replace

from reauth.alert import Severity
from reauth.news import Letterhead, News, when
from reauth.ocsf import finding
from reauth.wording import title

_SEVERITY = {
    Severity.INFORMATIONAL: 1,
    Severity.LOW: 3,
    Severity.MEDIUM: 6,
    Severity.HIGH: 8,
    Severity.CRITICAL: 10,
}
"""CEF's 0 to 10: 0-3 low, 4-6 medium, 7-8 high, 9-10 very high."""

LONGEST = 1023
"""Characters of a value: the length of CEF's longest custom strings is 4000, of names 1023."""


def header(text: str) -> str:
    r"""A header's field: no line break, pipe and backslash escaped.

    Examples
    --------
    >>> print(header("a|b\\c\nd"))
    a\|b\\c d
    """
    plain = " ".join(text.split("\n")).replace("\r", " ")
    return plain.replace("\\", "\\\\").replace("|", "\\|")


def extension(text: str) -> str:
    r"""An extension's value: equals sign, backslash and line breaks escaped.

    Examples
    --------
    >>> print(extension("a=b\\c\nd"))
    a\=b\\c\nd
    """
    escaped = text[:LONGEST].replace("\\", "\\\\").replace("=", "\\=")
    return escaped.replace("\r", "\\r").replace("\n", "\\n")


def _name(news: News) -> str:
    """What happened, in words; whom it is about has a field of its own, as the format wants it."""
    return title(replace(news, alert=replace(news.alert, user="the user")))


def cef(news: News, head: Letterhead) -> str:
    """The line, without its end."""
    alert = news.alert
    document = finding(news, head)
    fields = [
        "CEF:0", "reauth", "reauth", header(head.version), header(f"{news.event}.{alert.kind}"),
        header(_name(news)), str(_SEVERITY[alert.severity]),
    ]  # fmt: skip
    values: dict[str, object] = {
        "rt": round(when(news) * 1000),
        "start": document["start_time"],
        "externalId": news.id,
        "suser": alert.user,
        "src" if ":" not in alert.client else "c6a2": alert.client,
        "c6a2Label": "Source IPv6 Address" if ":" in alert.client else None,
        "act": "alert",
        "outcome": alert.state.value,
        "cat": alert.kind,
        "dhost": alert.site or None,
        "cn1": document.get("risk_score"),
        "cn1Label": "risk" if alert.risk else None,
        "cs1": alert.verdict,
        "cs1Label": "verdict" if alert.verdict else None,
        "cs2": alert.session,
        "cs2Label": "session" if alert.session else None,
        "cs3": alert.id,
        "cs3Label": "alert",
        "cfp1": f"{alert.score:.4f}",
        "cfp1Label": "score",
        "cfp2": f"{alert.threshold:.4f}",
        "cfp2Label": "threshold",
        "msg": document["finding_info"]["desc"],
        "request": head.link(alert),
    }
    told = " ".join(
        f"{key}={extension(str(value))}" for key, value in values.items() if value is not None
    )
    return "|".join(fields) + "|" + told
