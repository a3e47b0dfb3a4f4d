"""Movements of people who do not exist, by the million: what a library is filled up with.

The people and their paths are those of `reauth.lab.synth`; only that many movements are drawn at
once. They are short as often as long (in logarithms), because near ones are what costs a look-up.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from reauth.lab.synth import JITTER, draw_person
from reauth.trajectory import Floats, Trajectory

BATCH: Final = 5000
"""Movements drawn at once: some tens of MB."""

PEOPLE: Final = 50
"""People of a batch."""

SHORTEST, LONGEST = 40.0, 1600.0
"""px; from a movement that can be looked up at all to one across a screen."""


def generated(rng: np.random.Generator) -> Iterator[Trajectory]:
    """Draw movements without end, each at rest at both ends, on whole px, from 0 s on."""
    while True:
        yield from _batch(rng)


def _batch(rng: np.random.Generator) -> Iterator[Trajectory]:
    people = [draw_person(rng) for _ in range(PEOPLE)]
    of = rng.integers(PEOPLE, size=BATCH)

    def each(name: str) -> Floats:
        return np.array([getattr(person, name) for person in people])[of]

    distance = np.exp(rng.uniform(np.log(SHORTEST), np.log(LONGEST), BATCH))
    width = rng.uniform(20.0, 120.0, BATCH)
    taken = each("intercept") + each("slope") * np.log2(distance / width + 1)
    taken *= rng.lognormal(0.0, 0.1, BATCH)
    counts = np.maximum(12, np.rint(taken / each("period"))).astype(np.int64)
    of_point = np.repeat(np.arange(BATCH), counts)
    ends = np.cumsum(counts)
    starts = ends - counts
    share = (np.arange(ends[-1]) - starts[of_point]) / (counts - 1)[of_point]
    share **= each("skew")[of_point]
    done = share**3 * (10 - 15 * share + 6 * share**2)
    side = distance * (each("bend") + rng.normal(0, 0.03, BATCH))
    angle = rng.uniform(0, 2 * np.pi, BATCH)
    along, aside = done * distance[of_point], np.sin(np.pi * done) * side[of_point]
    cos, sin = np.cos(angle)[of_point], np.sin(angle)[of_point]
    tremor = each("tremor")[of_point] * rng.normal(size=(2, len(of_point)))
    x = np.rint(along * cos - aside * sin + tremor[0])
    y = np.rint(along * sin + aside * cos + tremor[1])
    period = each("period")[of_point]
    t = np.cumsum(np.maximum(period + rng.normal(0, JITTER, len(period)), period / 4))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield Trajectory(0, t[start:end] - t[start], x[start:end], y[start:end])
