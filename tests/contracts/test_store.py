"""What every store keeps and gives, whatever it is made of.

A further implementation is one more line in `STORES`.
"""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from reauth.alert import Resemblance, State, Step, again, move
from reauth.errors import NotEnrolled, StoreError
from reauth.ports import Commit
from reauth.settings import StoreSettings
from reauth.store import Options, open_store
from tests.rows import (
    DAY,
    NOON,
    alarm,
    claimed,
    drawn,
    held,
    learnt,
    raw,
    same,
    scored,
    session,
    tabbed,
)

STORES = ["sqlite file", "sqlite file, sealed", "sqlite memory"]
OPTIONS = Options(sinks=("jsonl:stderr", "webhook+https://siem"), keep=StoreSettings())
KEY = bytes(range(32))


def door(kind, folder):
    """How a store of a kind is opened, again and again on the same data where it is a file."""
    if kind == "sqlite memory":
        return lambda: open_store("sqlite://:memory:", KEY, OPTIONS)
    key = KEY if kind.endswith("sealed") else None
    return lambda: open_store(f"sqlite://{folder}/store.db", key, OPTIONS)


@pytest.fixture(params=STORES)
async def store(request, tmp_path):
    async with door(request.param, tmp_path)() as opened:
        yield opened


@pytest.fixture(params=STORES[:2])
def files(request, tmp_path):
    """A way to open the same store twice."""
    return door(request.param, tmp_path)


def full(name="s1", user="anna", **other):
    """A commit with something of everything."""
    fields = {
        "raw": [raw(0, user=user), raw(1, user=user)],
        "tabs": [tabbed(user=user)],
        "held": [held(5, user=user), held(3, user=user)],
        "sessions": [session(name, user)],
        "trajectories": [scored(number, name, user) for number in (1, 2, 3)],
        "alerts": [alarm(f"alert of {name}", name, user)],
        "rejects": [(NOON, "truncated", user), (NOON, "truncated", user)],
    }
    return Commit(**{**fields, **other})


async def contents(store):
    """All that the protocol gives away of one user."""
    return (
        await store.tab(b"t" * 16),
        await store.held(b"t" * 16),
        await store.session("anna", "10.0.0.1"),
        [row.score for row in await store.trajectories_of("s1", "identity", 99)],
        await store.alerts(),
        await store.due(NOON, 99),
        await store.people(),
    )


async def test_what_was_committed_is_given_back(store):
    """Every row comes back as it went in."""
    group = full()
    assert list(group.alerts) == await store.commit(group)

    assert group.tabs[0] == await store.tab(b"t" * 16)
    assert group.sessions[0] == await store.session("anna", "10.0.0.1")
    assert [group.held[1], group.held[0]] == await store.held(b"t" * 16)
    assert [b"t" * 16] == await store.held_tabs()
    given = await store.trajectories_of("s1", "identity", 99)
    assert [1, 2, 3] == [row.number for row in given]
    for went, came in zip(group.trajectories, given, strict=True):
        assert same(went.trajectory, came.trajectory)
        assert replace(went, trajectory=None) == replace(came, trajectory=None)


async def test_a_restart_is_told_who_has_just_moved(store):
    """Each user and client once; of nobody known there is nothing to finish."""
    sessions = [
        session(),
        session("s2", started=NOON + 1),
        session("s3", "berta", NOON - 1),
        session("s4", "berta", NOON, "10.0.0.2"),
        session("s5", None),
    ]
    await store.commit(Commit(sessions=sessions))

    assert [("anna", "10.0.0.1"), ("berta", "10.0.0.2")] == await store.moved_since(NOON)
    assert [] == await store.moved_since(NOON + 2)


async def test_nothing_is_known_of_what_never_came(store):
    """Absence is None or empty, never an error."""
    assert await store.tab(b"x" * 16) is None
    assert await store.session("anna", "10.0.0.1") is None
    assert await store.template("anna") is None
    assert await store.person("anna") is None
    assert await store.alert("none") is None
    assert [] == await store.held(b"x" * 16)
    assert [] == await store.trajectories_of("none", "identity", 9)
    assert [] == await store.genuine("anna", 9)
    assert {} == await store.background("anna", 9)
    assert {} == await store.actives()
    assert [] == await store.people()


