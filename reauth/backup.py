"""A whole installation in one file, while it runs: store, day files, and all else of its state.

The main file is copied before the day files, so that a day file may hold more than the main file
counts, as after a crash, and never less (`reauth.store.raw`).
"""

import json
import os
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from reauth import __version__, archive
from reauth.alert_document import rfc3339
from reauth.archive import ArchiveError, fingerprint
from reauth.installation import LOCK, RUNNING, now
from reauth.ports import Store
from reauth.settings import Settings, store_path
from reauth.store.upkeep import backup

_PASSING = {LOCK, RUNNING}
"""Of a process that runs, and of none that is restored."""
_OF_DATABASES = (".db", ".db-wal", ".db-shm")


async def pack(settings: Settings, store: Store, target: Path, passphrase: str) -> dict[str, Any]:
    """Write the archive of an installation, mode 0600; its manifest.

    Parameters
    ----------
    target
        A file that is not there yet; its folder needs room for the store twice.

    Raises
    ------
    ArchiveError
        If the file is there or cannot be written.
    StoreError
        If the store cannot be copied.
    """
    main = store_path(settings.store_url)
    if main is None:
        raise ArchiveError("store.url: a store in memory has nothing to back up")
    _must_not_be(target)
    try:
        with TemporaryDirectory(prefix=".reauth-backup-", dir=target.parent) as folder:
            staging = Path(folder)
            await store.backup(str(staging / archive.MAIN))
            for day in sorted(Path(main).parent.glob("raw-*.db")):
                _copy(day, staging)
            return _written(settings, staging, target, passphrase)
    except OSError as error:
        raise ArchiveError(f"cannot write {target}: {error.strerror}") from error


def _must_not_be(target: Path) -> None:
    if target.exists():
        raise ArchiveError(f"{target} is there already; a copy never overwrites")


def _copy(day: Path, staging: Path) -> None:
    """Copy a day file; one that retention has just deleted is none any more."""
    if archive.DATABASE.fullmatch(day.name):
        place = f"file:{quote(str(day))}?mode=ro"
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(place, uri=True, timeout=10.0)) as connection,
        ):
            backup(connection, str(staging / day.name))


def _written(
    settings: Settings, staging: Path, target: Path, passphrase: str
) -> dict[str, Any]:
    """Make the archive of the copies; it has its name once it is whole."""
    with closing(sqlite3.connect(staging / archive.MAIN)) as connection:
        [schema] = connection.execute("PRAGMA user_version").fetchone()
    files = {
        path.name: {"bytes": path.stat().st_size, "sha256": archive.digest(path)}
        for path in sorted(staging.glob("*.db"))
    }
    told: dict[str, Any] = {
        "format": archive.FORMAT,
        "made_at": rfc3339(now()),
        "release": __version__,
        "schema": schema,
        "ca_sha256": fingerprint(Path(settings.ca_path)),
        "files": files,
    }
    sealed, how = archive.seal(dict(secrets_of(settings)), passphrase, told)
    (staging / archive.SEALED).write_bytes(sealed)
    text = json.dumps({**told, "seal": how}, indent=1)
    (staging / archive.MANIFEST).write_text(text, "utf-8")
    whole = staging / "whole"
    with tarfile.open(whole, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in (archive.MANIFEST, archive.SEALED, *files):
            tar.add(staging / name, name, recursive=False, filter=_nobodys)
    whole.chmod(0o600)
    with whole.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(whole, target)
    except FileExistsError:
        _must_not_be(target)
    return told


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Whose files these are here is nothing to whoever restores them."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def secrets_of(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """All that an installation keeps besides its databases: where it goes below a state, and what.

    What the settings keep elsewhere is taken to where it is without them.
    """
    placed = [
        (Path(settings.keys_path), archive.KEYS),
        (Path(settings.store_key_path), archive.STORE_KEY),
        *((file, f"{archive.CA}/{file.name}") for file in Path(settings.ca_path).glob("*")),
    ]
    known = {file.resolve() for file, _ in placed}
    state = Path(settings.state.path)
    for file in sorted(state.rglob("*")):
        if file.is_file() and file.resolve() not in known and _stays(file):
            placed.append((file, str(file.relative_to(state))))
    for file, name in placed:
        if archive.SECRET.fullmatch(name) and file.is_file():
            yield name, file.read_bytes()


def _stays(file: Path) -> bool:
    """Whether a file of the state is no database, no copy of one, and of no running process."""
    name = file.name
    return name not in _PASSING and not name.endswith(_OF_DATABASES) and ".db.schema-" not in name


def left_out(settings: Settings) -> list[str]:
    """Files that the settings name and that lie outside the state: they are the operator's own."""
    state = Path(settings.state.path).resolve()
    named = (
        settings.proxy.upstream_ca,
        settings.console.tls_cert,
        settings.console.tls_key,
        settings.identity.htpasswd,
        settings.identity.address_map,
        settings.sinks.webhook_secret_file,
    )
    return [name for name in named if name and not Path(name).resolve().is_relative_to(state)]
