"""`reauth db`: the store's file, a copy of it, and of the whole installation while it is in use."""

import asyncio
from argparse import Namespace
from pathlib import Path

from reauth import app
from reauth.alert_document import instant
from reauth.archive import read_passphrase
from reauth.backup import left_out, pack
from reauth.cli.command import Commands, command, settings_of, subcommands
from reauth.cli.deeds import noted
from reauth.errors import SettingsError
from reauth.installation import now
from reauth.restore import unpack
from reauth.settings import Settings

_TEACH = """\
FILE.tar, or a folder, takes the whole installation while it runs: the store, the day files, and
sealed with the passphrase in --key-file all keys and the CA. Keep the passphrase elsewhere: without
it nothing opens. Any other FILE takes the store's main file alone, without its key.

examples:
  (umask 77; openssl rand -base64 24 > /root/reauth.passphrase)
  reauth db backup /backup/ --key-file /root/reauth.passphrase
  reauth db restore /backup/reauth-20261201T030000Z.tar --to /var/lib/reauth --key-file FILE
  reauth db backup /backup/main-file-only.db

`restore` looks at all of it before anything is there, and never overwrites. Then start reauth with
a settings file whose [state] path is that folder: users, alerts and the CA are what they were.
"""


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    top = command(commands, "db", None, "copy and restore, or tell where the store is", _TEACH)
    verbs = subcommands(top)
    command(verbs, "path", _path, "print the store's URL and its key file", _TEACH)
    copy = command(verbs, "backup", _backup, "write a consistent copy; never overwrites", _TEACH)
    copy.add_argument("file", metavar="FILE", help="FILE.tar or a folder: all; else the main file")
    copy.add_argument("--key-file", metavar="FILE", help="file of the passphrase, mode 0600")
    back = command(verbs, "restore", _restore, "bring an archive to an empty folder", _TEACH)
    back.add_argument("archive", metavar="ARCHIVE")
    back.add_argument("--to", metavar="STATE", required=True, help="the new [state] path")
    back.add_argument("--key-file", metavar="FILE", help="file of the passphrase, mode 0600")


def _path(args: Namespace) -> int:
    settings = settings_of(args)
    print(settings.store_url)
    print(settings.store_key_path)
    return 0


def _backup(args: Namespace) -> int:
    settings, file = settings_of(args), Path(args.file).absolute()
    if not file.is_dir() and file.suffix != ".tar":
        asyncio.run(_copied(settings, file))
        print(f"{file}: {file.stat().st_size} bytes; its key is {settings.store_key_path}")
        return 0
    passphrase = _passphrase(args, "keys are never written in the clear")
    if file.is_dir():
        file /= f"reauth-{instant(now()):%Y%m%dT%H%M%SZ}.tar"
    asyncio.run(_packed(settings, file, passphrase))
    print(f"{file}: {file.stat().st_size} bytes, the whole installation")
    for name in left_out(settings):
        print(f"not in it, as it is yours: {name}")
    return 0


def _passphrase(args: Namespace, why: str) -> str:
    if args.key_file is None:
        raise SettingsError(f"--key-file: name a file with the passphrase: {why}")
    return read_passphrase(args.key_file)


async def _copied(settings: Settings, file: Path) -> None:
    async with (
        app.opened_doors(settings) as doors,
        noted(doors.audit, "db.backup", str(file)),
    ):
        await doors.store.backup(str(file))


async def _packed(settings: Settings, file: Path, passphrase: str) -> None:
    async with (
        app.opened_doors(settings) as doors,
        noted(doors.audit, "db.backup", str(file)),
    ):
        await pack(settings, doors.store, file, passphrase)


def _restore(args: Namespace) -> int:
    state = Path(args.to).absolute()
    told = unpack(Path(args.archive), state, _passphrase(args, "the keys are sealed with it"))
    print(f"{state}: the installation of {told['made_at']}, release {told['release']}")
    print(f"CA {told['ca_sha256']}")
    print(f'next: set [state] path = "{state}", see `reauth doctor`, and start reauth')
    return 0
