"""`reauth bot`: programs that pretend to be people, as files and through a real browser."""

import asyncio
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from reauth.cli import bot_texts
from reauth.cli.command import Commands, command, print_json, print_table, subcommands
from reauth.cli.lab import watched
from reauth.errors import SettingsError
from reauth.event import Event
from reauth.generate import GENERATORS
from reauth.generate.clock import clock_of
from reauth.generate.habits import Habits
from reauth.lab.attack import Place, attack, recorded_acts
from reauth.lab.benchmark import Wanted, kinds_of, session, written
from reauth.lab.bot_plots import SHOWN, draw_movements
from reauth.lab.datasets import read_file
from reauth.lab.movers import Movers, everybody, invented, movements_of, people_of
from reauth.trajectory import Trajectory

_SEEN = 10 * SHOWN
"""Movements of a kind among which the picture's are: of those that are long enough the first."""


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    top = command(commands, "bot", None, "attack with programs and replays", bot_texts.TEACH)
    verbs = subcommands(top)
    _add_generate(verbs)
    _add_play(verbs)


def _add_generate(verbs: Commands) -> None:
    wanted = command(
        verbs, "generate", _generate, "write sessions of programs as files", bot_texts.GENERATE
    )
    wanted.add_argument("--kind", required=True, metavar="NAME,NAME", help="kinds, or all")
    wanted.add_argument("--people", type=Path, metavar="DIR", help="recordings, or a .tar.gz")
    wanted.add_argument(
        "--movements", type=_count, default=100, metavar="N", help="in a session (default: 100)"
    )
    wanted.add_argument(
        "--sessions", type=_count, default=1, metavar="K", help="of each kind (default: 1)"
    )
    wanted.add_argument("--seed", type=int, default=1, metavar="S", help="of draws (default: 1)")
    wanted.add_argument("--out", type=Path, required=True, metavar="OUT", help="new, or empty")
    wanted.add_argument(
        "--picture", action="store_true", help="draw a few movements of each beside people's"
    )


def _add_play(verbs: Commands) -> None:
    wanted = command(verbs, "play", _play, "play a program in a real browser", bot_texts.PLAY)
    wanted.add_argument("--kind", required=True, metavar="NAME", help="one kind")
    wanted.add_argument("--url", required=True, metavar="URL", help="the page to move on")
    wanted.add_argument("--proxy", required=True, metavar="URL", help="the proxy in front of it")
    wanted.add_argument("--ca", type=Path, required=True, metavar="PEM", help="CA to trust")
    people = wanted.add_mutually_exclusive_group()
    people.add_argument("--people", type=Path, metavar="DIR", help="recordings, or a .tar.gz")
    people.add_argument("--recording", type=Path, metavar="FILE", help="one recording")
    wanted.add_argument("--seconds", type=float, required=True, metavar="T", help="at most")
    wanted.add_argument("--seed", type=int, default=1, metavar="S", help="of draws (default: 1)")
    wanted.add_argument(
        "--viewport", type=_size, default=(1280, 800), metavar="WxH",
        help="CSS px of the page (default: 1280x800)",
    )  # fmt: skip
    wanted.add_argument(
        "--rest", type=float, default=3.0, metavar="S", help="longest rest, s (default: 3)"
    )


def _generate(args: Namespace) -> int:
    wanted = Wanted(kinds_of(args.kind), args.movements, args.sessions, args.seed, args.out)
    people = _people(args)
    count = len(wanted.kinds) * wanted.sessions
    shown: dict[str, Sequence[Trajectory]] = {}
    rows: dict[str, int] = {}
    for kind, events in watched(written(wanted, people), count, "session"):
        rows[kind] = rows.get(kind, 0) + len(events)
        if kind not in shown:
            shown[kind] = movements_of(events)[:_SEEN]
    print_table(
        ("kind", "sessions", "movements", "rows"),
        [
            (kind, wanted.sessions, wanted.sessions * wanted.movements, n)
            for kind, n in rows.items()
        ],
    )
    if args.picture:
        picture = args.out / "movements.svg"
        draw_movements("programs beside people", {"people": _some(people), **shown}, picture)
        print(f"the picture is {picture}")
    return 0


def _some(people: Movers) -> list[Trajectory]:
    """Movements of one after the other."""
    turns = zip(*(islice(movements, _SEEN) for movements in people.values()), strict=False)
    return [each for turn in turns for each in turn][:_SEEN]


def _people(args: Namespace) -> Movers:
    if args.people is not None:
        return people_of(args.people, watched)
    print("people: generated (no --people)", file=sys.stderr)
    return invented(args.seed)


def _play(args: Namespace) -> int:
    kinds = kinds_of(args.kind)
    if len(kinds) != 1:
        raise SettingsError("one kind at a time is played")
    if not args.ca.is_file():
        raise SettingsError(f"--ca {args.ca} is no file: `reauth run` says where its CA is")
    place = Place(args.url, args.proxy, args.ca, args.viewport)
    acts = _acts(args, kinds[0])
    hidden = not sys.stderr.isatty()
    with tqdm(total=args.seconds, unit="s", desc=kinds[0], disable=hidden) as bar:
        told = asyncio.run(attack(place, acts, args.seconds, bar.update))
    print_json({"kind": kinds[0], "url": args.url, **told})
    return 0


def _acts(args: Namespace, kind: str) -> Iterator[list[Event]]:
    """What is played: a recording in its order, or a kind that has learnt from somebody."""
    if args.recording is None:
        people = _people(args)
    else:
        events = _read(args.recording)
        if kind == "recorded":
            return recorded_acts(events, args.rest)
        people = {args.recording.stem: movements_of(events)}
    rng, known = np.random.default_rng(args.seed), everybody(people)
    [*names] = people
    clock = clock_of(people[names[int(rng.integers(len(names)))]])
    screen = float(args.viewport[0]), float(args.viewport[1])
    return session(GENERATORS[kind](known), Habits.fit(known, args.rest), clock, screen, rng)


def _read(file: Path) -> list[Event]:
    if not file.is_file():
        raise SettingsError(f"--recording {file} is no file")
    return read_file(file)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"'{text}' is no whole number from 1 on")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    parts = text.split("x")
    if len(parts) != 2:
        raise ArgumentTypeError(f"'{text}' is no width and height, such as 1280x800")
    return _count(parts[0]), _count(parts[1])
