"""The mean of the last scores against a bound."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from reauth.decide.mean import BLOCKS, MeanPolicy
from reauth.decide.window import MAX_FRR
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


def known(*held_out, rate=1 / 1776):
    """A user of whom these scores were held out."""
    return replace(template(), held_out=held_out, false_alarms=rate, drift=DRIFT)


def test_one_very_low_score_weighs_more_than_two_high_ones():
    """Where a count would see one low score of three."""
    assert [None, None, False] == said(MeanPolicy(0.0, 3), 0.5, 0.5, -2.5)


def test_the_window_slides():
    """What left it counts no longer."""
    assert [None, False, True, True] == said(MeanPolicy(0.0, 2), -1.0, -1.0, 1.0, 1.0)


def test_at_the_bound_is_not_below_it():
    """As of a threshold of scores."""
    assert [True, False] == said(MeanPolicy(0.5, 1), 0.5, 0.499)


def test_a_large_window_slides_by_a_twentieth():
    """So it is never remembered by more than twenty parts; 96 to 100 scores count."""
    policy = MeanPolicy(0.0, 100)
    windows = []
    for _ in range(300):
        policy.update(1.0)
        windows.append(policy.evidence()["window"])

    assert list(range(1, 101)) == windows[:100]
    assert {96, 97, 98, 99, 100} == set(windows[100:])
    assert 3 + 6 * BLOCKS == len(policy.to_bytes())


def test_evidence_is_the_mean_and_its_bound():
    """And the low scores among those that it is of."""
    policy = MeanPolicy(-0.5, 2)
    assert 0.0 == policy.evidence()["level"]
    said(policy, 2.0, -1.5, 0.25)

    assert {
        "window": 2, "low": 1, "limit": 0, "rule": "mean", "level": -0.625, "bound": -0.5
    } == policy.evidence()  # fmt: skip


@pytest.mark.parametrize("size", [0, 65536])
def test_a_window_has_a_size(size):
    """That fits the state."""
    with pytest.raises(ValueError, match="65535"):
        MeanPolicy(0.0, size)


def test_a_state_of_another_rule_or_window_is_refused():
    """The policy keeps its own state then."""
    policy, larger = MeanPolicy(0.0, 4), MeanPolicy(0.0, 100)
    said(policy, 1.0, -1.0)
    said(larger, *[1.0] * 30)
    state = policy.to_bytes()

    for wrong in (b"", state[:-1], state + b"\0", b"\1" + state[1:], larger.to_bytes()):
        with pytest.raises(ValueError, match="state"):
            policy.from_bytes(wrong)
    assert state == policy.to_bytes()


def test_little_data_make_it_careful():
    """The same scores, known less and less."""
    bounds = [MeanPolicy.fitted(known(alike(count)), 50).bound for count in (2000, 100, 20, 0)]

    assert bounds == sorted(bounds, reverse=True)


def test_however_many_false_alarms_are_wanted_few_windows_are_refused():
    """A bound that refuses the owner more often tells nothing."""
    scores = np.random.default_rng(0).normal(0.5, 0.8, 2000)
    policy = MeanPolicy.fitted(known(scores, rate=0.5), 50)

    means = np.random.default_rng(1).normal(0.5, 0.8, (4000, 50)).mean(axis=1)
    days = np.random.default_rng(2).normal(-DRIFT.fall * 0.8, DRIFT.spread * 0.8, 4000)
    assert MAX_FRR == pytest.approx((means + days < policy.bound).mean(), abs=0.02)


@pytest.mark.parametrize(("size", "rate"), [(50, 1 / 1776), (8, 1 / 300)])
def test_alarms_on_the_users_own_scores_keep_to_the_wanted_rate(size, rate):
    """Simulated users whose days differ as `DRIFT` says, of whom 300 scores are known."""
    numbers, length, alarms, users = np.random.default_rng(0), 500, 0, 200
    deviation, fall, between = 0.8, DRIFT.fall * 0.8, DRIFT.spread * 0.8
    for _ in range(users):
        mean = numbers.uniform(0.2, 0.6)
        seen = numbers.normal(numbers.normal(mean, between, 300), deviation)
        policy = MeanPolicy.fitted(known(seen, rate=rate), size)
        day = numbers.normal(mean - fall, between)
        said_of = said(policy, *numbers.normal(day, deviation, length))
        alarms += sum(
            one is False and before is not False
            for one, before in zip(said_of, [None, *said_of], strict=False)
        )

    assert 0.3 * rate < alarms / (users * length) < 1.6 * rate


def test_it_goes_on_where_it_was_and_forgets_when_told_to():
    """A session may be stored anywhere, and begins undecided after a long pause."""
    policy, other, fresh = (MeanPolicy(0.0, 3), MeanPolicy(0.0, 3), MeanPolicy(0.0, 3))
    said(policy, 1.0, -1.0, -0.5)

    other.from_bytes(policy.to_bytes())

    assert policy.evidence() == other.evidence()
    assert said(policy, -0.5, 1.0) == said(other, -0.5, 1.0)
    other.reset()
    assert fresh.to_bytes() == other.to_bytes()


def test_rows_raise_the_alarms_of_their_scores():
    """Each from the beginning, whatever the policy has seen."""
    policy = MeanPolicy(0.0, 3)
    said(policy, -1.0)
    rows = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, -1.0, -0.5, -0.5], [-1.0, -0.5, -0.5, 1.0]])

    assert [False, True, True] == policy.alarms(rows).tolist()
