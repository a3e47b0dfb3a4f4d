"""What may teach a template, and what may replace it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from reauth.drift import LEAST, bar, refusal, teaches
from reauth.template import Quality
from tests.rows import learnt

RNG = np.random.default_rng(0)
ANCHOR = learnt(held_out=(RNG.normal(0.5, 0.9, 400),))


def test_nine_in_ten_of_the_users_sessions_teach():
    """The bar is made of how the user's own sessions vary, days included."""
    days = RNG.normal(0, 0.9 * math.sqrt(0.025), 2000)
    sessions = [RNG.normal(0.5 + day, 0.9, 100) for day in days]

    share = np.mean([teaches(ANCHOR, session) for session in sessions])

    assert pytest.approx(0.9, abs=0.03) == share


def test_the_bar_rises_with_the_length_of_a_session():
    """The more there is, the surer its mean; it never falls below speaking for nobody."""
    bars = [bar(ANCHOR, count) for count in (20, 50, 200, 2000)]

    assert sorted(bars) == bars
    assert 0.0 == bar(replace(ANCHOR, held_out=(RNG.normal(-0.5, 1.0, 100),)), 50)


def test_a_few_trajectories_teach_nothing():
    """However well they fit."""
    assert not teaches(ANCHOR, np.full(LEAST - 1, 2.5))
    assert teaches(ANCHOR, np.full(LEAST, 2.5))
    assert not teaches(ANCHOR, np.empty(0))


def test_without_held_out_scores_nothing_teaches():
    """Nobody knows what to expect of the user."""
    assert not teaches(replace(ANCHOR, held_out=()), np.full(100, 2.5))


def quality(far=0.05, frr=0.02, far_ci=(0.02, 0.08), frr_ci=(0.0, 0.04)):
    return {100: Quality(100, 60, far, frr, far_ci, frr_ci)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"far": 0.08, "frr": 0.04}, ""),
        ({"far": 0.09}, "accepts_more_strangers"),
        ({"frr": 0.05}, "refuses_its_owner"),
        ({"far": None}, "unknown"),
        ({"frr": None}, "unknown"),
    ],
)
def test_a_candidate_is_held_to_the_template_that_it_would_replace(changes, expected):
    """By the intervals of that one; what is unknown replaces nothing."""
    active, candidate = learnt(quality=quality()), learnt(quality=quality(**changes))

    assert expected == refusal(active, candidate, 100)


def test_without_quality_nothing_is_replaced():
    """Of another window, or of none."""
    known, unknown = learnt(quality=quality()), learnt(quality=None)

    assert "unknown" == refusal(known, unknown, 100) == refusal(unknown, known, 100)
    assert "unknown" == refusal(known, known, 50)


def test_a_share_without_an_interval_binds_nobody():
    """An older report may have none."""
    bare = learnt(quality=quality(far_ci=None, frr_ci=None))

    assert "" == refusal(bare, learnt(quality=quality(far=0.5, frr=0.5)), 100)
