"""Learning a user: the pure part, and the part that gathers and keeps."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from reauth.decide.window import WindowPolicy
from reauth.enrol import (
    LEAST,
    Enroller,
    Options,
    learn,
    options_of,
)
from reauth.errors import NotEnrolled, StoreError, TemplateError
from reauth.features import FEATURE_SETS
from reauth.settings import Enrolment, IdentityLane, Settings
from reauth.trajectory import Trajectory
from reauth.verify import VERIFIERS
from reauth.verify.svm import Svm
from reauth.verify.weibull import Weibull
from tests.playbook import ALICE, MALLORY, OTHERS, trajectories

NOW = 1_780_000_000.0
FEW = Options(min_trajectories=60, windows=(10, 50))
BACKGROUND = {name: [trajectories(hand, 40, 3)] for name, hand in OTHERS.items()}


OWN = [trajectories(ALICE, 40, seed) for seed in (1, 2)]


def taught(own=None, background=BACKGROUND, options=FEW, seed=0):
    own = OWN if own is None else own
    return learn("alice", own, background, options, np.random.default_rng(seed), NOW)


def at(t):
    """A trajectory that ends at a time."""
    return Trajectory(0, np.array([t - 0.1, t]), np.zeros(2), np.zeros(2))


def test_a_template_says_whom_it_describes_and_what_made_it():
    """Everything that somebody needs to refuse it, or to judge it."""
    found = taught()

    assert ("alice", 0, NOW, False) == (
        found.user, found.version, found.enrolled_at, found.provisional
    )  # fmt: skip
    assert ("medvet", "svm") == (found.feature_set, found.verifier)
    assert (80, 120, 3) == (found.n_genuine, found.n_impostor, found.n_background_users)


def test_the_user_is_known_and_a_stranger_is_not():
    """The template, whoever uses it, tells the two apart."""
    found, verifier = taught(), VERIFIERS["svm"]
    features = FEATURE_SETS["medvet"]
    genuine, stranger = (
        verifier.score_many(found, features.extract_many(trajectories(hand, 60, 9)))
        for hand in (ALICE, MALLORY)
    )

    assert np.mean(genuine > 0) > 0.8
    assert np.mean(stranger > 0) < 0.2


def test_the_quality_report_has_every_window_that_was_asked_for():
    """Rates with intervals, and the limit that the policy will use."""
    found = taught()

    assert {10, 50} == set(found.quality)
    entry = found.quality[10]
    assert WindowPolicy.fitted(found, 10).limit == entry.limit
    assert entry.far_ci[0] <= entry.far <= entry.far_ci[1]
    assert entry.frr_ci[0] <= entry.frr <= entry.frr_ci[1]


def test_short_data_are_refused_with_what_is_missing():
    """Nobody's fault, and the message says how long to go on."""
    with pytest.raises(NotEnrolled, match="40 trajectories, 60 are needed: 20 to go"):
        taught([trajectories(ALICE, 40, 1)])


def test_trajectories_too_short_for_the_features_do_not_count():
    """A recording with other settings may hold some."""
    own = [[at(1.0), *trajectories(ALICE, 60, 1), at(2.0)], [at(3.0)]]

    assert 60 == taught(own).n_genuine
    with pytest.raises(NotEnrolled, match="0 trajectories, 60 are needed"):
        taught([[at(1.0)] * 60])


def test_somebody_with_a_few_movements_is_no_population():
    """The template stays provisional until there are others worth the name."""
    some = {name: [sessions[0][: LEAST - 1]] for name, sessions in BACKGROUND.items()}

    found = taught(background=some)

    assert found.provisional
    assert 0 == found.n_background_users
    assert found.quality[10].far is None


def test_the_same_seed_gives_the_same_template():
    """Whatever order the background comes in."""
    turned = dict(reversed(BACKGROUND.items()))
    one, two = taught(), taught(background=turned)

    assert all(np.array_equal(one.arrays[name], two.arrays[name]) for name in one.arrays)
    assert one.quality == two.quality


def test_wanted_false_alarms_are_shared_out_over_trajectories():
    """One in eight active hours, at the rate of these hands: a trajectory in two seconds."""
    assert 1 / (8 * 1800) == pytest.approx(taught().false_alarms)
    assert taught(options=replace(FEW, false_alarms_per_8h=1e9)).false_alarms == 0.5