async def test_a_group_written_twice_changes_nothing(store):
    """The browser sends again what was stored and not acknowledged; no alert comes twice."""
    assert len(await store.commit(full())) == 1
    before = await contents(store)

    assert [] == await store.commit(full())
    assert before == await contents(store)


async def test_a_store_opened_again_has_everything(files):
    """A restart goes on from what is stored."""
    async with files() as first:
        await first.commit(full())
        await first.save_template(learnt())
        before = await contents(first)
    async with files() as second:
        assert before == await contents(second)
        assert await second.template("anna") is not None


async def test_delivered_batches_wait_no_more(store):
    """A held batch leaves in the transaction in which its turn came."""
    await store.commit(full())
    await store.commit(Commit(delivered=[(b"t" * 16, 3)]))

    assert [5] == [row.seq for row in await store.held(b"t" * 16)]
    await store.commit(Commit(delivered=[(b"t" * 16, 5)]))
    assert [] == await store.held_tabs()


async def test_the_newest_session_of_a_user_on_a_client_is_given(store):
    """Sessions of other clients, other users and of nobody are not mixed up."""
    rows = [
        session("old", started=NOON),
        session("new", started=NOON + 1000),
        session("elsewhere", client="10.0.0.2", started=NOON + 2000),
        session("nobody", user=None, started=NOON + 3000),
        session("berta", user="berta", started=NOON + 4000),
    ]
    await store.commit(Commit(sessions=rows))

    assert rows[1] == await store.session("anna", "10.0.0.1")
    assert rows[3] == await store.session(None, "10.0.0.1")
    assert await store.session(None, "10.0.0.2") is None


async def test_a_sessions_state_is_replaced(store):
    """The newest state is what a restart goes on from."""
    await store.commit(Commit(sessions=[session(state=b"one")]))
    moved_on = replace(session(state=b"two"), last_t=NOON + 5)
    await store.commit(Commit(sessions=[moved_on]))

    assert moved_on == await store.session("anna", "10.0.0.1")


async def test_the_newest_trajectories_come_oldest_first(store):
    """A lane's tail, for evidence and for pictures."""
    rows = [scored(number) for number in range(1, 8)] + [scored(1, lane="bot")]
    await store.commit(Commit(sessions=[session()], trajectories=rows))

    assert [5, 6, 7] == [row.number for row in await store.trajectories_of("s1", "identity", 3)]
    assert [1] == [row.number for row in await store.trajectories_of("s1", "bot", 3)]


async def test_one_unresolved_alert_a_session_and_lane(store):
    """Nobody is told twice of the same takeover; another lane or session is another matter."""
    await store.commit(Commit(alerts=[alarm("a1")]))
    others = [alarm("a2"), alarm("a3", lane="bot"), alarm("a4", of="s2")]

    assert ["a3", "a4"] == [alert.id for alert in await store.commit(Commit(alerts=others))]
    seen = move(alarm("a1"), "ack", Step(NOON, "ack", "eva", ""))
    assert await store.update_alert(seen, State.OPEN)
    assert [] == await store.commit(Commit(alerts=[alarm("a5")]))
    closed = move(seen, "dismiss", Step(NOON, "dismiss", "eva", "new mouse"))
    assert await store.update_alert(closed, State.ACKNOWLEDGED)
    assert ["a6"] == [alert.id for alert in await store.commit(Commit(alerts=[alarm("a6")]))]
    assert closed == await store.alert("a1")


async def test_another_alarm_is_noted_in_the_unresolved_alert(store):
    """Once, however often it is written; one that is closed stays as it was."""
    first = alarm("a1")
    later = alarm("a2", raised_at=NOON + 60, level=64.0)
    await store.commit(Commit(alerts=[first]))

    for _ in range(2):
        assert [] == await store.commit(Commit(alerts=[later, first]))

    [known] = await store.alerts()
    assert again(first, later) == known
    assert 1 == len(known.history)
    for was, action in ((State.OPEN, "ack"), (State.ACKNOWLEDGED, "confirm")):
        known = move(known, action, Step(NOON, action, "eva", ""))
        assert await store.update_alert(known, was)
    await store.commit(Commit(alerts=[alarm("a3")]))
    await store.commit(Commit(alerts=[first]))
    assert known == await store.alert("a1")
    assert () == (await store.alert("a3")).history


