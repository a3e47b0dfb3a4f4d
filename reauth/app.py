"""The composition root: the only file that names concrete stores, sinks and intakes.

`house` opens everything top to bottom, each part where the next one needs it, and the language
closes it in reverse: listeners first, so that nothing new comes in; then what waits is committed;
the store last. Tests build the same house from other settings: arguments, not patches.
"""

import asyncio
import ipaddress
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from reauth import __version__, ca, console, ingest, metrics
from reauth.adapt import Adapter
from reauth.background import Background
from reauth.claim import Keys
from reauth.console.health import Probe, Readiness
from reauth.doors import Doors, access_of, doors_of
from reauth.engine import Dress, Engine
from reauth.enrol import Enroller
from reauth.errors import StoreError
from reauth.families import unheard
from reauth.feeds import Addresses, accounting, fed
from reauth.hands import Hands
from reauth.ingest import RECEIVER, Control, Receiver
from reauth.installation import (
    address_map,
    assets,
    ensure_ca,
    ensure_keys,
    ensure_state,
    load_settings,
    now,
    only_one,
    variables,
)
from reauth.intake.local import LocalIntake
from reauth.integrations import Integrations
from reauth.lanes import Rule, features_of, identity_recipe, kept_for, recipes
from reauth.listen import jobs, listening, rare_collections, tls_of
from reauth.lookout import Lookout
from reauth.news import Event
from reauth.notary import Notary
from reauth.outlets import open_higher, open_sinks, subscribers
from reauth.ports import Sink, Store
from reauth.raising import Raising
from reauth.settings import Settings, address
from reauth.sinks.outbox import Outbox
from reauth.store import Options, SqliteFigures, SqliteStore, create_key, open_store, read_key
from reauth.store.deliveries import SqliteDeliveries
from reauth.triage import Triage
from reauth.vitals import Vitals

log = logging.getLogger(__name__)

RETENTION = 3600.0
"""s between looks for what is older than its retention, which is counted in days."""
LEAST_FREE = 0.05
"""Share of the disk that must be free to take data (privacy-ops.md §4)."""
_STATES = ("none", "gathering", "provisional", "active", "paused")
"""Of enrolment (interfaces.md §4)."""
HIGH_WATER = 0.8
"""Share of the ingest's queue from which on clients are told to slow down (ingest.md §6)."""


@dataclass(slots=True)
class House:
    """What runs: where it listens, and what may be told to it.

    `urls` holds `ingest`, `console` and `metrics`, ports resolved; `ingest` is written as the
    settings write it, for the proxy to read. `broken` is done when a job of ours has died.
    """

    settings: Settings
    keys: Keys
    store: Store
    rule: Rule
    control: Control
    addresses: Addresses
    site: console.Site
    urls: dict[str, str]
    listens: dict[str, str]
    broken: "asyncio.Future[None]"

    def reload(self, settings: Settings) -> None:
        """Take up the address map, the lists and the policy; tell the proxies.

        Raises
        ------
        SettingsError
            If any of it is wrong; everything stays as it was then.
        """
        told = standing(settings)
        self.rule.take(settings)
        self.addresses.write(told.pop("address_map"))
        self.control.change(**told)

    def stop(self) -> None:
        """Say that we are going: `/readyz` is 503 from now on, so that nobody new comes."""
        self.site.readiness.stop()


def standing(settings: Settings) -> dict[str, Any]:
    """What the proxy processes are told: the control stream's snapshot.

    Raises
    ------
    SettingsError
        If the address map is wrong.
    """
    return {
        "address_map": address_map(settings),
        "exclude": list(settings.proxy.exclude),
        "closed": list(settings.proxy.closed),
        "default_user": settings.identity.default_user,
        "observe": True,
    }


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
    async with _store(settings, open_sinks(settings)) as store:
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
    async with _store(settings, open_sinks(settings)) as store:
        yield doors_of(store)


@asynccontextmanager
async def _store(settings: Settings, sinks: list[Sink]) -> AsyncIterator[SqliteStore]:
    told = subscribers(sinks)
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
    async with _store(settings, sinks) as store:
        yield Integrations(SqliteDeliveries(store.desk), sinks, now)


def triage_of(inner: Doors) -> Triage:
    """What people do about alerts."""
    return Triage(inner.store, inner.cases, inner.suppressions, now)


def _dress(store: SqliteStore, settings: Settings) -> Dress:
    inner = doors_of(store)
    return Raising(inner.cases, inner.suppressions, settings.alerts, assets(settings)).dress


