"""`reauth`: what a person types. A command is a function with its parser beside it, in a module.

Exit codes everywhere: 0 done, 1 failed (one line on stderr says what and the next step), 2 asked
wrongly.
"""

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import Any

from reauth import __version__
from reauth.cli import (
    account,
    alerts,
    audit,
    bot,
    ca,
    config,
    db,
    doctor,
    enrol,
    lab,
    recordings,
    replay,
    run,
    sinks,
    suppress,
)
from reauth.cli.command import common
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


def parser() -> ArgumentParser:
    """The whole command line."""
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
    daily = run, account, recordings, enrol, replay, alerts, suppress, sinks, audit
    for module in (*daily, lab, bot, doctor, ca, config, db):
        module.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    args: Namespace = parser().parse_args(argv)
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
