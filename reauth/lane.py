"""The lane that asks whether it is the user: each trajectory against the user's own template."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from reauth.compare import Item
from reauth.decide import Policy
from reauth.decide.opinion import Opinion, patience
from reauth.device import SAMPLINGS, class_of
from reauth.errors import TemplateError
from reauth.features import FeatureSet
from reauth.outcome import Dropped, Outcome, Scored, Verdict
from reauth.template import Template
from reauth.trajectory import Segmenter, Trajectory
from reauth.verify import Verifier


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a lane is made that knows the user; shared by all sessions.

    `segmenter` makes a segmenter, `policy` a policy for a template.
    """

    name: str
    segmenter: Callable[[], Segmenter]
    features: FeatureSet
    verifier: Verifier
    policy: Callable[[Template], Policy]

    def lane(self, segmenter: Segmenter | None = None) -> "Lane":
        """A lane that compares with nobody yet; `segmenter` if another lane's cuts for it too."""
        return Lane(self, None, segmenter=segmenter)


LANE_HEAD = struct.Struct("<qqbIH")
"""How a lane's state begins: its number, template version, sampling class, and the bytes of its
segmenter and its opinion."""


def verdict_of(
    lane: str, t: float, genuine: bool, number: int, opinion: Opinion, version: int = 0
) -> Verdict:
    """The verdict of a lane whose opinion has just changed, with what it rests on."""
    evidence = opinion.evidence()
    window, low, limit = (int(evidence[key]) for key in ("window", "low", "limit"))
    own = (str(evidence["rule"]), float(evidence["level"]), float(evidence["bound"]))
    return Verdict(lane, t, genuine, number, window, low, limit, *own, version)


class Lane:
    """Is it the user?

    What is judged is one device class's; for each further one that the user is known on there is
    a lane in `others`, which is fed by this one and counts with it. `sampling` is the class of the
    last movement that told one: a short one is of the same device.

    Parameters
    ----------
    template
        None while the user is not enrolled: trajectories are then dropped with that reason.
    first
        The lane among whose `others` this one stands; None for one that stands by itself.
    segmenter
        Another lane's that cuts for this one too; None for a fresh one of the recipe's.

    Attributes
    ----------
    borrows
        Whether the segmenter is another lane's, which feeds and keeps it.
    """

    __slots__ = (
        "_first", "_number", "borrows", "opinion", "others", "recipe", "sampling", "segmenter",
        "template",
    )  # fmt: skip

    def __init__(
        self,
        recipe: Recipe,
        template: Template | None,
        first: "Lane | None" = None,
        segmenter: Segmenter | None = None,
    ) -> None:
        self.recipe = recipe
        lent: Segmenter | None = first.segmenter if first else segmenter
        self.borrows = lent is not None
        self.segmenter: Segmenter = lent or recipe.segmenter()
        self.others: tuple[Lane, ...] = ()
        self.template: Template | None = None
        self.opinion: Opinion | None = None
        self.sampling: str | None = None
        self._first = first
        self._number = 0
        if template is not None:
            self.take(template)

    @property
    def number(self) -> int:
        """Trajectories of the session so far, of whatever device."""
        return (self._first or self)._number

    @number.setter
    def number(self, number: int) -> None:
        (self._first or self)._number = number

    @property
    def devices(self) -> "tuple[Lane, ...]":
        """The lanes of all device classes, this one first."""
        return (self, *self.others)

    def take(self, template: Template) -> None:
        """Start comparing against a template; only a device class that has none takes one."""
        if self.template is None:
            self.template = template
            policy = self.recipe.policy(template)
            self.opinion = Opinion(policy, patience(policy, template))
            return
        known = [lane.template.devices for lane in self.devices if lane.template]
        if template.devices not in known:
            self.others = (*self.others, Lane(self.recipe, template, self))

    def of(self, trajectory: Trajectory) -> "Lane | None":
        """The lane of a trajectory's device class; None where the user is not known on it.

        Of several whose class it contradicts in nothing, the one that it has most in common with.
        """
        if self.template is None:
            return self
        name = class_of(trajectory)
        best, most = self, self.template.likeness(name)
        for lane in self.others:
            if lane.template and (found := lane.template.likeness(name)) > most:
                best, most = lane, found
        return best if most >= 0 else None

    def item(self, trajectory: Trajectory) -> Item | str:
        """What is to be compared, or why it cannot be."""
        if self.template is None:
            return "not_enrolled"
        return self.recipe.features, self.recipe.verifier, self.template, trajectory

    def judge(self, trajectory: Trajectory, score: float | str) -> list[Outcome]:
        """What a trajectory brings about, given its score or the reason why it has none."""
        name, t = self.recipe.name, float(trajectory.t[-1])
        self.number += 1
        if isinstance(score, str):
            return [Dropped(name, t, score, self.number, trajectory)]
        if self.template is None or self.opinion is None:
            raise TemplateError("a score without a template")
        calibrated = self.recipe.verifier.calibrated(self.template)
        version = self.template.version
        scored = Scored(name, t, score, calibrated, self.number, trajectory, version)
        genuine = self.opinion.update(score)
        if genuine is None:
            return [scored]
        return [scored, verdict_of(name, t, genuine, self.number, self.opinion, version)]

    def to_bytes(self) -> bytes:
        """What this lane remembers, the template's version included, not the template."""
        segmenter = b"" if self.borrows else self.segmenter.to_bytes()
        opinion = self.opinion.to_bytes() if self.opinion else b""
        version = self.template.version if self.template else 0
        sampled = -1 if self.sampling is None else SAMPLINGS.index(self.sampling)
        head = LANE_HEAD.pack(self.number, version, sampled, len(segmenter), len(opinion))
        return head + segmenter + opinion

    def restore(self, state: bytes) -> int:
        """Take back what `to_bytes` gave, into a lane made with the same template; bytes read.

        Raises
        ------
        TemplateError
            If the state was made with a template of another version.
        """
        number, version, sampled, segmenter, opinion = LANE_HEAD.unpack_from(state)
        if version != (self.template.version if self.template else 0):
            raise TemplateError(f"the state belongs to template version {version}")
        at = LANE_HEAD.size
        if not self.borrows:
            self.segmenter.from_bytes(state[at : at + segmenter])
        at += segmenter
        if self.opinion:
            self.opinion.from_bytes(state[at : at + opinion])
        self.number = number
        self.sampling = None if sampled < 0 else SAMPLINGS[sampled]
        return int(at + opinion)
