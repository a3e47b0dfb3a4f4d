"""The cumulative sum: how it climbs, when it alarms, and what its silence means."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from reauth.decide.cusum import REFRACTORY, CusumPolicy
from reauth.template import Drift
from tests.playbook import template

DRIFT = Drift(fall=0.2, spread=0.15)


def said(policy, *scores):
    """What the policy says after each score."""
    return [policy.update(score) for score in scores]


def alike(count):
    """So many scores, of the same distribution however many."""
    usual = NormalDist(0.5, 0.8)
    return np.array([usual.inv_cdf((place + 0.5) / count) for place in range(count)])


def known(*held_out, rate=1 / 1776, drift=DRIFT):
    """A user of whom these scores were held out."""
    return replace(template(), held_out=held_out, false_alarms=rate, drift=drift)


def test_the_sum_forgets_what_spoke_for_the_user():
    """However much it was: a takeover is noticed as soon in the evening as in the morning."""
    policy = CusumPolicy(bound=2.0)

    assert [True] * 51 + [False] == said(policy, *[2.5] * 50, -1.0, -1.0)


def test_the_drift_is_taken_off_each_score():
    """What is hardly against the user does not add up."""
    assert said(CusumPolicy(bound=1.0, drift=0.2), *[-0.2] * 50) == [True] * 50
    assert False in said(CusumPolicy(bound=1.0), *[-0.2] * 50)


def test_silence_means_genuine_only_after_the_patience():
    """Before, an alarm could hardly have come."""
    assert [None, None, True, True] == said(CusumPolicy(bound=9.0, patience=3), *[1.0] * 4)


def test_the_longest_patience_never_ends():
    """A template that cannot tell the user from others never calls anybody genuine."""
    policy = CusumPolicy(bound=9.0, patience=0xFFFF)

    assert {None} == {policy.update(1.0) for _ in range(0xFFFF + 10)}


def test_an_alarm_stands_and_then_all_begins_anew():
    """Undecided again: neither trusted nor suspected, and no second alarm meanwhile."""
    policy = CusumPolicy(bound=2.0, patience=2)

    assert [None, False] == said(policy, -1.0, -1.0)
    assert [False] * (REFRACTORY - 1) == said(policy, *[2.5] * (REFRACTORY - 1))
    assert [None, True] == said(policy, 1.0, 1.0)


def test_evidence_reaches_back_to_where_the_sum_was_nothing():
    """These scores are what an analyst is shown, the low ones among them counted."""
    policy = CusumPolicy(bound=3.0)
    said(policy, -1.0, 2.0, -1.0, 0.25, -1.0)

    assert {
        "window": 3, "low": 2, "limit": 0, "rule": "cusum", "level": 1.75, "bound": 3.0
    } == policy.evidence()  # fmt: skip


@pytest.mark.parametrize("wrong", [{"bound": 0.0}, {"patience": 0}, {"patience": 0x10000}])
def test_what_cannot_be_is_refused(wrong):
    """It would alarm at once, or could not be remembered."""
    with pytest.raises(ValueError, match="bound above 0"):
        CusumPolicy(**{"bound": 1.0, **wrong})


def test_a_state_of_another_rule_or_length_is_refused():
    """The policy keeps its own state then."""
    policy = CusumPolicy(bound=2.0)
    said(policy, 1.0, -1.0)
    state = policy.to_bytes()

    for wrong in (b"", state[:-1], state + b"\0", b"\4" + state[1:]):
        with pytest.raises(ValueError, match="state"):
            policy.from_bytes(wrong)
    assert state == policy.to_bytes()
    assert 16 == len(state)


def test_little_data_make_it_careful():
    """The same scores, known less and less: higher bounds, and more patience."""
    fitted = [CusumPolicy.fitted(known(alike(count)), 100) for count in (2000, 100, 20, 0)]

    bounds = [policy.bound for policy in fitted]
    patience = [policy.patience for policy in fitted]
    assert bounds == sorted(bounds)
    assert patience == sorted(patience)
    assert (250.0, 0xFFFF) == (bounds[-1], patience[-1])


def test_a_user_whom_nothing_tells_from_others_is_never_genuine():
    """Held-out scores that speak for nobody."""
    assert 0xFFFF == CusumPolicy.fitted(known(np.tile((-0.5, 0.5), 200)), 100).patience


def test_the_more_people_drift_the_more_it_takes_to_alarm():
    """What falls, and what differs from day to day, is not somebody else."""
    bounds = [
        CusumPolicy.fitted(known(alike(2000), drift=drift), 100).bound
        for drift in (Drift(0.0, 0.0), Drift(0.2, 0.0), Drift(0.2, 0.2))
    ]

    assert bounds == sorted(set(bounds))


def test_the_sum_climbs_where_a_score_is_unusual_for_the_user():
    """By more than half a deviation below the own mean, wherever that lies."""
    for mean in (0.2, 1.5):
        policy = CusumPolicy.fitted(known(alike(2000) + mean), 100)
        usual, unit = 0.5 + mean, 0.8

        assert usual - 0.5 * unit == pytest.approx(-policy.drift, abs=0.02)


@pytest.mark.parametrize("rate", [1 / 1776, 1 / 300])
def test_alarms_on_the_users_own_scores_keep_to_the_wanted_rate(rate):
    """Simulated users whose days differ as `DRIFT` says, of whom 300 scores are known."""
    numbers, length, alarms, users = np.random.default_rng(0), 500, 0, 200
    deviation, fall, between = 0.8, DRIFT.fall * 0.8, DRIFT.spread * 0.8
    for _ in range(users):
        mean = numbers.uniform(0.2, 0.6)
        seen = numbers.normal(numbers.normal(mean, between, 300), deviation)
        policy = CusumPolicy.fitted(known(seen, rate=rate), 100)
        day = numbers.normal(mean - fall, between)
        said_of = said(policy, *numbers.normal(day, deviation, length))
        alarms += sum(
            one is False and before is not False
            for one, before in zip(said_of, [None, *said_of], strict=False)
        )

    assert 0.3 * rate < alarms / (users * length) < 1.4 * rate


def test_it_goes_on_where_it_was_and_forgets_when_told_to():
    """A session may be stored anywhere, and begins undecided after a long pause."""
    policy, other, fresh = (CusumPolicy(2.0), CusumPolicy(2.0), CusumPolicy(2.0))
    said(policy, 1.0, -1.0, -0.5)

    other.from_bytes(policy.to_bytes())

    assert policy.evidence() == other.evidence()
    assert said(policy, -0.5, 1.0) == said(other, -0.5, 1.0)
    other.reset()
    assert fresh.to_bytes() == other.to_bytes()


def test_rows_raise_the_alarms_of_their_scores():
    """Each from the beginning, whatever the policy has seen."""
    policy = CusumPolicy(2.0)
    said(policy, -1.0)
    rows = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, -1.0, -0.5, -0.5], [-1.0, -0.5, -0.5, 1.0]])

    assert [False, True, True] == policy.alarms(rows).tolist()
