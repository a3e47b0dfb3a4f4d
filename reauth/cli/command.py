"""What every command shares: its settings, its parser's shape, its one way to print."""

import json
import sys
import unicodedata
from argparse import (
    SUPPRESS,
    ArgumentParser,
    ArgumentTypeError,
    Namespace,
    RawDescriptionHelpFormatter,
)
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from reauth import app
from reauth.settings import Settings

Commands = Any
"""argparse keeps the type of `add_subparsers`'s result to itself."""

Call = Callable[[Namespace], int]

LONGEST_USER = 256
_UNPRINTED = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's controls, halves of characters (bytes that are no UTF-8), ends of lines."""


def common(*, first: bool = False) -> ArgumentParser:
    """The options that every command takes, before its name (`first`) or after it."""
    parser = ArgumentParser(add_help=False)
    parser.add_argument(
        "--config",
        metavar="FILE",
        default="mitm.toml" if first else SUPPRESS,
        help="settings file (default: mitm.toml in this folder)",
    )
    parser.add_argument(
        "--set",
        metavar="SECTION.KEY=VALUE",
        dest="overrides" if first else "own_overrides",
        action="append",
        default=[] if first else SUPPRESS,
        help="set one key of the settings file for this command; may be repeated",
    )
    return parser


def command(
    commands: Commands, name: str, call: Call | None, about: str, teach: str
) -> ArgumentParser:
    """Add a command.

    Parameters
    ----------
    call
        What it does; None for a command that only holds others.
    about
        One sentence.
    teach
        Examples, and what to do next.
    """
    added: ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=teach,
        formatter_class=RawDescriptionHelpFormatter,
        parents=[common()],
        allow_abbrev=False,
    )
    if call is not None:
        added.set_defaults(call=call)
    return added


def subcommands(parser: ArgumentParser) -> Commands:
    """Let a command hold others."""
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)


def overrides(args: Namespace) -> list[str]:
    """The `--set` options, those after the command's name last, so that they win."""
    return [*args.overrides, *getattr(args, "own_overrides", [])]


def user_name(text: str) -> str:
    """A user as a person types one: some visible text on one line, of at most 256 characters."""
    kinds = {unicodedata.category(character) for character in text}
    if not text.strip() or len(text) > LONGEST_USER or kinds & _UNPRINTED:
        raise ArgumentTypeError(
            f"a user has 1 to {LONGEST_USER} characters, none of them a control character"
        )
    return text


def moment(text: str) -> float:
    """RFC 3339 as seconds since 1970."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ArgumentTypeError(f"'{text}' is not RFC 3339, such as 2026-01-31T12:00:00Z")
    return found.timestamp()


def count(text: str) -> int:
    """A number above 0 that the store can count to."""
    if not text.isdecimal() or not 0 < int(text) <= sys.maxsize:
        raise ArgumentTypeError(f"'{text}' is not a number above 0")
    return int(text)


def settings_of(args: Namespace) -> Settings:
    """The settings that a command works with: command line, environment, file, defaults."""
    return app.load_settings(Path(args.config), overrides(args))


def now() -> float:
    """Seconds since 1970, by an aware clock."""
    return datetime.now(UTC).timestamp()


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    print(json.dumps(value))


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as columns for a reader; nothing but a full line for a script to rely on."""
    cells = [[*head], *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(padded).rstrip())


def bar(items: Sequence[Any], unit: str) -> Iterator[Any]:
    """Go through long work under a bar, which only a terminal sees."""
    yield from tqdm(items, unit=unit, disable=not sys.stderr.isatty() or len(items) < 2)
