"""An installation from its archive: verified whole before anything is there, never over anything.

All of it is taken to a folder beside the one that is wanted and looked at there: every digest, the
seal, each database, whether the key opens the store and the CA can sign. Then that folder gets the
name that is wanted, in one step.
"""

import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any

from reauth import archive
from reauth.archive import ArchiveError
from reauth.errors import ReauthError
from reauth.store import read_key
from reauth.store.migrate import scripts
from reauth.store.seal import Sealer

_PIECE = 1 << 20


def unpack(source: Path, to: Path, passphrase: str) -> dict[str, Any]:
    """Restore an archive to a folder that is empty or not there; its manifest.

    Raises
    ------
    ArchiveError
        If anything is wrong with it, or anything is at `to`; then nothing has changed.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ArchiveError(f"{to} holds something; a restoration never overwrites: name another")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(mkdtemp(prefix=".reauth-restore-", dir=to.parent))
    except OSError as error:
        raise ArchiveError(f"cannot write beside {to}: {error.strerror}") from error
    try:
        told = _unpacked(source, staging, passphrase)
        os.rename(staging, to)  # takes the place of an empty folder, and of nothing else
    except (OSError, EOFError, tarfile.TarError, sqlite3.Error) as error:
        raise ArchiveError(f"cannot restore {source}: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return told


def _unpacked(source: Path, staging: Path, passphrase: str) -> dict[str, Any]:
    with tarfile.open(source, "r:") as tar:
        members = {member.name: member for member in tar.getmembers()}
        told, how = _manifest(_read(tar, members.get(archive.MANIFEST)))
        if {archive.MANIFEST, archive.SEALED, *told["files"]} != set(members):
            raise ArchiveError(f"{source} holds other files than its manifest says")
        sealed = _read(tar, members[archive.SEALED])
        secrets = archive.unseal(sealed, passphrase, told, how)
        for name, expected in told["files"].items():
            _take(tar, members[name], staging / name, expected)
    for name, data in secrets.items():
        _keep(staging, name, data)
    _look_at(staging, told)
    return told


def _manifest(text: bytes) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """What the manifest tells, and how the secrets are sealed."""
    try:
        told = json.loads(text)
        how = told.pop("seal")
        number, schema, files = told["format"], told["schema"], dict(told["files"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ArchiveError("this is no archive of `reauth db backup`") from None
    if number != archive.FORMAT or schema > len(scripts()):
        raise ArchiveError(
            f"the archive is of release {told.get('release')}: restore it with that one or a newer"
        )
    if archive.MAIN not in files or not all(map(archive.DATABASE.fullmatch, files)):
        raise ArchiveError("the manifest names files that are none of ours")
    return told, how


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo | None) -> IO[bytes]:
    file = tar.extractfile(member) if member is not None and member.isreg() else None
    if file is None:
        raise ArchiveError("this is no archive of `reauth db backup`")
    return file


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo | None) -> bytes:
    data = _opened(tar, member).read(archive.LARGEST + 1)
    if len(data) > archive.LARGEST:
        raise ArchiveError("a part of the archive is far too large to be ours")
    return data


def _take(
    tar: tarfile.TarFile, member: tarfile.TarInfo, to: Path, expected: Mapping[str, Any]
) -> None:
    with _opened(tar, member) as source, to.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        shutil.copyfileobj(source, file, _PIECE)
        file.flush()
        os.fsync(file.fileno())
    if archive.digest(to) != expected.get("sha256"):
        raise ArchiveError(f"{member.name} in the archive was changed, or is damaged")


def _keep(staging: Path, name: str, data: bytes) -> None:
    if not archive.SECRET.fullmatch(name) or archive.DATABASE.fullmatch(name):
        raise ArchiveError("the archive names files that are none of ours")
    file = staging / name
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.open("xb") as opened:
        os.fchmod(opened.fileno(), 0o600)
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())


def _look_at(staging: Path, told: Mapping[str, Any]) -> None:
    """Whether it will work: databases are sound, the key is the store's, the CA can sign."""
    for name in told["files"]:
        with closing(sqlite3.connect(staging / name)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise ArchiveError(f"{name} in the archive is damaged")
    with closing(sqlite3.connect(staging / archive.MAIN)) as connection:
        [schema] = connection.execute("PRAGMA user_version").fetchone()
        [sealed] = connection.execute("SELECT sealed FROM meta WHERE name = 'key'").fetchone()
    try:
        Sealer(read_key(str(staging / archive.STORE_KEY))).open("key", b"", sealed)
        found = archive.fingerprint(staging / archive.CA)
    except ReauthError as error:
        raise ArchiveError(f"the archive is not whole: {error}") from error
    if (schema, found) != (told["schema"], told["ca_sha256"]):
        raise ArchiveError("store or CA in the archive are others than its manifest says")
