"""The store on one file: how it is opened, what it survives."""

import asyncio
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from reauth.errors import SettingsError, StoreError
from reauth.ports import Commit
from reauth.store import Options, open_store
from tests.reauth.store import writer
from tests.rows import NOON, alarm, drawn, learnt, raw, scored, session, tabbed

KEY = bytes(range(32))
ROOT = Path(__file__).parents[3]


@pytest.fixture
def url(tmp_path):
    return f"sqlite://{tmp_path}/store.db"


async def pragma(store, connection, name):
    return await store.desk.on(
        connection, lambda opened: opened.execute(f"PRAGMA {name}").fetchone()[0]
    )


async def test_the_connections_are_set_up_as_they_must_be(url):
    """Durable writes, checked references; readers that cannot write."""
    async with open_store(url, None) as store:
        expected = {
            "journal_mode": "wal",
            "synchronous": 2,
            "busy_timeout": 5000,
            "foreign_keys": 1,
            "wal_autocheckpoint": 1000,
            "secure_delete": 1,
        }
        found = {name: await pragma(store, store.desk.writer, name) for name in expected}
        assert expected == found
        for reader in (store.desk.reader, store.desk.bulk):
            assert 1 == await pragma(store, reader, "query_only")
            with pytest.raises(StoreError, match="readonly"):
                await store.desk.on(reader, lambda opened: opened.execute("DELETE FROM meta"))


async def test_the_files_are_ours_alone(url, tmp_path):
    """Day files and logs too."""
    async with open_store(url, None) as store:
        await store.commit(Commit(raw=[raw()], tabs=[tabbed()]))
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert 6 == len(modes)
    assert {0o600} == set(modes.values())


async def test_movement_is_sealed_on_the_disk(url, tmp_path):
    """Bodies, memories of sessions, positions and templates cannot be found in any file."""
    trajectory, template = drawn(5), learnt()
    async with open_store(url, KEY) as store:
        await store.commit(
            Commit(
                raw=[raw(body=b"tell-tale body")],
                sessions=[session(state=b"tell-tale state")],
                trajectories=[scored(5)],
            )
        )
        await store.import_recording("anna", "digest", [[trajectory]], NOON)
        await store.save_template(template)
    everything = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert b"tell-tale" not in everything
    assert trajectory.x.tobytes() not in everything
    for array in template.arrays.values():
        assert array.tobytes() not in everything


@pytest.mark.parametrize("other", [bytes(32), None], ids=["another", "none"])
async def test_another_key_does_not_open_the_store(url, other):
    """Found out at the start, with the setting's name, not at the first batch."""
    async with open_store(url, KEY):
        pass
    with pytest.raises(SettingsError, match=r"store\.key_file: .* another key"):
        async with open_store(url, other):
            pass
    async with open_store(url, KEY):
        pass


