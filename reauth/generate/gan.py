"""What a trained generative adversarial network draws, in plain numpy: learning is elsewhere.

A movement is told by its steps on a fixed clock, in a frame of its own: turned so that it goes to
the right, and measured in mean steps, so that all of them add up to as many as they are. How far it
goes and how long it takes are conditions, not outcomes. The network turns random numbers into such
steps; two layers of long short-term memory and a linear one, whose arrays are all there is.

References
----------
Acien et al. 2021 (BeCAPTCHA-Mouse), section 3.2.2: two LSTM layers and a dense one from a Gaussian
seed, fixed sampling. Hochreiter, Schmidhuber 1997, with Gers' forget gate: the layers.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np

from reauth.errors import TemplateError
from reauth.generate.aimed import aimed, chord
from reauth.generate.generator import Point, movement
from reauth.trajectory import Floats, Trajectory

LEAST_STEPS = 5
"""Steps of a movement at least: 0.1 s, below which nothing is a movement, on a clock of 20 ms."""
LEAST_WAY = 1.0
"""px; what is shorter has no direction, and is drawn as if it were as long."""
VERSION = 1

LAYERS = ("first", "second")
PARTS = ("w_in", "w_back", "bias")
OUT = ("out_w", "out_bias")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a network was made for, and the law of how long movements take.

    Parameters
    ----------
    period
        s between two points.
    most
        Steps of the longest movement.
    seed, tremor
        Random numbers a movement, and a step.
    scale
        Deviation of the steps of people, in mean steps: the network's unit.
    way
        Mean and deviation of ln(px) from the first point to the last.
    steps
        ln(steps) = steps[0] + steps[1] z + normal(0, steps[2]), where z is the standardised way.
    """

    period: float
    most: int
    seed: int
    tremor: int
    scale: float
    way: tuple[float, float]
    steps: tuple[float, float, float]

    def standardised(self, way: Floats) -> Floats:
        """Give the condition, (n,), of ways of so many px, (n,)."""
        mean, deviation = self.way
        return np.asarray((np.log(np.maximum(way, LEAST_WAY)) - mean) / deviation)

    def count(self, way: float, rng: np.random.Generator) -> int:
        """Draw how many steps a way of so many px takes."""
        base, slope, deviation = self.steps
        [z] = self.standardised(np.array([way]))
        drawn = math.exp(min(base + slope * z + rng.normal(0.0, deviation), 20.0))
        return min(self.most, max(LEAST_STEPS, round(drawn)))


@dataclass(frozen=True, eq=False, slots=True)
class Gan:
    """Draws what the generator of a trained network gives for random numbers.

    Parameters
    ----------
    facts
        What it was made for.
    arrays
        `first_w_in` (4 h, d), `first_w_back` (4 h, h), `first_bias` (4 h,), the same of `second`;
        `out_w` (2, h), `out_bias` (2,). Gates stand in the order input, forget, cell, output.
    """

    facts: Facts
    arrays: Mapping[str, Floats]
    name: ClassVar[str] = "gan"

    def draw(self, start: Point, target: Point, rng: np.random.Generator) -> Trajectory:
        """Draw a movement from start to target."""
        way = complex(target[0] - start[0], target[1] - start[1])
        facts = self.facts
        count = facts.count(abs(way), rng)
        given = inputs(
            facts,
            facts.standardised(np.array([abs(way)])),
            np.array([count]),
            rng.standard_normal((1, facts.seed)),
            rng.standard_normal((1, count, facts.tremor)),
        )
        [steps] = self.steps(given, np.array([count]))
        done = np.concatenate(([0j], np.cumsum(steps[:, 0] + 1j * steps[:, 1]) / count))
        places = complex(*start) + way * done
        t = np.arange(count + 1, dtype=np.float64) * facts.period
        return movement(t, np.column_stack((places.real, places.imag)))

    def steps(self, given: Floats, counts: Floats) -> list[Floats]:
        """Give the steps (n, 2), in mean steps, of each movement.

        Parameters
        ----------
        given
            (b, n, d) inputs, from `inputs`.
        counts
            (b,) steps of each, at most n.
        """
        raw = said(self.arrays, given)
        found = [each[:count] for each, count in zip(raw, counts.astype(int), strict=True)]
        return [homed(each * self.facts.scale) for each in found]

    def to_parts(self) -> tuple[dict[str, Any], dict[str, Floats]]:
        """Give all of it: what JSON can hold, and arrays."""
        return {"version": VERSION, **asdict(self.facts)}, dict(self.arrays)

    @classmethod
    def from_parts(cls, plain: Mapping[str, Any], arrays: Mapping[str, Floats]) -> Self:
        """Make one of what `to_parts` gave.

        Raises
        ------
        TemplateError
            If it is of another version, or arrays are missing or of other shapes.
        """
        told = dict(plain)
        if told.pop("version", None) != VERSION:
            raise TemplateError(f"no network of version {VERSION}")
        try:
            facts = Facts(**told)
        except TypeError as error:
            raise TemplateError(f"not the facts of a network: {error}") from None
        shapes = {name: np.shape(array) for name, array in arrays.items()}
        if shapes != _shapes(facts, shapes):
            raise TemplateError("not the arrays of a network")
        facts = Facts(**{**asdict(facts), "way": tuple(facts.way), "steps": tuple(facts.steps)})
        return cls(facts, {name: np.asarray(array, float) for name, array in arrays.items()})