def test_a_template_knows_the_devices_that_it_was_learnt_on():
    """On others nobody is compared."""
    found = taught()

    assert ("frame/?/?",) == found.devices


DENSE, FRAME, SPARSE = "dense/mouse/small", "frame/mouse/small", "sparse/mouse/small"


def on(device, sessions):
    """The same movement on a device."""
    return [[replace(each, device=device) for each in session] for session in sessions]


def test_a_template_is_of_one_device_class():
    """Of the one that is wanted, else of the commonest; the other's movement is left out."""
    few = on(DENSE, [trajectories(ALICE, 62, 7)])
    both = [*on(FRAME, OWN), *few]
    commonest, wanted = taught(both), taught(both, options=replace(FEW, device=DENSE))

    assert ((FRAME,), 80) == (commonest.devices, commonest.n_genuine)
    assert ((DENSE,), 62) == (wanted.devices, wanted.n_genuine)
    with pytest.raises(NotEnrolled, match="0 trajectories, 60 are needed"):
        taught(both, options=replace(FEW, device=SPARSE))


def test_a_user_is_told_from_others_on_the_same_device():
    """Where there are enough; a template against other devices would tell devices apart."""
    others = {f"{name}, {device}": on(device, sessions)
              for name, sessions in BACKGROUND.items() for device in (FRAME, DENSE)}  # fmt: skip
    own = on(FRAME, OWN)
    few = {**others, "erin": on(SPARSE, [trajectories(MALLORY, 40, 3)])}

    assert (3, 120) == numbers(taught(own, others))
    assert (7, 280) == numbers(taught(own, few, replace(FEW, min_users=4)))


def numbers(template):
    """How many others a template was learnt against, and how many trajectories of them."""
    return template.n_background_users, template.n_impostor


def test_options_follow_the_settings():
    """Every number of `[enrolment]`, and the window that the live lane uses."""
    wanted = Enrolment(
        min_trajectories=70, min_background_users=5, svm_c=2.0, false_alarms_per_8h=3.0
    )

    found = options_of(Settings(enrolment=wanted, identity_lane=IdentityLane(window=30)))

    assert Svm(c=2.0, min_users=5) == found.verifier
    assert (5, None) == (found.min_users, found.device)
    assert (70, 3.0) == (found.min_trajectories, found.false_alarms_per_8h)
    assert (10, 20, 30, 50, 100, 200) == found.windows


def test_gamboas_verifier_takes_how_many_others_it_needs():
    """With fewer it is provisional, as the SVM is; its features are its own."""
    wanted = Enrolment(min_background_users=7)

    found = options_of(Settings(enrolment=wanted, identity_lane=IdentityLane(verifier="weibull")))

    assert Weibull(min_users=7) == found.verifier
    assert "gamboa" == found.features.name


def test_a_verifier_without_settings_is_taken_from_the_table(monkeypatch):
    """Nothing of `[enrolment]` concerns it."""
    other = SimpleNamespace(features="medvet")
    monkeypatch.setitem(VERIFIERS, "other", other)

    assert other is options_of(Settings(identity_lane=IdentityLane(verifier="other"))).verifier


WANTED = Enrolment(min_trajectories=60, full_trajectories=200, check=0.01)


def enroller(store, clock=lambda: NOW, policy="window", **wanted):
    lane = IdentityLane(window=10, policy=policy)
    settings = Settings(enrolment=replace(WANTED, **wanted), identity_lane=lane)
    return Enroller(store, settings, clock)


class Altered:
    """A real store of which one method does something more, or fails."""

    def __init__(self, store, **methods):
        self._store = store
        self.__dict__.update(methods)

    def __getattr__(self, name):
        return getattr(self._store, name)


async def gather(store, user, hand, seeds, strokes=40, device=None):
    """Movements of somebody, a recording for each seed."""
    for seed in seeds:
        drawn = [replace(each, device=device) for each in trajectories(hand, strokes, seed)]
        assert await store.import_recording(user, f"{user}{seed}", [drawn], NOW - 600)


