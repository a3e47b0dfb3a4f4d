"""The composition root: the only file that names concrete stores, sinks and intakes.

`house` opens everything top to bottom, each part where the next one needs it, and the language
closes it in reverse: listeners first, so that nothing new comes in; then what waits is committed;
the store last. Tests build the same house from other settings: arguments, not patches.
"""

import asyncio
import ipaddress
import logging
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from reauth import __version__, console, ingest, metrics
from reauth.access_log import identified
from reauth.adapt import Adapter
from reauth.background import Background
from reauth.claim import Keys
from reauth.console.health import Readiness
from reauth.doors import Doors, access_of, doors_of
from reauth.engine import Dress, Engine
from reauth.enrol import Enroller
from reauth.enrolling import Lists
from reauth.errors import StoreError
from reauth.families import unheard
from reauth.feedback import Feedback
from reauth.feeds import Addresses, accounting, fed
from reauth.furnishing import enrolling, feedback_of, subjects_of
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
    sources_of,
    variables,
)
from reauth.intake.local import LocalIntake
from reauth.integrations import Integrations
from reauth.lanes import Rule, features_of, identity_recipe, kept_for, recipes
from reauth.listen import jobs, listening, rare_collections, tls_of
from reauth.lookout import Lookout
from reauth.news import Event
from reauth.notary import Notary
from reauth.oidc import Provider, relying
from reauth.outlets import open_higher, open_sinks
from reauth.ports import Sink, Store
from reauth.probes import LEAST_FREE, probes_of
from reauth.raising import Raising
from reauth.settings import Settings, address
from reauth.sinks.outbox import Outbox
from reauth.store import Options, SqliteFigures, SqliteStore, create_key, open_store, read_key
from reauth.tallies import keep_coverage, machine_of
from reauth.tracing import tracing
from reauth.triage import Triage
from reauth.vitals import Vitals

log = logging.getLogger(__name__)

Job = Coroutine[Any, Any, None]
"""What goes on for as long as the house stands."""

RETENTION = 3600.0
"""s between looks for what is older than its retention, which is counted in days."""
_STATES = ("none", "gathering", "provisional", "active", "paused")
"""Of enrolment (interfaces.md §4)."""


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
        told = [*sinks, *open_higher(settings)]
        yield Integrations(doors_of(store).deliveries, told, now)


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
    rule, told, trusted = Rule(settings), standing(settings), relying(settings.oidc)
    lanes = recipes(settings, rule)
    with only_one(settings), rare_collections(), tracing(settings.tracing) as tracer:
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
            urls, listens = dict[str, str](), dict[str, str]()
            lists = Lists(enrolling(inner, settings), inner.runs, now)
            machine = machine_of(control, receiving[RECEIVER], urls, now)
            accounts, logins = access_of(inner, settings, now)
            site = console.Site(
                store=store,
                readiness=Readiness(
                    probes_of(store, lambda: intake.depth, settings, now), advisory=("sinks",)
                ),
                ca=folder,
                proxy=_proxy_of(settings),
                accounts=accounts,
                logins=logins,
                local=_is_local(settings.console.listen),
                url=settings.console.url,
                oidc=Provider(trusted, now) if trusted else None,
                tls=settings.console.tls_cert is not None,
                clock=now,
                audit=inner.audit,
                triage=triage_of(inner),
                scenes=inner.scenes,
                subjects=subjects_of(
                    settings, inner, lists, engine.watching, machine, [*sinks, *higher]
                ),
            )
            await doors.enter_async_context(accounting(settings.identity, addresses, now))
            vitals = Vitals(SqliteFigures(store.desk, settings.store), now)
            covering = keep_coverage(receiving[RECEIVER], inner.coverage, settings.store.raw, now)
            working = _retain(store), vitals.run(), notary.run(), lookout.run(), lists.work()
            learning = (
                enroller.run(), adapter.run(), site.subjects.feedback.run(),
                *_of_everybody(store, settings),
            )  # fmt: skip
            feeds = fed(settings.identity, addresses)
            broken = await doors.enter_async_context(jobs(*learning, *working, covering, *feeds))
            counting = (
                engine, receiving[RECEIVER], outbox, addresses, adapter, site.subjects.feedback,
                notary, vitals,
            )  # fmt: skip
            counted = metrics.application(lambda: _figures(inner, intake, counting))
            watched = identified(console.application(site), settings.log.access_share)
            for name, app, listen, tls in (
                ("metrics", counted, settings.metrics.listen, None),
                ("console", watched, settings.console.listen, tls_of(settings)),
                ("ingest", receiving, settings.ingest.listen, None),
            ):
                where = listening(name, app, listen, tls)
                listens[name], urls[name] = await doors.enter_async_context(where)
            engine.tracer = receiving[RECEIVER].tracer = tracer
            doors.callback(engine.watching.close)
            doors.callback(_refuse, control, receiving[RECEIVER])
            told_of = (control, addresses, site)
            yield House(settings, keys, store, rule, *told_of, urls, listens, broken)


def _of_everybody(store: Store, settings: Settings) -> tuple[Job, Job]:
    """What is learnt of all users together, for ever."""
    hands = Hands(store, now, kept_for(settings))
    return Background(store, settings, now).run(), hands.run(settings)


def _refuse(control: Control, receiver: Receiver) -> None:
    """Take nothing more: the listeners are about to close."""
    receiver.stopping = True
    control.stop()


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
    counting: tuple[Engine, Receiver, Outbox, Addresses, Adapter, Feedback, Notary, Vitals],
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
    "LEAST_FREE",
    "House",
    "enrolling",
    "feedback_of",
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
    "sources_of",
    "standing",
    "store_key",
    "triage_of",
    "variables",
]
