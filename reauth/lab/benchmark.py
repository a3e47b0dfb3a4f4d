"""The synthetic benchmark: sessions of every kind of program, as files for the laboratory.

A session depends on the seed, its kind and its number, and on nothing else that is asked for: more
kinds, or more sessions, leave those that were there as they were.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np

from reauth.errors import SettingsError
from reauth.event import Event, Kind
from reauth.features.movement import LONGEST_REST
from reauth.generate import GENERATORS, REPLAYS, Generator, Point
from reauth.generate.clock import clock_of
from reauth.generate.habits import Habits
from reauth.generate.session import acts
from reauth.lab.movers import Movers, everybody
from reauth.lab.synth import SCREEN

_NAMES = {Kind.MOVE: "move", Kind.DOWN: "press", Kind.UP: "release"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written.

    Parameters
    ----------
    kinds
        Names of generators.
    movements
        In a session.
    sessions
        Of each kind.
    seed
        Of everything that is drawn.
    out
        The folder: `<kind>/<session>.csv`.
    """

    kinds: Sequence[str]
    movements: int
    sessions: int
    seed: int
    out: Path


def at_hand() -> tuple[str, ...]:
    """All kinds, but for the network where the extra is missing that teaches it."""
    teachable = find_spec("torch") is not None
    return tuple(kind for kind in GENERATORS if teachable or kind != "gan")


def kinds_of(text: str) -> tuple[str, ...]:
    """Read `NAME,NAME` or `all`.

    Raises
    ------
    SettingsError
        If there is no such kind; the message names those that there are.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if names == ("all",):
        return at_hand()
    for name in names:
        if name not in GENERATORS:
            raise SettingsError(f"there is no kind '{name}'; there are: {', '.join(GENERATORS)}")
    if not names:
        raise SettingsError(f"name a kind, or all; there are: {', '.join(GENERATORS)}")
    return names


def written(wanted: Wanted, people: Movers) -> Iterator[tuple[str, list[Event]]]:
    """Write the sessions; yield each one's kind and events when its file is there.

    Raises
    ------
    SettingsError
        If the folder has something in it, or a kind needs people and there are none.
    """
    if wanted.out.exists() and (not wanted.out.is_dir() or any(wanted.out.iterdir())):
        raise SettingsError(f"--out {wanted.out} is not empty: name a new folder")
    known = everybody(people)
    habits = Habits.fit(known, LONGEST_REST)
    clocks = [clock_of(movements) for movements in people.values()]
    for kind in wanted.kinds:
        generator = GENERATORS[kind](known)
        folder = wanted.out / kind
        folder.mkdir(parents=True)
        for number in range(1, wanted.sessions + 1):
            rng = np.random.default_rng([wanted.seed, number, *kind.encode()])
            clock = clocks[int(rng.integers(len(clocks)))]
            played = session(generator, habits, clock, SCREEN, rng)
            events = [event for act in islice(played, wanted.movements) for event in act]
            (folder / f"{number:04}.csv").write_text(rows(events), "utf-8")
            yield kind, events


def session(
    generator: Generator,
    habits: Habits,
    clock: tuple[float, float],
    screen: Point,
    rng: np.random.Generator,
) -> Iterator[list[Event]]:
    """Play a program at a device with a clock; a replay comes with the clock of its recording."""
    own = generator.name in REPLAYS
    return acts(generator, habits, None if own else clock, screen, rng)


def rows(events: Sequence[Event]) -> str:
    """Write events as a recording of four columns, `t_ms,ev,x,y`; times to a tenth of a ms."""
    lines = ["t_ms,ev,x,y"]
    for kind, _, t, x, y, _ in events:
        lines.append(f"{1e3 * t:.1f},{_NAMES[Kind(kind)]},{x:.0f},{y:.0f}")
    return "\n".join(lines) + "\n"
