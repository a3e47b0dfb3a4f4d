"""`reauth`: what a person types. A command is a function with its parser beside it, in a module.

Exit codes everywhere: 0 done, 1 failed (one line on stderr says what and the next step), 2 asked
wrongly.
"""

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from reauth import __version__
from reauth.cli import (
    account,
    alerts,
    audit,
    ca,
    config,
    db,
    doctor,
    enrol,
    feedback,
    recordings,
    replay,
    run,
    sinks,
    suppress,
)
from reauth.cli.command import Commands, common
from reauth.errors import ReauthError, SettingsError

_ABOUT = """\
Watches over web sessions by mouse dynamics: a proxy puts an observer into pages, and an alert
comes when the movement of a session stops being its user's.
"""

_START = """\
first steps:
  reauth run --config mitm.toml        start everything; the first line says where
  reauth doctor                        see whether it works, and what to do where it does not
  reauth enrol status                  how far each user has been learnt
  reauth alerts list                   what was noticed

Every command explains itself: reauth COMMAND --help.
"""


_LATE = {
    "lab": "measure on recordings how well it works",
    "bot": "attack with programs and replays",
}
"""Commands that take a second and more to load, and what the first help says of them."""


def parser(words: Sequence[str] | None = None) -> ArgumentParser:
    """The command line: all of it, or as much as what was typed needs.

    Who lists alerts should not wait for the laboratory.
    """
    top = ArgumentParser(
        prog="reauth",
        description=_ABOUT,
        epilog=_START,
        formatter_class=RawDescriptionHelpFormatter,
        parents=[common(first=True)],
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"reauth {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    daily = run, account, recordings, enrol, replay, alerts, feedback, suppress, sinks, audit
    for module in daily:
        module.add(commands)
    for name in _LATE:
        _add_late(commands, name, words)
    for module in (doctor, ca, config, db):
        module.add(commands)
    return top


def _add_late(commands: Commands, name: str, words: Sequence[str] | None) -> None:
    if words is None or name in words:
        import_module(f"reauth.cli.{name}").add(commands)
    else:
        commands.add_parser(name, help=_LATE[name])


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    words = sys.argv[1:] if argv is None else argv
    args: Namespace = parser(words).parse_args(words)
    call: Any = args.call
    try:
        code: int = call(args)
        sys.stdout.flush()
        return code
    except SettingsError as error:
        return _tell(error, 2)
    except ReauthError as error:
        return _tell(error, 1)
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`); Python would complain at exit.
        sys.stdout = None
        return 1
    except KeyboardInterrupt:
        return 130


def _tell(error: ReauthError, code: int) -> int:
    print(f"reauth: {error}", file=sys.stderr)
    return code
