"""What a sink is opened with: its URL taken apart, and what stands on everything that is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from reauth.errors import SettingsError
from reauth.news import Event, Letterhead, News
from reauth.secret_file import read_secret
from reauth.settings import Sinks

OWN = frozenset({"events", "users", "format", "secret_file"})
"""Options in a URL's query that are ours, and are not sent."""


class Channel(Protocol):
    """A way to tell news: a sink before it is known what it asks for."""

    name: str

    def render(self, news: News) -> bytes:
        """What will be sent."""

    async def deliver(self, news: News, payload: bytes, now: float) -> None:
        """Send it, or raise `SinkError`."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One URL of the settings, and what goes with it.

    `options` are those of `OWN`, `parts` the URL without them.
    """

    settings: Sinks
    head: Letterhead
    scheme: str
    parts: SplitResult
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The URL to call, without the word before the plus sign and without a fragment."""
        scheme = self.scheme.partition("+")[2] or self.scheme
        return self.parts._replace(scheme=scheme, fragment="").geturl()

    @property
    def name(self) -> str:
        """Scheme and host, and a digest of the rest, so that two receivers on one host differ.

        Credentials are left out of the digest too: a short password could be guessed from it.
        """
        rest = sha256(f"{self.parts.path}?{self.parts.query}".encode()).hexdigest()
        return f"{self.scheme}://{self.host}/{rest[:8]}"

    @property
    def host(self) -> str:
        """HOST[:PORT], without a name and a password."""
        return self.parts.netloc.rpartition("@")[2]

    def port(self, default: int) -> int:
        """The port.

        Raises
        ------
        SettingsError
            If it is none.
        """
        try:
            return default if self.parts.port is None else self.parts.port
        except ValueError:
            raise SettingsError(f"sinks.urls: the port of {self.scheme} is no port") from None

    def choice(self, option: str, *known: str) -> str:
        """An option's value, the first known one where there is none.

        Raises
        ------
        SettingsError
            If it is none of these.
        """
        given = self.options.get(option, known[0])
        if given not in known:
            raise SettingsError(
                f"sinks.urls: {option} of {self.scheme} is {' or '.join(known)}, not '{given}'"
            )
        return given

    def secret(self, setting: str) -> str:
        """What authenticates us: from the URL's `secret_file`, or from the setting's file.

        Raises
        ------
        SettingsError
            If there is no such file, others may read it, or it is empty.
        """
        path = self.options.get("secret_file") or getattr(self.settings, setting)
        if not path:
            raise SettingsError(
                f"sinks.{setting}: {self.scheme} needs it, or secret_file=/PATH in its URL"
            )
        text = read_secret(path, f"sinks.{setting}").strip()
        if not text:
            raise SettingsError(f"sinks.{setting}: {path} is empty")
        return text


def opening(url: str, settings: Sinks, head: Letterhead) -> Opening:
    """A URL taken apart.

    Raises
    ------
    SettingsError
        If it cannot be read as one.
    """
    try:
        parts = urlsplit(url)
        _ = parts.hostname
    except ValueError:
        raise SettingsError("sinks.urls: a URL cannot be read as one") from None
    query = parse_qsl(parts.query, keep_blank_values=True)
    own = {name: value for name, value in query if name in OWN}
    if own:
        rest = urlencode([pair for pair in query if pair[0] not in OWN])
        parts = parts._replace(query=rest)
    return Opening(settings, head, parts.scheme, parts, own)


def events_of(found: Opening) -> frozenset[Event]:
    """What a sink asks to be told: that an alert was raised, unless it says otherwise.

    Raises
    ------
    SettingsError
        If it asks for what there is not.
    """
    asked = found.options.get("events", "raised").split(",")
    known = {event.value.partition(".")[2]: event for event in Event}
    if not set(asked) <= set(known):
        raise SettingsError(f"sinks.urls: events are some of {','.join(known)}, with commas")
    return frozenset(known[word] for word in asked)