async def population(store):
    """Alice and three others."""
    await gather(store, "alice", ALICE, (1, 2))
    for name, hand in OTHERS.items():
        await gather(store, name, hand, (3,))


@pytest.mark.parametrize(("apart", "eta"), [(0.0, None), (600.0, 300.0)])
async def test_a_users_pace_is_measured_before_it_promises_anything(store, apart, eta):
    """What was imported came all at once, and tells nothing of when the rest will come."""
    found = trajectories(OTHERS["bob"], 40, 3)
    for place, half in enumerate((found[:20], found[20:])):
        await store.import_recording("zoe", str(place), [half], NOW - 600 + place * apart)

    [told] = await enroller(store).status("zoe")

    assert told["eta_s"] == (None if eta is None else pytest.approx(eta))


async def learn_due(enrolling):
    return [(found.user, found.version) async for found in enrolling.train_due()]


async def test_training_makes_the_result_the_users_template(store):
    """Stored as the next version, found as the active one."""
    await population(store)

    [saved] = await enroller(store).train("alice")
    [again] = await enroller(store).train("alice")

    assert [1, 2] == [saved.version, again.version]
    assert 2 == (await store.template("alice")).version
    assert not saved.provisional


async def test_training_says_what_is_missing(store):
    """The reason reaches whoever asked."""
    await gather(store, "alice", ALICE, (1,))

    with pytest.raises(NotEnrolled, match="20 to go"):
        await enroller(store).train("alice")


async def test_training_does_not_hold_up_the_event_loop(store):
    """It runs beside the loop: meanwhile batches are answered."""
    await population(store)
    turns = []

    async def others_work():
        while True:
            turns.append(True)
            await asyncio.sleep(0.001)

    working = asyncio.ensure_future(others_work())
    await enroller(store).train("alice")
    working.cancel()

    assert len(turns) > 20


async def test_a_user_deleted_meanwhile_is_not_brought_back(store):
    """Deletion wins over a training that had begun before it."""
    await population(store)

    async def background(user, most, devices):
        found = await store.background(user, most, devices)
        await store.delete_user(user)
        return found

    with pytest.raises(NotEnrolled, match="deleted"):
        await enroller(Altered(store, background=background)).train("alice")
    assert await store.person("alice") is None


async def test_whoever_has_enough_is_learnt_once(store):
    """The others gather on; nobody is learnt again without a reason."""
    await population(store)
    enrolling = enroller(store)

    assert [("alice", 1)] == await learn_due(enrolling)
    assert [] == await learn_due(enrolling)
    restarted = enroller(store)
    assert [] == await learn_due(restarted)
    assert [] == await learn_due(restarted)


async def test_full_data_are_learnt_anew(store):
    """Once, when the template has not seen half of them."""
    await population(store)
    enrolling = enroller(store)
    await learn_due(enrolling)

    await gather(store, "alice", ALICE, (4, 5, 6))

    assert [("alice", 2)] == await learn_due(enrolling)
    await gather(store, "alice", ALICE, (7,))
    assert [] == await learn_due(enrolling)


async def test_a_provisional_template_is_replaced_when_there_are_others(store):
    """The first user of an installation is not left with a one-class template for ever."""
    await gather(store, "alice", ALICE, (1, 2))
    enrolling = enroller(store)
    assert [("alice", 1)] == await learn_due(enrolling)
    assert (await store.template("alice")).provisional

    for name, hand in OTHERS.items():
        await gather(store, name, hand, (3,))
    assert [] == await learn_due(enrolling), "not before a tenth more is there"
    await gather(store, "alice", ALICE, (4,), strokes=10)

    assert [("alice", 2)] == await learn_due(enrolling)
    assert not (await store.template("alice")).provisional


async def test_nobody_overrides_a_person_who_went_back_or_paused(store):
    """Rollback and pause are decisions; a timer does not undo them."""
    await population(store)
    await enroller(store).train("alice")
    await enroller(store).train("alice")
    await gather(store, "alice", ALICE, (4, 5, 6))

    await store.rollback("alice", 1)
    assert [] == await learn_due(enroller(store))
    await store.rollback("alice", 2)
    await store.set_paused("alice", True)
    assert [] == await learn_due(enroller(store))
    await store.set_paused("alice", False)
    assert [("alice", 3)] == await learn_due(enroller(store))


