"""Day files: appended to, counted, deleted whole."""

import sqlite3

import pytest

from reauth.store.raw import DayFiles, day_of
from reauth.store.seal import Sealer
from tests.rows import DAY, NOON, raw

TODAY, TOMORROW = "2026-05-28", "2026-05-29"


def connect(path):
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@pytest.fixture
def files(tmp_path):
    opened = DayFiles(str(tmp_path), Sealer(bytes(32)), connect)
    yield opened
    opened.close()


def test_a_batch_is_kept_in_the_file_of_its_day(files):
    """By UTC, whatever the order in which they come."""
    rows = [raw(1, received=NOON), raw(2, received=NOON + DAY), raw(3, received=NOON + 1)]

    assert {TODAY: 2, TOMORROW: 1} == files.append(rows)
    assert [TODAY, TOMORROW] == files.days()
    assert [rows[0], rows[2]] == files.after(TODAY, 0)
    assert [rows[1]] == files.after(TOMORROW, 0)
    assert {} == files.append([])


def test_numbers_go_on_where_they_stood(files):
    """After an opening anew too."""
    assert {TODAY: 2} == files.append([raw(1), raw(2)])
    files.close()

    assert {TODAY: 3} == files.append([raw(3)])
    assert [3] == [row.seq for row in files.after(TODAY, 2)]
    assert [] == files.after("2020-01-01", 0)


def test_only_two_days_are_held_open(files):
    """Around midnight; a file that is asked for again is opened again."""
    for day in range(5):
        files.append([raw(day, received=NOON + day * DAY)])
    assert len(files._open) <= 2

    assert {TODAY: 2} == files.append([raw(9)])
    assert 5 == len(files.days())


def test_one_users_batches_can_be_forgotten(files):
    """In every file; nobody else's."""
    files.append([raw(1), raw(2, user="berta"), raw(3, received=NOON + DAY)])

    assert 2 == files.forget("anna")
    assert [2] == [row.seq for row in files.after(TODAY, 0)]
    assert [] == files.after(TOMORROW, 0)
    assert 0 == files.forget("anna")


def test_what_is_forgotten_leaves_the_disk(files, tmp_path):
    """The rows are overwritten, and the log with them."""
    connection = connect(str(tmp_path / f"raw-{TODAY}.db"))
    connection.close()

    def plain(path):
        opened = connect(path)
        opened.execute("PRAGMA secure_delete = ON")
        return opened

    clear = DayFiles(str(tmp_path), Sealer(None), plain)
    clear.append([raw(1, body=b"tell-tale"), raw(2, user="berta")])
    clear.forget("anna")
    on_disk = b"".join(path.read_bytes() for path in tmp_path.glob("raw-*"))
    clear.close()

    assert b"tell-tale" not in on_disk


def test_retention_deletes_files(files, tmp_path):
    """With their logs, open or not; what is no file of ours stays."""
    for day in range(3):
        files.append([raw(day, received=NOON + day * DAY)])
    (tmp_path / "raw-notes.db").write_text("somebody else's")

    assert [TODAY, TOMORROW] == files.expire("2026-05-30")
    assert ["2026-05-30"] == files.days()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert ["raw-2026-05-30.db", "raw-2026-05-30.db-shm", "raw-2026-05-30.db-wal"] == left[:3]
    assert ["raw-notes.db"] == left[3:]


def test_a_write_that_fails_is_undone_and_forgotten(files):
    """The next one finds out anew where the file ends."""
    files.append([raw(1)])
    with pytest.raises(OverflowError):
        files.append([raw(2), raw(2**80)])

    assert {TODAY: 2} == files.append([raw(3)])
    assert [1, 3] == [row.seq for row in files.after(TODAY, 0)]


def test_a_file_that_is_no_database_is_not_held_open(files, tmp_path):
    """Nor is its connection leaked."""
    (tmp_path / f"raw-{TODAY}.db").write_bytes(b"no database" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        files.append([raw(1)])

    assert {} == files._open


def test_sizes_are_those_of_the_files(files):
    """For the metrics."""
    assert (0, 0) == files.sizes()
    files.append([raw(1)])
    size, log = files.sizes()

    assert size > 0 and log > 0


def test_a_day_begins_at_midnight_utc():
    """Not in the machine's own zone."""
    midnight = 1_779_926_400.0
    assert (TODAY, "2026-05-27") == (day_of(midnight), day_of(midnight - 0.001))
