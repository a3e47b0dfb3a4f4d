"""News -> an Adaptive Card 1.5, to a Workflows webhook of Microsoft Teams."""

import json
import re

from reauth.alert import Severity
from reauth.errors import SettingsError
from reauth.news import Letterhead, News
from reauth.sinks.calling import caller, taken
from reauth.sinks.opening import Opening
from reauth.wording import CAUTION, bars, facts, title

TEXT = 1000
"""Characters of a text; a message of Teams may have 28 kB ("Format cards in Microsoft Teams")."""

_COLOURS = {
    Severity.CRITICAL: "Attention", Severity.HIGH: "Attention", Severity.MEDIUM: "Warning"
}  # fmt: skip


def plain(text: str) -> str:
    r"""Text that a card shows as it is: its Markdown escaped, and cut.

    Examples
    --------
    >>> print(plain("[look](https://evil.example)"))
    \[look\]\(https://evil.example\)
    """
    return re.sub(r"([\\`*_\[\]()#>~|])", r"\\\1", text[:TEXT]).replace("\n", " ")


def card(news: News, head: Letterhead) -> dict[str, object]:
    """Heading, facts, the scores as bars, what it does not say, and a link."""
    colour = _COLOURS.get(news.alert.severity, "Default")
    heading = {
        "type": "TextBlock", "text": plain(title(news)), "size": "Large", "weight": "Bolder",
        "wrap": True, "color": colour,
    }  # fmt: skip
    told = [{"title": name, "value": plain(value)} for name, value in facts(news)]
    body: list[dict[str, object]] = [heading, {"type": "FactSet", "facts": told}]
    line = bars(news.alert.evidence)
    if line:
        body.append({"type": "TextBlock", "text": line, "fontType": "Monospace"})
    context = plain(f"{CAUTION} Alert {news.id}")
    body.append({"type": "TextBlock", "text": context, "isSubtle": True, "wrap": True})
    found: dict[str, object] = {
        "$schema": "https://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "fallbackText": title(news),
        "body": body,
    }
    link = head.link(news.alert)
    if link is not None:
        found["actions"] = [{"type": "Action.OpenUrl", "title": "Look at it", "url": link}]
    return found


class Teams:
    """Posts one card each time; the webhook's address is its secret.

    Raises
    ------
    SettingsError
        If the URL names no host or no path.
    """

    def __init__(self, found: Opening) -> None:
        if not found.parts.hostname or not found.parts.path.strip("/"):
            raise SettingsError(f"sinks.urls: {found.scheme} is {found.scheme}://HOST/PATH")
        self._url = found.address
        self._head = found.head
        self._caller = caller(found.settings)
        self.name = found.name

    def render(self, news: News) -> bytes:
        """The card as a message's only attachment."""
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": card(news, self._head),
        }
        return json.dumps({"type": "message", "attachments": [attachment]}).encode()

    async def deliver(self, news: News, payload: bytes, now: float) -> None:
        """Send it.

        Raises
        ------
        SinkError
            If it was not taken.
        """
        headers = {"content-type": "application/json"}
        status, _ = await self._caller.post(self._url, headers, payload)
        taken(status)
