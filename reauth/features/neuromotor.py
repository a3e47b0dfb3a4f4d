"""Numbers of the strokes that a movement is made of, and numbers of it as a whole.

BeCAPTCHA-Mouse's two sets, and both together. The strokes are those of `reauth.decomposition`
without the joint fit, which moves parameters little and costs more than all the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from math import log, log1p
from typing import Final

import numpy as np

from reauth.decomposition import decompose
from reauth.errors import TooShort
from reauth.event import Kind
from reauth.lognormal import Stroke, parameters
from reauth.movement import LONGEST
from reauth.trajectory import TICK, Floats, Trajectory

POINTS = 2
"""Points of a movement; one has no strokes."""

HALVES = "first", "second"
"""Of the movement's time; a stroke belongs to the half in which it is fastest (biometrics.md §1.3,
where the paper leaves it open)."""

STATISTICS = "max", "min", "mean"

PARAMETERS: Final[Mapping[str, str]] = {
    "d": "ln(1 + px)",
    "t0": "s",
    "mu": "ln(s)",
    "sigma": "1",
    "theta_s": "rad",
    "theta_e": "rad",
}
"""What each parameter of a stroke is measured in, in the order of `Stroke`."""

NEUROMOTOR: Final[Mapping[str, str]] = {
    **{
        f"{name}_{statistic}_{half}": unit
        for half in HALVES
        for name, unit in PARAMETERS.items()
        for statistic in STATISTICS
    },
    "lognormals": "1",
    **{f"has_{half}": "1" for half in HALVES},
}
"""The 37 and two flags beside them, 0 where a half has no stroke and its numbers are 0."""

GLOBAL: Final[Mapping[str, str]] = {
    "duration": "s",
    "distance": "ln(1 + px)",
    "displacement": "ln(1 + px)",
    "average_angle": "rad",
    "average_velocity": "ln(1 + px/s)",
    "move_efficiency": "ln(1)",
}
"""The 6; the last is distance over displacement, as printed: 0 on a straight way."""

_GROUPS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "length": ("d",),
    "onset": ("t0",),
    "form": ("mu", "sigma"),
    "direction": ("theta_s", "theta_e"),
}
_NEUROMOTOR_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    **{
        group: tuple(
            f"{name}_{statistic}_{half}"
            for half in HALVES
            for name in names
            for statistic in STATISTICS
        )
        for group, names in _GROUPS_OF.items()
    },
    "number": ("lognormals", *(f"has_{half}" for half in HALVES)),
    "timing": tuple(NEUROMOTOR),  # what is a stroke rests on speed alone
}
_GLOBAL_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "extent": ("distance", "displacement", "move_efficiency"),
    "whole_direction": ("average_angle",),
    "pace": ("duration", "average_velocity"),
    "timing": ("duration", "average_velocity"),
}
_MOVE = int(Kind.MOVE)
_LEAST = 1.0  # px; a movement that ends where it began has an efficiency, too


class _Parts:
    """A feature set that is put together of parts: what gives some numbers of a movement."""

    version = 1
    segmenter = "movement"
    points = POINTS
    names: tuple[str, ...]
    parts: tuple[Callable[[Trajectory], list[float]], ...]

    def extract(self, trajectory: Trajectory) -> Floats:
        """Give (d,) numbers of one movement.

        Raises
        ------
        TooShort
            If it has fewer than two points that are movements.
        """
        moves = _moves(trajectory)
        if len(moves.t) < POINTS:
            raise TooShort("a movement needs two points")
        return np.array([*chain(*(part(moves) for part in self.parts))])

    def extract_many(self, trajectories: Sequence[Trajectory]) -> Floats:
        """Give (n, d), bit for bit what `extract` gives one by one.

        Raises
        ------
        TooShort
            If one of them has fewer than two points that are movements.
        """
        rows = [self.extract(each) for each in trajectories]
        return np.stack(rows) if rows else np.empty((0, len(self.names)))


def _moves(trajectory: Trajectory) -> Trajectory:
    """Give the movements of it, without clicks and the wheel."""
    if trajectory.kinds is None:
        return trajectory
    kept = trajectory.kinds == _MOVE
    return Trajectory(trajectory.page, trajectory.t[kept], trajectory.x[kept], trajectory.y[kept])


def _neuromotor(movement: Trajectory) -> list[float]:
    strokes = decompose(movement, polish=0).strokes
    middle = min(float(movement.t[-1] - movement.t[0]), LONGEST) / 2
    halves = (
        [stroke for stroke in strokes if stroke.peak <= middle],
        [stroke for stroke in strokes if stroke.peak > middle],
    )
    flags = [float(bool(half)) for half in halves]
    return [*chain(*map(_summary, halves)), float(len(strokes)), *flags]


def _summary(strokes: Sequence[Stroke]) -> list[float]:
    """Give most, least and mean of each parameter; zeros of none."""
    if not strokes:
        return [0.0] * (len(PARAMETERS) * len(STATISTICS))
    rows = parameters(strokes)
    found = np.stack((rows.max(axis=0), rows.min(axis=0), rows.mean(axis=0)), axis=1)
    found[0] = np.log1p(found[0])
    numbers: list[float] = found.ravel().tolist()
    return numbers


def _global(movement: Trajectory) -> list[float]:
    """Chu et al.'s six; steps of no length have no direction."""
    duration = max(float(movement.t[-1] - movement.t[0]), TICK)
    steps = np.diff(movement.x) + 1j * np.diff(movement.y)
    lengths = np.abs(steps)
    distance, displacement = float(lengths.sum()), abs(complex(steps.sum()))
    ways = np.round(np.exp(1j * np.angle(steps[lengths > 0])).sum(), 9)
    return [
        duration,
        log1p(distance),
        log1p(displacement),
        float(np.angle(ways)),
        log1p(distance / duration),
        log(max(distance, _LEAST) / max(displacement, _LEAST)),
    ]


