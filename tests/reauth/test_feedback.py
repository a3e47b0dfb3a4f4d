"""Verdicts feed back: two people, a comparison, a promotion; and nothing else teaches."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.access import EVERYTHING, Role, Who, acts_of
from reauth.adapt import Adapter
from reauth.alert import Step, move
from reauth.doors import doors_of
from reauth.enrol import Enroller
from reauth.features import FEATURE_SETS
from reauth.feedback import HOUSE, Feedback
from reauth.label import NoLabel, NotAllowed, Standing
from reauth.ports import Commit, ShadowState, TrajectoryRow
from reauth.settings import Enrolment, IdentityLane, Settings
from reauth.shadow import comparison_from
from reauth.store import open_store
from reauth.verify import VERIFIERS
from tests.playbook import ALICE, MALLORY, OTHERS, Hand, trajectories
from tests.rows import alarm, session

NOW = 1_790_000_000.0
DAY = 86_400.0
SETTINGS = Settings(
    enrolment=Enrolment(min_trajectories=60, adapt_after=60, check=0.0),
    identity_lane=IdentityLane(window=10),
)
EVA, ADAM = (Who(name, acts_of([Role.APPROVER])) for name in ("eva", "adam"))
ZOE = Who("zoe", acts_of([Role.ANALYST]))
VIC = Who("vic", acts_of([Role.VIEWER, Role.ADMIN]))

NEW_MOUSE = Hand(speed=1500.0, bow=0.16, tremor=1.2)
"""Alice with another mouse: faster, and not as any of the others."""


def lived(hand, seed, end, count=40):
    """Movement of a session that ended at a time."""
    drawn = trajectories(hand, count, seed)
    return [replace(each, t=each.t + end - drawn[-1].t[-1]) for each in drawn]


@pytest.fixture
async def store():
    """Alice enrolled ten days ago against three others, who have moved on since, as she has."""
    async with open_store("sqlite://:memory:", None) as opened:
        for seed in (1, 2):
            await given(opened, "alice", lived(ALICE, seed, NOW - 11 * DAY))
        for name, hand in OTHERS.items():
            await given(opened, name, lived(hand, 3, NOW - 11 * DAY))
        await Enroller(opened, SETTINGS, lambda: NOW - 10 * DAY).train("alice")
        for name, hand in OTHERS.items():
            await given(opened, name, lived(hand, 4, NOW - 5 * DAY, 80))
        for seed in (5, 6):
            await given(opened, "alice", lived(ALICE, seed, NOW - 5 * DAY))
        yield opened


async def given(store, user, drawn):
    """Movement as a recording of somebody, unsuspected."""
    assert await store.import_recording(user, f"{user}{drawn[0].id}", [drawn], drawn[-1].t[-1])


async def alarmed(store, name, hand, seed, verdict="false_positive", closed_by="eva"):
    """A session in which somebody moved so, whose alert was closed so; the alert's id."""
    drawn = lived(hand, seed, NOW - 3 * DAY + seed)
    rows = [
        TrajectoryRow(name, "alice", "identity", number, "5e1f", NOW - 3 * DAY, each, -2.0, None, 1)
        for number, each in enumerate(drawn, 1)
    ]
    await store.commit(
        Commit(sessions=[session(name, "alice", NOW - 3 * DAY + seed)], trajectories=rows)
    )
    alert = alarm(f"alert of {name}", name, "alice", raised_at=NOW - 3 * DAY)
    await store.commit(Commit(alerts=[alert]))
    action = "dismiss" if verdict in ("false_positive", "benign") else "confirm"
    for act in ("ack", action):
        was = alert.state
        named = verdict if act == action else None
        alert = move(alert, act, Step(NOW, act, closed_by, ""), named)
        assert await store.update_alert(alert, was)
    return alert.id


