"""Movements of people that go somewhere: what a generator can learn from."""

from collections.abc import Iterable, Sequence

import numpy as np

from reauth.event import Kind
from reauth.generate.generator import movement
from reauth.movement import LEAST_PATH
from reauth.trajectory import Trajectory

LEAST_STRAIGHT = 0.5
"""Chord as a share of the path; who goes more than twice as far as needed aims at nothing."""
LEAST_POINTS = 4
"""With fewer there is no speed that changes."""


def moves(trajectory: Trajectory) -> Trajectory:
    """Give a movement without its clicks and its wheel, on whole px, from time 0 on."""
    t, places = trajectory.t, np.column_stack((trajectory.x, trajectory.y))
    if trajectory.kinds is not None:
        kept = trajectory.kinds == Kind.MOVE
        t, places = t[kept], places[kept]
    return movement(t, places)


def chord(trajectory: Trajectory) -> complex:
    """Give the way from the first point to the last, px: x real, y imaginary."""
    x, y = trajectory.x, trajectory.y
    return complex(x[-1] - x[0], y[-1] - y[0])


def aimed(people: Iterable[Trajectory]) -> Sequence[Trajectory]:
    """Give the moves of those movements that go from one place to another one."""
    found = [moves(each) for each in people]
    return [each for each in found if len(each.t) >= LEAST_POINTS and _is_aimed(each)]


def _is_aimed(trajectory: Trajectory) -> bool:
    path = float(np.hypot(np.diff(trajectory.x), np.diff(trajectory.y)).sum())
    return abs(chord(trajectory)) >= max(LEAST_PATH, LEAST_STRAIGHT * path)
