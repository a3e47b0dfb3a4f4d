"""Where alerts go out: the sinks that the settings name, and what stands on all that they send."""

from collections.abc import Callable
from functools import cache
from socket import gethostname

from reauth.installation import ensure_keys
from reauth.lanes import features_of
from reauth.news import Letterhead
from reauth.ports import Sink
from reauth.settings import Settings
from reauth.sinks import open_sink


def open_sinks(settings: Settings) -> list[Sink]:
    """The sinks that the settings name.

    Raises
    ------
    SettingsError
        If a URL is none that we know.
    """
    head, key = letterhead(settings), _naming(settings)
    return [open_sink(url, settings.sinks, head, key) for url in settings.sinks.urls]


def _naming(settings: Settings) -> Callable[[], bytes]:
    """The key of users' pseudonyms, made when somebody asks for it."""
    return cache(lambda: ensure_keys(settings).derive("users")[-1][1])


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


def open_higher(settings: Settings) -> list[Sink]:
    """The sinks that are told only of what nobody takes.

    Raises
    ------
    SettingsError
        If a URL is none that we know.
    """
    head, key = letterhead(settings), _naming(settings)
    return [open_sink(url, settings.sinks, head, key) for url in settings.alerts.escalate_to]
