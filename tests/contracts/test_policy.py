"""What every policy keeps, whichever it is."""

from copy import deepcopy
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.decide import POLICIES
from reauth.template import Template

SIZE = 8

pytestmark = pytest.mark.parametrize("make", POLICIES.values(), ids=list(POLICIES))

scores = st.lists(st.floats(-2.5, 2.5), max_size=60)


@cache
def fitted(make, size):
    """A policy for a user whose scores are well known and nearly always high."""
    held_out = (np.random.default_rng(0).normal(1.0, 0.7, 500),)
    learnt = Template("anna", "f", 1, "v", 1, 1, False, {}, {}, held_out, false_alarms=1 / 500)
    return make(learnt, size)


def fresh(make, size=SIZE):
    """One of its own for each test: fitting takes milliseconds, and tests need thousands."""
    return deepcopy(fitted(make, size))


def test_it_is_undecided_until_it_can_be(make):
    """Nothing has been seen: that is neither genuine nor not."""
    policy = fresh(make)

    assert policy.update(2.0) is None


def test_it_decides_both_ways(make):
    """A long run of high scores is genuine, a long run of low ones is not."""
    policy = fresh(make)

    assert [policy.update(1.5) for _ in range(50)][-1] is True
    assert [policy.update(-2.0) for _ in range(50)][-1] is False


@given(scores, st.integers(0, 60))
def test_the_state_survives_bytes_anywhere(make, run, at):
    """A session may be stored between any two scores."""
    straight, first, second = fresh(make), fresh(make), fresh(make)

    expected = [straight.update(score) for score in run]
    found = [first.update(score) for score in run[:at]]
    second.from_bytes(first.to_bytes())
    found += [second.update(score) for score in run[at:]]

    assert expected == found
    assert straight.evidence() == second.evidence()


@given(scores)
def test_reset_forgets_everything(make, run):
    """After an alarm or a long pause: undecided, neither trusted nor suspected."""
    used, unused = fresh(make), fresh(make)
    for score in run:
        used.update(score)

    used.reset()

    assert unused.to_bytes() == used.to_bytes()
    assert unused.evidence() == used.evidence()


@given(scores)
def test_the_last_bits_of_a_score_decide_nothing(make, run):
    """Processors differ in them; scores are rounded to 1e-3 before any threshold."""
    one, other = fresh(make), fresh(make)

    rounded = [round(score, 3) for score in run]

    assert [one.update(score) for score in rounded] == [
        other.update(score + sign * 1e-5)
        for score, sign in zip(rounded, (-1, 1) * len(run), strict=False)
    ]


def test_evidence_has_the_names_that_an_alert_needs(make):
    """`window`, `low` and `limit`, whatever the rule (interfaces.md §5)."""
    keys = {"window", "low", "limit", "rule", "level", "bound"}

    assert keys == set(fresh(make).evidence())


def test_evidence_of_an_alarm_counts_low_scores_that_reach_the_limit(make):
    """Where their number decides nothing the limit is 0; there are never more than scores."""
    policy = fresh(make)
    for _ in range(50):
        if policy.update(-2.0) is False:
            break

    found = policy.evidence()

    assert 0 <= found["limit"] <= found["low"] <= found["window"]
    assert found["window"] > 0


def test_it_goes_by_the_name_in_the_table(make):
    """An alert names the rule as the settings do."""
    assert make is POLICIES[fresh(make).evidence()["rule"]]


@given(st.lists(st.lists(st.floats(-2.5, 2.5), min_size=40, max_size=40), min_size=1, max_size=4))
def test_many_rows_at_once_raise_the_alarms_of_each(make, rows):
    """Quality is estimated from them; the policy's own state is left alone."""
    policy = fresh(make)
    before = policy.to_bytes()
    rounded = np.round(rows, 3)

    one_by_one = []
    for row in rounded:
        single = fresh(make)
        one_by_one.append(any([single.update(score) is False for score in row.tolist()]))

    assert one_by_one == policy.alarms(rounded).tolist()
    assert before == policy.to_bytes()


def test_its_state_is_no_other_rules(make):
    """The settings may name another policy before the next start; a session begins anew then."""
    policy = fresh(make)
    policy.update(1.0)
    for other in POLICIES.values():
        if other is not make:
            with pytest.raises(ValueError, match="state"):
                fresh(other).from_bytes(policy.to_bytes())


def test_it_says_how_often_it_will_be_wrong(make):
    """Fitted to a user it knows; about as often as enrolment was asked for, or less."""
    assert 0 < fresh(make).false_alarms < 1.1 / 500


def test_a_state_is_small(make):
    """It is stored with every group of batches."""
    policy = fresh(make, 500)
    for _ in range(600):
        policy.update(1.0)

    assert len(policy.to_bytes()) <= 128
