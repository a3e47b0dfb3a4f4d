"""News of an alert: what is told outside, and who tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reauth import __version__
from reauth.alert import UNRESOLVED, Alert, State


class Event(StrEnum):
    """What has become of an alert: the `type` of a webhook, the message id of a syslog line."""

    RAISED = "alert.raised"
    ACKNOWLEDGED = "alert.acknowledged"
    CLOSED = "alert.closed"


@dataclass(frozen=True, slots=True)
class News:
    """An alert as it stands when something of it is told, and what has happened."""

    alert: Alert
    event: Event = Event.RAISED

    @property
    def id(self) -> str:
        """The message's name, the same at every attempt: a receiver drops what it has.

        Examples
        --------
        It has no full stop in it: Standard Webhooks puts one behind it before it signs.

        >>> message_id("5e1f", Event.RAISED), message_id("5e1f", Event.CLOSED)
        ('5e1f', '5e1f-closed')
        """
        return message_id(self.alert.id, self.event)


def message_id(alert: str, event: Event) -> str:
    """The name of what is told of an alert."""
    return alert if event is Event.RAISED else f"{alert}-{event.partition('.')[2]}"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands on everything that an installation sends.

    `host` is the machine's name, `console` where people reach the console (None: no links),
    `models` what answers a lane: its feature set and its verifier or detector.
    """

    host: str = "-"
    console: str | None = None
    models: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    version: str = __version__

    def link(self, alert: Alert) -> str | None:
        """The page of an alert."""
        return None if self.console is None else f"{self.console.rstrip('/')}/alerts/{alert.id}"


def event_of(state: State) -> Event | None:
    """What an alert's new state is to those outside; of an open one they know already."""
    if state is State.ACKNOWLEDGED:
        return Event.ACKNOWLEDGED
    return None if state in UNRESOLVED else Event.CLOSED


def when(news: News) -> float:
    """The moment of what is told, s since 1970: of raising, or of the step that brought it."""
    if news.event is Event.RAISED or not news.alert.history:
        return news.alert.raised_at
    steps = [step.at for step in news.alert.history if step.action in _STEPS[news.event]]
    return steps[-1] if steps else news.alert.history[-1].at


_STEPS = {
    Event.ACKNOWLEDGED: frozenset({"ack"}),
    Event.CLOSED: frozenset({"confirm", "dismiss", "expire"}),
}
