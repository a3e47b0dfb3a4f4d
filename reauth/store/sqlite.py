"""Store on one file: one writer connection, readers apart, each on a thread of its own.

A group of batches is one function on the writer's thread: day file, main file, done. Nothing is
awaited between its statements, so a transaction is never held while somebody else runs.
"""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

import aiosqlite

from reauth.alert import Alert, State
from reauth.errors import SettingsError, StoreError
from reauth.person import PersonRow
from reauth.ports import (
    Commit,
    Delivery,
    Health,
    HeldRow,
    RawRow,
    SessionRow,
    TabRow,
    TrajectoryRow,
)
from reauth.settings import StoreSettings
from reauth.store import alerts, commit, live, people, upkeep
from reauth.store.migrate import migrate, scripts
from reauth.store.raw import DayFiles, bytes_of, day_of
from reauth.store.seal import Sealer
from reauth.template import Shared, Template
from reauth.trajectory import Trajectory

P = ParamSpec("P")
T = TypeVar("T")

_CACHE = 32_768
"""kB of pages kept: tabs and sessions of 20,000 people; with 2 MB, SQLite's own, each batch of
4,000 people read both anew (bench/whole_path.py)."""

_WRITER = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 1000",
    "PRAGMA secure_delete = ON",
    f"PRAGMA cache_size = -{_CACHE}",
)
"""ingest.md section 7; what is deleted is overwritten, as it was about a person."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a store must know besides where it is.

    `sinks` are the names that new alerts are to be delivered to, `keep` the times of retention;
    `cut` names the segmenter of the lane that learns from here: no other's trajectories count.
    `durable` may be False where nothing outlives the process anyway.
    """

    sinks: tuple[str, ...] = ()
    keep: StoreSettings = field(default_factory=StoreSettings)
    durable: bool = True
    cut: str = "pause"


