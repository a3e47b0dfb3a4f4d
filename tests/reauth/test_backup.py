"""Rules of the archive of an installation: whole, nobody else's to read, made while it runs."""

import json
import sqlite3
import tarfile

import pytest

from reauth import app, ca
from reauth.archive import ArchiveError
from reauth.backup import left_out, pack, secrets_of
from reauth.installation import ensure_ca, ensure_keys
from reauth.ports import Commit
from reauth.settings import Identity, Settings, State, StoreSettings
from tests.rows import learnt, raw

PASSPHRASE = "correct horse battery"


@pytest.fixture
def settings(tmp_path):
    """An installation with keys and a CA, and a file that we know nothing of."""
    found = Settings(state=State(path=str(tmp_path / "state")))
    ensure_keys(found)
    ensure_ca(found)
    (tmp_path / "state" / "later.json").write_text("{}", "ascii")
    (tmp_path / "state" / "running.json").write_text("{}", "ascii")
    return found


async def test_an_archive_holds_everything_and_no_key_in_the_clear(settings, tmp_path):
    """Databases as they are, all else sealed; mode 0600."""
    target = tmp_path / "all.tar"
    async with app.opened_store(settings) as store:
        await store.save_template(learnt())
        await store.commit(Commit(raw=[raw(0), raw(1)]))
        told = await pack(settings, store, target, PASSPHRASE)

    assert 0o600 == target.stat().st_mode & 0o777
    with tarfile.open(target) as tar:
        names = set(tar.getnames())
        manifest = json.load(tar.extractfile("manifest.json"))
        tar.extractall(tmp_path / "out", filter="data")
    assert {"manifest.json", "secrets.sealed", *told["files"]} == names
    assert 2 == len(manifest["files"])
    assert ca.show(tmp_path / "state" / "ca")["sha256"] == manifest["ca_sha256"]
    with sqlite3.connect(tmp_path / "out" / "store.db") as copy:
        assert [("anna",)] == copy.execute("SELECT person FROM template").fetchall()
    copy.close()
    secrets = dict(secrets_of(settings))
    assert {"keys.json", "store.key", "later.json", "ca/ca.pem"} < set(secrets)
    assert "running.json" not in secrets and not [one for one in secrets if one.endswith(".db")]
    whole = target.read_bytes()
    assert not [name for name, data in secrets.items() if len(data) > 20 and data in whole]
    assert [] == list(tmp_path.glob(".reauth-*"))


async def test_an_archive_never_overwrites(settings, tmp_path):
    """What is there may be the only good one."""
    target = tmp_path / "all.tar"
    target.write_text("precious", "ascii")
    async with app.opened_store(settings) as store:
        with pytest.raises(ArchiveError, match="never overwrites"):
            await pack(settings, store, target, PASSPHRASE)

    assert "precious" == target.read_text("ascii")


async def test_what_cannot_be_written_leaves_nothing(settings, tmp_path):
    """A folder that is not there is named."""
    async with app.opened_store(settings) as store:
        with pytest.raises(ArchiveError, match="cannot write"):
            await pack(settings, store, tmp_path / "none" / "all.tar", PASSPHRASE)


async def test_a_store_in_memory_is_refused(settings, tmp_path):
    """Nothing of it would come back."""
    passing = Settings(state=settings.state, store=StoreSettings(url="sqlite://:memory:"))
    async with app.opened_store(passing) as store:
        with pytest.raises(ArchiveError, match="in memory"):
            await pack(passing, store, tmp_path / "all.tar", PASSPHRASE)


def test_the_operators_own_files_are_named(settings, tmp_path):
    """They are not ours to copy, and who restores must know."""
    inside = Identity(address_map=f"{settings.state.path}/map.csv", htpasswd="/etc/reauth/people")

    assert ["/etc/reauth/people"] == left_out(Settings(state=settings.state, identity=inside))
