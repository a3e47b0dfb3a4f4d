"""What waits too long: told further once, released the next day; all by a clock."""

import asyncio
from contextlib import suppress

import pytest

from reauth.alert import BUDGET, Severity, State, Step, hold
from reauth.doors import doors_of
from reauth.lookout import BY, DAY, Lookout
from reauth.ports import Commit
from reauth.settings import Alerts
from reauth.store import Options, open_store
from reauth.triage import Closing, Triage
from tests.rows import NOON, alarm, session

USUAL, HIGHER = ("jsonl:usual",), ("jsonl:pager",)
START = NOON // DAY * DAY


class Clock:
    """A clock that somebody turns."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock(START)


@pytest.fixture
async def store(tmp_path):
    async with open_store(f"sqlite://{tmp_path}/store.db", None, Options(sinks=USUAL)) as opened:
        yield opened


async def raised(store, name, **other):
    """Keep an alert."""
    await store.commit(
        Commit(sessions=[session(name)], alerts=[alarm(name, name, raised_at=START, **other)])
    )


def lookout(store, clock, told=None, **settings):
    """A lookout with both kinds of sinks."""
    heard = [].append if told is None else told.append
    return Lookout(doors_of(store).cases, Alerts(**settings), (USUAL, HIGHER), clock, heard)


async def sent_to(store, sink):
    """Ids of the alerts that wait for a sink."""
    return [one.alert.id for one in await store.due(START + 99 * DAY, 99) if one.sink == sink]


async def test_what_nobody_takes_is_told_further_once(store, clock):
    """After the minutes, not before; as a step of its history; never twice, by anybody."""
    await raised(store, "a1")
    told = []
    watch = lookout(store, clock, told, escalate_after=600.0)
    clock.now = START + 600
    assert [] == await watch.look()

    clock.now = START + 601
    [alert] = await watch.look()
    assert [[alert]] == told
    assert (clock.now, "escalate", BY) == (alert.escalated_at, *vars_of(alert.history[-1]))
    assert ["a1"] == await sent_to(store, HIGHER[0])
    clock.now += 9999
    assert [] == await watch.look()
    assert [] == await lookout(store, clock, escalate_after=600.0).look()  # a restart
    assert alert == await store.alert("a1")


def vars_of(step):
    """What and who."""
    return step.action, step.by


async def test_what_is_taken_held_back_or_a_test_is_not_told_further(store, clock):
    """Nor anything where nobody is to be told."""
    await raised(store, "taken")
    await raised(store, "held", suppressed=True, held="rule-1")
    await raised(store, "test", test=True)
    doors = doors_of(store)
    triage = Triage(store, doors.cases, doors.suppressions, clock)
    await triage.move("taken", "ack", "anna", Closing())
    clock.now = START + 9999

    assert [] == await lookout(store, clock, escalate_after=60.0).look()
    await raised(store, "open")
    assert [] == await lookout(store, clock).look()
    without = Lookout(doors.cases, Alerts(escalate_after=60.0), (USUAL, ()), clock)
    assert [] == await without.look()


async def test_an_escalation_costs_nothing_of_the_budget(store, clock):
    """It is the same alert."""
    await raised(store, "a1")
    clock.now = START + 61
    await lookout(store, clock, escalate_after=60.0).look()

    assert 1 == await doors_of(store).cases.told(int(START // DAY))


async def test_what_the_budget_held_is_told_the_next_day_the_severest_first(store, clock):
    """As far as that day's budget reaches; a restart tells none twice."""
    for name, severity in (("low", Severity.LOW), ("high", Severity.HIGH), ("mid", None)):
        more = {"severity": severity} if severity else {}
        held = hold(alarm(name, name, raised_at=START, **more), BUDGET)
        await store.commit(Commit(sessions=[session(name)], alerts=[held]))
    clock.now = START + DAY - 1
    assert [] == await lookout(store, clock, budget_per_day=2).look()
    assert [] == await sent_to(store, USUAL[0])

    clock.now = START + DAY
    released = await lookout(store, clock, budget_per_day=2).look()
    assert [("high", False, None), ("mid", False, None)] == [
        (one.id, one.suppressed, one.held) for one in released
    ]
    assert "release" == released[0].history[-1].action
    assert [] == await lookout(store, clock, budget_per_day=2).look()
    clock.now += DAY
    assert ["low"] == [one.id for one in await lookout(store, clock, budget_per_day=2).look()]
    assert ["high", "mid", "low"] == await sent_to(store, USUAL[0])


async def test_what_was_closed_meanwhile_is_not_told(store, clock):
    """Nor what something else holds back."""
    await raised(store, "closed", suppressed=True, held=BUDGET, state=State.ACKNOWLEDGED)
    await raised(store, "rule", suppressed=True, held="rule-1")
    clock.now = START + DAY

    assert [] == await lookout(store, clock, budget_per_day=2).look()


async def test_somebody_who_takes_it_at_that_moment_is_first(store, clock):
    """The change is refused where it is made, and the look goes on."""
    await raised(store, "a1")
    cases = doors_of(store).cases
    clock.now = START + 61

    class Late:
        """Cases as they were a moment ago: the alert is acknowledged between look and change."""

        def __getattr__(self, name):
            return getattr(cases, name)

        async def unseen(self, before, limit):
            found = await cases.unseen(before, limit)
            step = Step(clock.now, "ack", "anna", "")
            triage = Triage(store, cases, doors_of(store).suppressions, clock)
            await triage.move(found[0].id, step.action, step.by, Closing())
            return found

    watch = Lookout(Late(), Alerts(escalate_after=60.0), (USUAL, HIGHER), clock)
    assert [] == await watch.look()
    assert (await store.alert("a1")).escalated_at is None


async def test_it_looks_as_soon_as_it_runs(store, clock):
    """What waited through a restart waits no longer."""
    await raised(store, "a1")
    clock.now = START + 61
    told = []
    with suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            await lookout(store, clock, told, escalate_after=60.0).run()

    assert ["a1"] == [alert.id for [alert] in told]
