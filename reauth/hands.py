"""Teaches an installation to tell hands from programs, by its own people and by generated programs.

No recording of anybody comes with the product, so the detector begins with rules that need none.
Once enough people have moved, their movements are the hands and `reauth.generate` draws the
programs: between the same places and by the same devices' clocks, so that neither tells them apart.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reauth.detect.learn import learn
from reauth.errors import NotEnrolled, StoreError
from reauth.generate import GENERATORS, RECORDED
from reauth.generate.clock import clock_of, sampled
from reauth.pace import Sessions
from reauth.ports import Store
from reauth.settings import Settings
from reauth.trajectory import Trajectory

log = logging.getLogger(__name__)

DETECTOR = "default"
"""Whose model it is."""
EACH_PERSON = 150
"""Newest movements of a person that teach; more of one person say little of others."""
EACH_KIND = 300
"""Movements drawn of each kind of program: as many as few people give, so that neither is most."""
FITTED = 600
"""Movements of people that a program is made from."""
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
        people = await self._store.background("", EACH_PERSON, None, self._lane)
        made = await asyncio.to_thread(_learnt, people)
        await self._store.save_learnt(DETECTOR, self._clock(), made)
        moved = sum(len(session) for sessions in people.values() for session in sessions)
        return Taught(len(people), moved, sum(1 for _ in kinds()))


    async def run(self, settings: Settings) -> None:
        """Learn anew every week, one try a day, until cancelled; do nothing if not wanted."""
        while settings.enrolment.automatic and settings.bot_lane.on:
            await asyncio.sleep(TRY)
            try:
                known = await self._store.learnt(DETECTOR)
                if known is None or self._clock() - known[0] >= EACH:
                    taught = await self.learn()
                    log.info("hands_learnt", extra={"people": taught.people})
            except NotEnrolled:
                continue
            except StoreError:
                log.warning("hands_postponed")


def kinds() -> Iterator[str]:
    """The programs that teach: what plays a person's own movement is a hand's, and another lane's.

    A kind that needs a library which is not here is left out, and found as an unseen one.
    """
    yield from (kind for kind in GENERATORS if kind not in RECORDED)


def _learnt(people: Mapping[str, Sessions]) -> bytes:
    rng = np.random.default_rng(len(people))
    return learn(people, programs(people, EACH_KIND, rng), rng).to_bytes()


def programs(
    people: Mapping[str, Sessions], count: int, rng: np.random.Generator
) -> dict[str, list[Trajectory]]:
    """Draw programs' movements in the places and by the clocks of people's.

    Returns
    -------
    dict
        By kind, `count` movements each; none where there are no people.
    """
    clocks = {
        name: clock_of([each for session in sessions for each in session])
        for name, sessions in people.items()
    }
    every = [
        (clocks[name], each)
        for name, sessions in people.items()
        for session in sessions
        for each in session
    ]
    if not every:
        return {}
    picked = [every[place][1] for place in rng.choice(len(every), min(FITTED, len(every)), False)]
    return {kind: _drawn(kind, picked, every, count, rng) for kind in kinds()}


def _drawn(
    kind: str,
    people: Sequence[Trajectory],
    every: Sequence[tuple[tuple[float, float], Trajectory]],
    count: int,
    rng: np.random.Generator,
) -> list[Trajectory]:
    made, drawn = GENERATORS[kind](people), []
    for place in rng.integers(len(every), size=count):
        (period, jitter), like = every[place]
        start, target = ((float(like.x[at]), float(like.y[at])) for at in (0, -1))
        drawn.append(sampled(made.draw(start, target, rng), period, jitter, rng))
    return drawn
