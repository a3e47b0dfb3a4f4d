"""Movements by functions: three shapes, each at three profiles of speed."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np

from reauth.generate.generator import Fit, Point, movement
from reauth.generate.pace import Pace
from reauth.trajectory import Floats, Trajectory

DECADE = 9.0
"""How sharply logarithms rise, in shape and in speed: by one decade from start to target."""
WIDTH = 1 / 6
"""Deviation of the Gaussian profile, as a share of the time: three on each side fill it."""

_TOP = 0.25  # how high the parabola u (1 - u) is in its middle
_PEAK = 1 / math.log1p(DECADE) - 1 / DECADE  # where a logarithm is highest above its chord
_HIGH = math.log1p(DECADE * _PEAK) / math.log1p(DECADE) - _PEAK  # and how high it is there


def _logarithm(done: Floats) -> Floats:
    rise = np.log1p(DECADE * done) / math.log1p(DECADE) - done
    return np.asarray(rise * _TOP / _HIGH)


SHAPES: Mapping[str, Callable[[Floats], Floats]] = {
    "linear": np.zeros_like,
    "quadratic": lambda done: done * (1 - done),
    "logarithmic": _logarithm,
}
"""How far beside the chord a movement is when it has done a share of it, for a bow of 1.

A logarithm is as high as the parabola of that bow, but sooner; a line has no bow."""

PROFILES: Mapping[str, Callable[[Floats], Floats]] = {
    "constant": np.ones_like,
    "logarithmic": lambda share: np.log1p(DECADE * share),
    "gaussian": lambda share: np.exp(-((share - 0.5) ** 2) / (2 * WIDTH**2)),
}
"""Speed along the chord at a share of the time, in any unit."""


@dataclass(frozen=True, slots=True)
class Function:
    """Function-based synthesis: a shape, a profile, and parameters that people have.

    The number of points is normal with the mean and the deviation of people on such ways; how bent
    a curve is, is what a quadratic fit to one of their movements gives.

    References
    ----------
    Acien et al. 2021 (BeCAPTCHA-Mouse), section 3.2.1. It takes y as a function of x; here the
    distance from the chord is a function of the way along it, so that any direction will do. The
    steepness of the logarithms and the width of the Gaussian are ours, as the paper tells none; its
    text calls the third shape exponential, its table logarithmic.
    """

    shape: str
    profile: str
    pace: Pace

    @classmethod
    def fit(cls, shape: str, profile: str, people: Sequence[Trajectory]) -> Self:
        """Learn from people in how many points they go, how fast, and how bent."""
        return cls(shape, profile, Pace.fit(people))

    @property
    def name(self) -> str:
        """The kind: both of its functions."""
        return f"function-{self.shape}-{self.profile}"

    def draw(self, start: Point, target: Point, rng: np.random.Generator) -> Trajectory:
        """Draw a movement from start to target."""
        t = self.pace.moments(start, target, rng)
        begin, way = complex(*start), complex(target[0] - start[0], target[1] - start[1])
        done = _spaced(PROFILES[self.profile], len(t))
        beside = self.pace.bow(start, target, rng) * SHAPES[self.shape](done)
        places = begin + way * (done + 1j * beside)
        return movement(t, np.column_stack((places.real, places.imag)))


def _spaced(profile: Callable[[Floats], Floats], count: int) -> Floats:
    """Shares of the way done at each of so many points: steps as long as their middle is fast."""
    steps = profile((np.arange(count - 1) + 0.5) / (count - 1))
    return np.concatenate(([0.0], np.cumsum(steps) / steps.sum()))


FUNCTIONS: Mapping[str, Fit] = {
    f"function-{shape}-{profile}": partial(Function.fit, shape, profile)
    for shape in SHAPES
    for profile in PROFILES
}
"""The nine of the paper, by name."""
