"""What every policy keeps, whichever it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.decide import POLICIES
from reauth.template import Template

SIZE = 8

pytestmark = pytest.mark.parametrize("make", POLICIES.values(), ids=list(POLICIES))

scores = st.lists(st.floats(-2.5, 2.5), max_size=60)


def fresh(make, size=SIZE):
    """A policy for a user whose scores are well known and nearly always high."""
    held_out = (np.random.default_rng(0).normal(1.0, 0.7, 500),)
    learnt = Template("anna", "f", 1, "v", 1, 1, False, {}, {}, held_out, false_alarms=1 / 500)
    return make(learnt, size)


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
    assert {"window", "low", "limit"} <= set(fresh(make).evidence())


def test_a_state_is_small(make):
    """It is stored with every group of batches."""
    policy = fresh(make, 500)
    for _ in range(600):
        policy.update(1.0)

    assert len(policy.to_bytes()) <= 128
