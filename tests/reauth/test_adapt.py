"""Templates follow their users, and nobody else."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.adapt import EACH, Adapter
from reauth.alert import State, Step, move
from reauth.enrol import Enroller
from reauth.errors import NotEnrolled
from reauth.ports import Commit
from reauth.settings import Enrolment, IdentityLane, Settings
from reauth.store import open_store
from tests.playbook import ALICE, MALLORY, OTHERS, trajectories
from tests.rows import alarm

NOW = 1_790_000_000.0
DAY = 86_400.0
WANTED = Enrolment(min_trajectories=60, adapt_after=60, check=0.0)


@pytest.fixture
async def store():
    """Alice enrolled ten days ago, against three others."""
    async with open_store("sqlite://:memory:", None) as store:
        for seed in (1, 2):
            await lived(store, "alice", ALICE, seed, NOW - 11 * DAY)
        for name, hand in OTHERS.items():
            await lived(store, name, hand, 3, NOW - 11 * DAY)
        await Enroller(store, SETTINGS, lambda: NOW - 10 * DAY).train("alice")
        yield store


SETTINGS = Settings(enrolment=WANTED, identity_lane=IdentityLane(window=10))


async def lived(store, user, hand, seed, end, device=None):
    """A session of somebody that ended at a time."""
    drawn = trajectories(hand, 40, seed)
    shift = end - drawn[-1].t[-1]
    moved = [replace(each, t=each.t + shift, device=device) for each in drawn]
    assert await store.import_recording(user, f"{user}{seed}{end}", [moved], end)


def adapter(store, now=NOW, **wanted):
    settings = replace(SETTINGS, enrolment=replace(WANTED, **wanted))
    return Adapter(store, settings, lambda: now, Enroller(store, settings, lambda: now))


async def adapted(adapting):
    return [(found.user, found.version, found.anchor) async for found in adapting.adapt_due()]


async def test_a_template_is_learnt_anew_from_what_its_user_did_since(store):
    """It remembers its anchor, also the second time."""
    for day in (9, 8):
        await lived(store, "alice", ALICE, day, NOW - day * DAY)
    first = await adapted(adapter(store, NOW - 6 * DAY))
    for day in (5, 4):
        await lived(store, "alice", ALICE, day, NOW - day * DAY)
    adapting = adapter(store)

    assert [("alice", 2, 1)] == first
    assert [("alice", 3, 1)] == await adapted(adapting)
    assert 1 == adapting.counters["adaptations_total"]
    assert 1 == (await store.template("alice")).anchor


async def test_movement_that_the_anchor_does_not_know_teaches_nothing(store):
    """Somebody else's, and that of a user who has become another: an admin enrols those anew."""
    for day in (9, 8):
        await lived(store, "alice", MALLORY, day, NOW - day * DAY)

    assert [] == await adapted(adapter(store))
    assert 1 == (await store.template("alice")).version


async def test_what_is_too_new_teaches_later(store):
    """An alarm may come a day late."""
    for day in (0.9, 0.8):
        await lived(store, "alice", ALICE, int(10 * day), NOW - day * DAY)

    assert [] == await adapted(adapter(store))
    assert [("alice", 2, 1)] == await adapted(adapter(store, NOW + DAY))


async def test_nothing_since_a_doubt_teaches_until_somebody_has_looked(store):
    """Not only the session of the alert: whoever sat there may have come again."""
    for day in (9, 8):
        await lived(store, "alice", ALICE, day, NOW - day * DAY)
    doubted = alarm("a1", session="other", first_anomaly_at=NOW - 9.5 * DAY)
    await store.commit(Commit(alerts=[replace(doubted, user="alice")]))
    await store.commit(Commit(alerts=[alarm("a2", session="third", user=None)]))

    assert [] == await adapted(adapter(store))
    seen = move(await store.alert("a1"), "ack", Step(NOW, "ack", "eva", ""))
    await store.update_alert(seen, State.OPEN)
    assert [] == await adapted(adapter(store))
    closed = move(seen, "dismiss", Step(NOW, "dismiss", "eva", ""))
    await store.update_alert(closed, State.ACKNOWLEDGED)
    assert [("alice", 2, 1)] == await adapted(adapter(store))


