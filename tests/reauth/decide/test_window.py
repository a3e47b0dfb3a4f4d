"""The window policy, and the limit that keeps to a wanted number of false alarms."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.decide.window import MAX_FRR, WindowPolicy
from reauth.template import Drift
from tests.playbook import template

STEADY = Drift(fall=0.0, spread=0.16)


def held_out(count, low):
    """Scores of one session, so many of them low."""
    return [np.array([-1.0] * low + [1.0] * (count - low))]


def fitted(held, size, rate=1 / 1776, drift=STEADY):
    """The policy of a user of whom these scores were held out."""
    learnt = replace(template(), held_out=tuple(held), false_alarms=rate, drift=drift)
    return WindowPolicy.fitted(learnt, size)


def limit_for(held, size, rate=1 / 1776, drift=STEADY):
    """Its limit."""
    return fitted(held, size, rate, drift).limit


def told(policy):
    """What every rule tells: scores in the window, low ones, and how many must not be."""
    return tuple(policy.evidence()[key] for key in ("window", "low", "limit"))


def test_the_window_slides():
    """The last `size` scores decide; what left the window counts no longer."""
    policy = WindowPolicy(threshold=0.0, size=3, limit=2)

    found = [policy.update(score) for score in (-1, -1, 1, 1, 1, -1, -1)]

    assert [None, None, False, True, True, True, False] == found


def test_a_score_at_the_threshold_is_not_low():
    """Below it counts against the user; at it speaks for nobody."""
    policy = WindowPolicy(threshold=0.5, size=1, limit=1)

    assert policy.update(0.5) is True
    assert policy.update(0.499) is False


def test_evidence_says_what_the_decision_rests_on():
    """How many of how many were low, against which limit."""
    policy = WindowPolicy(threshold=0.0, size=3, limit=2)

    assert (0, 0, 2) == told(policy)
    for score in (-1, 1, -1, -1):
        policy.update(score)
    assert (3, 2, 2) == told(policy)
    assert ("window", 2, 2) == tuple(policy.evidence()[key] for key in ("rule", "level", "bound"))


@pytest.mark.parametrize(("size", "limit"), [(3, 0), (3, 4), (70_000, 5)])
def test_a_limit_outside_the_window_is_refused(size, limit):
    """It would never raise an alarm, or always."""
    with pytest.raises(ValueError, match="limit"):
        WindowPolicy(0.0, size, limit)


def test_a_state_of_another_version_or_length_is_refused():
    """The policy keeps its own state then."""
    policy = WindowPolicy(0.0, 9, 2)
    for score in (-1, 1, -1):
        policy.update(score)
    state = policy.to_bytes()

    for wrong in (b"", b"\x02" + state[1:], state + b"\x00", state[:-1]):
        with pytest.raises(ValueError, match="state"):
            policy.from_bytes(wrong)
    assert state == policy.to_bytes()


def test_the_state_is_a_bit_a_score():
    """It goes on where it was, also half filled, and forgets when told to."""
    policy, other = WindowPolicy(0.0, 9, 2), WindowPolicy(0.0, 9, 2)
    for score in (-1, 1, -1):
        policy.update(score)

    other.from_bytes(policy.to_bytes())

    assert (3, 2, 2) == told(other)
    assert 4 == len(policy.to_bytes())
    other.reset()
    assert (0, 0, 2) == told(other)


def test_a_fitted_policy_takes_its_limit_from_the_template():
    """Threshold, held-out scores and wanted false alarms are the user's own."""
    learnt = template()

    policy = WindowPolicy.fitted(learnt, 20)

    assert (0.0, 20) == (policy.threshold, policy.size)
    assert limit_for(learnt.held_out, 20, learnt.false_alarms, learnt.drift) == policy.limit


def test_a_fitted_policy_knows_what_it_will_cost():
    """Fewer false alarms than were wanted; more only where no limit keeps to them."""
    learnt = replace(template(), held_out=tuple(held_out(400, 100)))

    assert 0 < WindowPolicy.fitted(learnt, 100).false_alarms <= learnt.false_alarms
    unlucky = replace(learnt, held_out=tuple(held_out(400, 396)))
    assert 100 == WindowPolicy.fitted(unlucky, 100).limit
    assert WindowPolicy.fitted(unlucky, 100).false_alarms > learnt.false_alarms


def test_without_data_the_limit_is_the_whole_window():
    """Nothing is known of the user: only a window of low scores alone is an alarm."""
    assert 100 == limit_for([], 100, 1 / 1776)


def test_more_data_allow_a_lower_limit():
    """The same share of low scores, known better."""
    limits = [limit_for(held_out(count, count // 4), 50, 1 / 1776) for count in (20, 100, 1000)]

    assert limits == sorted(limits, reverse=True)
    assert limits[0] > limits[2]


def test_fewer_wanted_false_alarms_give_a_higher_limit():
    """And never one that refuses the owner more than one window in ten."""
    rates = (1 / 20_000, 1 / 1776, 1 / 500, 0.5)
    limits = [limit_for(held_out(400, 100), 50, rate) for rate in rates]

    assert limits == sorted(limits, reverse=True)
    assert limits[-1] > 50 / 4


@given(
    st.integers(0, 300),
    st.floats(0, 1),
    st.integers(1, 200),
    st.floats(1e-6, 0.5),
)
def test_any_limit_is_one_that_the_policy_takes(count, share, size, rate):
    """Whatever was held out, however little, there is a policy for it."""
    limit = limit_for(held_out(count, int(share * count)), size, rate)

    assert 1 <= limit <= size
    WindowPolicy(0.0, size, limit)


@pytest.mark.parametrize("rate", [1 / 1776, 1 / 200])
def test_alarms_on_the_users_own_scores_keep_to_the_wanted_rate(rate):
    """Simulated users whose days fall and differ, of whom 300 scores are known."""
    numbers, size, length = np.random.default_rng(0), 50, 400
    alarms = refused = windows = 0
    drift = Drift(0.2, 0.15)
    for _ in range(400):
        mean = numbers.uniform(0.2, 0.6)
        known = numbers.normal(mean, 0.8, 300)
        day = numbers.normal(mean - drift.fall * 0.8, drift.spread * 0.8)
        policy = fitted([known], size, rate, drift)
        verdicts = [policy.update(score) for score in numbers.normal(day, 0.8, length)]
        turned = [
            v is False and before is not False
            for v, before in zip(verdicts[1:], verdicts, strict=False)
        ]
        alarms += sum(turned)
        decided = [v for v in verdicts if v is not None]
        refused += decided.count(False)
        windows += len(decided)

    assert alarms / (400 * length) <= 1.3 * rate
    assert refused / windows <= MAX_FRR


def test_rows_raise_the_alarms_of_their_scores():
    """Each from the beginning, whatever the policy has seen; none before the window is full."""
    policy = WindowPolicy(0.0, 3, 2)
    policy.update(-1.0)
    rows = np.array([[1.0, -1.0, 1.0, 1.0], [1.0, 1.0, -1.0, -1.0]])

    assert [False, True] == policy.alarms(rows).tolist()
    assert [False, False] == policy.alarms(rows[:, 2:]).tolist()


def test_one_low_score_may_be_the_limit():
    """Of a user who never had any, where false alarms hardly matter."""
    assert 1 == limit_for(held_out(100_000, 0), 2, 0.5)
