"""Store on one file.

A group of batches is one function on the writer's thread (`desk.py`): day file, main file, done.
"""

import os
import sqlite3
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from reauth.alert import Alert, State
from reauth.errors import SettingsError, StoreError
from reauth.news import Event
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
from reauth.store.desk import Desk, transaction
from reauth.store.migrate import migrate, scripts
from reauth.store.raw import DayFiles, bytes_of, day_of
from reauth.store.seal import Sealer
from reauth.template import Shared, Template
from reauth.trajectory import Trajectory

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

    `sinks` are the names that new alerts are to be delivered to, `followers` those that are told
    of another event, `keep` the times of retention;
    `cut` names the segmenter of the lane that learns from here: no other's trajectories count.
    `durable` may be False where nothing outlives the process anyway.
    """

    sinks: tuple[str, ...] = ()
    keep: StoreSettings = field(default_factory=StoreSettings)
    durable: bool = True
    cut: str = "pause"
    followers: Mapping[Event, tuple[str, ...]] = field(default_factory=dict)

    @property
    def told(self) -> alerts.Told:
        """Who is told of what."""
        return {Event.RAISED: self.sinks, **self.followers}


class SqliteStore:
    """See `reauth.ports.Store`; made by `open_sqlite`.

    `desk` is for what else keeps tables in the file; `cut` is that of the options, `told` says
    which sinks ask for which event.
    """

    def __init__(self, path: str, sealer: Sealer, options: Options) -> None:
        self.desk = Desk(path, sealer, self._connect)
        self.cut = options.cut
        self.told = options.told
        self._path = path
        self._options = options
        self._raw = DayFiles(os.path.dirname(path), sealer, self._connect)

    async def open(self, stack: AsyncExitStack) -> None:
        """Open the connections, migrate first; `stack` closes them."""
        await self.desk.open_writer(stack)
        stack.push_async_callback(self.desk.on, self.desk.writer, self._put_away)
        await self.desk.on(self.desk.writer, self._prepare)
        await self.desk.open_readers(stack)

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
                (self.desk.sealer.seal("key", b"", b"reauth"),),
            )
            return
        try:
            self.desk.sealer.open("key", b"", row[0])
        except StoreError as error:
            raise SettingsError(
                f"store.key_file: {self._path} was written with another key; name its own"
            ) from error

    def _put_away(self, connection: sqlite3.Connection) -> None:
        self._raw.close()
        upkeep.truncate_log(connection)

    # Live sessions

    async def commit(self, commit: Commit) -> list[Alert]:
        """Keep a group durably; the alerts that are new."""
        return await self.desk.on(self.desk.writer, self._commit, commit)

    def _commit(self, connection: sqlite3.Connection, group: Commit) -> list[Alert]:
        """The day files first: see `reauth.store.raw`."""
        days = self._raw.append(group.raw)
        return transaction(commit.write)(
            connection, group, self.desk.sealer, self._options.told, days
        )

    async def unfinished(self) -> list[RawRow]:
        """Batches in a day file whose group did not reach the main file, oldest first.

        Nobody was told that they are kept. Who takes them up again loses nothing even of a page
        that could not send twice; the next group of their day counts them in.
        """
        return await self.desk.on(self.desk.writer, self._unfinished)

    def _unfinished(self, connection: sqlite3.Connection) -> list[RawRow]:
        counted = dict(connection.execute("SELECT day, row_count FROM raw_day").fetchall())
        return [
            row for day in self._raw.days() for row in self._raw.after(day, counted.get(day, 0))
        ]

    async def tab(self, tab: bytes) -> TabRow | None:
        """What is remembered of a tab."""
        return await self.desk.read(live.tab, tab)

    async def held(self, tab: bytes) -> list[HeldRow]:
        """Acknowledged batches of a tab that wait for an earlier one, in order."""
        return await self.desk.read(live.held, self.desk.sealer, tab)

    async def held_tabs(self) -> list[bytes]:
        """Tabs that have such batches."""
        return await self.desk.read(live.held_tabs)

    async def session(self, user: str | None, client: str) -> SessionRow | None:
        """The session of a user on a client (of nobody known: of the client) heard of last."""
        return await self.desk.read(live.session, self.desk.sealer, user, client)

    async def moved_since(self, since: float) -> list[tuple[str, str]]:
        """(user, client) of sessions that moved at `since` (s) or later; of nobody known, none."""
        return await self.desk.read_much(live.moved_since, since)

    async def trajectories_of(
        self, session: str, lane: str, limit: int, version: int | None = None
    ) -> list[TrajectoryRow]:
        """The newest trajectories of a session's lane, oldest first; compared with a version."""
        name = (session, lane)
        return await self.desk.read(live.trajectories_of, self.desk.sealer, name, limit, version)

    # People

    async def version(self) -> int:
        """A number that changes when anybody changed people or templates, or closed an alert."""
        return await self.desk.read(people.version)

    async def deletions(self) -> int:
        """How often anybody was deleted."""
        return await self.desk.read(live.deletions)

    async def actives(self) -> dict[str, dict[str, int]]:
        """Everyone's active templates, but for those who are paused: device class to version."""
        return await self.desk.read(people.actives)

    async def people(self) -> list[PersonRow]:
        """Everyone who has a trajectory or a template, by name."""
        return await self.desk.read_much(people.people, self._options.cut)

    async def person(self, user: str) -> PersonRow | None:
        """One of them."""
        found = await self.desk.read(people.people, self._options.cut, [user])
        return found[0] if found else None

    async def genuine(
        self, user: str, limit: int, devices: Collection[str] | None = None
    ) -> list[list[Trajectory]]:
        """A user's trajectories that may train, session by session in order of time."""
        wanted = people.Wanted(self._options.cut, limit, devices)
        return await self.desk.read_much(people.genuine, self.desk.sealer, user, wanted)

    async def background(
        self,
        without: str,
        most: int,
        devices: Collection[str] | None = None,
        lane: str = "identity",
    ) -> dict[str, list[list[Trajectory]]]:
        """The other users' trajectories that may train, session by session."""
        wanted = people.Wanted(self._options.cut, most, devices, lane)
        return await self.desk.read_much(people.background, self.desk.sealer, without, wanted)

    async def template(self, user: str, version: int | None = None) -> Template | None:
        """A user's template of a version; None as version means the newest active one."""
        return await self.desk.read(people.template, self.desk.sealer, user, version)

    async def templates(self, user: str) -> list[Template]:
        """All versions, oldest first."""
        return await self.desk.read(people.templates, self.desk.sealer, user)

    async def save_template(self, template: Template) -> Template:
        """Keep a template as the user's next version and make it the active one."""
        return await self.desk.write(people.save_template, self.desk.sealer, template)

    async def shared(self) -> Shared | None:
        """What all users share, as measured last."""
        return await self.desk.read(people.shared)

    async def save_shared(self, shared: Shared) -> None:
        """Keep what all users share."""
        await self.desk.write(people.save_shared, shared)

    async def newest(self, lane: str, limit: int) -> list[Trajectory]:
        """Everybody's trajectories of a lane, oldest session first, the newest kept."""
        return await self.desk.read_much(people.newest, self.desk.sealer, lane, limit)

    async def learnt(self, detector: str) -> tuple[float, bytes] | None:
        """When a detector has learnt of everybody, and what."""
        return await self.desk.read(people.learnt, self.desk.sealer, detector)

    async def save_learnt(self, detector: str, made: float, model: bytes) -> None:
        """Keep what a detector has learnt of everybody."""
        await self.desk.write(people.save_learnt, self.desk.sealer, detector, made, model)

    async def rollback(self, user: str, version: int) -> None:
        """Make an older version the active one."""
        await self.desk.write(people.rollback, user, version)

    async def set_paused(self, user: str, paused: bool) -> None:
        """Stop or resume comparing a user; gathering goes on."""
        await self.desk.write(people.set_paused, user, paused)

    async def delete_user(self, user: str) -> int:
        """Forget a user's templates, trajectories, sessions, raw batches; how many rows went."""
        return await self.desk.on(self.desk.writer, self._delete_user, user)

    def _delete_user(self, connection: sqlite3.Connection, user: str) -> int:
        gone = self._raw.forget(user) + transaction(people.delete)(connection, user)
        upkeep.truncate_log(connection)
        return gone

    async def import_recording(
        self, user: str, digest: str, sessions: Sequence[Sequence[Trajectory]], now: float
    ) -> bool:
        """Keep a recording's trajectories for enrolment; False if this content was known."""
        keep, recording = people.import_recording, (self._options.cut, user, digest)
        return await self.desk.write(keep, self.desk.sealer, recording, sessions, now)

    # Alerts

    async def alerts(
        self,
        state: State | None = None,
        since: float | None = None,
        limit: int = 1000,
        cursor: str | None = None,
        severities: Sequence[str] = (),
    ) -> list[Alert]:
        """Alerts by `raised_at`, oldest first, after the alert whose id is `cursor`."""
        return await self.desk.read(alerts.select, (state, since, severities), limit, cursor)

    async def alert(self, alert_id: str) -> Alert | None:
        """One alert."""
        return await self.desk.read(alerts.one, alert_id)

    async def unresolved(self) -> set[tuple[str, str]]:
        """(session, lane) of the alerts that nobody has closed yet."""
        return await self.desk.read(alerts.unresolved)

    async def update_alert(self, alert: Alert, was: State) -> bool:
        """Keep an alert that has moved on from state `was`; False if somebody was faster."""
        return await self.desk.write(alerts.update, alert, was, self._options.told)

    async def due(self, now: float, limit: int, without: Collection[str] = ()) -> list[Delivery]:
        """Deliveries whose time has come, but for those to the sinks `without`."""
        return await self.desk.read(alerts.due, now, limit, tuple(without))

    async def delivered(self, delivery: int, at: float) -> None:
        """The sink has taken it."""
        await self.desk.write(alerts.delivered, delivery, at)

    async def postponed(self, delivery: int, until: float | None, at: float, fault: str) -> None:
        """It failed; try again at `until`, or never."""
        await self.desk.write(alerts.postponed, delivery, until, at, fault)

    # Upkeep

    async def expire(self, now: float) -> dict[str, int]:
        """Delete what is older than its retention; rows (or day files) removed, by table."""
        return await self.desk.on(self.desk.writer, self._expire, now)

    def _expire(self, connection: sqlite3.Connection, now: float) -> dict[str, int]:
        gone = transaction(upkeep.expire)(
            connection, self._options.keep, now, self._options.told
        )
        days = self._raw.expire(day_of(now - self._options.keep.raw))
        connection.executemany("DELETE FROM raw_day WHERE day = ?", [(day,) for day in days])
        upkeep.truncate_log(connection)
        return {**gone, "raw_day": len(days)}

    async def backup(self, path: str) -> None:
        """Write a consistent copy of the main file; never overwrites."""
        await self.desk.on(self.desk.bulk, upkeep.backup, path)

    async def health(self) -> Health:
        """Probe it, with a write."""
        found = await self.desk.read(upkeep.figures)
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
            await self.desk.write(upkeep.probe)
        except StoreError:
            return False
        return True


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
