"""A library of movements that were seen before: is this one of them, played again?

A movement is looked up in three steps. An index gives the few that lie near it, in less time than
grows with the library. Each of those is laid over it, and what is left between them is weighed by
what playing a recording again leaves. Where the nearest has the very same steps and times it is
the same recording; where less is left than lies between movements that are new, it is a replay.

The time is part of it: a path alone is repeated by honest people. A recording that is played within
a longer movement, cut elsewhere, slower, turned or scaled is not found here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import ClassVar, Final

import numpy as np

from reauth.detect.forest import Forest
from reauth.detect.shape import (
    CELLS,
    NUMBERS,
    Shape,
    reach,
    residuals,
    row_of,
    shape_of,
    without_loose_end,
)
from reauth.trajectory import Floats, Trajectory

RATE: Final = 0.0005
"""New movements taken for replays: half the goal (G10), as who was known moves on."""

MISSED: Final = 0.05
"""Replays of which more is left than is looked for: what the goal allows at 3 px (G10)."""

LIMIT: Final = 1.0
"""What is left of the worst replay that `residuals` knows, on the average, by its definition: the
limit as long as too little is known of how near new movements come."""

LEAST_LIMIT, MOST_LIMIT = 0.25, 2.0
"""Between these a limit is learnt. A quarter is the worst replay at half the noise, twice that at
1.4 times the noise."""

NEAR: Final = 4.0
"""What is left at most between two movements that tell how near new ones come: twice the noise."""

STEEP: Final = 2.0
"""How the share of new movements with less than r left falls, as r to this power, before any is
known: chance must meet in where a movement ends and in where it bends, four numbers, so with the
fourth power of the distance."""

ENOUGH: Final = 100
"""Movements of a person and kind, from which on a limit is learnt."""

LATEST: Final = 4000
"""At so many of them all counts are halved: how near new movements come depends on the library's
size, and the newest were met by the largest."""

ALL_TEACH, ONE_IN = 2000, 64
"""So many movements of a person and kind teach each; of the later ones one in so many."""

SAME: Final = 1.0
"""px between the rows of movements of one digest at most: it tells times to a tick, places to a
quarter of a px, and rows are of the numbers as they are."""

FINE: Final = 0.01
"""What is left where nothing is, because outlines are kept in parts of a px."""

EXACT: Final = -20.0
"""nats, where all steps and times are the same: seven times at least, of which chance meets each
once in 20 (a ms of jitter either way, told in tenths)."""

LEAST: Final = -4.0
"""nats; no single movement weighs more, exact or not. How near chance comes is known to one in some
thousands and no further: a coincidence must not be an alarm by itself, three in a row are none."""

NEW: Final = -log(MISSED)
"""nats for movement that is new: a session of replays would show it `MISSED` of the time."""

CANDIDATES: Final = 16
"""Laid over at most; the nearest rows are the nearest movements, but for what was cut off."""

PARTS: Final = 8.0
"""Parts of a px that are kept; 16 bits then hold 8190 px, two large screens."""

BYTES: Final = 2 * CELLS * 2 + 4 + 8 + 8 + 4 + NUMBERS * 8 + 8
"""Of a movement in memory: outline, duration, digest, time, person; row and place in the index. The
nodes of the trees add about 10; up to a quarter of the rows more wait to be dropped."""


@dataclass(frozen=True, slots=True)
class Match:
    """A movement of the library that was played again.

    Parameters
    ----------
    number
        Its shape's place in order of coming, 0 on.
    name, at
        Whose it was and when, as `add` was told.
    residual, limit
        What is left between the two, and how much it may be.
    exact
        Whether all steps and times are the same.
    score
        nats, below 0.
    """

    number: int
    name: str
    at: float
    residual: float
    limit: float
    exact: bool
    score: float


@dataclass(slots=True)
class Nearness:
    """How near new movements come to the library: counts that keep no movement.

    The share with less than r left is taken to fall as a power of r below `NEAR`.

    References
    ----------
    Hill 1975, "A simple general approach to inference about the tail of a distribution", for the
    power; one more of each is counted, at the power `STEEP`, so that few tell little.
    """

    known: float = 0.0
    near: float = 0.0
    logs: float = 0.0

    def take(self, residual: float) -> None:
        """Count a new movement; one that is as near as a plain replay teaches nothing."""
        if residual < LEAST_LIMIT:
            return
        self.known += 1
        if residual <= NEAR:
            self.near += 1
            self.logs += log(NEAR / residual)
        if self.known >= LATEST:
            self.known, self.near, self.logs = self.known / 2, self.near / 2, self.logs / 2

    @property
    def steep(self) -> float:
        """The power."""
        return (self.near + 1) / (self.logs + 1 / STEEP)

    @property
    def limit(self) -> float:
        """What is left of one in 1 / RATE new movements."""
        share = (self.near + 1) / (self.known + 1)
        limit = NEAR * float((RATE / share) ** (1 / self.steep))
        return min(max(limit, LEAST_LIMIT), MOST_LIMIT)


class Library:
    """Movements of everybody, newest ones kept; tells which were seen before.

    A movement whose last step may be lost in a replay is kept a second time without it.

    Parameters
    ----------
    most
        Shapes kept; the oldest is forgotten for a further one.

    References
    ----------
    Lu et al. 2021, section 5.2 (EDMD: eight numbers of speed in a list that is gone through, 7.6 %
    of genuine tracks flagged); the three steps are biometrics.md §1.4, "Our replay design". In
    place of its eight numbers, which a lost point changes, stand cosine waves, which it does not.

    Examples
    --------
    >>> turn = np.linspace(0.0, 6.0, 60)
    >>> circle = Trajectory(0, turn / 6, 90 * np.cos(turn), 90 * np.sin(turn))
    >>> library = Library(most=1000)
    >>> library.look(circle) is None
    True
    >>> library.add(circle, "anna")
    True
    >>> elsewhere = Trajectory(3, 7.0 + turn / 6, 400 + circle.x, circle.y)
    >>> library.look(elsewhere).name, library.look(elsewhere).exact
    ('anna', True)
    """

    name: ClassVar[str] = "library"
    version: ClassVar[int] = 1

    def __init__(self, most: int) -> None:
        if most < 1:
            raise ValueError("most >= 1 is needed")
        self._most = most
        self._empty()

    def _empty(self) -> None:
        self.forest = Forest(NUMBERS, self._most)
        self._outlines = np.empty((0, 2, CELLS), np.int16)
        self._durations = np.empty(0, np.float32)
        self._digests = np.empty(0, np.uint64)
        self._times = np.empty(0)
        self._owners = np.empty(0, np.int32)
        self._people: dict[str, int] = {}
        self._names: list[str] = []
        self._nearness: dict[tuple[str | None, int], Nearness] = {}

    def __len__(self) -> int:
        """Shapes that are known again."""
        return min(self.forest.count, self._most)

    @property
    def remembers(self) -> int:
        """How many movements it is to be reminded of at a start."""
        return self._most

    def take(self, learnt: bytes) -> None:
        """Nothing: what is learnt comes with the movements that it is reminded of."""

    def remember(self, movements: Sequence[Trajectory]) -> None:
        """Take movements that were judged, in order of time."""
        for movement in movements:
            self.add(movement, at=float(movement.t[-1]))

    def forget(self) -> None:
        """Forget all movements, and what they taught."""
        self._empty()

    def add(
        self, movement: Trajectory, name: str = "", at: float = 0.0, *, teach: bool = True
    ) -> bool:
        """Take a movement, unless it has no shape or a plain one, or the very same is in here.

        Whoever plays one recording for hours would else drive out all others.

        Parameters
        ----------
        name, at
            Whose it is, and when it was, s; they come back in a `Match`.
        teach
            Whether it may tell how near new movements come; what is in here already never does.

        Returns
        -------
        bool
            Whether it was taken.
        """
        shape = shape_of(movement)
        if isinstance(shape, str) or shape.plain:
            return False
        row = _row(shape)
        if self._has(shape, row):
            return False
        if teach:
            self._learn(shape, row, name)
        self._store(shape, row, name, at)
        shorter = without_loose_end(movement)
        less = None if shorter is None else shape_of(shorter)
        if isinstance(less, Shape) and not self._has(less, _row(less)):
            self._store(less, _row(less), name, at)
        return True

    def look(self, movement: Trajectory, name: str = "") -> Match | None:
        """Find the movement that this is a replay of.

        Parameters
        ----------
        name
            At whose account it was seen: how near this person's own new movements come sets the
            limit, where enough is known of it; else how near everybody's come.
        """
        shape = shape_of(movement)
        return None if isinstance(shape, str) else self._match(shape, name)

    def score_many(self, movements: Sequence[Trajectory], name: str = "") -> list[float | str]:
        """Give each movement's log-likelihood ratio, nats, or why it has none.

        Below 0 it was seen before, the lower the less is left; `NEW` where it is new. The ratio is
        that of two models of what is left, r: of new movement `RATE` has less than the limit K,
        falling as a power of r; a replay has any r below K alike, and more but for `MISSED`. It is
        1 / MISSED above K, and RATE b (r/K)^(b-1) below, b the power; `LEAST` at the least.
        """
        scores: list[float | str] = []
        for movement in movements:
            shape = shape_of(movement)
            if isinstance(shape, str):
                scores.append(shape)
                continue
            match = self._match(shape, name)
            if match is not None:
                scores.append(max(match.score, LEAST))
            else:
                scores.append("too_plain" if shape.plain else NEW)
        return scores

    def limit(self, name: str, kind: int) -> tuple[float, float]:
        """How much may be left of a replay, and the power; by person and kind of movement."""
        for each in (name, None):
            lesson = self._nearness.get((each, kind))
            if lesson is not None and lesson.known >= ENOUGH:
                return lesson.limit, lesson.steep
        return LIMIT, STEEP

    def _match(self, shape: Shape, name: str) -> Match | None:
        number, residual = self._nearest(shape, _row(shape))
        limit, steep = self.limit(name, shape.kind)
        if number is None:
            return None
        place = number % self._most
        exact = bool(self._digests[place] == shape.digest)
        if not exact and residual > limit:
            return None
        part = min(max(residual, FINE) / limit, 1.0)
        score = EXACT if exact else max(log(RATE * steep) + (steep - 1) * log(part), EXACT)
        owner, at = self._names[self._owners[place]], float(self._times[place])
        return Match(number, owner, at, residual, limit, exact, score)

    def _nearest(self, shape: Shape, row: Floats) -> tuple[int | None, float]:
        """The movement of which least is left, and how much; the very same one before all."""
        numbers = self.forest.near(row, reach(shape), CANDIDATES)
        if not numbers:
            return None, np.inf
        places = np.array(numbers) % self._most
        same = np.flatnonzero(self._digests[places] == shape.digest)
        if same.size:
            return numbers[same[0]], 0.0
        outlines = self._outlines[places] / PARTS
        left = residuals(shape, outlines, self._durations[places].astype(np.float64))
        best = int(left.argmin())
        return numbers[best], float(left[best])

    def _has(self, shape: Shape, row: Floats) -> bool:
        """Whether all steps and times of this one are in here already."""
        numbers = self.forest.near(row, SAME, CANDIDATES)
        return any(self._digests[number % self._most] == shape.digest for number in numbers)

    def _learn(self, shape: Shape, row: Floats, name: str) -> None:
        """Let a movement teach about its person and about everybody, all of them or one in many."""
        lessons = [
            self._nearness.setdefault((each, shape.kind), Nearness()) for each in (name, None)
        ]
        if not any(_teaches(lesson, self.forest.count) for lesson in lessons):
            return
        _, residual = self._nearest(shape, row)
        for lesson in lessons:
            lesson.take(residual)

    def _store(self, shape: Shape, row: Floats, name: str, at: float) -> None:
        number = self.forest.add(row)
        place = number % self._most
        if place >= len(self._durations):
            self._grow()
        self._outlines[place] = np.clip(np.rint(shape.outline * PARTS), -32767, 32767)
        self._durations[place] = shape.duration
        self._digests[place] = shape.digest
        self._times[place] = at
        owner = self._people.setdefault(name, len(self._people))
        if owner == len(self._names):
            self._names.append(name)
        self._owners[place] = owner

    def _grow(self) -> None:
        """Make room for twice as many, up to `most`."""
        room = min(max(256, 2 * len(self._durations)), self._most)
        for key in ("_outlines", "_durations", "_digests", "_times", "_owners"):
            old: np.ndarray = getattr(self, key)
            new = np.empty((room, *old.shape[1:]), old.dtype)
            new[: len(old)] = old
            setattr(self, key, new)


def _row(shape: Shape) -> Floats:
    row: Floats = row_of(shape.outline[None], np.array([shape.duration]))[0]
    return row


def _teaches(lesson: Nearness, count: int) -> bool:
    return lesson.known < ALL_TEACH or count % ONE_IN == 0
