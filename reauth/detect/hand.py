"""Is this movement made by a hand? Rules that need nobody's movement, and what people taught.

On the first day there are no people to learn from: then rules judge, which only know what is too
exact for any hand. Once there is a model (`reauth.detect.learn`) it judges, and the rules with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import ClassVar, Final

import numpy as np

from reauth.detect.model import Model
from reauth.errors import TemplateError
from reauth.features.hand import TOO_SHORT, UNITS, VERSION, numbers
from reauth.features.polynomials import FLOOR
from reauth.trajectory import Bools, Floats, Trajectory

NAME: Final = "default"

MECHANICAL = -3.0
"""nats; what a rule found: twenty times likelier of a program than of a hand. The bounds below are
round numbers of geometry and taste, and none is fitted to anybody."""

RULED = 0.05
"""Share of a program's movements that rules object to, of the programs that they know least of."""

CLEAR = log((1 - RULED * exp(MECHANICAL)) / (1 - RULED))
"""nats, where no rule objects: a twentieth of one. Without it the rare objections to a hand would
add up for as long as a session lasts."""

EVEN = 0.2
"""Deviation of speed as a share of it, ends left out. A hand speeds up and slows down;
rounding to whole px alone makes half of this at 4 px a look."""

ALIKE = 0.7
"""Share of steps as long as the one before, to the px."""

REPEATED = 0.25
"""Share of steps equal to the one before in x and in y, 3 px or more."""

EXACT = 0.5
"""px, root mean square off a polynomial of degree 5 in time; rounding alone leaves 0.41 of both
axes. Minimum jerk is such a polynomial (Flash, Hogan 1985), and so are slower functions of time."""

LONG = 12.0
"""px a look, root mean square; in a slower movement exactness is the pixels' own."""

RULES: Final = {
    "even": "Speed that hardly varies, ends left out",
    "alike": "Steps nearly all as long as the one before",
    "repeated": "Steps that repeat the one before, sideways and downwards",
    "exact": "A path as smooth as a formula, to the rounding of pixels",
}
"""What a movement has that a rule objects to."""

_AT = {name: place for place, name in enumerate(UNITS)}


def objections(rows: Floats) -> dict[str, Bools]:
    """Tell which of rows (n, d) each of `RULES` objects to, (n,)."""
    even, alike, repeated, rest, clear = (
        rows[:, _AT[name]] for name in ("speed_inner", "alike", "repeats", "rest_5", "step_clear")
    )
    exact = (np.exp(2.0 * rest) - FLOOR < EXACT**2) & (clear > np.log(3 * LONG**2))
    found = (even < EVEN, alike > ALIKE, repeated > REPEATED, exact)
    return dict(zip(RULES, map(np.asarray, found), strict=True))


def mechanical(rows: Floats) -> Bools:
    """Tell which of rows (n, d) are too exact for a hand, (n,)."""
    return np.asarray(np.logical_or.reduce([*objections(rows).values()]))


@dataclass(eq=False, slots=True)
class Hand:
    """Tells hands from programs, by a model if there is one, and by rules.

    Parameters
    ----------
    model
        What `reauth.detect.learn` made; None on the first day.
    """

    model: Model | None = None

    name: ClassVar[str] = NAME
    version: ClassVar[int] = 1

    def score_many(self, movements: Sequence[Trajectory]) -> list[float | str]:
        """Give for each the log-likelihood ratio of a hand against a program, nats.

        Without a model a movement that no rule objects to says next to nothing: `CLEAR`. Movements
        of less than 0.35 s or 40 px (`reauth.features.hand`) have no score.
        """
        rows, places = numbers(movements)
        found: list[float | str] = [TOO_SHORT] * len(movements)
        if not len(places):
            return found
        scores = np.full(len(rows), CLEAR)
        if self.model is not None:
            scores = self.model.ratios(self.model.margins(rows))
        scores = np.where(mechanical(rows), np.minimum(scores, MECHANICAL), scores)
        for place, score in zip(places.tolist(), scores.tolist(), strict=True):
            found[place] = score
        return found


    @property
    def remembers(self) -> int:
        """None: it knows no movement again."""
        return 0

    def take(self, learnt: bytes) -> None:
        """Take up a model.

        Raises
        ------
        TemplateError
            If it is of another detector, version or features; the own one stays then.
        """
        self.model = load(learnt).model

    def remember(self, movements: Sequence[Trajectory]) -> None:
        """Nothing."""

    def forget(self) -> None:
        """Nothing."""


def load(kept: bytes | None = None) -> Hand:
    """Make the detector from a model's bytes, or of rules alone.

    Raises
    ------
    TemplateError
        If the model is of another detector, version or features.
    """
    if kept is None:
        return Hand()
    model = Model.from_bytes(kept)
    wanted = [NAME, Hand.version, [VERSION, len(UNITS)]]
    if [model.meta[name] for name in ("detector", "version", "features")] != wanted:
        raise TemplateError("a model of another detector or version: learn it anew")
    return Hand(model)
