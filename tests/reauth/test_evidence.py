"""Rules of what outcomes leave behind."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.evidence import LIKELY, RESEMBLING, alert_of, evidence_of, resemblance_of, row_of
from reauth.group import Live
from reauth.lane import Lane
from reauth.outcome import Dropped, Gap, Scored, Verdict
from reauth.session import Session
from reauth.trajectory import Trajectory
from tests.live import (
    EPOCH,
    INTRUDER,
    claim,
    identity_lane,
    movement,
    template_of,
    trajectories,
)

TEMPLATE = template_of()


def live(user="alice", template=TEMPLATE):
    session = Session([Lane(identity_lane(), template)])
    return Live("s1", (user, "10.0.0.1"), EPOCH, session, claim(user))


def trajectory(end):
    t = end - 0.3 + np.linspace(0, 0.3, 10)
    return Trajectory(7, t, np.arange(10.0), np.arange(10.0))


def scored(number, score):
    return Scored("identity", EPOCH + number, score, True, number, trajectory(EPOCH + number))


def verdict(genuine=False, limit=2, rule="window", level=2.0, bound=2.0):
    return Verdict("identity", EPOCH + 4, genuine, 4, 3, 2, limit, rule, level, bound)


def rows(scores):
    return [row_of(live(), scored(n, score), EPOCH) for n, score in enumerate(scores, 1)]


def test_only_trajectories_of_a_named_user_leave_a_row():
    """Nothing is kept of a movement that nobody can be enrolled or compared by."""
    assert row_of(live(user=None), scored(1, 0.5), EPOCH) is None
    assert row_of(live(), Gap(EPOCH, 0), EPOCH) is None
    assert row_of(live(), verdict(genuine=True), EPOCH) is None


def test_a_row_says_which_template_compared_it():
    """An old score stays explainable; without a comparison there is none to name."""
    dropped = Dropped("identity", EPOCH, "too_short", 2, trajectory(EPOCH))

    first = row_of(live(), scored(1, 0.5), EPOCH)
    second = row_of(live(), dropped, EPOCH)
    third = row_of(live(template=None), dropped, EPOCH)

    assert (first.score, first.reason, first.number) == (0.5, None, 1)
    assert first.template_version == TEMPLATE.version
    assert (second.score, second.reason, second.template_version) == (None, "too_short", 0)
    assert third.template_version == 0


def test_evidence_names_trajectories_and_holds_no_coordinate():
    """What goes to an analyst, and out of the house, is a name, a time and a score."""
    [item] = evidence_of(rows([-1.0]), 0.0)

    assert item.trajectory == trajectory(EPOCH + 1).id
    assert (item.number, item.score, item.low) == (1, -1.0, True)
    assert set(item.__slots__) == {"trajectory", "number", "at", "score", "low"}


def test_an_alert_rests_on_the_window_of_its_verdict():
    """Older scores are no part of it; the first anomaly is the first low score in it."""
    alert = alert_of(live(), verdict(), TEMPLATE, rows([-2.0, 0.5, -1.0, -0.5]), EPOCH + 9)

    assert [item.number for item in alert.evidence] == [2, 3, 4]
    assert alert.first_anomaly_at == EPOCH + 3
    assert alert.raised_at == EPOCH + 9
    assert alert.score == np.mean([0.5, -1.0, -0.5])
    assert (alert.window, alert.low, alert.limit) == (3, 2, 2)
    assert (alert.rule, alert.level, alert.bound) == ("window", 2, 2)


def test_an_alert_has_the_same_name_whenever_it_is_raised():
    """A repetition after a crash is no second alert."""
    one = alert_of(live(), verdict(), TEMPLATE, rows([-1.0]), EPOCH)
    two = alert_of(live(), verdict(), TEMPLATE, [], EPOCH + 99)

    assert one.id == two.id
    assert (two.score, two.first_anomaly_at) == (0.0, EPOCH + 4)


def test_an_alert_shows_the_level_of_its_rule_and_is_named_by_neither():
    """An analyst sees how far the bound was passed; processors may differ in the last bits."""
    one = verdict(limit=0, rule="cusum", level=8.1, bound=7.9)
    two = verdict(limit=0, rule="cusum", level=8.2, bound=7.9)

    first, second = (alert_of(live(), each, TEMPLATE, [], EPOCH) for each in (one, two))

    assert (first.rule, first.level, first.bound) == ("cusum", 8.1, 7.9)
    assert first.id == second.id
    assert first.id != alert_of(live(), verdict(), TEMPLATE, [], EPOCH).id


ENROLLED = [TEMPLATE, template_of("mallory", INTRUDER), template_of("carl", 6)]


def moved(seed, count=RESEMBLING):
    """Rows of person `seed` at Alice's account."""
    outcomes = [
        Scored("identity", EPOCH, -1.0, True, number, each)
        for number, each in enumerate(trajectories(movement(seed, count, 9)), 1)
    ]
    return [row_of(live(), outcome, EPOCH) for outcome in outcomes]


def resembling(rows, enrolled=ENROLLED):
    alert = alert_of(live(), verdict(), TEMPLATE, rows, EPOCH)
    return resemblance_of(alert, rows, enrolled, identity_lane())


def test_an_enrolled_intruder_is_named_with_how_likely_it_is():
    """The newest units count: before them it may have been the user."""
    found = resembling([*moved(0), *moved(INTRUDER)])

    assert "mallory" == found.user
    assert LIKELY < found.posterior <= 1


@pytest.mark.parametrize("who", [0, 7, 8])
def test_the_user_and_most_strangers_resemble_nobody_else(who):
    """Nobody is named for being the least unlike."""
    assert resembling(moved(who)) is None


def test_without_units_or_templates_to_compare_nobody_is_named():
    """Templates of another verifier would give numbers that mean nothing."""
    other = [replace(each, verifier="weibull") for each in ENROLLED]
    unscored = [replace(row, score=None) for row in moved(INTRUDER)]

    assert resembling(moved(INTRUDER), other) is None
    assert resembling(unscored) is None
    assert resembling(moved(INTRUDER), []) is None
