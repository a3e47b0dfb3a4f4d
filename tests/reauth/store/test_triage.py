"""Alerts and rules in a real file: found, changed whole, told, summed up."""

import asyncio
from dataclasses import replace

import pytest

from reauth.alert import BUDGET, POPULATION, Severity, State, Step, annotate, hold, move
from reauth.doors import doors_of
from reauth.errors import StoreError
from reauth.news import Event
from reauth.ports import Commit, Wanted
from reauth.store import Options, open_store
from reauth.suppression import MAINTENANCE, RULE, Rule, Scope, made
from tests.rows import DAY, NOON, alarm, session

LIFE = {"severity": Severity.HIGH, "assignee": "bert", "tags": ("vpn",), "escalated_at": NOON + 9}


@pytest.fixture
async def cases(store):
    """Of three alerts, a minute apart; the second one with everything."""
    await store.commit(
        Commit(
            sessions=[session(f"s{n}") for n in range(3)],
            alerts=[
                alarm("a0", "s0"),
                alarm("a1", "s1", "bert", raised_at=NOON + 60, client="10.0.0.2", **LIFE),
                hold(alarm("a2", "s2", None, "bot", NOON + 120, kind="bot"), POPULATION),
            ],
        )
    )
    return doors_of(store).cases


async def test_what_people_made_of_an_alert_is_given_back(cases, store):
    """Every field, as it went in."""
    expected = alarm("a1", "s1", "bert", raised_at=NOON + 60, client="10.0.0.2", **LIFE)

    assert expected == await store.alert("a1")


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(), ["a2", "a1", "a0"]),
        (Wanted(states=(State.OPEN,), severities=(Severity.HIGH, Severity.LOW)), ["a1"]),
        (Wanted(states=(State.CONFIRMED,)), []),
        (Wanted(kind="bot"), ["a2"]),
        (Wanted(lane="identity"), ["a1", "a0"]),
        (Wanted(user="bert"), ["a1"]),
        (Wanted(user=""), ["a2"]),
        (Wanted(client="10.0.0.2"), ["a1"]),
        (Wanted(session="s0"), ["a0"]),
        (Wanted(site="5e1f"), ["a2", "a1", "a0"]),
        (Wanted(assignee="bert"), ["a1"]),
        (Wanted(assignee=""), ["a2", "a0"]),
        (Wanted(tag="vpn"), ["a1"]),
        (Wanted(tag="vp"), []),
        (Wanted(suppressed=False), ["a1", "a0"]),
        (Wanted(held=POPULATION), ["a2"]),
        (Wanted(test=True), []),
        (Wanted(since=NOON + 60), ["a2", "a1"]),
        (Wanted(until=NOON + 60), ["a0"]),
        (Wanted(before="a2"), ["a1", "a0"]),
        (Wanted(user="' OR 1 = 1 --"), []),
    ],
)
async def test_alerts_are_found_by_what_they_are(cases, wanted, ids):
    """Newest first; each condition narrows."""
    assert ids == [alert.id for alert in await cases.find(wanted, 9)]


async def test_a_page_of_alerts_goes_on_where_the_last_one_ended(cases):
    """Nothing twice, nothing missed, and no page after an alert that there is not."""
    first = await cases.find(Wanted(), 2)

    assert ["a0"] == [alert.id for alert in await cases.find(Wanted(before=first[-1].id), 2)]
    with pytest.raises(StoreError):
        await cases.find(Wanted(before="a9"), 2)


async def test_changes_at_once_lose_nothing(cases, store):
    """Each sees what the other has made of it."""
    await asyncio.gather(
        *(
            cases.change("a0", lambda one, n=n: annotate(one, Step(NOON, "note", "x", str(n))))
            for n in range(20)
        )
    )

    assert 20 == len((await store.alert("a0")).history)
    assert await cases.change("a9", lambda one: one) is None


