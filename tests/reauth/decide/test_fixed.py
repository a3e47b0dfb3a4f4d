"""Policies whose bound is given."""

import pytest

from reauth.decide.fixed import FIXED, patience_of


@pytest.mark.parametrize("rule", [*FIXED])
def test_the_bound_is_what_raises_an_alarm(rule):
    policy = FIXED[rule](3.0)

    assert [None, None, False] == [
        (decided if decided is False else None)
        for decided in map(policy.update, (-1.0, -1.0, -1.0))
    ]
    assert 3.0 == policy.evidence()["bound"]


def test_patience_is_a_nat_a_score():
    assert [1, 3, 11] == [patience_of(bound) for bound in (0.5, 3.0, 10.1)]