async def test_an_alert_that_was_suppressed_is_told_when_it_comes_again_alone(store):
    """The many whom it was one of are over; this is somebody to look at."""
    held = alarm("a1", suppressed=True)
    assert [held] == await store.commit(Commit(alerts=[held]))
    assert [] == await store.commit(Commit(alerts=[alarm("a2", suppressed=True)]))
    assert [] == await store.due(NOON, 9)

    [told] = await store.commit(Commit(alerts=[alarm("a3")]))

    assert ("a1", False, 2) == (told.id, told.suppressed, len(told.history))
    assert told == await store.alert("a1")
    assert {"a1"} == {due.alert.id for due in await store.due(NOON, 9)}


async def test_what_is_unresolved_is_known_by_session_and_lane(store):
    """From open to closed; what has neither is left out."""
    tokens = alarm("a2", of=None, lane=None, kind="tokens")
    await store.commit(Commit(alerts=[alarm("a1"), tokens, alarm("a3", lane="bot")]))
    seen = [await store.unresolved()]
    alert = alarm("a1")
    for action in ("ack", "dismiss"):
        before, alert = alert, move(alert, action, Step(NOON, action, "eva", ""))
        await store.update_alert(alert, before.state)
        seen.append(await store.unresolved())

    both = {("s1", "identity"), ("s1", "bot")}
    assert [both, both, {("s1", "bot")}] == seen


async def test_alerts_of_tokens_have_neither_session_nor_lane(store):
    """Several may be open at once, as nothing tells that they are the same."""
    alerts = [alarm(name, of=None, lane=None, kind="tokens") for name in ("a1", "a2")]

    assert alerts == await store.commit(Commit(alerts=alerts))
    assert [] == await store.commit(Commit(alerts=alerts))


async def test_an_alert_moves_only_from_where_it_was(store):
    """Of two analysts one is faster; the other is told so."""
    await store.commit(Commit(alerts=[alarm("a1")]))
    seen = move(alarm("a1"), "ack", Step(NOON, "ack", "eva", "looking"))

    outcomes = await asyncio.gather(
        store.update_alert(seen, State.OPEN), store.update_alert(seen, State.OPEN)
    )
    assert sorted(outcomes) == [False, True]
    assert not await store.update_alert(replace(seen, id="other"), State.OPEN)
    assert seen == await store.alert("a1")