def feedback(store, **wanted):
    """The service, as `reauth run` makes it."""
    settings = replace(SETTINGS, enrolment=replace(SETTINGS.enrolment, **wanted))
    enroller = Enroller(store, settings, lambda: NOW)
    return Feedback(store, doors_of(store).lessons, settings, lambda: NOW, enroller)


async def confirmed(store, count=2, hand=NEW_MOUSE, **wanted):
    """The service after two people said of some sessions that it was Alice."""
    service = feedback(store, **wanted)
    for number in range(count):
        alert = await alarmed(store, f"s{number}", hand, 30 + number)
        await service.confirm(alert, ADAM, "asked her")
    return service


async def refused(store, hand):
    """Share of a hand's trajectories that the active template holds against the user."""
    active = await store.template("alice")
    rows = FEATURE_SETS[active.feature_set].extract_many(trajectories(hand, 60, 77))
    return float(np.mean(VERIFIERS[active.verifier].score_many(active, rows) < 0))


async def test_a_false_alarm_is_learnt_from_after_every_step(store):
    """Candidate, second person, shadow, comparison, promotion: then the new mouse is known."""
    before = await refused(store, NEW_MOUSE)
    service = await confirmed(store)
    [shadow] = await service.due()

    assert 1 == (await store.template("alice")).version, "a shadow is not active"
    assert before == await refused(store, NEW_MOUSE)
    saved = await service.promote(shadow.id, ADAM)

    assert 2 == saved.version == (await store.template("alice")).version
    assert before > 0.5 > await refused(store, NEW_MOUSE)
    assert await refused(store, MALLORY) > 0.8
    [row] = await service.lessons.shadows("alice")
    assert (ShadowState.PROMOTED, "adam", NOW, 2) == (
        row.state, row.decided_by, row.decided_at, row.version
    )  # fmt: skip


async def test_the_comparison_tells_what_it_rests_on(store):
    """Alice's two later sessions and one of the candidates, and what three others did since."""
    service = await confirmed(store)
    [shadow] = await service.due()

    found = comparison_from(shadow.comparison)
    assert (3, 1, 3, 24) == (found.sessions, found.candidates, found.users, found.other_windows)
    assert found.shadow.frr <= found.active.frr
    assert (1, ("alert of s0", "alert of s1")) == (shadow.base, shadow.alerts)


async def test_the_shadow_has_not_seen_what_it_is_judged_by(store):
    """It has learnt from enrolment's sessions and one candidate: 80 and 40 trajectories."""
    service = await confirmed(store)
    [shadow] = await service.due()

    _, template = await service.lessons.shadow(shadow.id)
    assert 120 == template.n_genuine
    assert 0 == template.anchor


@pytest.mark.parametrize("who", [EVA, Who("EVA ", EVERYTHING)], ids=["eva", "EVA"])
async def test_who_closed_an_alert_neither_confirms_nor_promotes(store, who):
    """Whatever else they may."""
    service = feedback(store)
    alert = await alarmed(store, "s1", NEW_MOUSE, 30)

    with pytest.raises(NotAllowed, match="somebody else must confirm"):
        await service.confirm(alert, who)
    await service.confirm(alert, ADAM)
    [shadow] = await service.compare("alice")
    with pytest.raises(NotAllowed, match="somebody else must promote"):
        await service.promote(shadow.id, who)
    assert 1 == (await store.template("alice")).version


@pytest.mark.parametrize("who", [ZOE, VIC], ids=["analyst", "admin"])
async def test_only_an_approver_gives_the_second_word(store, who):
    """An analyst closes alerts, an admin keeps the machine."""
    service = await confirmed(store)
    [shadow] = await service.due()
    another = await alarmed(store, "s9", NEW_MOUSE, 39)

    for refused_act in (
        service.confirm(another, who),
        service.promote(shadow.id, who),
        service.discard(shadow.id, who),
        service.nudge("alice", 0.5, who),
    ):
        with pytest.raises(NotAllowed, match="it needs 'approve'"):
            await refused_act
    with pytest.raises(NotAllowed, match="it needs 'work_alerts'"):
        await service.reject(another, VIC)


