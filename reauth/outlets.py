"""The sinks of an installation: opened from its settings, and what stands on all they send."""

from collections.abc import Sequence
from functools import cache
from socket import gethostname

from reauth.installation import ensure_keys
from reauth.lanes import features_of
from reauth.news import Event, Letterhead
from reauth.ports import Sink
from reauth.settings import Settings
from reauth.sinks import open_sink


def open_sinks(settings: Settings) -> list[Sink]:
    """The sinks that are told of every alert.

    Raises
    ------
    SettingsError
        If a URL is none that we know.
    """
    return _opened(settings, settings.sinks.urls)


def open_higher(settings: Settings) -> list[Sink]:
    """The sinks that are told only of what nobody takes; errors as `open_sinks`."""
    return _opened(settings, settings.alerts.escalate_to)


def _opened(settings: Settings, urls: Sequence[str]) -> list[Sink]:
    head = letterhead(settings)
    # Made on the first run: to look at settings only nobody needs a key.
    key = cache(lambda: ensure_keys(settings).derive("users")[-1][1])
    return [open_sink(url, settings.sinks, head, key) for url in urls]


def letterhead(settings: Settings) -> Letterhead:
    """What stands on everything that this installation sends.

    Raises
    ------
    SettingsError
        If a table has no feature set or verifier of that name.
    """
    models = {
        "identity": (features_of(settings).name, settings.identity_lane.verifier),
        "bot": ("", settings.bot_lane.detector),
        "replay": ("", settings.replay_lane.detector),
    }
    return Letterhead(gethostname(), settings.console.url, models)


def subscribers(sinks: Sequence[Sink]) -> dict[Event, tuple[str, ...]]:
    """Names of the sinks that ask to be told, by event."""
    return {event: tuple(sink.name for sink in sinks if event in sink.events) for event in Event}
