"""An installation learns hands from its own people."""

from functools import cache

import numpy as np
import pytest

from reauth.detect import DETECTORS
from reauth.detect.hand import Hand
from reauth.errors import NotEnrolled
from reauth.features.hand import UNITS, VERSION
from reauth.generate import GENERATORS
from reauth.hands import DETECTOR, EACH, Hands
from reauth.lab.synth import draw_person, recording
from reauth.movement import MovementSegmenter
from reauth.ports import Commit, TrajectoryRow
from reauth.store import Options, open_store
from tests.reauth.detect.test_model import small
from tests.rows import NOON, session

pytestmark = pytest.mark.slow


@cache
def moved(seed, count=60):
    """Whole movements of somebody generated."""
    events = recording(draw_person(np.random.default_rng(seed)), count, np.random.default_rng(seed))
    segmenter = MovementSegmenter(0.5)
    return [found for _, found in segmenter.feed_many(events)] + segmenter.close()


@pytest.fixture
async def store():
    async with open_store("sqlite://:memory:", None, Options(durable=False)) as store:
        yield store


async def keep(store, people, lane="bot"):
    """As the engine keeps what a lane has judged."""
    for seed in range(people):
        name, user = f"s{seed}", f"u{seed}"
        rows = [
            TrajectoryRow(name, user, at, n, "5e1f", NOON, each, 1.0, None, 0)
            for at in {lane, "identity"}
            for n, each in enumerate(moved(seed), 1)
        ]
        await store.commit(Commit(sessions=[session(name, user)], trajectories=rows))


async def test_people_and_programs_are_told_apart_after_a_lesson(store, monkeypatch):
    """Whoever runs takes up what was kept; unseen people are hands, and lines are none."""
    monkeypatch.setattr("reauth.hands.EACH_KIND", 60)
    monkeypatch.setattr("reauth.detect.learn.ROUNDS", 30)
    monkeypatch.setattr("reauth.detect.learn.DECOYS", 500)
    await keep(store, 9)

    taught = await Hands(store, lambda: NOON, "bot").learn()

    assert (taught.people, taught.movements) == (9, sum(len(moved(seed)) for seed in range(9)))
    made, model = await store.learnt(DETECTOR)
    detector = DETECTORS[DETECTOR](1)
    detector.take(model)
    line = GENERATORS["straight"]([])
    rng = np.random.default_rng(1)
    drawn = [line.draw((10.0, 10.0), tuple(rng.uniform(300, 900, 2)), rng) for _ in range(40)]
    scores = [
        np.array([each for each in detector.score_many(some) if not isinstance(each, str)])
        for some in (moved(77), drawn)
    ]
    assert NOON == made
    assert scores[0].mean() > 0 > scores[1].mean()
    await Hands(store, lambda: NOON + 1, "bot").learn()
    assert (NOON + 1, model) == await store.learnt(DETECTOR)  # the same people teach the same


async def test_of_few_people_nothing_is_learnt(store):
    """And what is missing is told; what was learnt before stays."""
    await keep(store, 3)

    with pytest.raises(NotEnrolled, match="3 people with 50 whole movements, 8 are needed"):
        await Hands(store, lambda: NOON, "bot").learn()
    assert await store.learnt(DETECTOR) is None


async def test_a_lesson_is_due_after_a_week(store):
    """And at once where there was none, or another release made it: that one is of no use here."""
    clock = [NOON]
    hands = Hands(store, lambda: clock[0], "bot")
    found = [await hands.due()]
    for version in (Hand.version, Hand.version - 1):
        model = small(version=version, features=[VERSION, len(UNITS)])
        await store.save_learnt(DETECTOR, NOON, model.to_bytes())
        for clock[0] in (NOON + EACH - 1, NOON + EACH):
            found.append(await hands.due())

    assert [True, False, True, True, True] == found


async def test_only_the_lane_that_keeps_whole_movements_teaches(store):
    await keep(store, 9, lane="identity")

    with pytest.raises(NotEnrolled, match="0 people"):
        await Hands(store, lambda: NOON, "bot").learn()
