"""Where alerts are told: `open_sink` turns a URL of the settings into a `Sink`."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from reauth.errors import SettingsError
from reauth.news import Event, Letterhead, News
from reauth.ports import Sink
from reauth.pseudonym import disguised
from reauth.settings import Sinks
from reauth.sinks.hec import Hec
from reauth.sinks.jsonl import JsonLines
from reauth.sinks.mail import Mail
from reauth.sinks.opening import Channel, events_of, opening
from reauth.sinks.slack import Slack
from reauth.sinks.syslog import Syslog
from reauth.sinks.teams import Teams
from reauth.sinks.ticket import Ticket
from reauth.sinks.webhook import Webhook

CHANNELS: Mapping[str, Callable[..., Channel]] = {
    "jsonl": JsonLines,
    "webhook+http": Webhook,
    "webhook+https": Webhook,
    "syslog+udp": Syslog,
    "syslog+tcp": Syslog,
    "syslog+tls": Syslog,
    "hec+http": Hec,
    "hec+https": Hec,
    "slack+http": Slack,
    "slack+https": Slack,
    "teams+http": Teams,
    "teams+https": Teams,
    "smtp": Mail,
    "smtps": Mail,
    "ticket+http": Ticket,
    "ticket+https": Ticket,
}
"""What a URL's scheme opens."""

CHAT = frozenset({"slack", "teams", "smtp", "smtps"})
"""Read by many and kept for long: users go by pseudonyms there, but for other settings."""

KNOWN = (
    "jsonl:stderr, jsonl:/ABSOLUTE/PATH, webhook+http(s)://, syslog+udp://, syslog+tcp://,"
    " syslog+tls://, hec+https://, slack+https://, teams+https://, smtp(s)://, ticket+https://"
)


class Subscriber:
    """A channel, what is told on it, and by which names users go there.

    Parameters
    ----------
    key
        Gives the key of pseudonyms; None where users go by their names.
    """

    def __init__(
        self, channel: Channel, events: frozenset[Event], key: Callable[[], bytes] | None
    ) -> None:
        self._channel = channel
        self._key = key
        self.name = channel.name
        self.events = events

    def render(self, news: News) -> bytes:
        """What will be sent."""
        return self._channel.render(self._shown(news))

    async def deliver(self, news: News, payload: bytes, now: float) -> None:
        """Send it, or raise `SinkError`."""
        await self._channel.deliver(self._shown(news), payload, now)

    def _shown(self, news: News) -> News:
        if self._key is None:
            return news
        return replace(news, alert=disguised(self._key(), news.alert))


def _no_key() -> bytes:
    raise SettingsError("sinks.pseudonyms: no installation's key was given")


def open_sink(
    url: str,
    settings: Sinks,
    head: Letterhead | None = None,
    key: Callable[[], bytes] = _no_key,
) -> Sink:
    """The sink of a URL.

    Parameters
    ----------
    head
        What stands on everything that is sent.
    key
        Gives the key of pseudonyms, when the first one is needed.

    Raises
    ------
    SettingsError
        If it is none that we know, or its secret cannot be had.
    """
    found = opening(url, settings, head or Letterhead())
    channel = CHANNELS.get(found.scheme)
    if channel is None:
        raise SettingsError(f"sinks.urls: a sink is {KNOWN}, not one of scheme '{found.scheme}'")
    chat = found.scheme.partition("+")[0] in CHAT
    default = settings.pseudonyms == "all" or (chat and settings.pseudonyms == "chat")
    known = ("pseudonym", "name") if default else ("name", "pseudonym")
    hidden = found.choice("users", *known) == "pseudonym"
    return Subscriber(channel(found), events_of(found), key if hidden else None)
