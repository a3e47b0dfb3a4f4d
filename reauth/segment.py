"""Segmenters by name: what cuts a session's events into the units that a feature set describes.

A segmenter is one file and one line in `SEGMENTERS`; the contract suite finds it there. A feature
set names the one that it is made for, so that a lane's settings cannot join what does not fit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from reauth.movement import MovementSegmenter
from reauth.stroke import StrokeSegmenter
from reauth.trajectory import PauseSegmenter, Segmenter


@dataclass(frozen=True, slots=True)
class Cut:
    """What the settings say of cutting; a segmenter takes what concerns it.

    Parameters
    ----------
    pause
        s; such a rest ends a movement.
    points
        Last events of a movement that are kept (Medvet's rule only).
    grid
        s, least spacing of kept events (Medvet's rule only).
    """

    pause: float = 0.5
    points: int = 10
    grid: float = 0.025


SEGMENTERS: Final[Mapping[str, Callable[[Cut], Segmenter]]] = {
    "movement": lambda cut: MovementSegmenter(cut.pause),
    "pause": lambda cut: PauseSegmenter(cut.pause, cut.points, cut.grid),
    "stroke": lambda cut: StrokeSegmenter(),
}
"""By name: from the settings to a fresh segmenter."""