async def on_two_devices(store):
    """Alice on both, one other on each, two on the first alone; some of it before any press."""
    await gather(store, "alice", ALICE, (1, 2), device=FRAME)
    await gather(store, "alice", ALICE, (3,), strokes=10, device="frame/?/small")
    await gather(store, "alice", ALICE, (4,), strokes=65, device=DENSE)
    for name, hand in OTHERS.items():
        await gather(store, name, hand, (5,), device=FRAME)
    await gather(store, "erin", MALLORY, (6,), device=DENSE)


async def test_each_device_class_with_enough_is_learnt(store):
    """By hand and by itself; against who is known on it, or against all where these are too few."""
    await on_two_devices(store)
    frame, dense = await enroller(store).train("alice")
    due = [found async for found in enroller(store).train_due()]

    assert [(FRAME, 90, 3), (DENSE, 65, 4)] == [
        (each.device, each.n_genuine, each.n_background_users) for each in (frame, dense)
    ]
    assert {"alice": {FRAME: 1, DENSE: 2}} == await store.actives()
    assert [] == due


async def test_a_device_that_comes_later_is_an_operators_to_learn(store):
    """Nobody was compared on it: who brings it does not become the user by staying."""
    await on_two_devices(store)
    await learn_due(enroller(store))
    await gather(store, "alice", MALLORY, (7,), strokes=60, device=SPARSE)

    assert [] == await learn_due(enroller(store))
    assert {"alice": {FRAME: 1, DENSE: 2}} == await store.actives()
    await enroller(store).train("alice")
    assert {FRAME, DENSE, SPARSE} == set((await store.actives())["alice"])


async def test_what_is_known_of_one_device_is_learnt_anew_for_itself(store):
    """Full data on one say nothing of the other; nor does a rollback."""
    await on_two_devices(store)
    assert [("alice", 1), ("alice", 2)] == await learn_due(enroller(store))
    await gather(store, "alice", ALICE, (11, 12, 13), strokes=40, device=FRAME)
    assert [("alice", 3)] == await learn_due(enroller(store))
    assert {"alice": {DENSE: 2, FRAME: 3}} == await store.actives()

    await store.rollback("alice", 1)
    await gather(store, "alice", ALICE, (14, 15, 16, 17), strokes=40, device=DENSE)
    assert [("alice", 4)] == await learn_due(enroller(store))
    assert {"alice": {FRAME: 1, DENSE: 4}} == await store.actives()


async def test_movement_of_before_classes_were_told_is_learnt_once(store):
    """It has no class in the store, but a rate of sampling all the same."""
    await population(store)

    def forget(connection):
        connection.execute("UPDATE trajectory SET device = NULL")
        connection.execute("UPDATE OR REPLACE gathered SET device = '?/?/?'")

    await store.desk.write(forget)
    assert [("alice", 1)] == await learn_due(enroller(store))
    assert {"alice": {"frame/?/?": 1}} == await store.actives()
    assert [] == await learn_due(enroller(store))


async def test_what_is_short_on_every_device_is_refused(store):
    """In all it would be enough."""
    await gather(store, "alice", ALICE, (1,), device=FRAME)
    await gather(store, "alice", ALICE, (2,), device=DENSE)

    with pytest.raises(NotEnrolled, match="40 trajectories, 60 are needed"):
        await enroller(store).train("alice")
    assert [] == await learn_due(enroller(store))


async def test_a_device_that_is_under_suspicion_does_not_hold_up_another(store):
    """Counted are trajectories that do not train."""
    await on_two_devices(store)

    async def genuine(user, limit, devices):
        return [] if DENSE in devices else await store.genuine(user, limit, devices)

    assert [FRAME] == [
        each.device for each in await enroller(Altered(store, genuine=genuine)).train("alice")
    ]


async def test_a_template_that_can_be_used_no_longer_is_learnt_anew(store):
    """An update changed the features: the old one is refused, so there is a reason."""
    await population(store)
    await enroller(store).train("alice")

    async def refuse(user, version=None):
        raise TemplateError("made with older features")

    assert [("alice", 2)] == await learn_due(enroller(Altered(store, template=refuse)))


