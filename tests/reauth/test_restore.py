"""A restore drill, and everything that an archive may be that is not to be restored."""

import asyncio
import io
import json
import shutil
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from reauth import app, ca
from reauth.archive import ArchiveError
from reauth.backup import pack
from reauth.cli import main
from reauth.installation import ensure_ca, ensure_keys, ensure_state, load_settings
from reauth.restore import unpack
from tests.live import accepted, movement, template_of
from tests.reauth.cli.conftest import CONFIG
from tests.reauth.test_app import sent

PASSPHRASE = "correct horse battery"


def installed(folder, state="state"):
    """The settings of an installation in a folder, from its file."""
    folder.mkdir(exist_ok=True)
    text = CONFIG.replace('path = "state"', f'path = "{state}"')
    (folder / "mitm.toml").write_text(text, "utf-8")
    settings = load_settings(folder / "mitm.toml", environment={})
    return replace(settings, ingest=replace(settings.ingest, burst=1e3, bytes_per_second=1e9))


@pytest.fixture
def secret(tmp_path):
    """A file with the passphrase."""
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE, "ascii")
    file.chmod(0o600)
    return str(file)


async def typed(*words):
    """A command in a thread of its own, as its loop is; its exit code."""
    return await asyncio.to_thread(main, [str(word) for word in words])


async def test_a_drill(tmp_path, secret):
    """It runs, alerts, is copied meanwhile and destroyed; elsewhere all of it goes on."""
    old = installed(tmp_path / "old")
    async with app.opened_store(old) as store:
        template = await store.save_template(template_of())
    async with app.house(old) as house:
        owner, other = movement(0, 30, 9), movement(5, 60, 9)
        later = [event._replace(t=event.t + owner[-1].t + 2) for event in other]
        assert {204} == set(await sent(house, accepted(owner + later)))
        [alert] = await house.store.alerts()
        config = ("--config", tmp_path / "old" / "mitm.toml", "--key-file", secret)
        assert 0 == await typed("db", "backup", tmp_path, *config)
        [archive] = tmp_path.glob("reauth-*.tar")
        fingerprint = ca.show(tmp_path / "old" / "state" / "ca")["sha256"]
        keys = house.keys
    shutil.rmtree(tmp_path / "old")

    state = tmp_path / "new" / "restored"
    assert 0 == await typed("db", "restore", archive, "--to", state, "--key-file", secret)
    new = installed(tmp_path / "new", "restored")
    assert fingerprint == ca.show(state / "ca")["sha256"]
    assert {0o600} == {file.stat().st_mode & 0o777 for file in state.rglob("*") if file.is_file()}
    async with app.house(new) as house:
        assert keys == house.keys
        assert alert == await house.store.alert(alert.id)
        kept = await house.store.template("alice")
        assert template.version == kept.version
        for name, each in template.arrays.items():
            assert np.array_equal(each, kept.arrays[name]), name
        again = movement(0, 30, 11)
        fresh = accepted(again, client="10.0.0.9", tab=b"n" * 16)
        assert {204} == set(await sent(house, fresh))
        session = await house.store.session("alice", "10.0.0.9")
        rows = await house.store.trajectories_of(session.id, "identity", 1000)
        before = await house.store.trajectories_of(alert.session, "identity", 1000)
    assert {template.version} == {row.template_version for row in rows if row.score is not None}
    assert len(rows) > 10 and len(before) > 30


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """One of an installation without anybody."""
    folder = tmp_path_factory.mktemp("town")
    settings = installed(folder)

    async def packed():
        async with app.opened_store(settings) as store:
            await pack(settings, store, folder / "all.tar", PASSPHRASE)

    ensure_state(settings)
    ensure_keys(settings)
    ensure_ca(settings)
    asyncio.run(packed())
    return folder / "all.tar"


def changed(archive, to, change):
    """A copy of an archive whose members went through `change(name, data)`."""
    with tarfile.open(archive) as old, tarfile.open(to, "w") as new:
        for member in old.getmembers():
            data = change(member.name, old.extractfile(member).read())
            if data is not None:
                info = tarfile.TarInfo(member.name)
                info.size = len(data)
                new.addfile(info, io.BytesIO(data))
    return to


def flipped(name, data):
    """A database with another byte in it."""
    return data[:-1] + bytes([data[-1] ^ 1]) if name == "store.db" else data


def renumbered(name, data):
    """A manifest that says something else."""
    return data.replace(b'"release"', b'"Release"') if name == "manifest.json" else data


def newer(name, data):
    """A manifest of a schema to come."""
    if name != "manifest.json":
        return data
    return json.dumps({**json.loads(data), "schema": 999}).encode()


def climbing(name, data):
    """A manifest that names a file elsewhere."""
    if name != "manifest.json":
        return data
    told = json.loads(data)
    return json.dumps({**told, "files": {**told["files"], "../up.db": {}}}).encode()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (flipped, "was changed, or is damaged"),
        (renumbered, "do not open"),
        (newer, "that one or a newer"),
        (climbing, "none of ours"),
        (lambda name, data: None if name == "store.db" else data, "other files than"),
        (lambda name, data: None if name == "manifest.json" else data, "no archive"),
        (lambda name, data: b"{}" if name == "manifest.json" else data, "no archive"),
    ],
)
def test_what_was_changed_is_refused_and_nothing_is_there(archive, tmp_path, change, why):
    """Whatever was done to it, what is wanted stays as it was: not there."""
    with pytest.raises(ArchiveError, match=why):
        unpack(changed(archive, tmp_path / "bad.tar", change), tmp_path / "to", PASSPHRASE)

    assert not (tmp_path / "to").exists()
    assert [] == list(tmp_path.glob(".reauth-*"))


def test_a_link_is_no_file_of_ours(archive, tmp_path):
    """Not even under the name of one."""
    bad = tmp_path / "bad.tar"
    with tarfile.open(bad, "w") as tar:
        info = tarfile.TarInfo("manifest.json")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)

    with pytest.raises(ArchiveError, match="no archive"):
        unpack(bad, tmp_path / "to", PASSPHRASE)


def test_nothing_is_restored_over_anything(archive, tmp_path):
    """A state that is there stays, byte for byte; an empty folder is as good as none."""
    to = tmp_path / "to"
    to.mkdir()
    (to / "precious").write_text("x", "ascii")
    with pytest.raises(ArchiveError, match="never overwrites"):
        unpack(archive, to, PASSPHRASE)
    assert ["precious"] == [file.name for file in to.iterdir()]

    (to / "precious").unlink()
    unpack(archive, to, PASSPHRASE)
    assert (to / "store.key").exists()


@pytest.mark.parametrize("what", [b"", b"no archive", bytes(10240)])
def test_what_is_no_archive_is_said_to_be_none(tmp_path, what):
    """An empty file, a text, nothing but zeros."""
    (tmp_path / "x.tar").write_bytes(what)

    with pytest.raises(ArchiveError):
        unpack(tmp_path / "x.tar", tmp_path / "to", PASSPHRASE)
    assert not (tmp_path / "to").exists()


def test_the_wrong_passphrase_opens_nothing(archive, tmp_path):
    """And the message does not quote it."""
    with pytest.raises(ArchiveError, match="do not open") as told:
        unpack(archive, tmp_path / "to", "incorrect horse")
    assert "horse" not in str(told.value)
