"""What to expect of a template's decisions."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.decide.window import WindowPolicy
from reauth.quality import expected
from tests.playbook import template


def scores(share, count, seed=0):
    """Scores of which about so many are low."""
    return np.where(np.random.default_rng(seed).random(count) < share, -1.0, 1.0)


def report(held_out, impostors, window=20, rate=1 / 200, seed=0):
    learnt = replace(template(), held_out=tuple(held_out), false_alarms=rate)
    return expected(learnt, impostors, (window,), np.random.default_rng(seed))[window]


def test_an_easy_user_is_told_apart():
    """Few own scores are low, most of the others' are: both errors are rare."""
    found = report([scores(0.1, 400)] * 2, [scores(0.95, 200, i) for i in range(8)])

    assert found.frr < 0.02
    assert found.far < 0.02
    learnt = replace(template(), held_out=(scores(0.1, 400),) * 2, false_alarms=1 / 200)
    assert found.limit == WindowPolicy.fitted(learnt, 20).limit
    assert "" == found.reason


def test_a_user_like_everybody_lets_everybody_in():
    """An honest report says so: nearly every impostor's window is accepted."""
    found = report([scores(0.5, 400)], [scores(0.5, 200, i) for i in range(8)])

    assert found.far > 0.9


def test_shares_are_those_of_long_streams():
    """The bootstrap's windows are as the user's own: its share is close to the true one."""
    others = [scores(0.6, 400, seed) for seed in range(20)]
    found = report([scores(0.3, 2000)], others)
    stream = scores(0.6, 200_000, 99)
    low = np.convolve(stream < 0, np.ones(20), "valid")

    assert found.far == pytest.approx(np.mean(low < found.limit), abs=0.05)
    assert found.far_ci[0] <= found.far <= found.far_ci[1]


def test_no_error_in_few_trials_is_no_proof():
    """Three windows without an error still allow a large share: (1 - r)^3 = 5 %."""
    found = report([scores(0.0, 60)], [scores(1.0, 60, seed) for seed in range(3)])

    assert (0.0, 0.0) == (found.frr, found.far)
    assert found.frr_ci == (0.0, pytest.approx(1 - 0.05 ** (1 / 3)))
    assert found.far_ci == (0.0, pytest.approx(1 - 0.05 ** (1 / 3)))


def test_all_errors_in_few_trials_are_no_proof_either():
    """The same from the other side: everybody was accepted, of two."""
    found = report([scores(0.0, 60)], [scores(0.0, 60, seed) for seed in range(2)])

    assert 1.0 == found.far
    assert found.far_ci == (pytest.approx(0.05 ** (1 / 2)), 1.0)


def test_more_people_make_the_interval_narrower():
    """Other users are what the share generalises over, not their movements."""
    widths = []
    for count in (4, 40):
        shares = np.linspace(0.3, 0.9, count)
        others = [scores(share, 100, seed) for seed, share in enumerate(shares)]
        low, high = report([scores(0.3, 800)], others).far_ci
        widths.append(high - low)

    assert widths[1] < widths[0]


def test_short_data_have_a_reason_instead_of_a_figure():
    """Half a window held out is the least; without others there is no impostor to accept."""
    found = report([scores(0.1, 30)], [], window=100)

    assert (None, None, None, None) == (found.far, found.frr, found.far_ci, found.frr_ci)
    assert "30 held-out trajectories" in found.reason
    assert "no other users" in found.reason


def test_a_window_longer_than_a_session_is_put_together():
    """Sessions are short; their blocks still say how a longer window would have done."""
    found = report([scores(0.2, 25, i) for i in range(8)], [np.empty(0)], window=50)

    assert found.frr is not None
    assert found.far is None


def test_nothing_held_out_is_no_division_by_zero():
    """A template from elsewhere may lack it."""
    assert report([], [scores(0.5, 50)], window=10).frr is None