@pytest.mark.parametrize(
    "verdict", ["true_positive", "suspicious", "security_risk", "insufficient_data"]
)
async def test_a_true_positive_never_trains(store, verdict):
    """Neither by confirming nor by adapting nor by enrolling anew: not one of its trajectories."""
    alert = await alarmed(store, "stolen", MALLORY, 40, verdict)
    service = feedback(store)

    with pytest.raises(NoLabel, match="only a candidate is confirmed"):
        await service.confirm(alert, ADAM)
    with pytest.raises(NoLabel, match="no session that was confirmed"):
        await service.compare("alice")
    assert [] == await service.due()
    hers = {each.id for part in await store.genuine("alice", 9999) for each in part}
    theirs = {row.trajectory.id for row in await store.trajectories_of("stolen", "identity", 99)}
    assert 40 == len(theirs)
    assert not hers & theirs
    [template] = await Enroller(store, SETTINGS, lambda: NOW).train("alice")
    assert 160 == template.n_genuine
    assert await refused(store, MALLORY) > 0.8


async def test_an_attacker_whom_one_analyst_lets_pass_teaches_nothing(store):
    """Alert after alert dismissed as false, and nobody confirms: no learning takes any of it."""
    for number in range(4):
        await alarmed(store, f"m{number}", MALLORY, 50 + number)
    service, enroller = feedback(store), Enroller(store, SETTINGS, lambda: NOW)
    adapting = Adapter(store, SETTINGS, lambda: NOW, enroller)

    assert [] == await service.due()
    found = [template async for template in adapting.adapt_due()]
    found += [one async for one in enroller.train_due() if one.user == "alice"]
    found += await enroller.train("alice")
    assert [160] * len(found) == [template.n_genuine for template in found]
    assert await refused(store, MALLORY) > 0.8


async def test_confirmed_sessions_train_nothing_but_the_shadow(store):
    """Or an enrolment anew would pass by the comparison and the promotion."""
    service = await confirmed(store)
    await service.due()

    [template] = await Enroller(store, SETTINGS, lambda: NOW).train("alice")
    assert 160 == template.n_genuine
    [shadow] = await service.lessons.shadows("alice", ShadowState.WAITING)
    with pytest.raises(NoLabel, match="is active no longer"):
        await service.promote(shadow.id, ADAM)
    [anew] = await service.due()
    assert 2 == anew.base
    await service.promote(anew.id, ADAM)
    [last] = await Enroller(store, SETTINGS, lambda: NOW).train("alice")
    assert 240 == last.n_genuine


async def test_a_shadow_is_learnt_once_for_the_same_sessions(store):
    """And anew when another one was confirmed."""
    service = await confirmed(store, 1)
    [first] = await service.due()
    assert [] == await service.due()
    assert [] == await feedback(store).due(), "not after a restart either"

    await service.confirm(await alarmed(store, "s9", NEW_MOUSE, 39), ADAM)
    [second] = await service.due()
    states = {row.id: row.state for row in await service.lessons.shadows("alice")}
    assert {first.id: "outdated", second.id: "waiting"} == states


async def test_a_shadow_that_is_not_worse_becomes_active_only_if_that_is_wanted(store):
    """By the house's own name; a worse one waits for a person all the same."""
    service = await confirmed(store, promote_unasked=True)
    [shadow] = await service.due()

    assert comparison_from(shadow.comparison).promotable
    assert 2 == (await store.template("alice")).version
    [row] = await service.lessons.shadows("alice")
    assert (ShadowState.PROMOTED, HOUSE) == (row.state, row.decided_by)
    assert 1 == service.counters["shadows_promoted_total"]


