"""Lu's five attack modes: how programs drag a slider, as the paper describes and draws them.

Each mode has one property by which it was told from people. What the paper gives is words and
pictures; the numbers here are ours, in the range of people's slides (a point every 9 ms, a second
or two in all).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from reauth.trajectory import Floats, Trajectory

Point = tuple[float, float]

_SCRIPTS = 4
"""Scripts of the third mode: the paper found "a large number of identical tracks"."""

_Steps = tuple[Floats, Floats, Floats]
"""(n,) ms between points, (n,) shares of the way in x done after each, (n,) px off the way in y."""

_Mode = Callable[[float, np.random.Generator], _Steps]
"""Gives the steps of a slide over so many px."""


class SlideMode:
    """One attack mode, as a generator: draws slides from a start to a target.

    Parameters
    ----------
    name
        `slide-1` to `slide-5`.
    """

    def __init__(self, name: str, mode: _Mode) -> None:
        self.name = name
        self._mode = mode

    def draw(self, start: Point, target: Point, rng: np.random.Generator) -> Trajectory:
        """Give a slide: time from 0 on whole milliseconds, whole px, the last point at the target.

        Parameters
        ----------
        start, target
            px; the way in y is gone evenly with that in x, what strays from it comes on top.
        """
        (x0, y0), (x1, y1) = start, target
        dt, done, off = self._mode(abs(x1 - x0), rng)
        off = off.copy()
        off[-1] = 0.0
        t = np.concatenate(([0.0], np.cumsum(np.maximum(1.0, np.rint(dt)))))
        share = np.concatenate(([0.0], done))
        x = np.rint(x0 + share * (x1 - x0))
        y = np.rint(y0 + share * (y1 - y0) + np.concatenate(([0.0], off)))
        return Trajectory(0, t / 1000, x, y)


def _stepped(way: float, rng: np.random.Generator) -> _Steps:
    """Mode 1: waits at the start, then goes at one speed in dense points, from height to height."""
    count = int(rng.integers(80, 160))
    dt = np.concatenate(([rng.uniform(300, 1200)], rng.normal(9.0, 1.0, count)))
    levels = np.cumsum(rng.integers(-2, 3, count // 20 + 1))
    heights = levels[np.arange(count) // 20]
    done = np.concatenate(([0.0], np.linspace(0, 1, count + 1)[1:]))
    return dt, done, np.concatenate(([0.0], heights)).astype(np.float64)


def _dash(way: float, rng: np.random.Generator) -> _Steps:
    """Mode 2: waits, then is very fast, speeds up longer than it slows down, keeps its height."""
    count = int(rng.integers(15, 40))
    dt = np.concatenate(([rng.uniform(300, 1200)], rng.normal(9.0, 1.0, count)))
    top = rng.uniform(0.75, 0.9)
    u = (np.arange(count) + 0.5) / count
    speed = np.where(u < top, u / top, (1 - u) / (1 - top))
    done = np.cumsum(speed) / speed.sum()
    return dt, np.concatenate(([0.0], done)), np.zeros(count + 1)


def _jumping(way: float, rng: np.random.Generator) -> _Steps:
    """Mode 3: no wait; a few random jumps at nearly one speed, from one of a few fixed scripts."""
    script = np.random.default_rng(int(rng.integers(_SCRIPTS)))
    count = int(script.integers(8, 20))
    jumps = script.uniform(0.4, 1.6, count)
    return (
        25.0 * jumps + script.uniform(0, 2, count),
        np.cumsum(jumps) / jumps.sum(),
        np.zeros(count),
    )


def _metronome(way: float, rng: np.random.Generator) -> _Steps:
    """Mode 4: nearly even motion, a point every so many ms to the tick, with a wandering height."""
    count = int(rng.integers(40, 100))
    dt = np.full(count, float(rng.integers(8, 21)))
    steps = 1 + rng.uniform(-0.15, 0.15, count)
    return dt, np.cumsum(steps) / steps.sum(), np.cumsum(rng.normal(0, 0.6, count))


def _erratic(way: float, rng: np.random.Generator) -> _Steps:
    """Mode 5: chaotic in place, and in time several bursts that are fast at once, far apart."""
    bursts, length = int(rng.integers(3, 6)), int(rng.integers(8, 16))
    count = bursts * length
    dt = rng.normal(9.0, 2.0, count)
    dt[np.arange(1, bursts) * length] = rng.uniform(200, 700, bursts - 1)
    burst = np.concatenate(([0.2, 1.0, 1.0], np.geomspace(1.0, 0.05, length - 3)))
    steps = np.tile(burst, bursts) * rng.uniform(0.3, 1.7, count)
    done = np.cumsum(steps) / steps.sum() + rng.normal(0, 0.02, count)
    done[-1] = 1.0
    return dt, done, rng.normal(0, 6, count)


_MODES: Final[Mapping[str, _Mode]] = {
    "slide-1": _stepped, "slide-2": _dash, "slide-3": _jumping,
    "slide-4": _metronome, "slide-5": _erratic,
}  # fmt: skip


def _maker(name: str) -> Callable[[Sequence[Trajectory]], SlideMode]:
    return lambda people: SlideMode(name, _MODES[name])


SLIDES: Final[Mapping[str, Callable[[Sequence[Trajectory]], SlideMode]]] = {
    name: _maker(name) for name in _MODES
}
"""By name, in the shape of the table of generators; none of them learns from people.

References
----------
Lu et al. 2021, §3.1, figures 1 to 5.
"""
