"""A session under watch: events in, outcomes out, and nothing else.

`Session.receive` is the product; the live service, the command line on a file and the laboratory
all drive it. What it remembers turns into bytes and back, so that it can be stored beside its
scores or kept by a stream engine. `step_many` does the work of many sessions at once, because
features and scores are cheap only in batches, and equals `receive` one by one.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from reauth.compare import Item, compare
from reauth.decide import Policy
from reauth.decide.opinion import Opinion, patience
from reauth.device import SAMPLINGS, UNKNOWN_DEVICE, class_of, sampling_of
from reauth.errors import TemplateError
from reauth.event import Event, Kind, Samples
from reauth.features import FeatureSet
from reauth.pages import Pages
from reauth.template import Template
from reauth.trajectory import Segmenter, Trajectory
from reauth.verify import Verifier


@dataclass(frozen=True, slots=True)
class Scored:
    """A trajectory was compared: `score` in nats, above 0 speaks for the user.

    `t` is the trajectory's end on the session's clock, `number` counts the lane's trajectories,
    `version` is the template's.
    """

    lane: str
    t: float
    score: float
    calibrated: bool
    number: int
    trajectory: Trajectory = field(compare=False, repr=False)
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A lane changed its mind: `low` of the last `window` scores, against a `limit`.

    An alarm that ended and came again is told again. `rule` names the policy, whose `level` is
    compared with a `bound`; see `Policy.evidence`. `version` is that of the template which the
    scores are of.
    """

    lane: str
    t: float
    genuine: bool
    number: int
    window: int
    low: int
    limit: int
    rule: str
    level: float
    bound: float
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A trajectory that could not be compared, and why; nothing is said of the person."""

    lane: str
    t: float
    reason: str
    number: int
    trajectory: Trajectory = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples are missing here (0: nobody knows how many)."""

    t: float
    samples: int


Outcome = Scored | Verdict | Dropped | Gap


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one lane is made; shared by all sessions.

    `segmenter` makes a segmenter, `policy` a policy for a template.
    """

    name: str
    segmenter: Callable[[], Segmenter]
    features: FeatureSet
    verifier: Verifier
    policy: Callable[[Template], Policy]


_LANE = struct.Struct("<qqbIH")
_SESSION = struct.Struct("<BdB")
_OTHERS = struct.Struct("<B")
STATE_VERSION = 2


class Lane:
    """One question asked of a session: is it the user, a human, new?

    What is judged is one device class's; for each further one that the user is known on there is
    a lane in `others`, which is fed by this one and counts with it. `sampling` is the class of the
    last movement that told one: a short one is of the same device.

    Parameters
    ----------
    template
        None while the user is not enrolled: trajectories are then dropped with that reason.
    first
        The lane among whose `others` this one stands; None for one that stands by itself.
    """

    __slots__ = (
        "_first", "_number", "opinion", "others", "recipe", "sampling", "segmenter", "template",
    )  # fmt: skip

    def __init__(
        self, recipe: Recipe, template: Template | None, first: "Lane | None" = None
    ) -> None:
        self.recipe = recipe
        self.segmenter: Segmenter = first.segmenter if first else recipe.segmenter()
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
        evidence = self.opinion.evidence()
        window, low, limit = (int(evidence[key]) for key in ("window", "low", "limit"))
        own = (str(evidence["rule"]), float(evidence["level"]), float(evidence["bound"]))
        return [scored, Verdict(name, t, genuine, self.number, window, low, limit, *own, version)]

    def to_bytes(self) -> bytes:
        """What this lane remembers, the template's version included, not the template."""
        segmenter = b"" if self._first else self.segmenter.to_bytes()
        opinion = self.opinion.to_bytes() if self.opinion else b""
        version = self.template.version if self.template else 0
        sampled = -1 if self.sampling is None else SAMPLINGS.index(self.sampling)
        head = _LANE.pack(self.number, version, sampled, len(segmenter), len(opinion))
        return head + segmenter + opinion

    def restore(self, state: bytes) -> int:
        """Take back what `to_bytes` gave, into a lane made with the same template; bytes read.

        Raises
        ------
        TemplateError
            If the state was made with a template of another version.
        """
        number, version, sampled, segmenter, opinion = _LANE.unpack_from(state)
        if version != (self.template.version if self.template else 0):
            raise TemplateError(f"the state belongs to template version {version}")
        at = _LANE.size
        if not self._first:
            self.segmenter.from_bytes(state[at : at + segmenter])
        at += segmenter
        if self.opinion:
            self.opinion.from_bytes(state[at : at + opinion])
        self.number = number
        self.sampling = None if sampled < 0 else SAMPLINGS[sampled]
        return int(at + opinion)


def pinned(state: bytes) -> list[int]:
    """The template versions that a stored session's first lane was scored with, in order.

    Raises
    ------
    TemplateError
        If the state was written by another version of this code.
    """
    written, _, lanes = _SESSION.unpack_from(state)
    if written != STATE_VERSION:
        raise TemplateError("the session's state was written by another version")
    found, at = [], _SESSION.size
    if lanes:
        (others,), at = _OTHERS.unpack_from(state, at), at + _OTHERS.size
        for _ in range(1 + others):
            _, version, _, segmenter, opinion = _LANE.unpack_from(state, at)
            found.append(version)
            at += _LANE.size + segmenter + opinion
    return [version for version in found if version]


