"""What all users share: how people's movement drifts from what was learnt of them.

A template is judged on what its training left out, which is of the same days. How much later days
differ shows only later; on one site more than on another, as people, work and machines are others.
So an installation measures it on its own users: each is learnt from the first half of their
sessions, and the second half is compared. Limits of policies rest on what comes out
(`reauth.decide.renewal`), and users with one session so far profit from those who have many.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from math import sqrt
from typing import TypeVar

import numpy as np

from reauth.decide.renewal import stretches
from reauth.device import alike
from reauth.enrol import BACKGROUND, LEAST, Options, draws_of, learn, options_of
from reauth.errors import NotEnrolled, StoreError
from reauth.features import rows_of
from reauth.pace import Sessions
from reauth.ports import Store
from reauth.settings import Settings
from reauth.template import Drift, Drifts, Shared

log = logging.getLogger(__name__)

EARLIER = 100
"""Trajectories that a user is learnt from at least: a template of fewer says little."""

FIRST = 0.75
"""Share of the trajectories that are earlier ones: a template of half the data differs from one of
all in more than time."""

LATER = 50
"""Trajectories of a later session: the mean of fewer is mostly chance."""

USERS, SESSIONS = 5, 30
"""Least users, and later sessions of them all, from which anything is concluded: of fewer, limits
would rest on chance."""

DOUBT = 10
"""Later sessions that what the verifier expects by itself counts for."""

MOST = 40
"""Users measured at most: each is learnt once more, which takes seconds."""


EACH, TRY = 7 * 86_400.0, 86_400.0
"""s between two measurements, and between two tries."""


Session = TypeVar("Session", bound=Sized)


@dataclass(frozen=True, slots=True)
class Fall:
    """A later session: how far its mean lies above (+) or below (-) the held-out scores' mean.

    `difference` is in standard deviations of the held-out scores; `count` scores are in the mean.
    """

    difference: float
    count: int


@dataclass(frozen=True, slots=True)
class Falls:
    """A user's later sessions, after being learnt in one session and in several."""

    once: Sequence[Fall] = ()
    often: Sequence[Fall] = ()


def measure(
    user: str,
    genuine: Sessions,
    background: Mapping[str, Sessions],
    options: Options,
    draws: Callable[[], np.random.Generator],
) -> Falls:
    """Learn a user from the first session, and from the first few; compare the later ones.

    Nothing is told where too little is there, or the user cannot be learnt.

    Parameters
    ----------
    genuine, background, options
        As of `reauth.enrol.learn`.
    draws
        Gives the generator that each is learnt with.
    """
    kinds = ((genuine[:1], genuine[1:]), parts(genuine))
    return Falls(
        *(_later(user, early, late, background, options, draws()) for early, late in kinds)
    )


def _later(
    user: str,
    early: Sessions,
    late: Sessions,
    background: Mapping[str, Sessions],
    options: Options,
    rng: np.random.Generator,
) -> list[Fall]:
    if sum(map(len, early)) < EARLIER or not any(len(each) >= LATER for each in late):
        return []
    try:
        template = learn(user, early, background, options, rng, now=0.0)
    except NotEnrolled:
        return []
    if template.provisional:
        return []
    own, found = stretches(template), []
    for session in late:
        rows = rows_of(options.features, alike(session, template.device))
        if len(rows) >= LATER:
            scores = options.verifier.score_many(template, rows)
            found.append(Fall((float(scores.mean()) - own.mean) / own.unit, len(rows)))
    return found


def parts(sessions: Sequence[Session]) -> tuple[Sequence[Session], Sequence[Session]]:
    """Split sessions, in order of time, where `FIRST` of their trajectories lie before.

    At least two are before and one after; with fewer than three sessions all are after.

    Examples
    --------
    >>> [list(map(len, part)) for part in parts([[1] * 30, [1] * 40, [1] * 10, [1] * 20])]
    [[30, 40, 10], [20]]
    >>> [list(map(len, part)) for part in parts([[1] * 30, [1] * 30])]
    [[], [30, 30]]
    """
    if len(sessions) < 3:
        return [], sessions
    until = list(accumulate(map(len, sessions)))
    at = next(place for place, count in enumerate(until, 1) if count >= FIRST * until[-1])
    at = min(max(at, 2), len(sessions) - 1)
    return sessions[:at], sessions[at:]