def _shapes(facts: Facts, given: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """What the shapes of arrays must be for the sizes of their layers."""
    wanted: dict[str, tuple[int, ...]] = {}
    width = facts.seed + facts.tremor + CONDITIONS
    for layer in LAYERS:
        size = (*given.get(f"{layer}_w_back", ()), 0, 0)[1]
        wanted |= {
            f"{layer}_w_in": (4 * size, width),
            f"{layer}_w_back": (4 * size, size),
            f"{layer}_bias": (4 * size,),
        }
        width = size
    return wanted | {"out_w": (2, width), "out_bias": (2,)}


CONDITIONS = 3
"""Columns of `inputs` that are not random."""


def inputs(facts: Facts, way: Floats, counts: Floats, seed: Floats, tremor: Floats) -> Floats:
    """Lay out what the generator is given at each step.

    Parameters
    ----------
    way
        (b,) standardised ways.
    counts
        (b,) steps of each.
    seed
        (b, s) random numbers of a movement, the same at each step.
    tremor
        (b, n, k) random numbers of a step.

    Returns
    -------
    (b, n, s + k + 3)
        Seed, tremor, the way, how many steps, and which share of them is done.
    """
    n = tremor.shape[1]
    shape = (len(way), n, 1)
    share = (np.arange(n) + 0.5)[None, :, None] / counts[:, None, None]
    total = np.broadcast_to((counts / facts.most)[:, None, None], shape)
    return np.concatenate(
        (
            np.broadcast_to(seed[:, None, :], (len(way), n, seed.shape[1])),
            tremor,
            np.broadcast_to(way[:, None, None], shape),
            total,
            np.minimum(share, 1.0),
        ),
        axis=2,
    )


def said(arrays: Mapping[str, Floats], given: Floats) -> Floats:
    """Give what a network says at each step, (b, n, out), for inputs (b, n, d)."""
    hidden = given
    for layer in LAYERS:
        hidden = lstm(hidden, *(arrays[f"{layer}_{part}"] for part in PARTS))
    return np.asarray(hidden @ arrays["out_w"].T + arrays["out_bias"])


def lstm(given: Floats, w_in: Floats, w_back: Floats, bias: Floats) -> Floats:
    """Give the outputs (b, n, h) of a layer of long short-term memory for inputs (b, n, d)."""
    size = w_back.shape[1]
    drive = given @ w_in.T + bias
    out = np.empty((*given.shape[:2], size))
    hidden, cell = np.zeros((2, len(given), size))
    for step in range(given.shape[1]):
        gates = drive[:, step] + hidden @ w_back.T
        enter, keep, new, leave = np.split(gates, 4, axis=1)
        cell = _sigmoid(keep) * cell + _sigmoid(enter) * np.tanh(new)
        hidden = _sigmoid(leave) * np.tanh(cell)
        out[:, step] = hidden
    return out


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))


def homed(steps: Floats) -> Floats:
    """Shift steps (n, 2) alike, so that they end at the target: their mean is one to the right."""
    return np.asarray(steps - steps.mean(axis=0) + (1.0, 0.0))


def unit_steps(trajectory: Trajectory, period: float) -> Floats:
    """Give the steps (n, 2) of a movement on a clock, in mean steps, turned to the right.

    Parameters
    ----------
    trajectory
        Of movements only, from one place to another one.
    """
    t = trajectory.t - trajectory.t[0]
    at = period * np.arange(math.floor(t[-1] / period + 0.5) + 1)
    places = np.interp(at, t, trajectory.x) + 1j * np.interp(at, t, trajectory.y)
    way = places[-1] - places[0]
    steps = np.diff(places) * (len(places) - 1) / (way if abs(way) >= LEAST_WAY else LEAST_WAY)
    return np.column_stack((steps.real, steps.imag))


def trainable(people: Iterable[Trajectory], period: float, most: int) -> list[Trajectory]:
    """Give those movements of people that a network of so many steps can learn from."""
    return [
        each
        for each in aimed(people)
        if LEAST_STEPS <= math.floor(each.t[-1] / period + 0.5) <= most
    ]


def facts_of(movements: Sequence[Trajectory], period: float, most: int, dims: int) -> Facts:
    """Give the facts of movements that are `trainable`: at least two different ones.

    Parameters
    ----------
    dims
        Random numbers a movement.
    """
    steps = [unit_steps(each, period) for each in movements]
    logs = np.log([max(LEAST_WAY, abs(chord(each))) for each in movements])
    way = float(logs.mean()), max(float(logs.std()), 1e-6)
    z = (logs - way[0]) / way[1]
    counts = np.log([len(each) for each in steps])
    slope = float(z @ counts) / len(z)
    rest = counts - counts.mean() - slope * z
    scale = max(float(np.concatenate(steps).std()), 1e-6)
    law = float(counts.mean()), slope, float(rest.std())
    return Facts(period, most, dims, TREMOR, scale, way, law)


TREMOR = 2
"""Random numbers a step: hands tremble, and one seed a movement cannot tell how."""
