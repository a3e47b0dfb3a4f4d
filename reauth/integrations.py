"""The sinks of an installation as people see them: what each was told, a test, and once more."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reauth.alert import Severity
from reauth.alert_document import rfc3339
from reauth.drill import drill
from reauth.errors import ReauthError, SinkError
from reauth.news import Event, News
from reauth.ports import Sink
from reauth.ports.deliveries import Attempt, Backlog, Deliveries


@dataclass(frozen=True, slots=True)
class Integration:
    """A sink, what it asks to be told, and how that goes.

    `configured` is False for one that the settings name no more, and that something waits for.
    """

    name: str
    events: tuple[Event, ...]
    configured: bool
    backlog: Backlog


def integration_document(found: Integration) -> dict[str, Any]:
    """Describe a sink as programs read it."""
    last = found.backlog.last
    return {
        "name": found.name,
        "events": [event.value for event in found.events],
        "configured": found.configured,
        "waiting": found.backlog.waiting,
        "given_up": found.backlog.given_up,
        "last": last and attempt_document(last),
    }


def attempt_document(found: Attempt) -> dict[str, Any]:
    """Describe an attempt as programs read it."""
    return {**asdict(found), "event": found.event.value, "at": rfc3339(found.at)}


class Integrations:
    """What may be done with sinks; auditing it is the caller's."""

    def __init__(
        self, deliveries: Deliveries, sinks: Sequence[Sink], clock: Callable[[], float]
    ) -> None:
        self._deliveries = deliveries
        self._sinks = {sink.name: sink for sink in sinks}
        self._clock = clock

    async def listed(self) -> list[Integration]:
        """Every sink of the settings, then those that something waits for all the same."""
        backlog = await self._deliveries.backlog()
        found = [
            Integration(
                name,
                tuple(event for event in Event if event in sink.events),
                True,
                backlog.get(name, Backlog()),
            )
            for name, sink in self._sinks.items()
        ]
        lost = [
            Integration(name, (), False, left)
            for name, left in backlog.items()
            if name not in self._sinks and (left.waiting or left.given_up)
        ]
        return found + lost

    async def test(self, name: str) -> str | None:
        """Send a test alert now, once; what went wrong, or None.

        Raises
        ------
        ReauthError
            If the settings name no such sink, or several that begin so.
        """
        sink = self._one(name)
        now = self._clock()
        news, fault = News(drill("impostor", Severity.INFORMATIONAL, now)), None
        try:
            await sink.deliver(news, sink.render(news), now)
        except SinkError as error:
            fault = str(error)
        await self._deliveries.noted(sink.name, news.event, now, fault)
        return fault

    def _one(self, name: str) -> Sink:
        if name in self._sinks:
            return self._sinks[name]
        found = [sink for known, sink in self._sinks.items() if known.startswith(name)]
        if len(found) != 1:
            told = "several sinks begin" if found else "there is no sink that begins"
            raise ReauthError(f"{told} with '{name}'; `reauth sinks list` has them all")
        return found[0]

    async def again(self, delivery: int) -> None:
        """Let a delivery begin anew, under the id that it had.

        Raises
        ------
        ReauthError
            If there is none of this number.
        """
        if not await self._deliveries.again(delivery):
            raise ReauthError(f"there is no delivery {delivery}; `reauth sinks log` has them")

    async def log(
        self, sink: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[Attempt]:
        """Attempts, the newest first."""
        return await self._deliveries.attempts(sink, limit, before)
