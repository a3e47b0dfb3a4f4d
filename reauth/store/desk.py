"""Where work on the store's file is done: one writer, readers apart, each on a thread of its own.

Work is a function of a connection, run whole on its thread: nothing is awaited between its
statements, so a transaction is never held while somebody else runs.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

import aiosqlite

from reauth.errors import StoreError
from reauth.store.seal import Sealer
from reauth.store.upkeep import BUSY

P = ParamSpec("P")
T = TypeVar("T")


class Desk:
    """The connections to a file, for every group of tables in it.

    Parameters
    ----------
    path
        The store's file.
    sealer
        Encrypts what tells of movement, and secrets.
    connect
        Opens the file for writing, on the writer's thread.
    """

    def __init__(
        self, path: str, sealer: Sealer, connect: Callable[[str], sqlite3.Connection]
    ) -> None:
        self._path = path
        self._connect = connect
        self.sealer = sealer
        self.writer: aiosqlite.Connection
        self.reader: aiosqlite.Connection
        self.bulk: aiosqlite.Connection

    async def open_writer(self, stack: AsyncExitStack) -> None:
        """Open the connection that writes; `stack` closes it."""
        writer = aiosqlite.Connection(lambda: self._connect(self._path), 64)
        self.writer = await _entered(stack, writer)

    async def open_readers(self, stack: AsyncExitStack) -> None:
        """Open the connections that cannot write, once there is a file."""
        read_only = f"file:{quote(self._path)}?mode=ro"
        readers = [
            aiosqlite.connect(
                read_only, uri=True, timeout=BUSY, isolation_level=None, cached_statements=256
            )
            for _ in range(2)
        ]
        self.reader, self.bulk = [await _entered(stack, reader) for reader in readers]
        for reader in (self.reader, self.bulk):
            await reader.execute("PRAGMA query_only = 1")

    async def on(
        self,
        connection: aiosqlite.Connection,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a function on a connection's thread, in no transaction of ours.

        aiosqlite's public methods run one statement each; one hop for each row of a group would
        cost more than the rows.

        Raises
        ------
        StoreError
            If the file or the disk fails.
        """
        try:
            return await connection._execute(  # type: ignore[no-untyped-call, no-any-return] # as published
                lambda: work(connection._conn, *args, **kwargs)
            )
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the store cannot go on: {error}") from error

    async def read(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Read one state of the store."""
        return await self.on(self.reader, snapshot(work), *args, **kwargs)

    async def read_much(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Read what takes seconds, while short reads go on beside it."""
        return await self.on(self.bulk, snapshot(work), *args, **kwargs)

    async def write(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Write in one transaction: whole or not at all."""
        return await self.on(self.writer, transaction(work), *args, **kwargs)


async def _entered(stack: AsyncExitStack, connection: aiosqlite.Connection) -> aiosqlite.Connection:
    """Open a connection that the stack closes."""
    try:
        return await stack.enter_async_context(connection)
    except BaseException:
        # aiosqlite leaves its thread to end by itself; it would report to a loop that is gone.
        connection._thread.join()
        raise


def transaction(
    work: Callable[Concatenate[sqlite3.Connection, P], T],
) -> Callable[Concatenate[sqlite3.Connection, P], T]:
    """The same work in a transaction that may write: begun as such, as an upgrade can deadlock."""
    return _within("BEGIN IMMEDIATE", work)


def snapshot(
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