async def test_an_alert_is_told_to_a_sink_once(cases, store):
    """Whoever asks, however often; each time counts on its day."""
    step = Step(NOON + DAY, "release", "x", "")
    for _ in range(2):
        await cases.tell("a2", lambda one: annotate(one, step), ["jsonl:x", "jsonl:y"])

    assert ["jsonl:x", "jsonl:y"] == [one.sink for one in await store.due(NOON, 9)]
    assert 2 == await cases.told(int((NOON + DAY) // DAY))
    assert 1 == await cases.told(int(NOON // DAY))  # neither what is held back nor escalated
    assert await cases.tell("a9", lambda one: one, []) is None


async def test_figures_outlive_the_alerts_that_they_are_of(cases, store):
    """A sum that shrinks would look like a restart."""
    step = Step(NOON + 30, "ack", "anna", "")
    await cases.change("a0", lambda one: move(one, "ack", step))
    await cases.change("a0", lambda one: move(one, "dismiss", replace(step, action="dismiss")))
    expected = {
        'alerts_open{severity="medium"}': 1.0,
        'alerts_open{severity="high"}': 1.0,
        'alerts_held{by="population"}': 1.0,
        'alerts_held{by="budget"}': 0.0,
        'alerts_total{verdict="false_positive"}': 1.0,
        "time_to_triage_seconds_sum": 30.0,
        'time_to_triage_seconds_bucket{le="60"}': 1.0,
    }
    assert expected.items() <= (await cases.figures()).items()

    await store.expire(NOON + 400 * DAY)
    assert await store.alert("a0") is None
    assert 1.0 == (await cases.figures())['alerts_total{verdict="false_positive"}']


async def test_what_is_held_back_is_counted_by_what(cases, store):
    """Rules together, as their ids are no labels."""
    await store.commit(
        Commit(
            alerts=[
                hold(alarm(f"h{n}", f"h{n}"), by)
                for n, by in enumerate((BUDGET, "rule-1", "maintenance-2"))
            ]
        )
    )
    figures = await cases.figures()

    assert (1.0, 2.0) == (figures['alerts_held{by="budget"}'], figures['alerts_held{by="rule"}'])


def rule(user="anna", ends=NOON + DAY, kind=RULE, begins=NOON):
    """A rule that may be kept."""
    return made(Rule("", kind, "bert", "why", begins, ends, Scope(user=user), NOON))


async def test_rules_are_kept_once_and_listed_by_their_end(store):
    """Each kind for itself."""
    door = doors_of(store).suppressions
    first, later = rule(), rule("cleo", NOON + 2 * DAY)
    window = rule("dora", kind=MAINTENANCE)
    for one in (first, later, window, first):
        assert one == await door.add(one)

    assert [later, first] == await door.rules(RULE)
    assert [window] == await door.rules(MAINTENANCE)
    assert {one.id for one in (first, later, window)} == {
        one.id for one in await door.standing(NOON)
    }
    assert [later.id] == [one.id for one in await door.standing(NOON + DAY)]
    assert [] == await door.standing(NOON - 1)


async def test_a_rule_ends_now_and_never_later_than_it_would(store):
    """Nor before it begins; what has ended stays ended when it did."""
    door = doors_of(store).suppressions
    one, coming = await door.add(rule()), await door.add(rule("cleo", begins=NOON + 60))

    assert NOON + 30 == (await door.end(one.id, RULE, NOON + 30)).ends
    assert NOON + 30 == (await door.end(one.id, RULE, NOON + 90)).ends
    assert NOON + 60 == (await door.end(coming.id, RULE, NOON + 30)).ends
    assert await door.end(one.id, MAINTENANCE, NOON) is None
    assert await door.end("rule-0", RULE, NOON) is None


async def test_rules_go_with_the_user_they_are_of_and_with_time(store):
    """Who is forgotten is in no rule; a rule that ended long ago tells nothing any more."""
    door = doors_of(store).suppressions
    await door.add(rule("anna"))
    await door.add(rule("bert"))
    await store.delete_user("anna")
    assert ["bert"] == [one.scope.user for one in await door.rules(RULE)]

    await store.expire(NOON + DAY + 366 * DAY)
    assert [] == await door.rules(RULE)


async def test_closing_is_told_to_the_sinks_that_ask_for_it(tmp_path):
    """Whoever closes it, by page or command; of what was held back nobody hears."""
    options = Options(("all", "new"), followers={Event.CLOSED: ("all",)})
    async with open_store(f"sqlite://{tmp_path}/store.db", None, options) as store:
        held = hold(alarm("a1", "s1"), "rule-1")
        sessions = [session(name) for name in ("s0", "s1")]
        await store.commit(Commit(sessions=sessions, alerts=[alarm("a0", "s0"), held]))
        for delivery in await store.due(NOON, 9):
            await store.delivered(delivery.id, NOON)
        cases = doors_of(store).cases
        for name in ("a0", "a1"):
            for action in ("ack", "confirm"):
                step = Step(NOON, action, "anna", "")
                await cases.change(name, lambda one, step=step: move(one, step.action, step))

        told = [(one.alert.id, one.sink, one.event) for one in await store.due(NOON, 9)]
    assert [("a0", "all", Event.CLOSED)] == told