async def test_a_shadow_taught_by_somebody_like_another_waits_for_a_person(store):
    """Two people are wrong: it is not promoted by itself, as strangers pass with him."""
    service = await confirmed(store, 3, MALLORY, promote_unasked=True)
    [shadow] = await service.due()

    assert not comparison_from(shadow.comparison).promotable
    assert 1 == (await store.template("alice")).version


async def test_a_rejected_session_is_out_for_good(store):
    """Anybody who works on alerts may doubt; the shadow that rests on it goes with it."""
    service = await confirmed(store, 1)
    [shadow] = await service.due()

    await service.reject("alert of s0", ZOE, "it was her brother")

    with pytest.raises(NoLabel, match="is outdated"):
        await service.promote(shadow.id, ADAM)
    assert [] == await service.due()
    label = await service.lessons.label("alert of s0")
    assert (Standing.NEVER, "zoe", "it was her brother") == (
        label.standing, label.decided_by, label.reason
    )  # fmt: skip
    with pytest.raises(NoLabel, match="is not closed"):
        await service.reject("nothing", ZOE)


async def test_a_discarded_shadow_is_not_learnt_again(store):
    """An approver has looked at the numbers."""
    service = await confirmed(store, 1)
    [shadow] = await service.due()
    await service.discard(shadow.id, ADAM)

    assert [] == await feedback(store).due()
    with pytest.raises(NoLabel, match="there is no shadow"):
        await service.promote("none", ADAM)


async def test_without_a_template_two_people_are_enough(store):
    """There is nothing to compare with: enrolment takes the session up, when there is enough."""
    await store.save_template(replace(await store.template("alice"), provisional=True))
    service = await confirmed(store, 1)

    assert [] == await service.due()
    assert Standing.TAUGHT is (await service.lessons.label("alert of s0")).standing
    with pytest.raises(NoLabel, match="no session that was confirmed"):
        await service.compare("alice")


async def test_comparing_says_what_is_missing(store):
    """A template, or movement on one of the user's devices."""
    service = await confirmed(store, 1)
    await store.save_template(replace(await store.template("alice"), provisional=True))

    with pytest.raises(NoLabel, match="no active template to compare with"):
        await service.compare("alice")


async def test_movement_on_a_device_that_nobody_knows_makes_no_shadow(store):
    """It is another template's business."""
    service = await confirmed(store, 0)
    alert = await alarmed(store, "s7", NEW_MOUSE, 37)

    def elsewhere(connection):
        connection.execute("UPDATE trajectory SET device = 'dense/touch/hand' WHERE session = 's7'")
        connection.execute("UPDATE gathered SET device = 'dense/touch/hand' WHERE session = 's7'")

    await store.desk.write(elsewhere)
    await service.confirm(alert, ADAM)

    with pytest.raises(NoLabel, match="no movement on a device class"):
        await service.compare("alice")


async def test_what_cannot_be_learnt_is_tried_once(store):
    """Data may be short for the settings of today; the template stays."""
    service = await confirmed(store, 1, min_trajectories=999)

    assert [] == await service.due()
    assert [] == await service.lessons.shadows()
    assert 1 == len(service._tried)


async def test_fewer_false_alarms_are_wanted_within_bounds(store):
    """A quarter at least, as the next version, with its quality told anew and a way back."""
    service = feedback(store)
    usual = await store.template("alice")
    nudged = await service.nudge("alice", 0.5, ADAM)

    assert 2 == nudged.version
    assert usual.false_alarms / 2 == pytest.approx(nudged.false_alarms)
    assert nudged.quality[10].limit >= usual.quality[10].limit
    assert nudged.quality[10].far is not None
    again = await service.nudge("alice", 0.5, ADAM)
    assert nudged.false_alarms == again.false_alarms, "of the settings', not of the last one's"
    for share in (0.2, 1.5):
        with pytest.raises(NotAllowed, match=r"between 0\.25 and 1"):
            await service.nudge("alice", share, ADAM)
    with pytest.raises(NoLabel, match="no active template"):
        await service.nudge("nobody", 0.5, ADAM)
