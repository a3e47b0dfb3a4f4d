"""Labels and shadows in a real file: kept with the closing, counted in training, forgotten."""

import contextlib
import sqlite3

import pytest

from reauth.alert import State, Step, move
from reauth.doors import doors_of
from reauth.label import NoLabel, Standing, confirmed, rejected
from reauth.ports import Commit, ShadowRow, ShadowState
from reauth.settings import StoreSettings
from reauth.store import Options, alerts, open_store
from reauth.store.migrate import migrate, scripts
from tests.rows import DAY, NOON, alarm, learnt, scored, session

DEVICES = ["?/?/?", "frame/?/?", "dense/?/?", "sparse/?/?"]

KEEP = StoreSettings(trajectories=300 * DAY)
"""Movement outlives alerts that nobody sees."""


@pytest.fixture
async def store():
    """Anna with two sessions; of the first an alert was acknowledged."""
    async with open_store("sqlite://:memory:", b"k" * 32, Options(keep=KEEP)) as opened:
        rows = [scored(1), scored(1, "s2", seed=2)]
        second = session("s2", started=NOON + 1)
        await opened.commit(Commit(sessions=[session(), second], trajectories=rows))
        await opened.commit(Commit(alerts=[alarm("a1")]))
        await closing(opened, "a1", "ack")
        yield opened


async def closing(store, name, action, verdict=None, by="eva"):
    """Move an alert on."""
    alert = await store.alert(name)
    moved = move(alert, action, Step(NOON, action, by, ""), verdict)
    assert await store.update_alert(moved, alert.state)


async def confirming(store, name="a1", by="adam"):
    """A second person says that it was the user."""
    lessons = doors_of(store).lessons
    label = await lessons.label(name)
    assert await lessons.decide(confirmed(label, by, NOON + 60), label.standing)
    return lessons


async def training(store):
    """How many sessions train, and how many a shadow may learn from besides."""
    lessons = doors_of(store).lessons
    return len(await store.genuine("anna", 99)), len(await lessons.candidates("anna", 99, DEVICES))


def row(name="5ad0", **other):
    """A shadow of Anna's."""
    fields = {
        "id": name, "user": "anna", "device": "?/?/?", "base": 1, "made": NOON,
        "state": ShadowState.WAITING, "alerts": ("a1",), "comparison": {"verdict": "better"},
    }  # fmt: skip
    return ShadowRow(**{**fields, **other})


async def test_a_session_trains_after_two_people_and_a_promotion(store):
    """None of the steps can be left out."""
    assert (1, 0) == await training(store)
    await closing(store, "a1", "dismiss")
    assert (1, 0) == await training(store)
    lessons = await confirming(store)
    assert (1, 1) == await training(store)
    await store.save_template(learnt())
    await lessons.keep(row(), learnt())
    await lessons.promote("5ad0", "adam", NOON + 99)

    assert (2, 0) == await training(store)
    assert Standing.TAUGHT is (await lessons.label("a1")).standing


@pytest.mark.parametrize("verdict", ["true_positive", "suspicious", "security_risk",
                                     "insufficient_data", "disregard"])  # fmt: skip
@pytest.mark.parametrize("action", ["confirm", "dismiss"])
async def test_what_was_not_called_false_never_trains(store, action, verdict):
    """Nor does it become a candidate, and nobody can make it one."""
    await closing(store, "a1", action, verdict)

    assert (1, 0) == await training(store)
    with pytest.raises(NoLabel):
        await confirming(store)


async def test_a_true_positive_never_trains_even_when_its_alert_is_gone(store):
    """Movement may be kept for longer than alerts; the label outlives the alert."""
    await closing(store, "a1", "confirm")

    def forget(connection):
        connection.execute("DELETE FROM alert")

    await store.desk.write(forget)

    assert (1, 0) == await training(store)


async def test_one_bad_alert_of_a_session_outweighs_a_good_one(store):
    """Another lane's verdict is about the same hand."""
    await store.commit(Commit(alerts=[alarm("a2", lane="bot", kind="bot")]))
    await closing(store, "a2", "ack")
    await closing(store, "a1", "dismiss")
    await confirming(store)
    assert (1, 0) == await training(store)
    await closing(store, "a2", "confirm")

    assert (1, 0) == await training(store)