async def test_a_candidate_that_is_worse_is_refused_and_counted(store):
    """The old template stays, and the reason is told."""
    for day in (9, 8):
        await lived(store, "alice", ALICE, day, NOW - day * DAY)
    narrow = adapter(store)
    narrow._settings = replace(narrow._settings, identity_lane=IdentityLane(window=11))

    assert [] == await adapted(narrow)
    assert 1 == narrow.counters['adaptations_refused_total{reason="unknown"}']
    assert 1 == (await store.template("alice")).version


async def test_a_user_is_looked_at_once_a_day(store):
    """Movement changes over days, and each look reads all of it."""
    adapting = adapter(store)
    await adapted(adapting)
    for day in (9, 8):
        await lived(store, "alice", ALICE, day, NOW - day * DAY)

    assert [] == await adapted(adapting)
    adapting._clock = lambda: NOW + EACH
    assert [("alice", 2, 1)] == await adapted(adapting)


async def test_who_is_paused_or_was_taken_back_is_left_alone(store):
    """Somebody decided that."""
    for day in (9, 8):
        await lived(store, "alice", ALICE, day, NOW - day * DAY)
    await store.set_paused("alice", True)
    assert [] == await adapted(adapter(store))
    await store.set_paused("alice", False)
    await Enroller(store, SETTINGS, lambda: NOW - 7 * DAY).train("alice")
    await store.rollback("alice", 1)

    assert [] == await adapted(adapter(store))


async def test_each_device_is_followed_for_itself(store):
    """What was moved on one teaches nothing about the other."""
    for seed in (21, 22):
        await lived(store, "alice", ALICE, seed, NOW - 11 * DAY, "dense/?/?")
    await Enroller(store, SETTINGS, lambda: NOW - 10 * DAY).train("alice")
    assert {"alice": {"dense/?/?": 2, "frame/?/?": 3}} == await store.actives()
    for day in (9, 8):
        await lived(store, "alice", ALICE, day, NOW - day * DAY, "dense/?/?")

    assert [("alice", 4, 2)] == await adapted(adapter(store))
    assert {"alice": {"frame/?/?": 3, "dense/?/?": 4}} == await store.actives()


async def test_who_is_not_enrolled_or_gone_is_adapted_to_nothing(store):
    """No template, a provisional one, one whose anchor is no more."""
    assert await adapter(store).adapt("bob", NOW) is None
    template = await store.template("alice")
    await store.save_template(replace(template, provisional=True))
    assert await adapter(store).adapt("alice", NOW) is None
    await store.save_template(replace(template, anchor=99))
    assert await adapter(store).adapt("alice", NOW) is None


async def test_a_user_who_is_deleted_meanwhile_is_not_learnt(store):
    """And the next user's turn comes."""
    for day in (9, 8):
        await lived(store, "alice", ALICE, day, NOW - day * DAY)
    adapting = adapter(store)

    async def gone(user, device, genuine):
        raise NotEnrolled("the user was deleted meanwhile")

    adapting._enroller.learnt = gone
    assert [] == await adapted(adapting)
    assert 1 == adapting.counters['adaptations_refused_total{reason="NotEnrolled"}']


async def test_sessions_without_a_usable_trajectory_teach_nothing(store):
    """Too short for the features: there is no mean of nothing."""
    drawn = trajectories(ALICE, 2, 5)
    short = [replace(each, t=np.linspace(0, 1, 5) + NOW - 9 * DAY, x=each.x[:5], y=each.y[:5])
             for each in drawn]  # fmt: skip
    await store.import_recording("alice", "short", [short], NOW - 9 * DAY)

    assert [] == await adapted(adapter(store, adapt_after=1))