class SqliteStore:
    """See `reauth.ports.Store`; made by `open_sqlite`."""

    def __init__(self, path: str, sealer: Sealer, options: Options) -> None:
        self._path = path
        self._sealer = sealer
        self._options = options
        self._raw = DayFiles(os.path.dirname(path), sealer, self._connect)
        self._writer: aiosqlite.Connection
        self._reader: aiosqlite.Connection
        self._bulk: aiosqlite.Connection

    async def open(self, stack: AsyncExitStack) -> None:
        """Open the connections, migrate first; `stack` closes them."""
        writer = aiosqlite.Connection(lambda: self._connect(self._path), 64)
        self._writer = await _entered(stack, writer)
        stack.push_async_callback(self._on, self._writer, self._put_away)
        await self._on(self._writer, self._prepare)
        read_only = f"file:{quote(self._path)}?mode=ro"
        readers = [
            aiosqlite.connect(
                read_only,
                uri=True,
                timeout=upkeep.BUSY,
                isolation_level=None,
                cached_statements=256,
            )
            for _ in range(2)
        ]
        self._reader, self._bulk = [await _entered(stack, reader) for reader in readers]
        for reader in (self._reader, self._bulk):
            await reader.execute("PRAGMA query_only = 1")

    def _connect(self, path: str) -> sqlite3.Connection:
        """Open a file for writing, on the writer's thread; it is nobody else's to read."""
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            path, timeout=upkeep.BUSY, isolation_level=None, cached_statements=256
        )
        try:
            for pragma in _WRITER:
                connection.execute(pragma)
            if not self._options.durable:
                connection.execute("PRAGMA synchronous = OFF")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Migrate, and see that the key is the one that the store was written with."""
        migrate(connection, self._path, scripts())
        row = connection.execute("SELECT sealed FROM meta WHERE name = 'key'").fetchone()
        if row is None:
            connection.execute(
                "INSERT INTO meta (name, value, sealed) VALUES ('key', 0, ?)",
                (self._sealer.seal("key", b"", b"reauth"),),
            )
            return
        try:
            self._sealer.open("key", b"", row[0])
        except StoreError as error:
            raise SettingsError(
                f"store.key_file: {self._path} was written with another key; name its own"
            ) from error

    def _put_away(self, connection: sqlite3.Connection) -> None:
        self._raw.close()
        upkeep.truncate_log(connection)

    async def _on(
        self,
        connection: aiosqlite.Connection,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a function on a connection's thread.

        aiosqlite's public methods run one statement each; one hop for each row of a group would
        cost more than the rows.
        """
        try:
            return await connection._execute(  # type: ignore[no-untyped-call, no-any-return] # as published
                lambda: work(connection._conn, *args, **kwargs)
            )
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the store cannot go on: {error}") from error

    async def _read(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self._on(self._reader, _snapshot(work), *args, **kwargs)

    async def _read_much(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Read what takes seconds, while short reads go on beside it."""
        return await self._on(self._bulk, _snapshot(work), *args, **kwargs)

    async def _write(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self._on(self._writer, _transaction(work), *args, **kwargs)

    # Live sessions

    async def commit(self, commit: Commit) -> list[Alert]:
        """Keep a group durably; the alerts that are new."""
        return await self._on(self._writer, self._commit, commit)

    def _commit(self, connection: sqlite3.Connection, group: Commit) -> list[Alert]:
        """The day files first: see `reauth.store.raw`."""
        days = self._raw.append(group.raw)
        return _transaction(commit.write)(
            connection, group, self._sealer, self._options.sinks, days
        )

    async def unfinished(self) -> list[RawRow]:
        """Batches in a day file whose group did not reach the main file, oldest first.

        Nobody was told that they are kept. Who takes them up again loses nothing even of a page
        that could not send twice; the next group of their day counts them in.
        """
        return await self._on(self._writer, self._unfinished)

    def _unfinished(self, connection: sqlite3.Connection) -> list[RawRow]:
        counted = dict(connection.execute("SELECT day, row_count FROM raw_day").fetchall())
        return [
            row for day in self._raw.days() for row in self._raw.after(day, counted.get(day, 0))
        ]

    async def tab(self, tab: bytes) -> TabRow | None:
        """What is remembered of a tab."""
        return await self._read(live.tab, tab)

    async def held(self, tab: bytes) -> list[HeldRow]:
        """Acknowledged batches of a tab that wait for an earlier one, in order."""
        return await self._read(live.held, self._sealer, tab)

    async def held_tabs(self) -> list[bytes]:
        """Tabs that have such batches."""
        return await self._read(live.held_tabs)

    async def session(self, user: str | None, client: str) -> SessionRow | None:
        """The session of a user on a client (of nobody known: of the client) heard of last."""
        return await self._read(live.session, self._sealer, user, client)

    async def moved_since(self, since: float) -> list[tuple[str, str]]:
        """(user, client) of sessions that moved at `since` (s) or later; of nobody known, none."""
        return await self._read_much(live.moved_since, since)

    async def trajectories_of(
        self, session: str, lane: str, limit: int, version: int | None = None
    ) -> list[TrajectoryRow]:
        """The newest trajectories of a session's lane, oldest first; compared with a version."""
        name = (session, lane)
        return await self._read(live.trajectories_of, self._sealer, name, limit, version)

    # People

    async def version(self) -> int:
        """A number that changes when anybody changed people or templates, or closed an alert."""
        return await self._read(people.version)

    async def deletions(self) -> int:
        """How often anybody was deleted."""
        return await self._read(live.deletions)

    async def actives(self) -> dict[str, dict[str, int]]:
        """Everyone's active templates, but for those who are paused: device class to version."""
        return await self._read(people.actives)

    async def people(self) -> list[PersonRow]:
        """Everyone who has a trajectory or a template, by name."""
        return await self._read_much(people.people, self._options.cut)

    async def person(self, user: str) -> PersonRow | None:
        """One of them."""
        found = await self._read(people.people, self._options.cut, user)
        return found[0] if found else None

    async def genuine(
        self, user: str, limit: int, devices: Collection[str] | None = None
    ) -> list[list[Trajectory]]:
        """A user's trajectories that may train, session by session in order of time."""
        wanted = people.Wanted(self._options.cut, limit, devices)
        return await self._read_much(people.genuine, self._sealer, user, wanted)

    async def background(
        self,
        without: str,
        most: int,
        devices: Collection[str] | None = None,
        lane: str = "identity",
    ) -> dict[str, list[list[Trajectory]]]:
        """The other users' trajectories that may train, session by session."""
        wanted = people.Wanted(self._options.cut, most, devices, lane)
        return await self._read_much(people.background, self._sealer, without, wanted)

    async def template(self, user: str, version: int | None = None) -> Template | None:
        """A user's template of a version; None as version means the newest active one."""
        return await self._read(people.template, self._sealer, user, version)

    async def templates(self, user: str) -> list[Template]:
        """All versions, oldest first."""
        return await self._read(people.templates, self._sealer, user)

    async def save_template(self, template: Template) -> Template:
        """Keep a template as the user's next version and make it the active one."""
        return await self._write(people.save_template, self._sealer, template)

    async def shared(self) -> Shared | None:
        """What all users share, as measured last."""
        return await self._read(people.shared)

    async def save_shared(self, shared: Shared) -> None:
        """Keep what all users share."""
        await self._write(people.save_shared, shared)

    async def newest(self, lane: str, limit: int) -> list[Trajectory]:
        """Everybody's trajectories of a lane, oldest session first, the newest kept."""
        return await self._read_much(people.newest, self._sealer, lane, limit)

    async def learnt(self, detector: str) -> tuple[float, bytes] | None:
        """When a detector has learnt of everybody, and what."""
        return await self._read(people.learnt, self._sealer, detector)

    async def save_learnt(self, detector: str, made: float, model: bytes) -> None:
        """Keep what a detector has learnt of everybody."""
        await self._write(people.save_learnt, self._sealer, detector, made, model)

    async def rollback(self, user: str, version: int) -> None:
        """Make an older version the active one."""
        await self._write(people.rollback, user, version)

    async def set_paused(self, user: str, paused: bool) -> None:
        """Stop or resume comparing a user; gathering goes on."""
        await self._write(people.set_paused, user, paused)

    async def delete_user(self, user: str) -> int:
        """Forget a user's templates, trajectories, sessions, raw batches; how many rows went."""
        return await self._on(self._writer, self._delete_user, user)

    def _delete_user(self, connection: sqlite3.Connection, user: str) -> int:
        gone = self._raw.forget(user) + _transaction(people.delete)(connection, user)
        upkeep.truncate_log(connection)
        return gone

    async def import_recording(
        self, user: str, digest: str, sessions: Sequence[Sequence[Trajectory]], now: float
    ) -> bool:
        """Keep a recording's trajectories for enrolment; False if this content was known."""
        recording = (self._options.cut, user, digest)
        return await self._write(people.import_recording, self._sealer, recording, sessions, now)

    # Alerts

    async def alerts(
        self,
        state: State | None = None,
        since: float | None = None,
        limit: int = 1000,
        cursor: str | None = None,
    ) -> list[Alert]:
        """Alerts by `raised_at`, oldest first, after the alert whose id is `cursor`."""
        return await self._read(alerts.select, state, since, limit, cursor)

    async def alert(self, alert_id: str) -> Alert | None:
        """One alert."""
        return await self._read(alerts.one, alert_id)

    async def unresolved(self) -> set[tuple[str, str]]:
        """(session, lane) of the alerts that nobody has closed yet."""
        return await self._read(alerts.unresolved)

    async def update_alert(self, alert: Alert, was: State) -> bool:
        """Keep an alert that has moved on from state `was`; False if somebody was faster."""
        return await self._write(alerts.update, alert, was)

    async def due(self, now: float, limit: int, without: Collection[str] = ()) -> list[Delivery]:
        """Deliveries whose time has come, but for those to the sinks `without`."""
        return await self._read(alerts.due, now, limit, tuple(without))

    async def delivered(self, delivery: int) -> None:
        """The sink has taken it."""
        await self._write(alerts.delivered, delivery)

    async def postponed(self, delivery: int, until: float | None) -> None:
        """It failed; try again at `until`, or never."""
        await self._write(alerts.postponed, delivery, until)

    # Upkeep

    async def expire(self, now: float) -> dict[str, int]:
        """Delete what is older than its retention; rows (or day files) removed, by table."""
        return await self._on(self._writer, self._expire, now)

    def _expire(self, connection: sqlite3.Connection, now: float) -> dict[str, int]:
        gone = _transaction(upkeep.expire)(connection, self._options.keep, now)
        days = self._raw.expire(day_of(now - self._options.keep.raw))
        connection.executemany("DELETE FROM raw_day WHERE day = ?", [(day,) for day in days])
        upkeep.truncate_log(connection)
        return {**gone, "raw_day": len(days)}

    async def backup(self, path: str) -> None:
        """Write a consistent copy of the main file; never overwrites."""
        await self._on(self._bulk, upkeep.backup, path)

    async def health(self) -> Health:
        """Probe it, with a write."""
        found = await self._read(upkeep.figures)
        raw, raw_wal = self._raw.sizes()
        main, wal = (bytes_of(self._path + suffix) for suffix in ("", "-wal"))
        return Health(
            writable=await self._writable(),
            schema=found.schema,
            db_bytes=main + raw,
            wal_bytes=wal + raw_wal,
            free_share=upkeep.free_share(self._path),
            outbox_depth=found.waiting,
            outbox_failed=found.failed,
            alerts_open=found.alerts,
            users=found.users,
        )

    async def _writable(self) -> bool:
        try:
            await self._write(upkeep.probe)
        except StoreError:
            return False
        return True


async def _entered(stack: AsyncExitStack, connection: aiosqlite.Connection) -> aiosqlite.Connection:
    """Open a connection that the stack closes."""
    try:
        return await stack.enter_async_context(connection)
    except BaseException:
        # aiosqlite leaves its thread to end by itself; it would report to a loop that is gone.
        connection._thread.join()
        raise


def _transaction(
    work: Callable[Concatenate[sqlite3.Connection, P], T],
) -> Callable[Concatenate[sqlite3.Connection, P], T]:
    """The same work in a transaction that may write: begun as such, as an upgrade can deadlock."""
    return _within("BEGIN IMMEDIATE", work)


def _snapshot(
    work: Callable[Concatenate[sqlite3.Connection, P], T],
) -> Callable[Concatenate[sqlite3.Connection, P], T]:
    """The same work on one state of the store, however many statements it has."""
    return _within("BEGIN", work)


def _within(
    begin: str, work: Callable[Concatenate[sqlite3.Connection, P], T]
) -> Callable[Concatenate[sqlite3.Connection, P], T]:
    def within(connection: sqlite3.Connection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        connection.execute(begin)
        try:
            result = work(connection, *args, **kwargs)
            connection.execute("COMMIT")
        except BaseException:
            # A full disk has rolled back already; then there is nothing left to undo.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    return within


@asynccontextmanager
async def open_sqlite(path: str, key: bytes | None, options: Options) -> AsyncIterator[SqliteStore]:
    """Open the store in a file, made where it is absent.

    Raises
    ------
    StoreError
        If it cannot be opened for writing.
    SettingsError
        If a newer release wrote it, or it was written with another key.
    """
    store = SqliteStore(path, Sealer(key), options)
    async with AsyncExitStack() as stack:
        try:
            await store.open(stack)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot open the store {path}: {error}") from error
        yield store
