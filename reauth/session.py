"""A session under watch: events in, outcomes out, and nothing else.

`Session.receive` is the product; the live service, the command line on a file and the laboratory
all drive it. What it remembers turns into bytes and back, so that it can be stored beside its
scores or kept by a stream engine. `step_many` does the work of many sessions at once, because
features and scores are cheap only in batches, and equals `receive` one by one.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

import numpy as np

from reauth.check import Check, CheckLane
from reauth.compare import Item, Question, compare
from reauth.device import UNKNOWN_DEVICE, class_of, sampling_of
from reauth.errors import TemplateError
from reauth.event import Event, Kind, Samples
from reauth.lane import LANE_HEAD, Lane, Recipe
from reauth.outcome import Gap, Outcome
from reauth.pages import Pages
from reauth.template import Template
from reauth.trajectory import Segmenter, Trajectory

_SESSION = struct.Struct("<BdB")
_OTHERS = struct.Struct("<B")
STATE_VERSION = 3

AnyLane = Lane | CheckLane
"""One question asked of a session: is it the user, a hand, new?"""


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
            _, version, _, segmenter, opinion = LANE_HEAD.unpack_from(state, at)
            found.append(version)
            at += LANE_HEAD.size + segmenter + opinion
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

    def __init__(self, lanes: Sequence[AnyLane]) -> None:
        self.lanes = tuple(lanes)
        self.last: float | None = None
        self.pages = Pages()

    @classmethod
    def of(cls, recipes: Sequence[Recipe | Check]) -> Self:
        """A new session; lanes whose recipes have one segmenter in common share it."""
        cuts: dict[int, Segmenter] = {}
        lanes = []
        for recipe in recipes:
            lane = recipe.lane(cuts.get(id(recipe.segmenter)))
            cuts[id(recipe.segmenter)] = lane.segmenter
            lanes.append(lane)
        return cls(lanes)

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
            for lanes in _sharing(self)
            for trajectory in lanes[0].segmenter.close(before)
            for lane in lanes
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


_Closed = tuple[int, AnyLane, Item | Question | str, Trajectory]
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
        for lanes in _sharing(session)
        for index, trajectory in lanes[0].segmenter.feed_many(events)
        for lane in lanes
    ]


def _sharing(session: Session) -> Iterator[list[AnyLane]]:
    """The lanes of each segmenter: what it cuts is cut once, whoever judges it."""
    lanes: dict[int, list[AnyLane]] = {}
    for lane in session.lanes:
        lanes.setdefault(id(lane.segmenter), []).append(lane)
    yield from lanes.values()


def _closed(session: Session, first: AnyLane, index: int, trajectory: Trajectory) -> _Closed:
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
