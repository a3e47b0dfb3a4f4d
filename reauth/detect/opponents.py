"""Programs to learn against, fitted to people: what `reauth.detect.learn` takes for machines."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from reauth.generate import GENERATORS
from reauth.generate.aimed import aimed
from reauth.generate.clock import clock_of, sampled
from reauth.trajectory import Trajectory

KINDS: Final = (
    "straight", "bezier", "wind", "lognormal",
    *sorted(name for name in GENERATORS if name.startswith("function-")),
)  # fmt: skip
"""Generators that teach. Recorded movement, perturbed or not, is a hand's own: whoever learnt from
it would learn that people are programs. `jerk` is left for measuring, and a network is no default.
"""

EACH = 500
"""Movements of a kind."""


def opponents(
    people: Mapping[str, Sequence[Sequence[Trajectory]]], rng: np.random.Generator, each: int = EACH
) -> dict[str, list[Trajectory]]:
    """Draw movements of every kind that teaches, on people's ways and by their devices' clocks.

    Parameters
    ----------
    people
        By person: the movements of each session.
    each
        How many of a kind; none where nobody's movement goes anywhere.
    """
    by_person = [
        [movement for session in people[name] for movement in session] for name in sorted(people)
    ]
    every = [movement for own in by_person for movement in own]
    ways = aimed(every)
    clocks = [clock_of(own) for own in by_person if own]
    if not ways:
        return {}
    found: dict[str, list[Trajectory]] = {}
    for kind in KINDS:
        generator = GENERATORS[kind](every)
        found[kind] = []
        for _ in range(each):
            way = ways[int(rng.integers(len(ways)))]
            x, y = way.x.tolist(), way.y.tolist()
            drawn = generator.draw((x[0], y[0]), (x[-1], y[-1]), rng)
            clock = clocks[int(rng.integers(len(clocks)))]
            found[kind].append(sampled(drawn, *clock, rng))
    return found
