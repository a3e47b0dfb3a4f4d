"""Generated people for generators to learn from."""

import numpy as np

from reauth.lab.synth import draw_person, recording
from reauth.movement import MovementSegmenter
from reauth.trajectory import Trajectory


def cut(events):
    """Whole movements of a recording."""
    segmenter = MovementSegmenter(0.5)
    return [found for _, found in segmenter.feed_many(events)] + segmenter.close()


def crowd(people=4, movements=50, seed=1):
    """Movements of several people, cut as those of real ones are."""
    rng = np.random.default_rng(seed)
    return [
        found for _ in range(people) for found in cut(recording(draw_person(rng), movements, rng))
    ]


def drawn(t, x, y, kinds=None):
    """A trajectory of given numbers."""
    points = (np.asarray(values, dtype=np.float64) for values in (t, x, y))
    return Trajectory(0, *points, None if kinds is None else np.array(kinds, dtype=np.int8))


def speeds(trajectory):
    """px/s between points."""
    steps = np.hypot(np.diff(trajectory.x), np.diff(trajectory.y))
    return steps / np.diff(trajectory.t)
