"""News -> a message of Slack's Block Kit, to an incoming webhook."""

import json

from reauth.errors import SettingsError
from reauth.news import Letterhead, News
from reauth.sinks.calling import caller, taken
from reauth.sinks.opening import Opening
from reauth.wording import CAUTION, bars, facts, title

HEADER, TEXT, FIELD, FIELDS = 150, 3000, 2000, 10
"""Most characters of a header, a section's text and a field, and most fields of a section (Block
Kit reference, "header" and "section")."""


def escaped(text: str, most: int) -> str:
    """Text that Slack reads as text: its three control characters escaped ("Formatting text").

    Cut before it is escaped no entity is halved.

    Examples
    --------
    >>> escaped("<!channel> & all", 99)
    '&lt;!channel&gt; &amp; all'
    """
    while True:
        found = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if len(found) <= most:
            return found
        text = text[: min(len(text) - 1, most)]


def plain(text: str, most: int) -> str:
    """Text that is not read as markup, cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def blocks(news: News, head: Letterhead) -> list[dict[str, object]]:
    """Heading, facts, the scores as bars, what it does not say, and a link."""
    fields: list[object] = [
        {"type": "mrkdwn", "text": escaped(f"*{name}*\n{value}", FIELD), "verbatim": True}
        for name, value in facts(news)
    ]
    heading = {"type": "plain_text", "text": plain(title(news), HEADER)}
    found: list[dict[str, object]] = [{"type": "header", "text": heading}]
    for at in range(0, len(fields), FIELDS):
        found.append({"type": "section", "fields": fields[at : at + FIELDS]})
    line = bars(news.alert.evidence)
    if line:
        told = f"`{line}`\nScores, newest last; below {news.alert.threshold:.2f} is low"
        found.append({"type": "section", "text": {"type": "mrkdwn", "text": escaped(told, TEXT)}})
    context = f"{CAUTION} Alert {news.id}"
    found.append(
        {"type": "context", "elements": [{"type": "mrkdwn", "text": escaped(context, TEXT)}]}
    )
    link = head.link(news.alert)
    if link is not None:
        button = {
            "type": "button",
            "text": {"type": "plain_text", "text": "Look at it"},
            "url": link,
            "action_id": "open",
        }
        found.append({"type": "actions", "elements": [button]})
    return found


class Slack:
    """Posts one message each time; the webhook's address is its secret.

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
        """The message; its text is what a notification shows."""
        text = escaped(title(news), TEXT)
        return json.dumps({"text": text, "blocks": blocks(news, self._head)}).encode()

    async def deliver(self, news: News, payload: bytes, now: float) -> None:
        """Send it.

        Raises
        ------
        SinkError
            If it was not taken.
        """
        headers = {"content-type": "application/json; charset=utf-8"}
        status, _ = await self._caller.post(self._url, headers, payload)
        taken(status)