async def test_alerts_come_by_time_and_page_by_cursor(store):
    """Oldest first; the id decides between alerts of one moment."""
    rows = [alarm(f"a{n}", of=f"s{n}", raised_at=NOON + n // 2) for n in (3, 1, 0, 2)]
    await store.commit(Commit(alerts=rows))
    closed = replace(alarm("a1", of="s1", raised_at=NOON), state=State.EXPIRED)
    await store.update_alert(closed, State.OPEN)

    assert ["a0", "a1", "a2", "a3"] == [alert.id for alert in await store.alerts()]
    assert ["a0", "a1"] == [alert.id for alert in await store.alerts(limit=2)]
    assert ["a2", "a3"] == [alert.id for alert in await store.alerts(cursor="a1")]
    assert ["a1"] == [alert.id for alert in await store.alerts(State.EXPIRED)]
    assert ["a2", "a3"] == [alert.id for alert in await store.alerts(since=NOON + 1)]
    assert ["a3"] == [a.id for a in await store.alerts(State.OPEN, NOON, 5, "a2")]
    with pytest.raises(StoreError, match="cursor"):
        await store.alerts(cursor="nothing of that name")


async def test_every_new_alert_waits_for_each_sink(store):
    """The deliveries are in the transaction of the alert; one a sink, once."""
    await store.commit(full())
    waiting = await store.due(NOON, 99)

    assert list(OPTIONS.sinks) == [delivery.sink for delivery in waiting]
    assert {"alert of s1"} == {delivery.alert.id for delivery in waiting}
    assert [0, 0] == [delivery.attempts for delivery in waiting]
    assert len({delivery.id for delivery in waiting}) == 2
    assert 2 == (await store.health()).outbox_depth
    assert 1 == len(await store.due(NOON, 1))


async def test_a_delivery_ends_delivered_or_given_up(store):
    """What failed comes again when it is due, and not before."""
    await store.commit(full())
    first, second = await store.due(NOON, 99)
    await store.delivered(first.id, NOON)
    await store.postponed(second.id, NOON + 5, NOON, "away")

    assert [] == await store.due(NOON + 4, 99)
    assert [replace(second, attempts=1)] == await store.due(NOON + 5, 99)
    await store.postponed(second.id, None, NOON, "away")
    assert [] == await store.due(NOON + 9e9, 99)
    health = await store.health()
    assert (0, 1) == (health.outbox_depth, health.outbox_failed)


async def test_people_sum_up_what_was_gathered(store):
    """Trajectories count whether they were scored or not; by name."""
    times = [NOON, NOON + 50, NOON + 7]
    rows = [scored(n, score=None, received=at) for n, at in enumerate(times)]
    other = session("s2", "berta")
    unknown = session("s3", None, client="10.9.9.9")
    more = [scored(1, "s2", "berta"), scored(1, "s3", None), scored(9, lane="bot")]
    await store.commit(Commit(sessions=[session(), other, unknown], trajectories=rows + more))

    anna, berta = await store.people()
    assert ("anna", 3, NOON, NOON + 50) == (anna.user, anna.trajectories, anna.first, anna.last)
    assert ("berta", 1) == (berta.user, berta.trajectories)
    assert (0, 0, False, False, None, None) == (
        anna.version,
        anna.newest_version,
        anna.provisional,
        anna.paused,
        anna.quality,
        anna.enrolled_at,
    )
    assert anna == await store.person("anna")


async def test_a_confirmed_impostor_never_trains(store):
    """Unresolved alerts hold a session's movement back, and confirmed ones for good."""
    rows = [scored(1), scored(1, "s2", seed=2)]
    second = session("s2", started=NOON + 1)
    await store.commit(Commit(sessions=[session(), second], trajectories=rows))
    await store.commit(Commit(alerts=[alarm("a1")]))
    seen = move(alarm("a1"), "ack", Step(NOON, "ack", "eva", ""))

    assert 1 == len(await store.genuine("anna", 99))
    await store.update_alert(seen, State.OPEN)
    [[kept]] = await store.genuine("anna", 99)
    assert same(rows[1].trajectory, kept)
    assert 2 == (await store.person("anna")).trajectories
    await store.update_alert(move(seen, "confirm", Step(NOON, "x", "eva", "")), seen.state)
    assert 1 == (await store.person("anna")).trajectories
    assert 1 == len(await store.genuine("anna", 99))


async def test_a_dismissed_alert_alone_gives_no_movement_free(store):
    """One person may be wrong, or deceived: `reauth feedback confirm` is another's word."""
    await store.commit(full())
    seen = move(alarm("alert of s1"), "ack", Step(NOON, "ack", "eva", ""))
    assert [] == await store.genuine("anna", 99)
    await store.update_alert(seen, State.OPEN)
    await store.update_alert(move(seen, "dismiss", Step(NOON, "x", "eva", "")), seen.state)

    assert [] == await store.genuine("anna", 99)
    assert 3 == (await store.person("anna")).trajectories


async def test_genuine_movement_comes_by_session_the_newest_kept(store):
    """A limit takes from the oldest end, inside a session too."""
    rows = [scored(n, of, seed=n) for of, n in (("s2", 1), ("s2", 2), ("s1", 3), ("s1", 4))]
    late = session("s1", started=NOON + 9)
    await store.commit(Commit(sessions=[late, session("s2")], trajectories=rows))

    everything = await store.genuine("anna", 99)
    assert [2, 2] == [len(trajectories) for trajectories in everything]
    assert same(rows[0].trajectory, everything[0][0])
    assert same(rows[3].trajectory, everything[1][1])
    [[older], newer] = await store.genuine("anna", 3)
    assert same(rows[1].trajectory, older) and len(newer) == 2
    assert [] == await store.genuine("anna", 0)


async def test_the_background_is_everybody_else(store):
    """At most so many trajectories of each; of nobody unknown."""
    sessions = [session(name, user) for name, user in (("s1", "anna"), ("s2", "berta"))]
    sessions.append(session("s3", None, client="10.9.9.9"))
    rows = [scored(n, s.id, s.user, seed=n) for s in sessions for n in (1, 2, 3)]
    await store.commit(Commit(sessions=sessions, trajectories=rows))

    found = await store.background("anna", 2)
    assert ["berta"] == list(found)
    assert [2] == [len(trajectories) for trajectories in found["berta"]]


async def test_the_background_may_be_of_another_lane(store):
    """Whole movements are kept for a lane that judges them."""
    rows = [scored(1, seed=1), scored(1, seed=2, lane="bot"), scored(2, seed=3, lane="bot")]
    await store.commit(Commit(sessions=[session()], trajectories=rows))

    found = await store.background("", 9, None, "bot")
    assert [row.trajectory.id for row in rows[1:]] == [each.id for each in found["anna"][0]]


async def test_the_newest_movement_of_everybody_comes_in_order_of_time(store):
    """Of the lane that is asked for, the newest kept; of nobody known there is none."""
    sessions = [session("s1"), session("s2", "berta"), session("s3", None, client="10.9.9.9")]
    rows = [
        scored(n, of, user, seed=10 * at + n, lane="bot", received=NOON + 100 * at)
        for at, (of, user) in enumerate((("s1", "anna"), ("s2", "berta")))
        for n in (1, 2, 3)
    ]
    await store.commit(Commit(sessions=sessions, trajectories=[*rows, scored(9)]))

    ids = [row.trajectory.id for row in rows]
    assert ids == [each.id for each in await store.newest("bot", 99)]
    assert ids[-4:] == [each.id for each in await store.newest("bot", 4)]
    assert [] == await store.newest("replay", 99)


async def test_what_a_detector_has_learnt_takes_the_place_of_what_it_had(store):
    """Whoever looks at the version sees that there is something new."""
    assert await store.learnt("default") is None
    before = await store.version()
    await store.save_learnt("default", NOON, b"first")
    await store.save_learnt("default", NOON + 1, b"second")

    assert (NOON + 1, b"second") == await store.learnt("default")
    assert before < await store.version()
    assert await store.learnt("other") is None


async def test_templates_are_counted_and_the_newest_is_active(store):
    """Versions only go up; an older one can be made active again."""
    first = await store.save_template(learnt())
    second = await store.save_template(learnt(provisional=True, quality=None))

    assert (1, 2) == (first.version, second.version)
    assert 2 == (await store.template("anna")).version
    assert [1, 2] == [template.version for template in await store.templates("anna")]
    await store.rollback("anna", 1)
    assert 1 == (await store.template("anna")).version
    assert 2 == (await store.template("anna", 2)).version
    assert await store.template("anna", 9) is None
    with pytest.raises(NotEnrolled, match="9"):
        await store.rollback("anna", 9)
    with pytest.raises(NotEnrolled):
        await store.rollback("berta", 1)
    third = await store.save_template(learnt())
    assert 3 == third.version
    person = await store.person("anna")
    assert (3, 3, False) == (person.version, person.newest_version, person.provisional)


SMALL, LARGE = "frame/mouse/small", "frame/mouse/large"


async def test_each_device_class_has_an_active_template(store):
    """A template takes the place of those that it does not contradict, also when it comes back."""
    vague = await store.save_template(learnt(devices=("frame/?/?",)))
    assert {"anna": {"frame/?/?": 1}} == await store.actives()
    await store.save_template(learnt(devices=(SMALL,), provisional=True))
    await store.save_template(learnt(devices=(LARGE,), quality=None))
    await store.save_template(learnt(devices=(SMALL,)))
    assert {"anna": {LARGE: 3, SMALL: 4}} == await store.actives()

    person = await store.person("anna")
    rows = {row.device: (row.version, row.newest_version) for row in person.devices}
    assert {"frame/?/?": (0, 1), LARGE: (3, 3), SMALL: (4, 4)} == rows
    assert (4, 4, False) == (person.version, person.newest_version, person.provisional)
    assert 4 == (await store.template("anna")).version

    await store.rollback("anna", 2)
    assert {"anna": {SMALL: 2, LARGE: 3}} == await store.actives()
    person = await store.person("anna")
    assert (3, 4, False) == (person.version, person.newest_version, person.provisional)
    assert person.quality is None
    [small] = [row for row in person.devices if row.device == SMALL]
    assert (2, 4, True, NOON) == (
        small.version, small.newest_version, small.provisional, small.enrolled_at
    )  # fmt: skip
    assert {"active": 1} == (await store.health()).users

    await store.rollback("anna", vague.version)
    assert {"anna": {"frame/?/?": 1}} == await store.actives()
    await store.delete_user("anna")
    assert {} == await store.actives()


async def test_what_is_gathered_is_counted_by_device_class(store):
    """And what was not compared as the class was unknown; written twice it counts once."""
    rows = [
        on(scored(1), SMALL), on(scored(2), SMALL),
        on(scored(3, score=None), LARGE, "unknown_device"), on(scored(4, score=None), LARGE),
        on(scored(5, lane="bot"), SMALL),
    ]  # fmt: skip
    await store.commit(Commit(sessions=[session()], trajectories=rows[:3]))
    await store.commit(Commit(sessions=[session()], trajectories=rows))

    person = await store.person("anna")
    found = {row.device: (row.trajectories, row.unknown) for row in person.devices}
    assert {SMALL: (2, 0), LARGE: (2, 1)} == found
    assert 4 == person.trajectories
    assert person == (await store.people())[0]


async def test_trajectories_keep_their_device_class_and_are_found_by_it(store):
    """The newest of a class, whatever lies between."""
    rows = [on(scored(n), SMALL if n % 2 else LARGE) for n in range(1, 7)]
    berta = [on(scored(1, "s2", "berta"), LARGE), on(scored(2, "s2", "berta"), SMALL)]
    await store.commit(
        Commit(sessions=[session(), session("s2", "berta")], trajectories=[*rows, *berta])
    )

    [found] = await store.genuine("anna", 2, [SMALL])
    assert [SMALL, SMALL] == [each.device for each in found]
    assert same(rows[4].trajectory, found[1])
    assert 6 == len((await store.genuine("anna", 9, [SMALL, LARGE]))[0])
    assert [] == await store.genuine("anna", 9, [])
    [[other]] = (await store.background("anna", 9, [LARGE])).values()
    assert same(berta[0].trajectory, other[0])
    assert {} == await store.background("anna", 9, ["sparse/mouse/small"])


async def test_scores_of_one_template_are_found_among_others(store):
    """An alert rests on those of one device."""
    rows = [replace(scored(n), template_version=1 + n % 2) for n in range(1, 6)]
    await store.commit(Commit(sessions=[session()], trajectories=[*rows, scored(6, score=None)]))

    found = await store.trajectories_of("s1", "identity", 2, 2)
    assert [3, 5] == [row.number for row in found]
    assert [] == await store.trajectories_of("s1", "identity", 9, 0)


async def test_what_is_left_of_a_session_is_counted_by_device_class(store):
    """What is deleted by age trains nobody."""
    old, new = on(scored(1), SMALL), on(scored(2, received=NOON + 400 * DAY), LARGE)
    unknown = on(scored(3, score=None, received=NOON + 400 * DAY), LARGE, "unknown_device")
    await store.commit(Commit(sessions=[session()], trajectories=[old, new, unknown]))
    await store.expire(NOON + 401 * DAY)

    [row] = (await store.person("anna")).devices
    assert (LARGE, 2, 1) == (row.device, row.trajectories, row.unknown)


def on(row, device, reason=None):
    """A row of a trajectory on a device class."""
    named = replace(row.trajectory, device=device)
    return replace(row, trajectory=named, reason=reason or row.reason)


async def test_a_template_comes_back_as_it_went_in(store):
    """Arrays to the last bit, text and quality alike."""
    went = await store.save_template(learnt())
    came = await store.template("anna")

    for name, array in went.arrays.items():
        assert np.array_equal(array, came.arrays[name])
    for name, array in went.calibration.items():
        assert np.array_equal(array, came.calibration[name])
    assert [a.tolist() for a in went.held_out] == [a.tolist() for a in came.held_out]
    assert dict(went.quality) == dict(came.quality)
    assert (went.threshold, went.enrolled_at) == (came.threshold, came.enrolled_at)
    quality = (await store.person("anna")).quality
    assert 0.05 == quality["100"]["far"]


async def test_a_paused_user_is_not_compared(store):
    """The active template is nobody's while paused; it is there, and comes back."""
    await store.save_template(learnt())
    await store.save_template(learnt("berta"))
    await store.set_paused("anna", True)

    assert await store.template("anna") is None
    assert await store.template("anna", 1) is not None
    assert {"berta": {"?/?/?": 1}} == await store.actives()
    assert (await store.person("anna")).paused
    await store.set_paused("anna", False)
    assert {"anna": {"?/?/?": 1}, "berta": {"?/?/?": 1}} == await store.actives()
    assert 1 == (await store.template("anna")).version


async def test_who_is_paused_before_anything_is_known_stays_paused(store):
    """The wish holds when the first template comes."""
    await store.set_paused("anna", True)
    await store.save_template(learnt())

    assert await store.template("anna") is None


async def test_a_recording_is_kept_once(store):
    """The same content again changes nothing; its movement trains like any other."""
    sessions = [[drawn(1, at=0.0), drawn(2, at=60.0)], [drawn(3, at=0.0)]]

    assert await store.import_recording("anna", "digest", sessions, NOON)
    assert not await store.import_recording("anna", "digest", sessions, NOON + 1)
    assert await store.import_recording("berta", "digest", sessions, NOON)
    given = await store.genuine("anna", 99)
    assert [2, 1] == [len(trajectories) for trajectories in given]
    assert same(sessions[0][1], given[0][1])
    assert 3 == (await store.person("anna")).trajectories
    assert await store.session("anna", "10.0.0.1") is None


async def test_version_changes_with_people_templates_and_closed_alerts_only(store):
    """It is looked at often: live traffic must not change it."""
    seen = [await store.version()]

    async def changed():
        seen.append(await store.version())
        return seen[-1] != seen[-2]

    await store.save_template(learnt())
    assert await changed()
    await store.save_template(learnt())
    assert await changed()
    await store.rollback("anna", 1)
    assert await changed()
    await store.set_paused("anna", True)
    assert await changed()
    await store.import_recording("anna", "digest", [[drawn()]], NOON)
    assert await changed()
    await store.commit(full())
    assert not await changed()
    [alert] = await store.alerts()
    seen_by = move(alert, "ack", Step(NOON, "ack", "eva", ""))
    await store.update_alert(seen_by, State.OPEN)
    assert not await changed()
    closed = move(seen_by, "dismiss", Step(NOON, "dismiss", "eva", ""))
    await store.update_alert(closed, State.ACKNOWLEDGED)
    assert await changed()
    await store.delete_user("anna")
    assert await changed()


async def test_what_another_process_changes_is_seen(files):
    """`reauth enrol` is used while the service is up."""
    async with files() as service, files() as command:
        before = await service.version()
        await command.save_template(learnt())

        assert before != await service.version()
        assert {"anna": {"?/?/?": 1}} == await service.actives()
        await service.commit(full())
        assert 3 == (await command.person("anna")).trajectories


async def test_a_deleted_user_is_forgotten(store):
    """Templates, movement, sessions, raw batches and what waits; nobody else's."""
    await store.commit(full())
    await store.commit(full("s2", "berta", held=[], tabs=[], raw=[raw(7, user="berta")]))
    await store.save_template(learnt())
    await store.import_recording("anna", "digest", [[drawn()]], NOON)

    # Two raw, two held, one tab, two sessions, four trajectories, a template, the person, a
    # recording and a row for two equal rejects.
    assert 15 == await store.delete_user("anna")
    assert await store.person("anna") is None
    assert [] == await store.templates("anna")
    assert [] == await store.held_tabs()
    assert await store.tab(b"t" * 16) is None
    assert await store.session("anna", "10.0.0.1") is None
    assert 0 == await store.delete_user("anna")
    assert ["berta"] == [person.user for person in await store.people()]
    assert 3 == (await store.person("berta")).trajectories


async def test_whom_a_deleted_user_resembled_is_told_no_more(store):
    """An alert of somebody else's account is no place to keep their name; the alert stays."""
    for name, other in (("a1", "anna"), ("a2", "berta")):
        resembles = Resemblance(other, 0.75)
        await store.commit(Commit(alerts=[alarm(name, f"s{name}", "carl", resembles=resembles)]))

    await store.delete_user("anna")

    found = [alert.resembles for alert in await store.alerts()]
    assert [None, Resemblance("berta", 0.75)] == found


async def test_alerts_outlive_the_user(store):
    """They record what happened to an account, and have a retention of their own."""
    await store.commit(full())
    await store.delete_user("anna")

    assert ["alert of s1"] == [alert.id for alert in await store.alerts()]


async def test_what_is_older_than_its_retention_goes(store):
    """By an argument's clock; each kind after its own time."""
    await store.commit(full())
    later = NOON + 40 * DAY
    fresh = Commit(
        raw=[raw(1, received=later)],
        tabs=[tabbed(b"u" * 16, last_seen=later)],
        sessions=[session("s9", started=later)],
        trajectories=[scored(1, "s9", received=later)],
    )
    await store.commit(fresh)

    assert set() == {table for table, rows in (await store.expire(NOON + DAY)).items() if rows}
    gone = await store.expire(later + DAY)
    assert 3 == gone["trajectory"] and 1 == gone["session"] and 1 == gone["tab"]
    assert 1 == gone["raw_day"] and 2 == gone["held"] and 1 == gone["reject"]
    assert 0 == gone["alert"]
    assert fresh.sessions[0] == await store.session("anna", "10.0.0.1")
    assert 1 == (await store.person("anna")).trajectories
    assert await store.tab(b"u" * 16) is not None


async def test_a_session_that_never_ends_loses_its_old_movement(store):
    """Retention counts from each trajectory, not from the session's end."""
    rows = [scored(n + 1, received=NOON + n * DAY) for n in range(40)]
    await store.commit(Commit(sessions=[session()], trajectories=rows))

    gone = await store.expire(NOON + 39.5 * DAY)
    assert (10, 0) == (gone["trajectory"], gone["session"])
    person = await store.person("anna")
    assert (30, NOON + 10 * DAY) == (person.trajectories, person.first)


async def test_closed_alerts_go_after_their_time(store):
    """One that somebody is on stays, whatever its age."""
    await store.commit(Commit(alerts=[alarm("a1"), alarm("a2", of="s2")]))
    closed = replace(alarm("a1"), state=State.EXPIRED)
    await store.update_alert(closed, State.OPEN)
    taken = replace(alarm("a2"), state=State.ACKNOWLEDGED)
    await store.update_alert(taken, State.OPEN)

    assert 0 == (await store.expire(NOON + 364 * DAY))["alert"]
    assert 1 == (await store.expire(NOON + 366 * DAY))["alert"]
    assert ["a2"] == [alert.id for alert in await store.alerts()]
    assert {"a2"} == {delivery.alert.id for delivery in await store.due(NOON, 9)}


async def test_an_alert_that_nobody_acknowledges_expires(store):
    """Its history says so; it goes when closed alerts go."""
    await store.commit(Commit(alerts=[alarm("a1")]))

    await store.expire(NOON + 89 * DAY)
    assert State.OPEN is (await store.alert("a1")).state
    await store.expire(NOON + 91 * DAY)
    expired = await store.alert("a1")

    assert State.EXPIRED is expired.state
    assert ("expire", "retention") == (expired.history[-1].action, expired.history[-1].by)


async def test_a_copy_opens_and_equals(files, tmp_path):
    """A copy is taken while the store is in use, and never overwrites."""
    copy = tmp_path / "copies" / "store.db"
    copy.parent.mkdir()
    async with files() as store:
        await store.commit(full())
        await store.save_template(learnt())
        await store.backup(str(copy))
        before = await contents(store)
        with pytest.raises(StoreError, match="already"):
            await store.backup(str(copy))
    assert copy.stat().st_mode & 0o777 == 0o600
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    copy.rename(tmp_path / "store.db")
    async with files() as restored:
        assert before == await contents(restored)
        assert await restored.template("anna") is not None


async def test_health_tells_how_the_store_is(store):
    """For the readiness probe and the metrics; users by their state."""
    await store.commit(full())
    await store.save_template(learnt("berta"))
    await store.save_template(learnt("carla", provisional=True))
    await store.save_template(learnt("dora"))
    await store.set_paused("dora", True)
    health = await store.health()

    assert health.writable
    assert health.schema >= 1
    assert health.db_bytes > 0 and health.wal_bytes > 0
    assert 0 < health.free_share <= 1
    assert (2, 1) == (health.outbox_depth, health.alerts_open)
    assert {"gathering": 1, "active": 1, "provisional": 1, "paused": 1} == dict(health.users)


async def test_a_claim_is_kept_with_its_batch(store):
    """Who sent a batch is what the proxy said, to the last field."""
    row = replace(held(1), claim=claimed(None, "10.1.1.1", host="intranet", token="restored"))
    await store.commit(Commit(held=[row]))

    assert [row] == await store.held(b"t" * 16)


async def test_many_groups_at_once_keep_their_order(store):
    """One writer: groups are stored whole, one after the other."""
    groups = [
        Commit(sessions=[session(state=b"%d" % n)], trajectories=[scored(n)])
        for n in range(1, 41)
    ]
    await asyncio.gather(*(store.commit(group) for group in groups))

    assert b"40" == (await store.session("anna", "10.0.0.1")).state
    given = await store.trajectories_of("s1", "identity", 99)
    assert list(range(1, 41)) == [row.number for row in given]
    assert 40 == (await store.person("anna")).trajectories
