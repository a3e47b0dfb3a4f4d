"""Numbered migrations: forward only, copied first, never past what this release knows."""

import re
import sqlite3
import threading

import pytest

from reauth.errors import SettingsError
from reauth.store.migrate import dialect, migrate, scripts

FIRST = "CREATE TABLE a (\n    b BIGINT NOT NULL\n);\nINSERT INTO a VALUES (1);\n"
SECOND = "-- A comment; with a semicolon.\nALTER TABLE a ADD COLUMN c TEXT;\n"
BROKEN = "CREATE TABLE d (\n    e TEXT\n);\nINSERT INTO nowhere VALUES (1);\n"


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "store.db")


@pytest.fixture
def opened(path):
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def schema(connection):
    return connection.execute("PRAGMA user_version").fetchone()[0]


def test_a_new_store_gets_every_table_strict(opened, path):
    """A number in a text's place is refused, not kept."""
    assert 0 == migrate(opened, path, scripts())
    assert len(scripts()) == schema(opened)
    tables = [row for row in opened.execute("PRAGMA table_list") if row[1][:6] != "sqlite"]

    assert len(tables) >= 12
    assert all(row[5] for row in tables)


def test_what_is_up_to_date_is_left_alone(opened, path, tmp_path):
    """No copy, no change."""
    migrate(opened, path, [FIRST])
    assert 1 == migrate(opened, path, [FIRST])

    assert ["store.db"] == [file.name for file in tmp_path.iterdir()]


def test_a_store_is_copied_before_it_is_migrated(opened, path, tmp_path):
    """A second attempt leaves the first one's copy alone."""
    migrate(opened, path, [FIRST])
    (tmp_path / "store.db.schema-1").write_text("an earlier copy")
    assert 1 == migrate(opened, path, [FIRST, SECOND])

    assert 2 == schema(opened)
    assert [(1, None)] == opened.execute("SELECT b, c FROM a").fetchall()
    copy = sqlite3.connect(f"{path}.schema-1.2")
    assert (1, [(1,)]) == (schema(copy), copy.execute("SELECT * FROM a").fetchall())
    copy.close()
    assert "an earlier copy" == (tmp_path / "store.db.schema-1").read_text()


def test_a_newer_store_is_refused_with_the_next_step(opened, path):
    """An old program that guesses at new tables loses data quietly."""
    migrate(opened, path, [FIRST, SECOND])

    with pytest.raises(SettingsError, match=r"schema 2, this release knows 1: install"):
        migrate(opened, path, [FIRST])


def test_a_step_is_taken_whole_or_not_at_all(opened, path):
    """What a failing script has done is undone; the next start tries again."""
    migrate(opened, path, [FIRST])
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(opened, path, [FIRST, BROKEN])

    assert 1 == schema(opened)
    assert [("a",)] == opened.execute("SELECT name FROM sqlite_master").fetchall()


def test_two_processes_may_start_at_once(path):
    """One makes the tables, the other finds them."""
    failed = []

    def start():
        connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        try:
            migrate(connection, path, scripts())
        except sqlite3.Error as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failed


def test_templates_and_movement_of_before_there_were_devices_stay(opened, path):
    """Who was compared is compared, whatever the device; what was gathered counts."""
    migrate(opened, path, scripts()[:4])
    opened.execute("INSERT INTO person (name, active, newest) VALUES ('anna', 2, 3), ('bob', 0, 0)")
    opened.execute("INSERT INTO template VALUES ('anna', 2, 0, 5.0, NULL, x'00')")
    for name, amount in (("s1", 7), ("s2", 0)):
        opened.execute(
            "INSERT INTO session (id, client, started, last_t, seen, site, source, confidence,"
            " trajectories, sealed) VALUES (?, '', 0, 0, 0, '', '', 1, ?, x'00')",
            (name, amount),
        )
    migrate(opened, path, scripts())

    assert [("anna", "?/?/?", 2)] == opened.execute("SELECT * FROM active").fetchall()
    assert [("?/?/?", 2)] == opened.execute("SELECT device, version FROM template").fetchall()
    assert [("s1", "?/?/?", 7, 0)] == opened.execute("SELECT * FROM gathered").fetchall()


def test_the_scripts_are_sql_that_both_databases_read():
    """PostgreSQL's type names; no key that the database makes, nothing of SQLite's own."""
    text = "\n".join(scripts())

    assert not re.search(r"AUTOINCREMENT|IDENTITY|SERIAL|ROWID|PRAGMA|\bBLOB\b|\bINTEGER\b", text)
    assert "REAL" not in text
    assert not re.search(r" BIGINT| BYTEA| DOUBLE PRECISION", dialect(text))
