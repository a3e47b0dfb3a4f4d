"""Sequential tests, one after the other."""

from dataclasses import replace
from math import log
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.decide.sprt import SprtPolicy
from reauth.verify.posterior import posterior
from tests.playbook import template


def said(policy, *scores):
    """What the policy says after each score."""
    return [policy.update(score) for score in scores]


def alike(count):
    """So many scores, of the same distribution however many."""
    usual = NormalDist(0.5, 0.8)
    return np.array([usual.inv_cdf((place + 0.5) / count) for place in range(count)])


def test_a_test_ends_at_either_bound():
    """And until the first has ended nothing is decided."""
    assert [None, None, True] == said(SprtPolicy(3.0, -2.0), 0.5, 0.5, 1.0)
    assert [None, None, False] == said(SprtPolicy(3.0, -2.0), -1.0, -1.0, -1.0)


@given(st.lists(st.integers(-10, 10), max_size=60))
def test_it_is_gamboas_sequential_classifier(quarters):
    """Strokes are taken until the posterior passes lambda or a least one; and then anew."""
    accepts, refuses = 0.93, 0.02
    policy = SprtPolicy(log((1 - refuses) / refuses), log((1 - accepts) / accepts))
    scores = [quarter / 4 for quarter in quarters]
    expected, taken, said_last = [], [], None
    for score in scores:
        taken.append(score)
        [likely] = posterior(np.array([sum(taken)]))
        if likely > accepts or likely < refuses:
            said_last, taken = bool(likely > accepts), []
        expected.append(said_last)

    assert expected == said(policy, *scores)


def test_what_the_last_test_said_stands_while_the_next_one_runs():
    """It begins from nothing: neither the good nor the bad of the last is taken along."""
    policy = SprtPolicy(2.0, -2.0)

    assert [None, True, True, True, False] == said(policy, 1.5, 1.5, 1.0, -2.0, -1.5)
    assert [False, True] == said(policy, 1.0, 1.0)


def test_evidence_is_of_the_running_test():
    """At its end too: an alert is told where the level stood."""
    policy = SprtPolicy(2.0, -2.0)
    said(policy, 1.5, 1.5, 0.25, -1.5, -1.0)

    assert {
        "window": 3, "low": 2, "limit": 0, "rule": "sprt", "level": 2.25, "bound": 2.0
    } == policy.evidence()  # fmt: skip


@pytest.mark.parametrize("bounds", [(0.0, -1.0), (1.0, 0.0), (1.0, 0.5)])
def test_nothing_must_lie_between_the_bounds(bounds):
    """A test that begins where it ends is none."""
    with pytest.raises(ValueError, match="between the bounds"):
        SprtPolicy(*bounds)


def test_a_state_of_another_rule_or_length_is_refused():
    """The policy keeps its own state then."""
    policy = SprtPolicy(2.0, -2.0)
    said(policy, 1.0, 1.0, 0.5)
    state = policy.to_bytes()

    for wrong in (b"", state[:-1], state + b"\0", b"\3" + state[1:]):
        with pytest.raises(ValueError, match="state"):
            policy.from_bytes(wrong)
    assert state == policy.to_bytes()
    assert 14 == len(state)


def test_little_data_make_it_careful():
    """The same scores, known less and less."""
    uppers = [
        SprtPolicy.fitted(replace(template(), held_out=(alike(count),)), 100).upper
        for count in (2000, 100, 20, 0)
    ]

    assert uppers == sorted(uppers)
    assert 50.0 == uppers[-1]


def test_it_goes_on_where_it_was_and_forgets_when_told_to():
    """A session may be stored anywhere, and begins undecided after a long pause."""
    policy, other, fresh = (SprtPolicy(2.0, -2.0), SprtPolicy(2.0, -2.0), SprtPolicy(2.0, -2.0))
    said(policy, 1.0, -1.0, -0.5)

    other.from_bytes(policy.to_bytes())

    assert policy.evidence() == other.evidence()
    assert said(policy, -0.5, 1.0) == said(other, -0.5, 1.0)
    other.reset()
    assert fresh.to_bytes() == other.to_bytes()


def test_rows_raise_the_alarms_of_their_scores():
    """Each from the beginning, whatever the policy has seen."""
    policy = SprtPolicy(2.0, -2.0)
    said(policy, -1.0)
    rows = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, -1.5, -1.0, -0.5], [-1.5, -1.0, -0.5, 1.0]])

    assert [False, True, True] == policy.alarms(rows).tolist()
