"""Groups: a view of alerts that belong together, with a rolling half hour."""

from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.alert import Severity, State
from reauth.grouping import WINDOW, grouped
from tests.rows import NOON, alarm


def ids(groups):
    """Of the alerts in each group."""
    return [[alert.id for alert in group.alerts] for group in groups]


def test_alerts_soon_after_each_other_are_one_group():
    """Rolling: the third is an hour after the first; the newest group stands first."""
    times = [0, WINDOW, 2 * WINDOW, 3 * WINDOW + 1]
    alerts = [alarm(f"a{n}", f"s{n}", raised_at=NOON + at) for n, at in enumerate(times)]

    groups = grouped(alerts[::-1])

    assert [["a3"], ["a0", "a1", "a2"]] == ids(groups)
    assert ("a2", 3, 3) == (groups[1].newest.id, groups[1].count, groups[1].waiting)


@pytest.mark.parametrize(
    "other",
    [
        {"user": "bert"},
        {"lane": "bot", "kind": "bot"},
        {"user": None},
        {"test": True},
        {"lane": None, "kind": "tokens"},
    ],
)
def test_what_differs_in_user_or_lane_is_another_group(other):
    """Two questions have two answers; a test is never part of an incident."""
    assert 2 == len(grouped([alarm("a1"), alarm("a2", **other)]))


def test_nobody_known_is_grouped_by_client():
    """Strangers at two places are not one."""
    alerts = [
        alarm("a1", user=None),
        alarm("a2", user=None, client="10.0.0.2"),
        alarm("a3", user=None),
    ]

    assert [["a1", "a3"], ["a2"]] == ids(grouped(alerts))


def test_a_group_is_as_severe_as_its_severest_and_waits_as_its_members_do():
    """Whatever else is in it."""
    [group] = grouped(
        [
            alarm("a1", severity=Severity.HIGH, state=State.DISMISSED),
            alarm("a2", "s2", severity=Severity.LOW),
        ]
    )

    assert (Severity.HIGH, 1) == (group.severity, group.waiting)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9000)), max_size=12))
def test_every_alert_is_in_one_group(told):
    """None is lost, none is twice; within a group no gap is wider than the window."""
    alerts = [
        alarm(f"a{n}", f"s{n}", user=user, raised_at=NOON + at)
        for n, (user, at) in enumerate(told)
    ]
    groups = grouped(alerts)

    assert sorted(alert.id for alert in alerts) == sorted(chain.from_iterable(ids(groups)))
    for group in groups:
        times = [alert.raised_at for alert in group.alerts]
        assert all(b - a <= WINDOW for a, b in pairwise(times))
        assert 1 == len({alert.user for alert in group.alerts})
