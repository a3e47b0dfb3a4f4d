"""The sinks of an installation as people see them: what each was told, a test, and once more."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reauth.alert import Alert, Evidence, Severity
from reauth.errors import ReauthError, SinkError
from reauth.news import TEST, Event, News
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


def sample(now: float) -> Alert:
    """An alert that nobody has raised, for a test: it says so in its kind."""
    scores = (0.9, 0.4, -0.2, -1.1, -1.6, -2.3)
    evidence = tuple(
        Evidence("", number, now - 60 + 10 * number, score, score < -0.5)
        for number, score in enumerate(scores)
    )
    return Alert(
        id=secrets.token_hex(16), user=None, client="192.0.2.1", session=None, lane=None,
        kind=TEST, site="", template_version=0, first_anomaly_at=now - 60, raised_at=now,
        score=scores[-1], threshold=-0.5, window=6, low=3, limit=3, evidence=evidence, level=3.0,
        bound=3.0, severity=Severity.INFORMATIONAL, test=True,
        note="A test of this sink: nothing has happened.",
    )  # fmt: skip


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
        news, fault = News(sample(now)), None
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
