"""`reauth db`: the store's file, and a copy of it while it is in use."""

import asyncio
from argparse import Namespace
from pathlib import Path

from reauth import app
from reauth.cli.command import Commands, command, settings_of, subcommands
from reauth.cli.deeds import noted
from reauth.settings import Settings

_TEACH = """\
The copy is consistent although the store is in use. It holds templates and movement encrypted, as
the store does: without the key file it opens for nobody, so keep that one too, elsewhere.

examples:
  reauth db path
  reauth db backup /backup/reauth-monday.db

To restore, stop reauth and put the copy in the place that `reauth db path` names.
"""


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    top = command(commands, "db", None, "copy the store, or tell where it is", _TEACH)
    verbs = subcommands(top)
    command(verbs, "path", _path, "print the store's URL and its key file", _TEACH)
    copy = command(verbs, "backup", _backup, "write a consistent copy; never overwrites", _TEACH)
    copy.add_argument("file", metavar="FILE")


def _path(args: Namespace) -> int:
    settings = settings_of(args)
    print(settings.store_url)
    print(settings.store_key_path)
    return 0


def _backup(args: Namespace) -> int:
    settings, file = settings_of(args), Path(args.file).absolute()
    asyncio.run(_copied(settings, file))
    print(f"{file}: {file.stat().st_size} bytes; its key is {settings.store_key_path}")
    return 0


async def _copied(settings: Settings, file: Path) -> None:
    async with (
        app.opened_doors(settings) as doors,
        noted(doors.audit, "db.backup", str(file)),
    ):
        await doors.store.backup(str(file))
