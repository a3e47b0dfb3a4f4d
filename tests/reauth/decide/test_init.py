"""The table of policies, and the hours between the false alarms of each."""

from dataclasses import replace
from math import inf, isnan

import numpy as np
import pytest

from reauth.decide import POLICIES, RECOMMENDED, spacing
from reauth.decide.window import WindowPolicy
from tests.playbook import template

KNOWN = replace(
    template(),
    held_out=(np.random.default_rng(0).normal(0.5, 0.8, 1000).clip(-2.5, 2.5),),
    false_alarms=1 / 3200,
    pace=400.0,
)


@pytest.mark.parametrize("name", POLICIES)
def test_a_fitted_policy_is_wrong_once_in_a_day(name):
    """As was wanted: 1 in 3200 at 400 an hour; the window counts in whole scores only."""
    hours = spacing(POLICIES[name](KNOWN, 100), KNOWN)

    assert 7.9 < hours < (14 if name == "window" else 8.3)


def test_nobody_knows_how_often_a_policy_is_wrong_that_was_not_fitted():
    """Not a number; and one that is never wrong has no end."""
    assert isnan(spacing(WindowPolicy(0.0, 10, 5), KNOWN))
    assert inf == spacing(WindowPolicy(0.0, 10, 5, false_alarms=0.0), KNOWN)


def test_what_is_recommended_is_there():
    """By the name that the settings take."""
    assert RECOMMENDED in POLICIES