async def test_a_duplicate_says_nothing_and_hinders_nothing(store):
    """Alone it vouches for nobody; beside a confirmed one it does not matter."""
    await store.commit(Commit(alerts=[alarm("a2", lane="bot", kind="bot")]))
    await closing(store, "a2", "ack")
    await closing(store, "a2", "dismiss", "duplicate")
    await closing(store, "a1", "dismiss")
    assert (1, 0) == await training(store)
    await confirming(store)

    assert (1, 1) == await training(store)


async def test_a_test_alone_does_not_set_a_session_free(store):
    """Or one analyst could teach by calling an alert a test."""
    await closing(store, "a1", "dismiss", "test")

    assert (1, 0) == await training(store)


async def test_an_alert_that_expired_unseen_sets_nothing_free(store):
    """Waiting is no proof."""
    await store.commit(Commit(alerts=[alarm("a2", of="s2", session="s2")]))
    await store.expire(NOON + 91 * DAY)

    assert "unseen" == (await doors_of(store).lessons.label("a2")).verdict
    assert State.EXPIRED is (await store.alert("a2")).state
    assert [] == await store.genuine("anna", 99)


async def test_labels_are_found_by_user_and_standing(store):
    """Oldest first."""
    await closing(store, "a1", "dismiss")
    lessons = doors_of(store).lessons

    assert ["a1"] == [one.alert for one in await lessons.labels()]
    assert [] == await lessons.labels("berta")
    assert [] == await lessons.labels("anna", (Standing.CONFIRMED,))
    assert 1 == len(await lessons.labels("anna", (Standing.CONFIRMED, Standing.CANDIDATE)))
    assert await lessons.label("a9") is None


async def test_of_two_who_decide_at_once_one_is_told(store):
    """What both saw is no candidate any more for the second."""
    await closing(store, "a1", "dismiss")
    lessons = doors_of(store).lessons
    label = await lessons.label("a1")

    assert await lessons.decide(rejected(label, "zoe", NOON), label.standing)
    assert not await lessons.decide(confirmed(label, "adam", NOON), label.standing)
    assert Standing.NEVER is (await lessons.label("a1")).standing


async def shadowed(store):
    """Confirmed, and a shadow waits beside version 1."""
    await closing(store, "a1", "dismiss")
    lessons = await confirming(store)
    await store.save_template(learnt())
    await lessons.keep(row(), learnt(threshold=0.25))
    return lessons


async def test_a_shadow_is_a_template_that_is_not_active(store):
    """It has no version, so no rollback finds it."""
    lessons = await shadowed(store)

    kept, template = await lessons.shadow("5ad0")
    assert (row(), 0.25) == (kept, template.threshold)
    assert [1] == [one.version for one in await store.templates("anna")]
    assert await lessons.shadow("none") is None


async def test_promotion_gives_the_next_version_and_rollback_brings_the_old_one_back(store):
    """With author and time; its template is kept once."""
    lessons = await shadowed(store)

    saved = await lessons.promote("5ad0", "adam", NOON + 99)

    assert (2, 0.25) == (saved.version, (await store.template("anna")).threshold)
    [kept] = await lessons.shadows("anna", ShadowState.PROMOTED)
    assert (2, "adam", NOON + 99) == (kept.version, kept.decided_by, kept.decided_at)
    assert (await lessons.shadow("5ad0"))[1] is None
    await store.rollback("anna", 1)
    assert 1 == (await store.template("anna")).version


async def test_a_shadow_waits_for_one_decision_only(store):
    """Neither twice, nor after the template that it was compared with has gone."""
    lessons = await shadowed(store)
    await store.save_template(learnt())

    with pytest.raises(NoLabel, match="version 1, which it was compared with"):
        await lessons.promote("5ad0", "adam", NOON)
    await lessons.discard("5ad0", "adam", NOON)
    for decide in (lessons.promote, lessons.discard):
        with pytest.raises(NoLabel, match="is rejected"):
            await decide("5ad0", "adam", NOON)
        with pytest.raises(NoLabel, match="there is no shadow"):
            await decide("none", "adam", NOON)
    assert 2 == (await store.template("anna")).version


