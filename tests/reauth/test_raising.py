"""Between finding and store: severity, rules by their time, the day's budget."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.alert import BUDGET, POPULATION, Severity, hold
from reauth.doors import doors_of
from reauth.ports import Commit
from reauth.raising import DAY, Raising, spared
from reauth.settings import Alerts
from reauth.severity import Assets, Criticality
from reauth.suppression import MAINTENANCE, RULE, Rule, Scope, made
from tests.rows import NOON, alarm, session

CRITICAL = Assets(users={"root": Criticality.CRITICAL})


@pytest.fixture
def doors(store):
    return doors_of(store)


def raising(doors, **settings):
    """What an engine would ask."""
    return Raising(doors.cases, doors.suppressions, Alerts(**settings), CRITICAL)


async def kept(store, raised, now, *users):
    """Alerts of some users through the whole of it; what was held back by what."""
    alerts = [alarm(f"{user}{now:.0f}", f"{user}{now:.0f}", user, raised_at=now) for user in users]
    await store.commit(Commit(sessions=[session(alert.session, alert.user) for alert in alerts]))
    dressed = await raised.dress(alerts, now)
    await store.commit(Commit(alerts=dressed))
    return [alert.held for alert in dressed]


async def test_alerts_get_their_severity(doors):
    """From what depends on the user."""
    [one, other] = await raising(doors).dress([alarm(user="root"), alarm("a2")], NOON)

    assert (Severity.CRITICAL, Severity.MEDIUM) == (one.severity, other.severity)
    assert [] == await raising(doors).dress([], NOON)


async def test_a_rule_holds_back_while_it_stands_and_counts_what(store, doors):
    """By time as an argument: before, within, after."""
    rule = made(Rule("", RULE, "bert", "why", NOON, NOON + 60, Scope(user="anna"), NOON))
    await doors.suppressions.add(rule)
    raised = raising(doors)

    assert [None] == await kept(store, raised, NOON - 1, "anna")
    assert [rule.id, None] == await kept(store, raised, NOON, "anna", "cleo")
    assert [rule.id] == await kept(store, raised, NOON + 59, "anna")
    assert [None] == await kept(store, raised, NOON + 60, "anna")

    [listed] = await doors.suppressions.rules(RULE)
    assert 2 == listed.held
    assert 5 == len(await store.alerts())  # none is lost


async def test_maintenance_holds_back_everything_for_a_time(store, doors):
    """Critical ones too: somebody said so, with a reason."""
    window = Rule("", MAINTENANCE, "bert", "new proxies", NOON, NOON + 60, made=NOON)
    window = await doors.suppressions.add(made(window))

    assert [window.id] * 2 == await kept(store, raising(doors), NOON, "anna", "root")
    assert [None] * 2 == await kept(store, raising(doors), NOON + 61, "anna", "root")


async def test_what_the_population_holds_back_stays_so(doors):
    """The first reason is the reason."""
    await doors.suppressions.add(
        made(Rule("", RULE, "bert", "why", NOON, NOON + 60, Scope(user="anna"), NOON))
    )
    [held] = await raising(doors).dress([hold(alarm(), POPULATION)], NOON)

    assert POPULATION == held.held


async def test_beyond_the_days_budget_alerts_are_held_back_but_critical_ones(store, doors):
    """Counted in the store, so that a restart does not begin anew; the next day does."""
    noon = NOON // DAY * DAY + DAY / 2
    assert [None, None] == await kept(store, raising(doors, budget_per_day=2), noon, "a", "b")
    again = raising(doors, budget_per_day=2)
    assert [BUDGET, None] == await kept(store, again, noon + 1, "c", "root")
    assert [None] == await kept(store, again, noon + DAY, "d")
    assert [None] == await kept(store, raising(doors), noon + 2, "e")


async def test_a_test_costs_nothing_of_the_budget(store, doors):
    """And is never held back by it."""
    told = [replace(alarm(f"t{n}", None, None, None), test=True) for n in range(3)]
    raised = raising(doors, budget_per_day=1)
    dressed = await raised.dress(told, NOON)
    await store.commit(Commit(alerts=dressed))

    assert [None] * 3 == [alert.held for alert in dressed]
    assert [None] == await kept(store, raised, NOON, "anna")


@given(
    st.lists(st.sampled_from(list(Severity)), max_size=10), st.integers(1, 6), st.integers(0, 8)
)
def test_the_budget_goes_to_the_severest(severities, budget, told):
    """None that is told is less severe than one that is held; order and number stay."""
    alerts = [alarm(f"a{n}", severity=one) for n, one in enumerate(severities)]
    found = spared(alerts, budget, told)

    assert [alert.id for alert in alerts] == [alert.id for alert in found]
    held = [alert.severity.rank for alert in found if alert.suppressed]
    free = [alert.severity.rank for alert in found if not alert.suppressed]
    assert max(held, default=0) <= min(free, default=5)
    assert Severity.CRITICAL.rank not in held
    common = sum(rank < Severity.CRITICAL.rank for rank in free)
    assert common <= max(0, budget - told)
    assert not held or len(free) >= budget - told