class Neuromotor(_Parts):
    """Of each half of a movement, by strokes: most, least and mean of their six parameters.

    With the number of strokes they are the paper's 37, and two flags say which half has a stroke.
    Times are counted from the movement's first point. Lengths go through a logarithm, as they
    span decades; `theta_s` is within half a turn of 0, and `theta_e` as far from it as the stroke
    turns.

    References
    ----------
    Acien et al. 2021 (BeCAPTCHA-Mouse), table 2 and the text below it; biometrics.md §1.3.
    """

    name = "neuromotor"
    names = tuple(NEUROMOTOR)
    units = tuple(NEUROMOTOR.values())
    groups = _NEUROMOTOR_GROUPS
    parts = (_neuromotor,)


class Global(_Parts):
    """Six numbers of a movement as a whole.

    References
    ----------
    Acien et al. 2021 (BeCAPTCHA-Mouse), from Chu et al.; biometrics.md §1.3.

    Examples
    --------
    >>> t = np.array([0.0, 0.1, 0.2])
    >>> row = Global().extract(Trajectory(0, t, np.array([0.0, 30.0, 30.0]), np.array([0, 0, 40])))
    >>> dict(zip(Global().names, np.expm1(row).round(3).tolist()))["displacement"]
    50.0
    """

    name = "global"
    names = tuple(GLOBAL)
    units = tuple(GLOBAL.values())
    groups = _GLOBAL_GROUPS
    parts = (_global,)


class Becaptcha(_Parts):
    """Both sets of BeCAPTCHA-Mouse side by side: what the paper finds best."""

    name = "becaptcha"
    names = (*Neuromotor.names, *Global.names)
    units = (*Neuromotor.units, *Global.units)
    groups: Final[Mapping[str, tuple[str, ...]]] = {
        **_NEUROMOTOR_GROUPS,
        **_GLOBAL_GROUPS,
        "timing": (*_NEUROMOTOR_GROUPS["timing"], *_GLOBAL_GROUPS["timing"]),
    }
    parts = (_neuromotor, _global)
