"""Generators: programs that move the pointer, for whoever must be told from people.

To add one: a file with its idea, and its line in the table.
"""

from collections.abc import Mapping
from functools import partial

from reauth.generate import gan_training
from reauth.generate.bezier import Bezier
from reauth.generate.functions import FUNCTIONS
from reauth.generate.generator import Fit, Generator, Point
from reauth.generate.jerk import Jerk
from reauth.generate.lognormal import Lognormal
from reauth.generate.perturbed import Perturbed
from reauth.generate.recorded import Recorded
from reauth.generate.retargeted import Retargeted
from reauth.generate.straight import Straight
from reauth.generate.wind import Wind

GENERATORS: Mapping[str, Fit] = {
    "straight": Straight.fit,
    "bezier": Bezier.fit,
    "wind": Wind.fit,
    **FUNCTIONS,
    "lognormal": Lognormal.fit,
    "jerk": Jerk.fit,
    "gan": gan_training.fit,
    "recorded": Recorded.fit,
    "perturbed-1px": partial(Perturbed.fit, 1),
    "perturbed-3px": partial(Perturbed.fit, 3),
    "retargeted": Retargeted.fit,
}
"""Kinds of programs by name: each is made from movements of people, which some do without."""

REPLAYS = frozenset({"recorded", "perturbed-1px", "perturbed-3px"})
"""Kinds that move where somebody moved, not where they are asked to, by the clock that he had."""

RECORDED = REPLAYS | {"retargeted"}
"""Kinds that play what a person has done: a hand made it, and it has been seen before."""

__all__ = ["GENERATORS", "RECORDED", "REPLAYS", "Fit", "Generator", "Point"]
