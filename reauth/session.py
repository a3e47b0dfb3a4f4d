"""A session under watch: events in, outcomes out, and nothing else.

`Session.receive` is the product; the live service, the command line on a file and the laboratory
all drive it. What it remembers turns into bytes and back, so that it can be stored beside its
scores or kept by a stream engine. `step_many` does the work of many sessions at once, because
features and scores are cheap only in batches, and equals `receive` one by one.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from reauth.decide import Policy
from reauth.decide.opinion import Opinion, patience
from reauth.device import sampling
from reauth.errors import TemplateError, TooShort
from reauth.event import Event, Kind, Samples
from reauth.features import FeatureSet
from reauth.template import Template
from reauth.trajectory import Segmenter, Trajectory
from reauth.verify import Verifier


@dataclass(frozen=True, slots=True)
class Scored:
    """A trajectory was compared: `score` in nats, above 0 speaks for the user.

    `t` is the trajectory's end on the session's clock, `number` counts the lane's trajectories.
    """

    lane: str
    t: float
    score: float
    calibrated: bool
    number: int
    trajectory: Trajectory = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A lane changed its mind: `low` of the last `window` scores, against a `limit`.

    An alarm that ended and came again is told again. `rule` names the policy, whose `level` is
    compared with a `bound`; see `Policy.evidence`.
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


_LANE = struct.Struct("<qqIH")
_SESSION = struct.Struct("<BdB")
STATE_VERSION = 2


class Lane:
    """One question asked of a session: is it the user, a human, new?

    Parameters
    ----------
    template
        None while the user is not enrolled: trajectories are then dropped with that reason.
    """

    __slots__ = ("number", "opinion", "recipe", "segmenter", "template")

    def __init__(self, recipe: Recipe, template: Template | None) -> None:
        self.recipe = recipe
        self.segmenter = recipe.segmenter()
        self.number = 0
        self.template: Template | None = None
        self.opinion: Opinion | None = None
        if template is not None:
            self.take(template)

    def take(self, template: Template) -> None:
        """Start comparing against a template; only a lane that has none takes one."""
        if self.template is None:
            self.template = template
            policy = self.recipe.policy(template)
            self.opinion = Opinion(policy, patience(policy, template))

    def judge(self, trajectory: Trajectory, score: float | str) -> list[Outcome]:
        """What a trajectory brings about, given its score or the reason why it has none."""
        name, t = self.recipe.name, float(trajectory.t[-1])
        self.number += 1
        if isinstance(score, str):
            return [Dropped(name, t, score, self.number, trajectory)]
        if self.template is None or self.opinion is None:
            raise TemplateError("a score without a template")
        calibrated = self.recipe.verifier.calibrated(self.template)
        scored = Scored(name, t, score, calibrated, self.number, trajectory)
        genuine = self.opinion.update(score)
        if genuine is None:
            return [scored]
        evidence = self.opinion.evidence()
        window, low, limit = (int(evidence[key]) for key in ("window", "low", "limit"))
        own = (str(evidence["rule"]), float(evidence["level"]), float(evidence["bound"]))
        return [scored, Verdict(name, t, genuine, self.number, window, low, limit, *own)]

    def to_bytes(self) -> bytes:
        """What this lane remembers, the template's version included, not the template."""
        segmenter = self.segmenter.to_bytes()
        opinion = self.opinion.to_bytes() if self.opinion else b""
        version = self.template.version if self.template else 0
        head = _LANE.pack(self.number, version, len(segmenter), len(opinion))
        return head + segmenter + opinion

    def restore(self, state: bytes) -> int:
        """Take back what `to_bytes` gave, into a lane made with the same template; bytes read.

        Raises
        ------
        TemplateError
            If the state was made with a template of another version.
        """
        number, version, segmenter, opinion = _LANE.unpack_from(state)
        if version != (self.template.version if self.template else 0):
            raise TemplateError(f"the state belongs to template version {version}")
        at = _LANE.size
        self.segmenter.from_bytes(state[at : at + segmenter])
        at += segmenter
        if self.opinion:
            self.opinion.from_bytes(state[at : at + opinion])
        self.number = number
        return int(at + opinion)


def pinned(state: bytes) -> int:
    """The template version (0: none) that a stored session's first lane was scored with."""
    _, version, *_ = _LANE.unpack_from(state, _SESSION.size)
    return int(version)


class Session:
    """A user's session under watch. Cheap: a thousand of them are a thousand small objects.

    Parameters
    ----------
    lanes
        One a question.
    last
        s, the time of the newest event; None before the first.
    """

    __slots__ = ("lanes", "last")

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.lanes = tuple(lanes)
        self.last: float | None = None

    def receive(self, events: Sequence[Event]) -> list[Outcome]:
        """Take events in order; return what they brought about, in order."""
        return step_many([(self, events)])[0]

    def rest(self, before: float | None = None) -> list[Outcome]:
        """The pointer has rested: judge what ended a pause before `before` (None: all)."""
        closed = [
            (self, 0, place, trajectory)
            for place, lane in enumerate(self.lanes)
            for trajectory in lane.segmenter.close(before)
        ]
        return [
            outcome
            for (_, _, place, trajectory), score in zip(closed, _scores(closed), strict=True)
            for outcome in self.lanes[place].judge(trajectory, score)
        ]

    def to_bytes(self) -> bytes:
        """All that this session remembers, as a small versioned value."""
        last = float("nan") if self.last is None else self.last
        head = _SESSION.pack(STATE_VERSION, last, len(self.lanes))
        return head + b"".join(lane.to_bytes() for lane in self.lanes)

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
        for lane in self.lanes:
            at += lane.restore(state[at:])