async def test_too_little_that_may_train_is_tried_again_later(store):
    """Trajectories under suspicion are counted but left out; others are not held up by it."""
    await population(store)
    await gather(store, "zoe", MALLORY, (1, 2))
    cleared = []

    async def genuine(user, *which):
        return [] if user == "alice" and not cleared else await store.genuine(user, *which)

    enrolling = enroller(Altered(store, genuine=genuine))

    assert [("zoe", 1)] == await learn_due(enrolling)
    cleared.append("alice")
    assert [] == await learn_due(enrolling), "not before a tenth more is there"
    await gather(store, "alice", ALICE, (4,), strokes=10)
    assert [("alice", 1)] == await learn_due(enrolling)


async def test_it_runs_until_it_is_cancelled_and_survives_the_store(store):
    """A store that fails for a while postpones enrolment, no more."""
    await population(store)
    failed, learnt = [], asyncio.Event()

    async def people():
        if not failed:
            failed.append(True)
            raise StoreError("disk full")
        return await store.people()

    async def save_template(template):
        saved = await store.save_template(template)
        learnt.set()
        return saved

    altered = Altered(store, people=people, save_template=save_template)
    running = asyncio.ensure_future(enroller(altered).run())
    await asyncio.wait_for(learnt.wait(), 30)

    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert failed


async def test_it_does_nothing_where_that_is_wanted(store):
    """`automatic = false`: only `reauth enrol train` trains."""
    await population(store)

    await asyncio.wait_for(enroller(store, automatic=False).run(), 5)

    assert await store.template("alice") is None


async def test_status_is_as_the_interface_says(store):
    """Keys and states that scripts rely on (interfaces.md §4)."""
    await population(store)
    enrolling = enroller(store)
    [stranger] = await enrolling.status("nobody")
    [gathering] = await enrolling.status("bob")
    async with aclosing(enrolling.train_due()) as due:
        async for _ in due:
            pass
    [active] = await enrolling.status("alice")
    await store.set_paused("alice", True)
    [paused] = await enrolling.status("alice")

    assert stranger == {
        "user": "nobody", "state": "none", "trajectories": 0, "needed": 60, "eta_s": None,
        "version": 0, "quality": None, "unknown_device": 0, "devices": [],
    }  # fmt: skip
    assert ("gathering", 40, None) == tuple(
        gathering[key] for key in ("state", "trajectories", "quality")
    )
    assert gathering["eta_s"] is None
    assert ("active", 80, 1, 0.0) == tuple(
        active[key] for key in ("state", "trajectories", "version", "eta_s")
    )
    assert {"window", "far", "frr", "far_ci", "frr_ci"} <= set(active["quality"])
    assert 10 == active["quality"]["window"]
    assert "paused" == paused["state"]
    everybody = await enrolling.status()
    assert ["alice", "bob", "carol", "dave"] == [person["user"] for person in everybody]


async def test_a_lone_users_template_is_called_provisional(store):
    """And quality without others says why its FAR is null."""
    await gather(store, "alice", ALICE, (1, 2))
    await enroller(store).train("alice")

    [found] = await enroller(store).status("alice")

    assert "provisional" == found["state"]
    assert found["quality"]["far"] is None
    assert "no other users" in found["quality"]["reason"]


async def test_quality_is_that_of_the_policy_that_decides(store):
    """With its hours between false alarms; another policy's would promise what nobody keeps."""
    await population(store)
    await enroller(store, policy="cusum").train("alice")

    [found] = await enroller(store, policy="cusum").status("alice")
    [other] = await enroller(store, policy="window").status("alice")

    assert ("cusum", 10, 0) == tuple(found["quality"][key] for key in ("policy", "window", "limit"))
    assert 8.0 == pytest.approx(found["quality"]["spacing_h"], rel=0.05)
    assert other["quality"] is None


async def test_quality_without_any_figure_is_null(store):
    """Data were short: there is nothing to show."""
    await population(store)
    await enroller(store).train("alice")
    person = await store.person("alice")
    empty = {"10": {"window": 10, "far": None, "frr": None}}

    async def known(user):
        return replace(person, quality=empty)

    [found] = await enroller(Altered(store, person=known)).status("alice")

    assert found["quality"] is None
