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

MORE: Final = {"lognormal": 8}
"""How many times as many of a kind, each time after other people's movements. Its strokes are
people's own, so that it takes many to learn what tells them apart."""

PART = 1000
"""Movements of people that such a kind is fitted to at a time: it keeps a hundred of them."""


def opponents(
    people: Mapping[str, Sequence[Sequence[Trajectory]]],
    rng: np.random.Generator,
    each: int = EACH,
    kinds: Sequence[str] = KINDS,
) -> dict[str, list[Trajectory]]:
    """Draw movements of programs, on people's ways and by their devices' clocks.

    Parameters
    ----------
    people
        By person: the movements of each session.
    each
        How many of a kind, and `MORE` of some; none where nobody's movement goes anywhere.
    kinds
        Of `GENERATORS`; those that teach by default.
    """
    by_person = [
        [movement for session in people[name] for movement in session] for name in sorted(people)
    ]
    every = [movement for own in by_person for movement in own]
    ways = aimed(every)
    clocks = [clock_of(own) for own in by_person if own]
    if not ways:
        return {}
    found: dict[str, list[Trajectory]] = {kind: [] for kind in kinds}
    for kind in (one for one in kinds for _ in range(MORE.get(one, 1))):
        generator = GENERATORS[kind](_some(every, rng) if kind in MORE else every)
        for _ in range(each):
            way = ways[int(rng.integers(len(ways)))]
            x, y = way.x.tolist(), way.y.tolist()
            drawn = generator.draw((x[0], y[0]), (x[-1], y[-1]), rng)
            clock = clocks[int(rng.integers(len(clocks)))]
            found[kind].append(sampled(drawn, *clock, rng))
    return found


def _some(movements: Sequence[Trajectory], rng: np.random.Generator) -> Sequence[Trajectory]:
    """`PART` of them at random, all where there are fewer."""
    if len(movements) <= PART:
        return movements
    return [movements[place] for place in rng.choice(len(movements), PART, replace=False).tolist()]
