"""What people do about alerts: one at a time, many at once, and never against the table."""

import pytest

from reauth.alert import LONGEST_TAG, MOST_TAGS, IllegalTransition, Severity, State
from reauth.doors import doors_of
from reauth.ports import Commit
from reauth.suppression import MAINTENANCE, RULE, NoRule, Rule, Scope
from reauth.triage import Closing, NoAlert, Triage
from tests.rows import DAY, NOON, alarm, session


@pytest.fixture
async def triage(store):
    """Of a store with three open alerts."""
    await store.commit(
        Commit(
            sessions=[session(f"s{n}") for n in range(3)],
            alerts=[alarm(f"a{n}", f"s{n}") for n in range(3)],
        )
    )
    doors = doors_of(store)
    return Triage(store, doors.cases, doors.suppressions, lambda: NOON + 60)


async def test_an_alert_is_taken_and_closed(triage, store):
    """With who, when and why in its history."""
    await triage.move("a0", "ack", "anna", Closing("asking her"))
    closed = await triage.move("a0", "dismiss", "bert", Closing("new mouse", "benign"))

    assert (State.DISMISSED, "benign", "new mouse") == (closed.state, closed.verdict, closed.note)
    assert [("ack", "anna", "asking her"), ("dismiss", "bert", "new mouse")] == [
        (step.action, step.by, step.note) for step in closed.history
    ]
    assert closed == await store.alert("a0")


@pytest.mark.parametrize(
    "work",
    [
        lambda triage: triage.move("a0", "confirm", "anna", Closing()),
        lambda triage: triage.move("a0", "ack", "anna", Closing(verdict="benign")),
        lambda triage: triage.tag("a0", ["two words"], [], "anna"),
        lambda triage: triage.tag("a0", ["x" * (LONGEST_TAG + 1)], [], "anna"),
        lambda triage: triage.tag("a0", [f"t{n}" for n in range(MOST_TAGS + 1)], [], "anna"),
        lambda triage: triage.tag("a0", [], [], "anna"),
    ],
)
async def test_what_the_table_does_not_have_is_refused(triage, store, work):
    """And changes nothing."""
    before = await store.alert("a0")

    with pytest.raises(IllegalTransition):
        await work(triage)

    assert before == await store.alert("a0")


async def test_an_alert_that_is_not_there_is_named(triage):
    """A mistyped id is nobody's alert."""
    with pytest.raises(NoAlert, match="a9"):
        await triage.note("a9", "x", "anna")


async def test_assigning_tags_and_notes_are_steps_too(triage, store):
    """Two people at once lose nothing of each other's."""
    await triage.assign("a0", "bert", "anna")
    await triage.tag("a0", ["vpn", "night"], [], "anna")
    await triage.tag("a0", ["lunch"], ["night"], "bert")
    await triage.note("a0", "asked", "bert")

    alert = await store.alert("a0")
    assert ("bert", ("lunch", "vpn"), "asked") == (alert.assignee, alert.tags, alert.note)
    assert ["to bert", "+vpn +night", "+lunch -night", "asked"] == [
        step.note for step in alert.history
    ]
    assert (await triage.assign("a0", "", "anna")).assignee is None


async def test_a_closed_alert_is_nobodys(triage):
    """But it can still be found and written to."""
    for action in ("ack", "confirm"):
        await triage.move("a0", action, "anna", Closing())

    with pytest.raises(IllegalTransition, match="closed"):
        await triage.assign("a0", "bert", "anna")
    assert ("late",) == (await triage.tag("a0", ["late"], [], "anna")).tags
    assert "more" == (await triage.note("a0", "more", "anna")).note


async def test_many_are_done_each_for_itself(triage):
    """One that refuses stops no other; one that is named twice is done once."""
    await triage.move("a1", "ack", "anna", Closing())

    many = await triage.many(
        ["a0", "a1", "a9", "a2", "a0"], lambda one: triage.move(one, "ack", "anna", Closing())
    )

    assert ["a0", "a2"] == [alert.id for alert in many.done]
    assert {"a1", "a9"} == set(many.refused)
    assert "cannot ack" in many.refused["a1"]


async def test_a_test_goes_the_whole_way_and_counts_nowhere(triage, store):
    """Kept as any other, and in no figure."""
    alert = await triage.drill("replay", Severity.HIGH)

    assert alert == await store.alert(alert.id)
    await triage.move(alert.id, "ack", "anna", Closing())
    closed = await triage.move(alert.id, "dismiss", "anna", Closing())
    assert "test" == closed.verdict
    figures = await triage.cases.figures()
    assert 3 == sum(count for name, count in figures.items() if name.startswith("alerts_open"))
    assert not [name for name in figures if name.startswith(("alerts_total", "time_to"))]
    assert 3 == (await store.health()).alerts_open


async def test_rules_are_made_and_ended(triage):
    """From the moment on that somebody says so."""
    rule = await triage.suppress(
        Rule("", RULE, "anna", "new mice", NOON, NOON + DAY, Scope(user="bert"))
    )
    assert NOON + 60 == rule.made

    assert NOON + 60 == (await triage.end(rule.id, RULE)).ends
    with pytest.raises(NoRule, match="no maintenance"):
        await triage.end(rule.id, MAINTENANCE)
    with pytest.raises(NoRule):
        await triage.suppress(Rule("", RULE, "", "x", NOON, NOON + DAY, Scope(user="bert")))
