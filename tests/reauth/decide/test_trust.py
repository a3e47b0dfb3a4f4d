"""The dynamic trust model: what a score earns, what it costs, and when trust is gone."""

import numpy as np
import pytest

from reauth.decide.trust import PENALTY, REWARD, TrustPolicy


def test_what_speaks_for_nobody_changes_nothing():
    """The break-even."""
    assert 0.0 == pytest.approx(float(TrustPolicy.climbs(np.float64(0.0), 0.0)))


def test_the_break_even_moves_with_the_drift():
    """A score must speak against the user by that much to cost anything."""
    assert 0.0 == pytest.approx(float(TrustPolicy.climbs(np.float64(-0.3), 0.3)))


def test_no_score_costs_or_earns_more_than_the_most():
    """However unusual it is; and worse scores cost more."""
    costs = TrustPolicy.climbs(np.linspace(-50, 50, 101), 0.0)

    assert PENALTY == pytest.approx(costs[0])
    assert -REWARD == pytest.approx(costs[-1])
    assert list(costs) == sorted(costs, reverse=True)


def test_trust_is_never_more_than_full():
    """What a good day earned is no help to who comes after."""
    policy = TrustPolicy(bound=1.5)
    for _ in range(50):
        policy.update(2.5)

    assert 100.0 == policy.evidence()["level"]
    assert [True, False] == [policy.update(-2.5) for _ in range(2)]


def test_evidence_is_trust_and_where_it_may_not_fall():
    """Not the sum that it is counted by."""
    policy = TrustPolicy(bound=5.0)
    policy.update(-2.5)

    found = policy.evidence()

    assert ("trust", 1, 1, 0) == tuple(found[key] for key in ("rule", "window", "low", "limit"))
    assert (99.013, 95.0) == (found["level"], found["bound"])