def concluded(users: Sequence[Falls], expected: Drifts) -> Drifts | None:
    """Give the drifts of all users' later sessions; None where there are too few of both kinds.

    Of which there are too few, what is expected stays.

    Parameters
    ----------
    users
        What was measured, user by user.
    expected
        What the verifier expects by itself.
    """
    once = pooled([user.once for user in users], expected.once)
    often = pooled([user.often for user in users], expected.often)
    if once is None and often is None:
        return None
    return Drifts(once or expected.once, often or expected.often)


def pooled(falls: Sequence[Sequence[Fall]], expected: Drift) -> Drift | None:
    """Give the drift of all users' later sessions; None where there are too few.

    What a mean of few scores owes to chance is taken off the spread. `expected` counts as `DOUBT`
    sessions more, so that a few alike do not pass for certainty.
    """
    told = [user for user in falls if user]
    every = [fall for user in told for fall in user]
    if len(told) < USERS or len(every) < SESSIONS:
        return None
    differences = np.array([fall.difference for fall in every])
    chance = sum(1 / fall.count for fall in every)
    total = len(every) + DOUBT
    fall = float(-differences.sum() + DOUBT * expected.fall) / total
    around = float(((differences + fall) ** 2).sum()) - chance
    spread = sqrt(max(0.0, around + DOUBT * expected.spread**2) / total)
    return Drift(max(0.0, fall), spread)


class Background:
    """Measures what an installation's users share, and keeps it.

    Parameters
    ----------
    store, settings, clock
        As the enroller's.
    """

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], float]) -> None:
        self._store = store
        self._options = options_of(settings)
        self._settings = settings
        self._clock = clock
        self.falls: dict[str, Falls] = {}

    async def measured(self) -> AsyncIterator[tuple[str, int, int]]:
        """Measure user after user, off the loop: (user, how many are done, how many there are)."""
        people = [person.user for person in await self._store.people() if not person.paused]
        order = np.random.default_rng(len(people)).permutation(len(people))
        users = sorted(people[place] for place in order[:MOST])
        for done, user in enumerate(users, 1):
            genuine = await self._store.genuine(user, self._settings.enrolment.max_trajectories)
            if len(genuine) > 1:
                wanted = self._settings.enrolment.background_per_user
                most = max(min(wanted, BACKGROUND // max(1, len(people))), LEAST)
                others = await self._store.background(user, most)
                draws = partial(draws_of, user, 0)
                self.falls[user] = await asyncio.to_thread(
                    measure, user, genuine, others, self._options, draws
                )
            yield user, done, len(users)

    async def conclude(self) -> Shared:
        """Conclude from what was measured, and keep it; templates learnt from now on use it.

        Raises
        ------
        NotEnrolled
            If it is too little; the message says what is missing.
        StoreError
            If the store fails.
        """
        users = list(self.falls.values())
        told = [len(user.once) + len(user.often) for user in users if user.once or user.often]
        drifts = concluded(users, self._options.verifier.drifts)
        if drifts is None:
            raise NotEnrolled(
                f"{len(told)} users with {sum(told)} later sessions of {LATER} trajectories;"
                f" {USERS} users with {SESSIONS} are needed: go on browsing"
            )
        made_with = self._options.made_with
        found = Shared(self._clock(), *made_with, drifts, len(told), sum(told))
        await self._store.save_shared(found)
        return found

    async def due(self) -> bool:
        """Whether it is time: nothing is known, it is of other code, or it is a week old."""
        known = await self._store.shared()
        if known is None or (known.verifier, known.features) != self._options.made_with:
            return True
        return self._clock() - known.made >= EACH

    async def run(self) -> None:
        """Measure when it is due, one try a day, until cancelled; do nothing if not wanted."""
        while self._settings.enrolment.automatic:
            await asyncio.sleep(TRY)
            try:
                if await self.due():
                    async for _ in self.measured():
                        pass
                    found = await self.conclude()
                    log.info("background_measured", extra={"users": found.users})
            except NotEnrolled:
                continue
            except StoreError:
                log.warning("background_postponed")
