"""An alert in the words of people who are called by it: what was seen, and what it does not say."""

from collections.abc import Sequence

from reauth.alert import Alert, Evidence
from reauth.alert_document import rfc3339
from reauth.news import Event, News

CAUTION = "Evidence where to look, no proof of who it was."
"""Beneath every alert that a person reads (the method is right 76 to 97 % of the time)."""

_TITLES = {
    "impostor": "Movement is not like {user}'s",
    "bot": "No hand seems to move {user}'s pointer",
    "absence": "A program seems to act as {user}",
    "replay": "{user}'s pointer moves as it has moved before",
    "tokens": "Page tokens of {user} are refused again and again",
    "population": "Many people alarm at once",
}
_HAPPENED = {Event.RAISED: "", Event.ACKNOWLEDGED: "Acknowledged: ", Event.CLOSED: "Closed: "}
_TEST = "TEST, nothing has happened: "
_BARS = "▁▂▃▄▅▆▇█"
LINE = 40
"""Scores of a line of bars: the newest, as wide as a phone shows."""


def title(news: News) -> str:
    """One line, the most important first.

    Examples
    --------
    >>> from dataclasses import replace
    >>> title(News(replace(_EXAMPLE, user=None)))
    "Movement is not like a user unknown's"
    """
    told = _TITLES.get(news.alert.kind, "An alert of {user}")
    user = " ".join((news.alert.user or "a user unknown").split())
    test = _TEST if news.alert.test else ""
    return test + _HAPPENED[news.event] + told.format(user=user)


def facts(news: News) -> list[tuple[str, str]]:
    """What else must be known at night, as (name, value); no note: it may say anything."""
    alert = news.alert
    found = [
        ("User", alert.user or "unknown"),
        ("Client", alert.client),
        ("What was seen", seen(alert)),
        ("First sign", rfc3339(alert.first_anomaly_at)),
        ("Alert", rfc3339(alert.raised_at)),
        ("State", alert.state.value),
        ("Severity", alert.severity.value),
    ]
    if alert.verdict:
        found.append(("Verdict", alert.verdict.replace("_", " ")))
    if alert.risk:
        reasons = ", ".join(f"{each.lane} {each.share:.0%}" for each in alert.risk.reasons)
        found.append(("Risk", f"{alert.risk.score} of 100 ({reasons})"))
    if alert.resembles:
        found.append(("Moves like", f"{alert.resembles.user} ({alert.resembles.posterior:.0%})"))
    if alert.provisional:
        found.append(("Template", "provisional: learnt before there was anybody to compare with"))
    return found


def seen(alert: Alert) -> str:
    """What raised it, in numbers."""
    if alert.kind in ("population", "tokens"):
        return f"{alert.level:g}, {alert.bound:g} raise an alert"
    last = f"last score {alert.score:.2f}, threshold {alert.threshold:.2f}"
    if alert.window == 0:
        return f"{alert.rule} {alert.level:.2f} of {alert.bound:.2f}"
    return f"{alert.low} of the last {alert.window} scores are low; {last}"


def bars(evidence: Sequence[Evidence], most: int = LINE) -> str:
    """The newest scores as one line of bars, the lowest score the lowest bar.

    Examples
    --------
    >>> bars([Evidence("", n, 0.0, float(n), False) for n in range(8)])
    '▁▂▃▄▅▆▇█'
    >>> bars([Evidence("", 1, 0.0, -2.0, True)])
    '▁'
    """
    scores = [item.score for item in evidence[-most:]]
    if not scores:
        return ""
    low, span = min(scores), max(scores) - min(scores)
    top = len(_BARS) - 1
    return "".join(_BARS[round((score - low) / span * top) if span else 0] for score in scores)


_EXAMPLE = Alert(
    "5e1f", "anna", "10.0.0.1", "s1", "identity", "impostor", "5e1f", 1, 0.0, 0.0, -2.5, -0.5,
    100, 61, 60,
)  # fmt: skip
