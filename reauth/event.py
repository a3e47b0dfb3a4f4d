"""One pointer sample, the only thing that the observer tells of a person."""

from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """What happened; the numbers 0 to 5 are those of the wire format."""

    MOVE = 0
    DOWN = 1
    UP = 2
    WHEEL = 3
    CANCEL = 4
    MARKER = 5
    GAP = 6
    """Samples are missing here; made by whoever puts batches in order, never sent."""


class Mark(IntEnum):
    """What a marker marks: the `ext` of an event of kind MARKER."""

    HIDDEN = 1
    VISIBLE = 2
    PAGEHIDE = 3
    PAGESHOW = 4
    RESIZE = 5
    FOCUS = 6
    BLUR = 7
    FRAME = 8
    RESET = 9
    SCREEN = 10
    """The screen or the device pixel ratio changed: coordinates jump."""
    DRAG_START = 11
    DRAG_END = 12


ENDING_MARKS = frozenset({Mark.HIDDEN, Mark.PAGEHIDE, Mark.PAGESHOW, Mark.RESET, Mark.SCREEN})
"""Markers at which a document's movement ends; resize, focus and blur do not cut."""


class Event(NamedTuple):
    """A pointer sample.

    `page` is the tab or frame, an integer below 2**128: a trajectory never spans two, a window
    does. `t` is seconds on the session's clock; `x`, `y` are CSS pixels on the screen, which run
    on across frames and scrolling; y grows downwards. `ext` is the button of DOWN and UP, the
    wheel's delta of WHEEL, the `Mark` of MARKER, the number of lost samples of GAP (0 where
    nobody knows), 1 on a MOVE with a button held, else 0.
    """

    kind: int
    page: int
    t: float
    x: float
    y: float
    ext: int = 0