class Session:
    """A user's session under watch. Cheap: a thousand of them are a thousand small objects.

    Parameters
    ----------
    lanes
        One a question.
    last
        s, the time of the newest event; None before the first.
    pages
        What its pages have told of the device.
    """

    __slots__ = ("lanes", "last", "pages")

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.lanes = tuple(lanes)
        self.last: float | None = None
        self.pages = Pages()

    def take(self, templates: Iterable[Template]) -> Self:
        """Start comparing against templates on device classes that have none; the same session."""
        for template in templates:
            for lane in self.lanes:
                lane.take(template)
        return self

    def receive(self, events: Sequence[Event]) -> list[Outcome]:
        """Take events in order; return what they brought about, in order."""
        return step_many([(self, events)])[0]

    def rest(self, before: float | None = None) -> list[Outcome]:
        """The pointer has rested: judge what ended a pause before `before` (None: all)."""
        closed = [
            _closed(self, lane, 0, trajectory)
            for lane in self.lanes
            for trajectory in lane.segmenter.close(before)
        ]
        return [
            outcome
            for (_, lane, _, trajectory), score in zip(closed, _scored(closed), strict=True)
            for outcome in lane.judge(trajectory, score)
        ]

    def to_bytes(self) -> bytes:
        """All that this session remembers, as a small versioned value."""
        last = float("nan") if self.last is None else self.last
        parts = [_SESSION.pack(STATE_VERSION, last, len(self.lanes))]
        for first in self.lanes:
            parts.append(_OTHERS.pack(len(first.others)))
            parts += [lane.to_bytes() for lane in first.devices]
        return b"".join((*parts, self.pages.to_bytes()))

    def restore(self, state: bytes) -> None:
        """Take back what `to_bytes` gave, into a session of the same lanes and templates.

        Raises
        ------
        TemplateError
            If it was written by another version of this code, or with other lanes or templates.
        """
        version, last, lanes = _SESSION.unpack_from(state)
        if version != STATE_VERSION or lanes != len(self.lanes):
            raise TemplateError("the session's state was written by another version")
        self.last = None if np.isnan(last) else last
        at = _SESSION.size
        for first in self.lanes:
            if _OTHERS.unpack_from(state, at) != (len(first.others),):
                raise TemplateError("the state belongs to other templates")
            at += _OTHERS.size
            for lane in first.devices:
                at += lane.restore(state[at:])
        self.pages.from_bytes(state[at:])


_Closed = tuple[int, Lane, Item | str, Trajectory]
"""A finished trajectory: the index of the event that ended it, the lane that judges it, and what is
to be compared, or why it cannot be."""


def step_many(work: Sequence[tuple[Session, Sequence[Event]]]) -> list[list[Outcome]]:
    """Let many sessions receive their events; equal to `receive` one after the other.

    Returns
    -------
    list
        The outcomes of each piece of work, in order. A session may come more than once.
    """
    closed: list[tuple[int, _Closed]] = []
    for place, (session, events) in enumerate(work):
        closed.extend((place, item) for item in _segment(session, events))
    scores = _scored([item for _, item in closed])
    outcomes: list[list[Outcome]] = [[] for _ in work]
    found = [_gaps(events) for _, events in work]
    for (place, (index, lane, _, trajectory)), score in zip(closed, scores, strict=True):
        found[place].extend((index, outcome) for outcome in lane.judge(trajectory, score))
    for place, items in enumerate(found):
        items.sort(key=lambda item: item[0])
        outcomes[place] = [outcome for _, outcome in items]
    return outcomes


def _segment(session: Session, events: Sequence[Event]) -> list[_Closed]:
    """The trajectories that events finish, lane by lane."""
    newest = _newest(events)
    if newest is not None and (session.last is None or newest > session.last):
        session.last = newest
    if isinstance(events, Samples):
        session.pages.take(events)
    return [
        _closed(session, lane, index, trajectory)
        for lane in session.lanes
        for index, trajectory in lane.segmenter.feed_many(events)
    ]


def _closed(session: Session, first: Lane, index: int, trajectory: Trajectory) -> _Closed:
    named = session.pages.named(trajectory, first.sampling)
    first.sampling = sampling_of(class_of(named)) or first.sampling
    lane = first.of(named)
    return index, lane or first, lane.item(named) if lane else UNKNOWN_DEVICE, named


def _newest(events: Sequence[Event]) -> float | None:
    if isinstance(events, Samples):
        return events.times[-1] if events.times else None
    return max((event.t for event in events), default=None)


def _gaps(events: Sequence[Event]) -> list[tuple[int, Outcome]]:
    if isinstance(events, Samples) and Kind.GAP not in events.kinds:
        return []
    return [
        (index, Gap(t, ext))
        for index, (kind, _, t, _, _, ext) in enumerate(events)
        if kind == Kind.GAP
    ]


def _scored(closed: Sequence[_Closed]) -> list[float | str]:
    return compare([item for _, _, item, _ in closed])
