"""Opens what the settings name: the store with all that lies in its file, and the sinks."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from socket import gethostname

from reauth.doors import Doors, doors_of
from reauth.installation import ensure_keys, ensure_state, now
from reauth.integrations import Integrations
from reauth.lanes import features_of
from reauth.news import Event, Letterhead
from reauth.ports import Sink, Store
from reauth.settings import Settings
from reauth.sinks import open_sink
from reauth.store import Options, SqliteStore, create_key, open_store, read_key
from reauth.store.deliveries import SqliteDeliveries


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """The store of an installation, with its key; both are made where they are missing.

    Raises
    ------
    SettingsError
        If the URL, the key file or the schema is wrong.
    StoreError
        If it cannot be opened.
    """
    ensure_state(settings)
    async with store_of(settings, open_sinks(settings)) as store:
        yield store


@asynccontextmanager
async def opened_doors(settings: Settings) -> AsyncIterator[Doors]:
    """All that an installation keeps, the store with what else lies in its file.

    Raises
    ------
    SettingsError, StoreError
        As `opened_store`.
    """
    ensure_state(settings)
    async with store_of(settings, open_sinks(settings)) as store:
        yield doors_of(store)


@asynccontextmanager
async def store_of(settings: Settings, sinks: list[Sink]) -> AsyncIterator[SqliteStore]:
    """The store, with the names of the sinks that ask for each event."""
    told = {
        event: tuple(sink.name for sink in sinks if event in sink.events) for event in Event
    }
    new = told.pop(Event.RAISED)
    cut = features_of(settings).segmenter
    options = Options(new, settings.store, cut=cut, followers=told)
    async with open_store(settings.store_url, store_key(settings), options) as store:
        yield store


def store_key(settings: Settings) -> bytes:
    """The key that guards templates and movement; made on the first run, mode 0600.

    Raises
    ------
    SettingsError
        If it is absent and cannot be made, readable by others, or no key.
    """
    path = settings.store_key_path
    return read_key(path) if Path(path).exists() else create_key(path)


def open_sinks(settings: Settings) -> list[Sink]:
    """The sinks that the settings name.

    Raises
    ------
    SettingsError
        If a URL is none that we know.
    """
    return _opened(settings, settings.sinks.urls)


def _opened(settings: Settings, urls: Sequence[str]) -> list[Sink]:
    head = letterhead(settings)
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


@asynccontextmanager
async def opened_integrations(settings: Settings) -> AsyncIterator[Integrations]:
    """The sinks that the settings name, with what they were told.

    Raises
    ------
    SettingsError, StoreError
        As `opened_store`.
    """
    ensure_state(settings)
    sinks = open_sinks(settings)
    async with store_of(settings, sinks) as store:
        yield Integrations(SqliteDeliveries(store.desk), sinks, now)


def open_higher(settings: Settings) -> list[Sink]:
    """The sinks that are told only of what nobody takes.

    Raises
    ------
    SettingsError
        If a URL is none that we know.
    """
    return _opened(settings, settings.alerts.escalate_to)
