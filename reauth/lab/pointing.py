"""Movements between two clicks, of people and of machines, told by one clock.

Before anybody compares them both are looked at every `PERIOD`, on straight lines between the
points that a device gave, and told in whole px: what is recognised is no logger's clock. A program
is put on a device's clock first, as a browser would do.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from reauth.event import Event, Kind
from reauth.generate.aimed import aimed
from reauth.generate.clock import sampled
from reauth.generate.gan_training import PERIOD
from reauth.generate.generator import Generator, Point
from reauth.lab import Dataset
from reauth.lab.datasets import Archive, Folder
from reauth.movement import MovementSegmenter
from reauth.trajectory import Trajectory

PAUSE = 0.5
"""s that end a movement which no click ends (Medvet, "Procedure: overview")."""

EXACT = np.random.default_rng(0)
"""Draws nothing: a clock without jitter."""


def between_clicks(events: Iterable[Event]) -> list[Trajectory]:
    """Cut a recording at its clicks and pauses; movement with a button held is left out."""
    found: list[Trajectory] = []
    segmenter = MovementSegmenter(PAUSE)
    for event in events:
        if event.kind in (Kind.DOWN, Kind.UP):
            found += segmenter.close()
        elif event.kind == Kind.MOVE and not event.ext:
            found += segmenter.feed(event)
    return found + segmenter.close()


def told(movement: Trajectory, period: float = PERIOD) -> Trajectory:
    """Tell a movement by the common clock."""
    return sampled(movement, period, 0.0, EXACT)


def pointing(events: Iterable[Event]) -> list[Trajectory]:
    """Give the movements of a recording that go somewhere, as a device told them."""
    return list(aimed(between_clicks(events)))


def by_person(data: Dataset) -> dict[str, list[Trajectory]]:
    """Give what everybody in a set did, as devices told it."""
    found: dict[str, list[Trajectory]] = {}
    for person, _, events in data:
        found.setdefault(person, []).extend(pointing(events))
    return {person: movements for person, movements in found.items() if movements}


def opened(path: Path) -> Dataset:
    """Give the recordings of a folder or an archive."""
    return Folder(path) if path.is_dir() else Archive(path)


def ends(movement: Trajectory) -> tuple[Point, Point]:
    """Give where a movement begins and where it ends."""
    x, y = movement.x, movement.y
    return (float(x[0]), float(y[0])), (float(x[-1]), float(y[-1]))


def machine(
    generator: Generator,
    way: tuple[Point, Point],
    clock: tuple[float, float] | None,
    rng: np.random.Generator,
) -> Trajectory:
    """Let a program move, and tell it by the common clock.

    Parameters
    ----------
    clock
        Period and jitter, s, of the device that it plays through; None for a program that draws
        what a device would have told by the common clock already.
    """
    drawn = generator.draw(*way, rng)
    return told(drawn if clock is None else sampled(drawn, *clock, rng))


def spread(
    people: dict[str, list[Trajectory]], wanted: int, rng: np.random.Generator
) -> list[tuple[str, Trajectory]]:
    """Draw movements, about as many of each person; give (person, movement)."""
    dealt = {name: list(rng.permutation(len(each))) for name, each in sorted(people.items())}
    found: list[tuple[str, Trajectory]] = []
    while dealt and len(found) < wanted:
        for name in rng.permutation(sorted(dealt)).tolist():
            found.append((name, people[name][dealt[name].pop()]))
            if not dealt[name]:
                del dealt[name]
    return found[:wanted]


def parted(
    names: Sequence[str], share: float, rng: np.random.Generator
) -> tuple[set[str], set[str]]:
    """Part people: so large a share, and the others."""
    order = rng.permutation(sorted(names)).tolist()
    first = max(1, round(share * len(order)))
    return set(order[:first]), set(order[first:])