@asynccontextmanager
async def house(settings: Settings) -> AsyncIterator[House]:
    """Open everything but the proxy; everything listens once this yields.

    Raises
    ------
    ReauthError
        If any part cannot be opened; what was open is closed again.
    """
    ensure_state(settings)
    keys, sinks, higher = ensure_keys(settings), open_sinks(settings), open_higher(settings)
    folder = ensure_ca(settings)
    rule, told = Rule(settings), standing(settings)
    lanes = recipes(settings, rule)
    with only_one(settings), rare_collections():
        async with (
            _store(settings, sinks) as store,
            Outbox(store, [*sinks, *higher], now) as outbox,
            Engine(store, lanes, settings, now, outbox.wake, _dress(store, settings)) as engine,
            LocalIntake(engine, settings.ingest) as intake,
            AsyncExitStack() as doors,
        ):
            inner = doors_of(store)
            notary = Notary(inner.audit, now, settings.store.audit)
            names = [sink.name for sink in sinks], [sink.name for sink in higher]
            lookout = Lookout(inner.cases, settings.alerts, names, now, outbox.wake)
            enroller = Enroller(store, settings, now)
            adapter = Adapter(store, settings, now, enroller)
            control = Control(told, int(now() * 1000))
            addresses = Addresses(told["address_map"], control, now)
            receiving = ingest.application(intake, keys, settings.ingest, control, now)
            readiness = Readiness(_probes(store, intake, settings))
            accounts, logins = access_of(inner, settings, now)
            site = console.Site(
                store=store,
                people=lambda: enroller.status(None),
                readiness=readiness,
                ca=folder,
                proxy=_proxy_of(settings),
                accounts=accounts,
                logins=logins,
                local=_is_local(settings.console.listen),
                url=settings.console.url,
                tls=settings.console.tls_cert is not None,
                clock=now,
                audit=inner.audit,
                triage=triage_of(inner),
            )
            await doors.enter_async_context(accounting(settings.identity, addresses, now))
            background = Background(store, settings, now)
            hands = Hands(store, now, kept_for(settings))
            learning = enroller.run(), adapter.run(), background.run(), hands.run(settings)
            vitals = Vitals(SqliteFigures(store.desk, settings.store), now)
            keeping = _retain(store), vitals.run(), notary.run(), lookout.run()
            beside = jobs(*learning, *keeping, *fed(settings.identity, addresses))
            broken = await doors.enter_async_context(beside)
            counting = (engine, receiving[RECEIVER], outbox, addresses, adapter, notary, vitals)
            counted = metrics.application(lambda: _figures(inner, intake, counting))
            urls, listens = {}, {}
            for name, app, listen, tls in (
                ("metrics", counted, settings.metrics.listen, None),
                ("console", console.application(site), settings.console.listen, tls_of(settings)),
                ("ingest", receiving, settings.ingest.listen, None),
            ):
                where = listening(name, app, listen, tls)
                listens[name], urls[name] = await doors.enter_async_context(where)
            doors.callback(_refuse, control, receiving[RECEIVER])
            told_of = (control, addresses, site)
            yield House(settings, keys, store, rule, *told_of, urls, listens, broken)


def _refuse(control: Control, receiver: Receiver) -> None:
    """Take nothing more: the listeners are about to close."""
    receiver.stopping = True
    control.stop()


def _probes(store: Store, intake: LocalIntake, settings: Settings) -> dict[str, Probe]:
    """What `/readyz` asks."""

    async def writable() -> str | None:
        return None if (await store.health()).writable else "cannot be written to"

    async def disk() -> str | None:
        free = (await store.health()).free_share
        return None if free >= LEAST_FREE else f"{free:.1%} of the disk is free"

    async def queue() -> str | None:
        full = intake.depth >= HIGH_WATER * settings.ingest.queue
        return "full: the store is slower than what comes" if full else None

    async def templates() -> str | None:
        await store.actives()
        return None

    async def signing() -> str | None:
        ca.load(Path(settings.ca_path))
        return None

    return {
        "store": writable, "disk": disk, "queue": queue, "templates": templates, "ca": signing
    }  # fmt: skip


def _proxy_of(settings: Settings) -> str | None:
    """Where the proxy will be, unless any free port will do."""
    where = address(settings.proxy.listen)
    return settings.proxy.listen if not isinstance(where, str) and where[1] else None


def _is_local(listen: str) -> bool:
    where = address(listen)
    if isinstance(where, str):
        return True
    return where[0] == "localhost" or ipaddress.ip_address(where[0]).is_loopback


def _one_thread_each() -> threadpool_limits:
    """Keep BLAS from spreading a score over all cores: the matrices are far too small for that.

    On a busy machine it made a batch of 64 take 27 times as long (bench/engine.py).
    """
    return threadpool_limits(limits=1, user_api="blas")


async def _retain(store: Store) -> None:
    """Delete what is older than its retention, for ever."""
    while True:
        try:
            gone = await store.expire(now())
        except StoreError as error:
            log.error("retention_failed", extra={"fault": str(error)})
        else:
            if any(gone.values()):
                log.info("retention", extra={"gone": gone})
        await asyncio.sleep(RETENTION)


async def _figures(
    inner: Doors,
    intake: LocalIntake,
    counting: tuple[Engine, Receiver, Outbox, Addresses, Adapter, Notary, Vitals],
) -> dict[str, float]:
    """What `/metrics` tells; never of a single person."""
    health = await inner.store.health()
    engine, receiver, *_, vitals = counting
    counted: Counter[str] = Counter(receiver.proxy_counters)
    for each in counting:
        counted.update(each.counters)
    return {
        **unheard(),
        **counted,
        **await vitals.gauges(),
        f'build_info{{version="{__version__}"}}': 1,
        "sessions": engine.sessions,
        "ingest_queue_depth": intake.depth,
        "score_queue_depth": engine.scoring,
        **await inner.cases.figures(),
        "outbox_depth": health.outbox_depth,
        "outbox_failed": health.outbox_failed,
        "db_size_bytes": health.db_bytes,
        "wal_size_bytes": health.wal_bytes,
        "disk_free_share": health.free_share,
        **{f'users{{state="{state}"}}': health.users.get(state, 0) for state in _STATES},
    }


__all__ = [
    "House",
    "house",
    "identity_recipe",
    "kept_for",
    "load_settings",
    "now",
    "open_sinks",
    "opened_doors",
    "opened_integrations",
    "opened_store",
    "recipes",
    "standing",
    "store_key",
    "triage_of",
    "variables",
]