async def test_a_newer_store_is_refused(url, tmp_path):
    """With the next step in the message."""
    async with open_store(url, KEY):
        pass
    connection = sqlite3.connect(tmp_path / "store.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SettingsError, match="install the release"):
        async with open_store(url, KEY):
            pass


async def test_a_store_that_cannot_be_opened_is_a_store_error(tmp_path):
    """A file in a folder's place, and a file that is no database."""
    (tmp_path / "file").write_bytes(b"no database" * 999)
    for path in (f"{tmp_path}/file/store.db", f"{tmp_path}/file"):
        with pytest.raises(StoreError, match="file"):
            async with open_store(f"sqlite://{path}", KEY):
                pass


async def test_reads_do_not_wait_for_a_write_and_see_one_state(url):
    """A long reader neither stops the writer nor is disturbed by it; the log grows meanwhile."""
    async with open_store(url, None) as store:
        await store.commit(Commit(sessions=[session()], trajectories=[scored(1)]))
        await store.desk.on(store.desk.bulk, lambda connection: connection.execute("BEGIN"))
        count = "SELECT COUNT(*) FROM trajectory"

        def counted(connection):
            return connection.execute(count).fetchone()[0]

        assert 1 == await store.desk.on(store.desk.bulk, counted)
        for number in range(2, 40):
            state = b"s" * 20_000
            await store.commit(
                Commit(sessions=[session(state=state)], trajectories=[scored(number)])
            )
        assert 1 == await store.desk.on(store.desk.bulk, counted)
        assert 39 == (await store.person("anna")).trajectories
        grown = (await store.health()).wal_bytes
        await asyncio.wait_for(store.expire(NOON), 2)
        assert grown <= (await store.health()).wal_bytes
        await store.desk.on(store.desk.bulk, lambda connection: connection.execute("COMMIT"))
        await store.expire(NOON)
        assert (await store.health()).wal_bytes < grown


async def test_a_write_waits_for_another_process(url, tmp_path):
    """`reauth enrol` may hold the file for a moment."""
    async with open_store(url, None) as store:
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.gather(store.commit(Commit(sessions=[session()])))
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        assert not done
        other.execute("COMMIT")
        other.close()
        await waiting
        assert await store.session("anna", "10.0.0.1") is not None


@contextmanager
def small_disk(folder):
    """A disk of 1 MiB at the folder, given back as a way to fill it; as root only."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small disk is mounted as root only")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def remount(folder, option):
    subprocess.run(["mount", "-o", f"remount,{option}", str(folder)], check=True)


async def raw_of(store):
    """Sequence numbers of all batches in the day files."""

    def numbers(_):
        return [row.seq for day in store._raw.days() for row in store._raw.after(day, 0)]

    return await store.desk.on(store.desk.writer, numbers)


async def fill(store):
    """Commit until the store fails; the numbers of the batches that were acknowledged."""
    for number in range(10_000):
        body, state = os.urandom(20_000), os.urandom(20_000)
        try:
            await store.commit(
                Commit(raw=[raw(number, body=body)], sessions=[session(state=state)])
            )
        except StoreError:
            return number
    raise AssertionError("the disk never became full")


async def test_a_full_disk_is_a_store_error_and_passes(tmp_path):
    """The browser is told to come again; once there is room the store works as before."""
    with small_disk(tmp_path):
        async with open_store(f"sqlite://{tmp_path}/store.db", KEY) as store:
            kept = await fill(store)
            while (await store.health()).writable:
                pass  # each look writes: what is too little for a batch is enough for some
            with pytest.raises(StoreError):
                await store.commit(
                    Commit(raw=[raw(body=bytes(400_000))], sessions=[session("s2")])
                )
            remount(tmp_path, "size=8m")
            await store.commit(Commit(raw=[raw(kept)], sessions=[session(state=b"room")]))
            assert b"room" == (await store.session("anna", "10.0.0.1")).state
            assert (await store.health()).writable
            assert {kept} >= {row.seq for row in await store.unfinished()}
            assert set(range(kept + 1)) <= set(await raw_of(store))


async def test_a_limit_on_file_size_is_a_store_error_and_passes(url):
    """The same without a disk of our own: no file may grow beyond the limit."""
    async with open_store(url, KEY) as store:
        await store.commit(Commit(sessions=[session(state=b"before")]))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, limits[1]))
        try:
            with pytest.raises(StoreError):
                await store.commit(Commit(sessions=[session(state=bytes(500_000))]))
            with pytest.raises(StoreError):
                await store.commit(Commit(raw=[raw(body=bytes(500_000))]))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, before)
        assert b"before" == (await store.session("anna", "10.0.0.1")).state
        await store.commit(Commit(raw=[raw()], sessions=[session(state=b"after")]))
        assert b"after" == (await store.session("anna", "10.0.0.1")).state


async def test_a_store_that_turns_read_only_is_a_store_error_and_passes(url):
    """Reading goes on; writing too, once it may be written to again."""

    def writable(connection, yes):
        connection.execute(f"PRAGMA query_only = {0 if yes else 1}")

    async with open_store(url, KEY) as store:
        await store.commit(Commit(raw=[raw(1)], sessions=[session(state=b"before")]))
        await store.desk.on(store.desk.writer, writable, False)
        with pytest.raises(StoreError):
            await store.commit(Commit(raw=[raw(2)], sessions=[session(state=b"lost")]))
        assert not (await store.health()).writable
        assert b"before" == (await store.session("anna", "10.0.0.1")).state
        await store.desk.on(store.desk.writer, writable, True)
        await store.commit(Commit(sessions=[session(state=b"after")]))
        assert b"after" == (await store.session("anna", "10.0.0.1")).state


async def test_a_read_only_disk_is_said_at_the_start(tmp_path):
    """Not at the first batch."""
    with small_disk(tmp_path):
        async with open_store(f"sqlite://{tmp_path}/store.db", KEY):
            pass
        remount(tmp_path, "ro")
        with pytest.raises(StoreError, match="Read-only"):
            async with open_store(f"sqlite://{tmp_path}/store.db", KEY):
                pass


async def test_what_only_the_day_file_holds_is_known(url):
    """A crash between the two commits: nobody was told, and whoever asks can take it up."""
    async with open_store(url, KEY) as store:
        await store.commit(Commit(raw=[raw(1), raw(2)], tabs=[tabbed()]))
        lost = [raw(3), raw(4, received=NOON + 86400)]
        await store.desk.on(store.desk.writer, lambda _: store._raw.append(lost))
    async with open_store(url, KEY) as store:
        assert lost == await store.unfinished()
        await store.commit(Commit(raw=[raw(5)]))
        assert [4] == [row.seq for row in await store.unfinished()]


async def test_forgetting_reaches_the_day_files(url, tmp_path):
    """Raw batches of a deleted user are gone from every file, others' stay."""
    async with open_store(url, KEY) as store:
        rows = [raw(1), raw(2, user="berta"), raw(3, received=NOON + 86400)]
        await store.commit(Commit(raw=rows))
        assert 2 == await store.delete_user("anna")
        assert [2] == await raw_of(store)


def lines(process, ending):
    """Lines of the writer's output up to the one that ends a round."""
    found = []
    for line in process.stdout:
        if line.strip() == ending:
            return found
        found.append(line.strip())
    raise AssertionError(process.stderr.read())


async def standing(path):
    """What a store holds after a crash, for the comparison with what was acknowledged."""
    async with open_store(f"sqlite://{path}", KEY, Options(sinks=writer.SINKS)) as store:
        found = await store.session("anna", "10.0.0.1")
        number = int(found.state) if found else 0
        tab = await store.tab(writer.TAB)
        scores = await store.trajectories_of("s1", "identity", 100_000)
        alerts = await store.alerts(limit=100_000)
        due = await store.due(NOON, 100_000)
        pending = await store.unfinished()
        assert (number * writer.BATCHES) == (tab.next_seq if tab else 0)
        assert list(range(1, number + 1)) == [row.number for row in scores]
        assert [f"a{n}" for n in range(1, number + 1)] == [alert.id for alert in alerts]
        assert [a.id for a in alerts for _ in writer.SINKS] == [d.alert.id for d in due]
        assert set(range(number * writer.BATCHES)) <= set(await raw_of(store))
        assert all(row.seq >= number * writer.BATCHES for row in pending)
        assert len(pending) in (0, writer.BATCHES)
        return number


@pytest.fixture
def killed(tmp_path):
    """Lets a writer go on at random, kills it, gives the last group that it was told of."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.reauth.store.writer"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    moments = random.Random(5)

    def round_of(path):
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        child = int(process.stdout.readline().split()[1])
        told = int(process.stdout.readline())
        time.sleep(moments.uniform(0.0, 0.03))
        os.kill(child, signal.SIGKILL)
        return max([told, *map(int, lines(process, "gone"))])

    yield round_of
    process.stdin.close()
    process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()


async def test_kill_9_loses_nothing_acknowledged_and_repeats_nothing(tmp_path, killed):
    """At random moments under load: what was told is kept, each group is whole, no alert twice."""
    path = tmp_path / "store.db"
    for _ in range(15):
        told = killed(path)
        assert told <= await standing(path) <= told + 1


async def test_alerts_and_deliveries_are_one_with_their_scores(url):
    """A group that fails leaves neither."""
    async with open_store(url, KEY, Options(sinks=("one",))) as store:
        wrong = scored(1, of="a session that is not there")
        with pytest.raises(sqlite3.IntegrityError):
            await store.commit(Commit(trajectories=[wrong], alerts=[alarm()]))
        assert [] == await store.alerts()
        assert [] == await store.due(NOON, 9)