async def test_a_rejected_shadow_takes_its_sessions_with_it(store):
    """Or the next look would learn the same again."""
    lessons = await shadowed(store)
    await lessons.discard("5ad0", "adam", NOON)

    assert (1, 0) == await training(store)
    assert ("adam", "its shadow was rejected") == (
        (await lessons.label("a1")).decided_by, (await lessons.label("a1")).reason
    )  # fmt: skip


async def test_who_doubts_a_session_stops_the_shadow_that_rests_on_it(store):
    """Between the comparison and the promotion, too."""
    lessons = await shadowed(store)
    label = await lessons.label("a1")
    await lessons.decide(rejected(label, "zoe", NOON), label.standing)

    [kept] = await lessons.shadows("anna")
    assert ShadowState.OUTDATED is kept.state
    with pytest.raises(NoLabel, match="is outdated"):
        await lessons.promote("5ad0", "adam", NOON)


async def test_a_shadow_on_a_label_that_is_gone_is_not_promoted(store):
    """The transaction looks itself, whatever the list said."""
    lessons = await shadowed(store)
    await lessons.keep(row("other", alerts=("a1", "a9")), learnt())

    with pytest.raises(NoLabel, match="no longer taken for the user's"):
        await lessons.promote("other", "adam", NOON)


async def test_a_new_shadow_takes_the_place_of_one_that_waits(store):
    """One a device class."""
    lessons = await shadowed(store)
    await lessons.keep(row("new", made=NOON + 9), learnt())

    assert ["new", "5ad0"] == [one.id for one in await lessons.shadows("anna")]
    assert ["new"] == [one.id for one in await lessons.shadows(None, ShadowState.WAITING)]


async def test_who_is_forgotten_leaves_neither_label_nor_shadow(store):
    """Both tell of a person."""
    lessons = await shadowed(store)
    await store.delete_user("anna")

    assert ([], []) == (await lessons.labels(), await lessons.shadows())


async def test_a_label_goes_with_the_last_movement_of_its_session(store):
    """Then there is nothing left that might train."""
    await closing(store, "a1", "confirm")
    await store.expire(NOON + KEEP.trajectories + DAY)

    assert await doors_of(store).lessons.label("a1") is None


async def test_a_shadow_is_sealed_as_a_template_is(store):
    """Whoever reads the file reads no movement."""
    await shadowed(store)

    def sealed(connection):
        return connection.execute("SELECT sealed FROM shadow").fetchone()[0]

    assert b"feature_set" not in await store.desk.read(sealed)


async def test_labels_of_alerts_from_before_there_were_any_are_made_up(tmp_path):
    """What one person set free so far waits for another; what was confirmed never trains."""
    path = str(tmp_path / "store.db")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as old:
        steps = scripts()
        at = next(n for n, step in enumerate(steps) if "CREATE TABLE label" in step)
        migrate(old, path, steps[:at])
        for number, (state, verdict) in enumerate(OLD):
            name = f"a{number}"
            assert alerts.insert(old, alarm(name, f"s{number}"), {}) is not None
            values = (state, verdict, name)
            old.execute("UPDATE alert SET state = ?, verdict = ? WHERE id = ?", values)
        migrate(old, path, steps[: at + 1])
        found = old.execute("SELECT standing FROM label ORDER BY alert").fetchall()

    assert [standing for standing in OLD.values() if standing] == [row[0] for row in found]


OLD = {
    ("confirmed", "true_positive"): "never",
    ("dismissed", "false_positive"): "candidate",
    ("dismissed", "benign"): "candidate",
    ("dismissed", "duplicate"): "void",
    ("confirmed", "false_positive"): "never",
    ("expired", None): "never",
    ("open", None): None,
}
"""State and verdict of alerts from before, and how their labels stand."""
