"""The lanes that ask the same of everybody: does a hand move, and has it moved so before?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from reauth.compare import Question
from reauth.decide import Policy
from reauth.decide.opinion import Opinion
from reauth.detect import Detector
from reauth.errors import TemplateError
from reauth.lane import LANE_HEAD, Recipe, verdict_of
from reauth.outcome import Dropped, Outcome, Scored
from reauth.template import Template
from reauth.trajectory import Segmenter, Trajectory


@dataclass(frozen=True, slots=True)
class Check:
    """How a lane is made that knows nobody; shared by all sessions.

    `segmenter` makes a segmenter, `policy` a policy; silence speaks for the user after `patience`
    scores.
    """

    name: str
    segmenter: Callable[[], Segmenter]
    detector: Detector
    policy: Callable[[], Policy]
    patience: int

    def lane(self, segmenter: Segmenter | None = None) -> "CheckLane":
        """A fresh lane; `segmenter` if another lane's cuts for it too."""
        return CheckLane(self, segmenter)


class CheckLane:
    """One question of a session whose answer needs no template: whoever the user is, or nobody.

    Whatever the device, one opinion is formed of all that moves.

    Parameters
    ----------
    recipe
        How it is made.
    segmenter
        Another lane's that cuts for this one too; None for a fresh one of the recipe's.

    Attributes
    ----------
    borrows
        Whether the segmenter is another lane's, which feeds and keeps it.
    """

    __slots__ = ("borrows", "number", "opinion", "recipe", "sampling", "segmenter")

    others: Final[tuple[()]] = ()
    template: Final[None] = None

    def __init__(self, recipe: Check, segmenter: Segmenter | None = None) -> None:
        self.recipe = recipe
        self.borrows = segmenter is not None
        self.segmenter = segmenter or recipe.segmenter()
        self.opinion = Opinion(recipe.policy(), recipe.patience)
        self.sampling: str | None = None
        self.number = 0

    @property
    def devices(self) -> "tuple[CheckLane, ...]":
        """This one alone."""
        return (self,)

    def take(self, template: Template) -> None:
        """Nothing: a template is of somebody."""

    def of(self, trajectory: Trajectory) -> "CheckLane":
        """This one, whatever the device."""
        return self

    def item(self, trajectory: Trajectory) -> Question:
        """What is to be asked."""
        return self.recipe.detector, trajectory

    def judge(self, trajectory: Trajectory, score: float | str) -> list[Outcome]:
        """What a trajectory brings about, given its score or the reason why it has none."""
        name, t = self.recipe.name, float(trajectory.t[-1])
        self.number += 1
        if isinstance(score, str):
            return [Dropped(name, t, score, self.number, trajectory)]
        scored = Scored(name, t, score, True, self.number, trajectory)
        genuine = self.opinion.update(score)
        if genuine is None:
            return [scored]
        return [scored, verdict_of(name, t, genuine, self.number, self.opinion)]

    def to_bytes(self) -> bytes:
        """What this lane remembers."""
        segmenter = b"" if self.borrows else self.segmenter.to_bytes()
        opinion = self.opinion.to_bytes()
        head = LANE_HEAD.pack(self.number, 0, -1, len(segmenter), len(opinion))
        return head + segmenter + opinion

    def restore(self, state: bytes) -> int:
        """Take back what `to_bytes` gave; bytes read.

        Raises
        ------
        TemplateError
            If the state is of a lane that has a template.
        """
        number, version, _, segmenter, opinion = LANE_HEAD.unpack_from(state)
        if version:
            raise TemplateError(f"the state belongs to template version {version}")
        at = LANE_HEAD.size
        if not self.borrows:
            self.segmenter.from_bytes(state[at : at + segmenter])
        at += segmenter
        self.opinion.from_bytes(state[at : at + opinion])
        self.number = number
        return int(at + opinion)


def checks(recipes: Sequence[Recipe | Check]) -> list[Check]:
    """Those that ask the same of everybody."""
    return [recipe for recipe in recipes if isinstance(recipe, Check)]


def keeper(recipes: Sequence[Recipe | Check], check: Check) -> str:
    """The lane that a check's movements are kept for: the first that has its segmenter."""
    return next(recipe.name for recipe in recipes if recipe.segmenter is check.segmenter)
