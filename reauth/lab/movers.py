"""Whose movements a program learns from: people in a folder of recordings, or generated ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reauth.errors import SettingsError
from reauth.event import Event
from reauth.generate.habits import PAUSE
from reauth.lab.datasets import Folder, read_file
from reauth.lab.evaluate import recordings
from reauth.lab.synth import draw_person, recording
from reauth.lab.work import Watch
from reauth.movement import MovementSegmenter
from reauth.trajectory import Trajectory

Movers = Mapping[str, Sequence[Trajectory]]
"""Whole movements, by whose they are."""

INVENTED = 20
"""Generated people where nobody was recorded."""
_MOVEMENTS = 60  # of each of them


def movements_of(events: Sequence[Event]) -> list[Trajectory]:
    """Cut a recording into whole movements."""
    segmenter = MovementSegmenter(PAUSE)
    return [found for _, found in segmenter.feed_many(events)] + segmenter.close()


def people_of(data: Path, watch: Watch) -> Movers:
    """Cut everybody's recordings in a folder of `<user>/<session>.csv`, or a `.tar.gz` of one.

    Raises
    ------
    SettingsError
        If there is neither, or nobody moves in it.
    """
    found: dict[str, list[Trajectory]] = {}
    with recordings(data) as folder:
        files = Folder(folder).files()
        for file in watch(files, len(files), "recording"):
            found.setdefault(file.parent.name, []).extend(movements_of(read_file(file)))
    moving = {name: movements for name, movements in found.items() if movements}
    if not moving:
        raise SettingsError(f"nobody moves in {data}: it must hold <user>/<session>.csv")
    return moving


def invented(seed: int) -> Movers:
    """Generate people by the documented model, for where no recording is given."""
    rng = np.random.default_rng(seed)
    return {
        f"generated-{number}": movements_of(recording(draw_person(rng), _MOVEMENTS, rng))
        for number in range(1, INVENTED + 1)
    }


def everybody(people: Movers) -> list[Trajectory]:
    """All movements of all."""
    return [each for movements in people.values() for each in movements]
