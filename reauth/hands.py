"""Teaches an installation to tell hands from programs, by its own people and by generated programs.

No recording of anybody comes with the product, so the detector begins with rules that need none.
Once enough people have moved, their movements are the hands, and programs are drawn after them
(`reauth.detect.opponents`).
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from reauth.detect.hand import load
from reauth.detect.learn import learn
from reauth.detect.opponents import KINDS, opponents
from reauth.errors import NotEnrolled, StoreError, TemplateError
from reauth.pace import Sessions
from reauth.ports import Store
from reauth.settings import Settings

log = logging.getLogger(__name__)

DETECTOR = "default"
"""Whose model it is."""
EACH_PERSON = 150
"""Newest movements of a person that teach; more of one person say little of others."""
EACH_KIND = 300
"""Movements drawn of each kind of program: as many as few people give, so that neither is most."""
PEOPLE, LEAST = 8, 50
"""People, each with so many movements, without whom nothing is learnt: a model of few would take
everybody else for a program."""
EACH, TRY = 7 * 86_400.0, 3600.0
"""s between two lessons, and between two tries."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What taught the detector: people, their movements, and kinds of programs."""

    people: int
    movements: int
    programs: int


class Hands:
    """Learns what tells hands from programs, and keeps it.

    Parameters
    ----------
    store, clock
        As the enroller's.
    lane
        Whose trajectories are whole movements (`reauth.lanes.kept_for`).
    """

    def __init__(self, store: Store, clock: Callable[[], float], lane: str) -> None:
        self._store = store
        self._clock = clock
        self._lane = lane

    async def learn(self) -> Taught:
        """Learn from everybody, off the loop; whoever runs takes it up within seconds.

        Raises
        ------
        NotEnrolled
            If there are too few people; the message says what is missing.
        StoreError
            If the store fails.
        """
        everybody = await self._store.background("", EACH_PERSON, None, self._lane)
        people = {
            user: sessions
            for user, sessions in everybody.items()
            if sum(map(len, sessions)) >= LEAST
        }
        if len(people) < PEOPLE:
            raise NotEnrolled(
                f"{len(people)} people with {LEAST} whole movements, {PEOPLE} are needed:"
                " go on browsing"
            )
        made = await asyncio.to_thread(_learnt, people)
        await self._store.save_learnt(DETECTOR, self._clock(), made)
        moved = sum(len(session) for sessions in people.values() for session in sessions)
        return Taught(len(people), moved, len(KINDS))

    async def due(self) -> bool:
        """Whether it is time: nothing was learnt yet, a week ago, or by another release."""
        known = await self._store.learnt(DETECTOR)
        return known is None or self._clock() - known[0] >= EACH or not _usable(known[1])

    async def run(self, settings: Settings) -> None:
        """Learn when it is due, one try an hour, until cancelled; do nothing if not wanted."""
        while settings.enrolment.automatic and settings.bot_lane.on:
            await asyncio.sleep(TRY)
            try:
                if await self.due():
                    taught = await self.learn()
                    log.info("hands_learnt", extra={"people": taught.people})
            except NotEnrolled:
                continue
            except StoreError:
                log.warning("hands_postponed")


def _usable(model: bytes) -> bool:
    try:
        load(model)
    except TemplateError:
        return False
    return True


def _learnt(people: Mapping[str, Sessions]) -> bytes:
    rng = np.random.default_rng(len(people))
    return learn(people, opponents(people, rng, EACH_KIND), rng).to_bytes()
