"""What all users share: how later sessions differ from what was held out."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.background import (
    DOUBT,
    EACH,
    EARLIER,
    LATER,
    Background,
    Fall,
    Falls,
    concluded,
    measure,
    parts,
    pooled,
)
from reauth.enrol import Enroller, Options, options_of
from reauth.errors import NotEnrolled
from reauth.settings import Enrolment, IdentityLane, Settings
from reauth.store import open_store
from reauth.template import Drift, Drifts, Shared
from tests.playbook import ALICE, MALLORY, OTHERS, trajectories

NOW = 1_790_000_000.0
EXPECTED = Drift(0.2, 0.25)
DRIFTS = Drifts(Drift(0.9, 0.9), Drift(0.8, 0.8))
FEW = Options(min_trajectories=60, windows=(10,))
SETTINGS = Settings(enrolment=Enrolment(min_trajectories=60), identity_lane=IdentityLane(window=10))
HANDS = {"alice": ALICE, "mallory": MALLORY, **OTHERS}


def alike(difference, sessions=10, count=10_000):
    """A user whose later sessions all differ as much."""
    return [Fall(difference, count)] * sessions


def measured(genuine):
    others = {name: [trajectories(hand, 60, 3)] for name, hand in OTHERS.items()}
    return measure("alice", genuine, others, FEW, lambda: np.random.default_rng(0))


def drawn(*counts, hand=ALICE):
    """Sessions of so many trajectories."""
    return [trajectories(hand, count, seed) for seed, count in enumerate(counts, 1)]


def test_later_sessions_are_compared_with_a_template_that_has_not_seen_them():
    """The user's own go on as they were, somebody else's lie far below; however learnt."""
    early = drawn(110, 60, 60)

    own = measured([*early, trajectories(ALICE, 60, 9)])
    other = measured([*early, trajectories(MALLORY, 60, 9)])

    assert [60, 60, 60] == [fall.count for fall in own.once]
    assert all(abs(fall.difference) < 0.6 for fall in (*own.once, *own.often))
    assert other.once[-1].difference < -2
    assert other.often[-1].difference < -2


@pytest.mark.parametrize(
    ("counts", "once", "often"),
    [
        ((200,), 0, 0),
        ((EARLIER - 10, 60), 0, 0),
        ((EARLIER + 10, 60, LATER - 1), 1, 0),
        ((60, 60, 60), 0, 1),
        ((), 0, 0),
    ],
    ids=str,
)
def test_parts_that_are_too_short_tell_nothing(counts, once, often):
    """One session has no later one; a few trajectories have no mean."""
    found = measured(drawn(*counts))

    assert (once, often) == (len(found.once), len(found.often))


def test_three_quarters_of_the_trajectories_are_earlier_ones():
    """Two sessions at least, and one is left."""
    assert ([[1, 2], [3]], [[4]]) == parts([[1, 2], [3], [4]])
    assert ([[1], [2]], [[3] * 9]) == parts([[1], [2], [3] * 9])
    assert ([], [[1], [2]]) == parts([[1], [2]])


def test_drift_is_that_of_all_later_sessions():
    """Much data outweigh what was expected; chance is taken off the spread."""
    numbers = np.random.default_rng(0)
    users = [
        [Fall(value, 100) for value in numbers.normal(-0.3, np.hypot(0.2, 0.1), 40)]
        for _ in range(10)
    ]

    found = pooled(users, EXPECTED)

    assert pytest.approx(0.3, abs=0.03) == found.fall
    assert pytest.approx(0.2, abs=0.03) == found.spread


def test_few_sessions_leave_a_doubt():
    """Thirty that are all alike do not pass for certainty."""
    found = pooled([alike(0.0, 6)] * 5, EXPECTED)

    assert DOUBT * EXPECTED.fall / (30 + DOUBT) == pytest.approx(found.fall)
    assert found.spread > 0.1


def test_who_gets_better_does_not_lower_the_limits():
    """Later sessions that are more like the template than what was held out: no fall, no gain."""
    assert 0.0 == pooled([alike(0.5)] * 5, EXPECTED).fall


@pytest.mark.parametrize("sessions", [(9, 9, 9, 9), (5, 6, 6, 6, 6), (9, 9, 9, 9, 0), ()])
def test_too_few_users_or_sessions_conclude_nothing(sessions):
    """The verifier's own expectation stays."""
    assert pooled([alike(0.0, count) for count in sessions], EXPECTED) is None


def test_of_which_there_are_too_few_what_is_expected_stays():
    """Both are concluded apart."""
    expected = Drifts(EXPECTED, Drift(0.1, 0.1))
    users = [Falls(once=alike(-0.5)) for _ in range(5)]

    found = concluded(users, expected)

    assert found.once.fall > 0.4
    assert expected.often == found.often
    assert concluded([Falls()], expected) is None


@pytest.fixture
async def store():
    async with open_store("sqlite://:memory:", None) as store:
        yield store


async def lived(store, sessions):
    """Everybody has had so many sessions, the first of 110 trajectories and the others of 60."""
    for name, hand in HANDS.items():
        lives = drawn(110, *[60] * (sessions - 1), hand=hand)
        moved = [
            [replace(each, t=each.t + 1e5 * place) for each in session]
            for place, session in enumerate(lives)
        ]
        await store.import_recording(name, name, moved, NOW)


async def test_it_measures_everybody_and_keeps_what_came_out(store):
    """Templates that are learnt from then on rest on it."""
    await lived(store, 7)
    background = Background(store, SETTINGS, lambda: NOW)
    [before] = await Enroller(store, SETTINGS, lambda: NOW).train("alice")

    steps = [step async for step in background.measured()]
    found = await background.conclude()
    [after] = await Enroller(store, SETTINGS, lambda: NOW).train("alice")

    assert [(name, place, 5) for place, name in enumerate(sorted(HANDS), 1)] == steps
    told = list(background.falls.values())
    assert [6] * 5 == [len(falls.once) for falls in told]
    assert (5, 30 + sum(len(falls.often) for falls in told)) == (found.users, found.sessions)
    assert found == await store.shared()
    assert options_of(SETTINGS).verifier.drifts.often == before.drift == after.drift
    assert found.drifts.often == after.drift  # of too few later sessions: as expected
    assert found.drifts.once != options_of(SETTINGS).verifier.drifts.once


async def test_too_little_is_refused_with_what_is_missing(store):
    """One session each: nobody has a later one."""
    await lived(store, 1)
    background = Background(store, SETTINGS, lambda: NOW)
    async for _ in background.measured():
        pass

    with pytest.raises(NotEnrolled, match=r"0 users with 0 later sessions .* 5 users with 30"):
        await background.conclude()
    assert await store.shared() is None


async def test_it_is_due_when_unknown_of_other_code_or_old(store):
    """Each week anew, and after an update that compares otherwise."""
    background = Background(store, SETTINGS, lambda: NOW)
    made_with = options_of(SETTINGS).made_with
    due = [await background.due()]
    for made, verifier in ((NOW - EACH, "svm 1"), (NOW - 9, "svm 0"), (NOW - 5, made_with[0])):
        await store.save_shared(Shared(made, verifier, made_with[1], DRIFTS, 5, 9))
        due.append(await background.due())

    assert [True, True, True, False] == due


async def test_what_other_code_measured_is_not_used(store):
    """Scores of another verifier have other deviations."""
    await lived(store, 2)
    await store.save_shared(Shared(NOW, "other 1", "medvet 1", DRIFTS, 5, 9))

    [found] = await Enroller(store, SETTINGS, lambda: NOW).train("alice")

    assert options_of(SETTINGS).verifier.drifts.often == found.drift