def runs(last: float | None, events: Sequence[Event], gap: float) -> list[Sequence[Event]]:
    """Cut events where a session ends: a pause of at least `gap` seconds.

    The first run goes on with the session whose newest event was at `last`; each further run
    begins a new session. The first is empty where the pause lies before all events.
    """
    if isinstance(events, Samples) and events.times:
        first, end = events.times[0], events.times[-1]
        if end - first < gap and (last is None or first - last < gap):
            return [events]
    cut: list[Sequence[Event]] = []
    start = 0
    for index, (_, _, t, *_) in enumerate(events):
        if last is not None and t - last >= gap:
            cut.append(events[start:index])
            start = index
        last = t if last is None else max(last, t)
    cut.append(events[start:])
    return cut


_Closed = tuple[Session, int, int, Trajectory]
"""A finished trajectory: its session, the index of the event that ended it, the lane's place."""


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
    scores = _scores([item for _, item in closed])
    outcomes: list[list[Outcome]] = [[] for _ in work]
    found = [_gaps(events) for _, events in work]
    for (place, (session, index, lane, trajectory)), score in zip(closed, scores, strict=True):
        judged = session.lanes[lane].judge(trajectory, score)
        found[place].extend((index, outcome) for outcome in judged)
    for place, items in enumerate(found):
        items.sort(key=lambda item: item[0])
        outcomes[place] = [outcome for _, outcome in items]
    return outcomes


def _segment(session: Session, events: Sequence[Event]) -> list[_Closed]:
    """The trajectories that events finish, lane by lane."""
    newest = _newest(events)
    if newest is not None and (session.last is None or newest > session.last):
        session.last = newest
    return [
        (session, index, place, trajectory)
        for place, lane in enumerate(session.lanes)
        for index, trajectory in lane.segmenter.feed_many(events)
    ]


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


def _scores(closed: Sequence[_Closed]) -> list[float | str]:
    """A score, or the reason for having none, of each trajectory: batched by set and template."""
    scores: list[float | str] = ["not_enrolled"] * len(closed)
    by_features: dict[int, list[int]] = {}
    for place, (session, _, lane, trajectory) in enumerate(closed):
        template = session.lanes[lane].template
        if template is None:
            continue
        if not _comparable(template, trajectory):
            scores[place] = "unknown_device"
            continue
        key = id(session.lanes[lane].recipe.features)
        by_features.setdefault(key, []).append(place)
    for places in by_features.values():
        _score_set(closed, places, scores)
    return scores


def _comparable(template: Template, trajectory: Trajectory) -> bool:
    """Whether the user is known on such a device; on another a score would tell devices apart."""
    if not template.devices:
        return True
    return sampling(trajectory) in (None, *template.devices)


def _score_set(
    closed: Sequence[_Closed], places: Sequence[int], scores: list[float | str]
) -> None:
    session, _, lane, _ = closed[places[0]]
    features = session.lanes[lane].recipe.features
    rows, kept = _extract(features, [(place, closed[place][3]) for place in places])
    for place in set(places).difference(kept):
        scores[place] = "too_short"
    by_template: dict[int, list[int]] = {}
    for row, place in enumerate(kept):
        session, _, lane, _ = closed[place]
        by_template.setdefault(id(session.lanes[lane].template), []).append(row)
    for same in by_template.values():
        session, _, lane, _ = closed[kept[same[0]]]
        found = session.lanes[lane]
        assert found.template is not None  # `_scores` leaves out who is not enrolled
        # Nearly always one of each: a slice of it is had for a tenth of what picking costs.
        own = rows[same[0] : same[0] + 1] if len(same) == 1 else rows[same]
        compared = found.recipe.verifier.score_many(found.template, own)
        for row, score in zip(same, compared, strict=True):
            scores[kept[row]] = float(score)


def _extract(
    features: FeatureSet, items: Sequence[tuple[int, Trajectory]]
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], list[int]]:
    """The feature rows of those trajectories that are long enough, and the places of these."""
    try:
        return features.extract_many([trajectory for _, trajectory in items]), [
            place for place, _ in items
        ]
    except TooShort:
        fit = [item for item in items if _long_enough(features, item[1])]
        rows = features.extract_many([trajectory for _, trajectory in fit])
        return rows, [place for place, _ in fit]


def _long_enough(features: FeatureSet, trajectory: Trajectory) -> bool:
    try:
        features.extract(trajectory)
    except TooShort:
        return False
    return True
