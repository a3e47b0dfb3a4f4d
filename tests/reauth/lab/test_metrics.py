"""Rules of what a report counts: against numbers that can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.lab.metrics import (
    Delays,
    Ranked,
    alone,
    auc,
    cllr,
    eer,
    fnmr_at,
    interval,
    joined,
    per_workday,
    thinned,
    weighted_mean,
)

NEVER = np.inf
few = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=12).map(np.array)


def det(genuine, impostor):
    return Ranked(alone(np.array(genuine, float), np.array(impostor, float))).det()


@pytest.mark.parametrize(
    ("genuine", "impostor", "expected"),
    [
        ([2, 3], [0, 1], 0.0),
        ([0, 1], [2, 3], 1.0),
        ([1], [1], 0.5),
        ([1, 3], [0, 2], 0.5),
        ([0, 2, 3, 4], [0, 0, 0, 2], 0.25),
    ],
)
def test_the_equal_error_rate_is_where_both_rates_meet(genuine, impostor, expected):
    """Separated, reversed, equal, interleaved, and one that lies between two points."""
    assert expected == pytest.approx(eer(det(genuine, impostor)))


@given(few, few)
def test_rates_are_what_counting_gives(genuine, impostor):
    """At every threshold: impostors at or above it match, genuine ones below it do not."""
    found = det(genuine, impostor)

    for threshold, fmr, fnmr in zip(found.threshold, found.fmr, found.fnmr, strict=True):
        assert np.mean(impostor >= threshold) == pytest.approx(fmr)
        assert np.mean(genuine < threshold) == pytest.approx(fnmr)


@given(few, few)
def test_the_area_is_the_chance_of_the_right_order(genuine, impostor):
    """Mann and Whitney's statistic; ties count half."""
    above = (genuine[:, None] > impostor).mean() + (genuine[:, None] == impostor).mean() / 2

    assert above == pytest.approx(auc(det(genuine, impostor)))


@given(few, few)
def test_turning_all_scores_round_turns_the_rate_round(genuine, impostor):
    """EER(-s) = 1 - EER(s): neither side is favoured."""
    assert eer(det(genuine, impostor)) == pytest.approx(1 - eer(det(-genuine, -impostor)))


def test_fnmr_at_a_fixed_fmr_never_lets_more_pass():
    """At FMR 0.25 of four impostors one may pass, and then one of four is refused."""
    found = det([0, 2, 3, 4], [-1, 0, 1, 2])

    assert 0.25 == fnmr_at(found, 0.25)
    assert 0.5 == fnmr_at(found, 0.0)
    assert 0.0 == fnmr_at(found, 1.0)


def test_users_can_be_weighed():
    """Twice the weight is twice the scores; without a side there is no rate."""
    first, second = (np.array([0.0, 2.0]), np.array([1.0])), (np.array([3.0]), np.array([0.0, 2.0]))
    pooled = Ranked(joined([first, second]))
    doubled = Ranked(joined([first, first, second])).det()

    found = pooled.det(np.array([2.0, 1.0]))

    assert doubled.fnmr.tolist() == found.fnmr.tolist()
    assert pooled.det(np.zeros(2)) is None
    assert [2, 1] == [len(joined([first, second]).of(user).genuine) for user in (0, 1)]
    with pytest.raises(ValueError, match="genuine and impostor"):
        Ranked(joined([]))


def test_a_det_curve_is_thinned_but_keeps_its_ends():
    """Nobody sees more points than a picture has."""
    rng = np.random.default_rng(0)
    fmr, fnmr = thinned(det(rng.normal(1, 1, 3000), rng.normal(0, 1, 3000)))

    assert len(fmr) == len(fnmr) == 200
    assert (1.0, 0.0) == (fmr[0], fmr[-1])
    assert (0.0, 1.0) == (fnmr[0], fnmr[-1])


def test_ratios_that_say_nothing_cost_one_bit():
    """And perfect ones nothing."""
    nothing, sure = np.zeros(5), np.full(5, 50.0)

    assert 1.0 == pytest.approx(cllr(nothing, nothing))
    assert 0.0 == pytest.approx(cllr(sure, -sure), abs=1e-9)
    assert cllr(-sure, sure) > 10


def test_counts_become_rates_of_eight_active_hours():
    """Half an hour with one alarm is sixteen in a workday; no activity is no rate."""
    assert 16.0 == per_workday(1, 1800.0)
    assert per_workday(0, 0.0) is None


def delayed(*pairs, weight=None):
    """Takeovers by (delay, how long it was watched)."""
    delay, lasted = np.array(pairs, float).reshape(-1, 2).T
    return Delays(delay, lasted, np.ones(len(delay)) if weight is None else np.array(weight, float))


def test_shares_of_those_caught_are_counted_where_all_were_watched_to_the_end():
    """Then the curve is what counting gives; whoever is never caught has no delay."""
    found = delayed((1, 9), (4, 9), (NEVER, 9))

    assert ([1.0, 4.0], pytest.approx([1 / 3, 2 / 3])) == tuple(map(list, found.curve()))
    assert [0.0, pytest.approx(1 / 3), pytest.approx(2 / 3)] == [
        found.within(limit) for limit in (0.5, 1, 20)
    ]
    assert (4.0, None) == (found.until(0.5), found.until(0.9))


def test_a_recording_that_ends_early_is_no_escape():
    """It tells nothing of later; of all, it counts as one who got away."""
    found = delayed((2, 9), (NEVER, 1), (NEVER, 1), (6, 9))

    assert [0.5, 1.0] == [found.within(limit) for limit in (3, 6)]
    assert [0.25, 0.5] == [found.of_all(limit) for limit in (3, 6)]


def test_who_counts_twice_is_as_good_as_two():
    """The bootstrap draws users more than once."""
    once = delayed((2, 9), (NEVER, 4), (6, 9), weight=(1, 2, 3))
    often = delayed((2, 9), *[(NEVER, 4)] * 2, *[(6, 9)] * 3)

    assert [often.within(limit) for limit in (2, 6)] == pytest.approx(
        [once.within(limit) for limit in (2, 6)]
    )


def test_no_takeover_has_no_share():
    """None, not zero."""
    for nothing in (delayed(), delayed((1, 2), weight=(0,))):
        assert (None, None, None) == (nothing.within(3), nothing.until(0.5), nothing.of_all(3))


def test_intervals_are_over_users():
    """Ten users, five of whom have 1 and five 0: the mean is unsure by about 0.3."""
    values = [0.0, 1.0] * 5

    low, high = interval(10, lambda w: weighted_mean(values, w), np.random.default_rng(0))

    assert (0.2, 0.8) == pytest.approx((low, high), abs=0.11)


def test_one_user_says_nothing_of_others():
    """However many windows he has."""
    assert (0.0, 1.0) == interval(1, lambda w: 0.3, np.random.default_rng(0))
    assert (0.0, 1.0) == interval(3, lambda w: None, np.random.default_rng(0))


def test_means_leave_out_who_has_no_value():
    """Whoever has no window has no error rate, which is not zero."""
    assert 0.5 == weighted_mean([0.0, None, 1.0], np.ones(3))
    assert weighted_mean([None], np.ones(1)) is None
