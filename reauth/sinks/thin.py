"""The thin document: what happened and where to look, in the words of our own interface.

It stays below the 20 kB that Standard Webhooks asks for, whatever an alert holds.
"""

from typing import Any

from reauth.alert_document import alert_document, rfc3339
from reauth.news import Letterhead, News, when

EVIDENCE = 20
"""Newest pieces of evidence sent: 3 kB."""

NOTE = 1000
"""Letters of a note sent; escaped they are 12 kB at most."""


def thin(news: News, head: Letterhead, most: int = EVIDENCE) -> dict[str, Any]:
    """The document, with at most so much evidence."""
    document = alert_document(news.alert)
    history = document.pop("history")
    evidence = document.pop("evidence")
    features, model = head.models.get(news.alert.lane or "", (None, None))
    link = head.link(news.alert)
    return {
        "type": news.event.value,
        "timestamp": rfc3339(when(news)),
        **document,
        "note": news.alert.note[:NOTE],
        "evidence": evidence[-most:] if most else [],
        "evidence_total": len(evidence),
        "steps": len(history),
        **({} if model is None else {"feature_set": features, "model": model}),
        **({} if link is None else {"link": link}),
    }
