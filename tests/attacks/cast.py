"""Who is in the range: people with two recordings each, a week apart."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reauth.demo.cast import ARCHIVE, Recordings
from reauth.demo.movement import Movement, movements
from reauth.movement import MovementSegmenter
from reauth.trajectory import Trajectory

LEAST = 120
"""Whole movements that each recording must have."""
SCREEN = (2400, 1400)
"""px; a movement that needs more room is left out: a page cannot be larger than its window."""


@dataclass(frozen=True)
class Person:
    """Somebody who is enrolled: what enrols, and what is played later."""

    name: str
    enrols: list[Trajectory]
    later: list[Movement]


def whole(events):
    """The whole movements of a recording."""
    segmenter = MovementSegmenter(0.5)
    return [found for _, found in segmenter.feed_many(events)] + segmenter.close()


def people(data: Path, seed: int) -> list[Person]:
    """Everybody with two recordings that are long enough, in an order drawn by the seed."""
    recordings = Recordings(data / ARCHIVE)
    names = [name for name in recordings.users() if len(recordings.sessions(name)) >= 2]
    found = []
    for place in np.random.default_rng(seed).permutation(len(names)):
        first, second, *_ = recordings.sessions(names[place])
        enrols = whole(recordings.events(names[place], first))
        later = [
            movement
            for movement in movements(recordings.events(names[place], second))
            if movement.box[2] < SCREEN[0] - 40 and movement.box[3] < SCREEN[1] - 40
        ]
        if min(len(enrols), len(later)) >= LEAST:
            found.append(Person(f"p{len(found):02d}", enrols, later))
    return found
