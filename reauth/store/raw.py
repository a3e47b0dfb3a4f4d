"""Batches as they came, one file for each UTC day: retention is the deletion of a file.

SQLite in WAL mode is not atomic across files. A day file is therefore committed first; the main
file then notes how many of its rows belong to what is committed there. Rows beyond that number
were never acknowledged: the browser sends them again, and a row held twice falls to dedupe.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from reauth.ports import RawRow
from reauth.store.rows import raw_row, raw_values
from reauth.store.seal import Sealer

_TABLE = """
CREATE TABLE IF NOT EXISTS raw (
    number INTEGER PRIMARY KEY,
    tab BLOB NOT NULL,
    seq INTEGER NOT NULL,
    received REAL NOT NULL,
    person TEXT,
    late INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT
"""
"""No index but the rowid: appending by rowid is 15 times faster than a random key (scale.md §2)."""

_OPEN_DAYS = 2
"""Around midnight batches of two days come together."""

Connect = Callable[[str], sqlite3.Connection]


def day_of(received: float) -> str:
    """The UTC day of a time, as it stands in the file's name.

    Examples
    --------
    >>> day_of(86400.0)
    '1970-01-02'
    """
    return datetime.fromtimestamp(received, UTC).date().isoformat()


class DayFiles:
    """The day files beside a store; belongs to the thread that writes.

    Parameters
    ----------
    folder
        Where they lie.
    connect
        Opens a file of ours for writing, in autocommit mode.
    """

    def __init__(self, folder: str, sealer: Sealer, connect: Connect) -> None:
        self._folder = Path(folder)
        self._sealer = sealer
        self._connect = connect
        self._open: dict[str, tuple[sqlite3.Connection, int]] = {}

    def append(self, rows: Sequence[RawRow]) -> dict[str, int]:
        """Keep batches durably; the number of the last row of each day that was written."""
        by_day: dict[str, list[RawRow]] = {}
        for row in rows:
            by_day.setdefault(day_of(row.received), []).append(row)
        return {day: self._append(day, of_day) for day, of_day in by_day.items()}

    def _append(self, day: str, rows: Sequence[RawRow]) -> int:
        try:
            connection, last = self._opened(day)
            values = [
                raw_values(row, day, number, self._sealer)
                for number, row in enumerate(rows, last + 1)
            ]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO raw VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            connection.execute("COMMIT")
        except BaseException:
            # What a failed write left behind is found out by opening the file anew.
            self._close(day)
            raise
        self._open[day] = connection, last + len(rows)
        return last + len(rows)

    def after(self, day: str, number: int) -> list[RawRow]:
        """The rows of a day after a number, in order."""
        if not self._path(day).exists():
            return []
        rows = self._opened(day)[0].execute(
            "SELECT * FROM raw WHERE number > ? ORDER BY number", (number,)
        )
        return [raw_row(values, day, self._sealer) for values in rows]

    def days(self) -> list[str]:
        """The days of which there is a file, oldest first."""
        names = (path.name[len("raw-") : -len(".db")] for path in self._folder.glob("raw-*.db"))
        return sorted(name for name in names if _is_day(name))

    def forget(self, user: str) -> int:
        """Delete a user's batches from every file; how many there were."""
        gone = 0
        for day in self.days():
            connection, _ = self._opened(day)
            gone += connection.execute("DELETE FROM raw WHERE person = ?", (user,)).rowcount
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return gone

    def expire(self, oldest: str) -> list[str]:
        """Delete the files of days before `oldest`; which those were."""
        gone = [day for day in self.days() if day < oldest]
        for day in gone:
            self._close(day)
            # The file itself goes last: a crash on the way leaves something to find again.
            for suffix in ("-wal", "-shm", ""):
                Path(f"{self._path(day)}{suffix}").unlink(missing_ok=True)
        return gone

    def sizes(self) -> tuple[int, int]:
        """Bytes of the day files, and of their logs."""
        files = sum(bytes_of(str(self._path(day))) for day in self.days())
        return files, sum(bytes_of(f"{self._path(day)}-wal") for day in self.days())

    def close(self) -> None:
        """Close what is open."""
        for day in list(self._open):
            self._close(day)

    def _path(self, day: str) -> Path:
        return self._folder / f"raw-{day}.db"

    def _opened(self, day: str) -> tuple[sqlite3.Connection, int]:
        """A day's connection, and the number of its last row."""
        if day not in self._open:
            while len(self._open) >= _OPEN_DAYS:
                self._close(min(self._open))
            connection = self._connect(str(self._path(day)))
            try:
                connection.execute(_TABLE)
                last = connection.execute("SELECT COALESCE(MAX(number), 0) FROM raw").fetchone()[0]
            except BaseException:
                connection.close()
                raise
            self._open[day] = connection, last
        return self._open[day]

    def _close(self, day: str) -> None:
        connection, _ = self._open.pop(day, (None, 0))
        if connection is not None:
            connection.close()


def _is_day(name: str) -> bool:
    try:
        date.fromisoformat(name)
    except ValueError:
        return False
    return True


def bytes_of(path: str) -> int:
    """The size of a file; 0 where there is none."""
    try:
        return os.path.getsize(path)
    except OSError:
        return 0
