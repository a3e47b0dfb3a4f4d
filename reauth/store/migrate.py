"""Numbered forward migrations: the schema's number is SQLite's own `user_version`.

A store is copied before it is migrated, and one that a newer release wrote is refused: an old
program that guesses at new tables loses data quietly.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import count
from pathlib import Path

from reauth.errors import SettingsError

_TYPES = {"BIGINT": "INTEGER", "BYTEA": "BLOB", "DOUBLE PRECISION": "REAL"}
"""PostgreSQL's names for what SQLite's STRICT tables call otherwise (sqlite.org/stricttables)."""


def scripts() -> list[str]:
    """The migrations in order; the first makes schema 1."""
    found = [file for file in files("reauth.store").iterdir() if file.name.endswith(".sql")]
    return [file.read_text("utf-8") for file in sorted(found, key=lambda file: file.name)]


def dialect(script: str) -> str:
    """A script as SQLite reads it: its type names, and every table STRICT.

    Examples
    --------
    >>> dialect("CREATE TABLE a (\\n    b BIGINT NOT NULL\\n);")
    'CREATE TABLE a (\\n    b INTEGER NOT NULL\\n) STRICT;'
    """
    for portable, own in _TYPES.items():
        script = script.replace(f" {portable}", f" {own}")
    return script.replace("\n);", "\n) STRICT;")


def migrate(connection: sqlite3.Connection, path: str, steps: Sequence[str]) -> int:
    """Bring a store to the newest schema; the schema that it had.

    Parameters
    ----------
    connection
        In autocommit mode, so that transactions are ours.
    path
        The store's file; copies are put beside it.
    steps
        What `scripts` gives.

    Raises
    ------
    SettingsError
        If the store was written by a newer release.
    """
    had = _schema(connection)
    if had > len(steps):
        raise SettingsError(
            f"store.url: {path} has schema {had}, this release knows {len(steps)}: install the"
            f" release that wrote it, or restore a copy from before its upgrade"
        )
    if 0 < had < len(steps):
        connection.execute("VACUUM INTO ?", (_reserved(f"{path}.schema-{had}"),))
    while _schema(connection) < len(steps):
        _step(connection, steps)
    return had


def _schema(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _step(connection: sqlite3.Connection, steps: Sequence[str]) -> None:
    """Take one step, unless another process has just taken it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        schema = _schema(connection)
        if schema < len(steps):
            for statement in _statements(dialect(steps[schema])):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {schema + 1:d}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """The script's statements; `executescript` would commit what is open."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _reserved(wanted: str) -> str:
    """A name that is ours alone: an empty file, into which SQLite may copy (`VACUUM INTO`)."""
    for number in count(1):
        path = Path(wanted if number == 1 else f"{wanted}.{number}")
        try:
            path.touch(0o600, exist_ok=False)
        except FileExistsError:
            continue
        return str(path)
    raise AssertionError("numbers do not end")
