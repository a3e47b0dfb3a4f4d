"""From raw scores to log-likelihood ratios."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.verify.calibrate import (
    CLIP,
    FOLDS,
    GRID,
    Unseen,
    calibration_error,
    crossfit,
    densities,
    hold_out,
    logistic,
    ranks,
    ratios,
    sample,
)

sizes = st.lists(st.integers(1, 60), min_size=1, max_size=8).filter(lambda all_: sum(all_) >= 4)


def rows(*counts):
    """Sessions of so many rows; each row is a number of its own."""
    edges = np.cumsum([0, *counts])
    return [np.arange(a, b, dtype=float)[:, None] for a, b in pairwise(edges)]


def gaussians(shift, count=2000, seed=0):
    """Unseen raw scores of a user and of ten others, `shift` deviations apart."""
    numbers = np.random.default_rng(seed)
    own = tuple(numbers.normal(shift, 1, (4, count // 4)))
    return Unseen(own, tuple(numbers.normal(0, 1, (10, count // 10))))


def between_points(unseen, points, monkeypatch):
    """The stored curve of so many points, where scores are seen."""
    monkeypatch.setattr("reauth.verify.calibrate.GRID", points)
    seen = np.percentile(np.concatenate((*unseen.genuine, *unseen.impostor)), (1, 99))
    return ratios(np.linspace(*seen, 5000), densities(unseen)[0])


def test_the_stored_curve_has_points_enough(monkeypatch):
    """Between them lines stand for the ratio, within 0.05 nat; with half as many they do not."""
    error = {}
    for points in (GRID // 2 + 1, GRID):
        error[points] = max(
            np.abs(
                between_points(unseen, points, monkeypatch)
                - between_points(unseen, 16 * (GRID - 1) + 1, monkeypatch)
            ).max()
            for unseen in (gaussians(shift, seed=2) for shift in (0.5, 1.0, 2.0))
        )

    assert error[GRID] < 0.05 < error[GRID // 2 + 1]


@given(sizes)
def test_every_row_is_held_out_once_and_never_trains_its_own_fold(counts):
    """Scores are of data that training has not seen, and each counts once."""
    sessions = rows(*counts)
    held = []
    for train, out in hold_out(sessions):
        seen = set(np.concatenate(train).ravel()) if train else set()
        left = np.concatenate(list(out.values())).ravel()
        assert not seen & set(left)
        assert seen | set(left) == set(np.concatenate(sessions).ravel())
        held += left.tolist()

    assert sorted(held) == np.concatenate(sessions).ravel().tolist()


def test_whole_sessions_are_left_out():
    """Movements of one sitting are alike; they may not stand on both sides."""
    folds = hold_out(rows(10, 11, 12, 13, 14, 15))

    assert FOLDS == len(folds)
    assert set(range(6)) == {place for _, out in folds for place in out}
    assert all(len(part) == 10 + place for _, out in folds for place, part in out.items())


@pytest.mark.parametrize("counts", [(100,), (90, 10), (3, 94, 3)])
def test_where_one_session_is_nearly_all_quarters_in_time_are_left_out(counts):
    """Training on what a giant leaves over would say nothing of the estimator."""
    folds = hold_out(rows(*counts))

    found = [out[place].ravel().tolist() for place, (_, out) in enumerate(folds)]
    assert [list(range(start, start + 25)) for start in (0, 25, 50, 75)] == found


def test_neither_the_users_session_nor_another_user_is_scored_by_who_saw_it():
    """Cross-fitting leaves both out whole; the fake estimator remembers what it saw."""
    sessions, others = rows(5, 6, 7), [each + 100 for each in rows(4, 4, 4, 4)]

    def fit(train, seen):
        return {"seen": np.concatenate((*train, *seen)).ravel()}

    def raw(arrays, x):
        return np.isin(x[:, 0], arrays["seen"]).astype(float)

    unseen = crossfit(sessions, others, (fit, raw), np.random.default_rng(0))

    assert [5, 6, 7] == [len(part) for part in unseen.genuine]
    assert [4, 4, 4, 4] == [len(part) for part in unseen.impostor]
    assert 0 == sum(part.sum() for part in (*unseen.genuine, *unseen.impostor))


@given(sizes, st.integers(1, 100))
def test_a_sample_is_as_even_as_the_parts_allow(counts, cap):
    """A talkative user may not stand for all others."""
    parts = rows(*counts)
    drawn = sample(parts, cap, np.random.default_rng(0))
    taken = [int(np.isin(part, drawn).sum()) for part in parts]

    assert min(cap, sum(counts)) == len(drawn) == len(np.unique(drawn))
    short = [count for count, size in zip(taken, counts, strict=True) if count < size]
    assert not short or max(taken) - min(short) <= 1


def test_ratios_of_known_distributions_are_found():
    """Two Gaussians, 1.5 deviations apart: the ratio is a line with a known slope."""
    calibration, _ = logistic(gaussians(1.5))
    at = np.array([-0.5, 0.75, 2.0])

    assert np.allclose(1.5 * at - 1.125, ratios(at, calibration), atol=0.1)


@pytest.mark.parametrize("calibrate", [densities, logistic])
def test_ratios_are_well_calibrated_on_new_scores(calibrate):
    """What is said of P(impostor) holds for scores that calibration has not seen."""
    calibration, judged = calibrate(gaussians(1.0))
    new = gaussians(1.0, seed=1)

    found = [ratios(np.concatenate(part), calibration) for part in (new.genuine, new.impostor)]

    assert calibration_error(*found) < 0.03
    assert found[0].mean() > 0.2
    assert found[1].mean() < -0.2
    assert [len(part) for part in new.genuine] == [len(part) for part in judged.genuine]


@pytest.mark.parametrize("calibrate", [densities, logistic])
def test_no_score_is_trusted_beyond_the_clip(calibrate):
    """One trajectory decides nothing, however far out it lies."""
    calibration, judged = calibrate(gaussians(6.0))
    far = ratios(np.array([-1e9, 1e9]), calibration)

    assert [-CLIP, CLIP] == far.tolist()
    assert max(np.abs(part).max() for part in judged.genuine) <= CLIP


def test_a_score_does_not_vouch_for_itself():
    """Held-out scores are judged without their own kernel: noise must not look like the user."""
    with_itself, without = [], []
    for seed in range(40):
        unseen = gaussians(0.0, count=40, seed=seed)
        calibration, judged = densities(unseen)
        with_itself.append(ratios(np.concatenate(unseen.genuine), calibration).mean())
        without.append(np.concatenate(judged.genuine).mean())

    assert np.mean(with_itself) > 0.08
    assert np.mean(without) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("shift", [0.0, -1.0])
def test_an_estimator_that_is_no_better_than_chance_says_nothing(shift):
    """Nor one that is worse: what speaks against the user never speaks for them."""
    unseen = gaussians(shift)
    calibration, judged = logistic(unseen)

    found = ratios(np.linspace(-9, 9, 19), calibration)
    assert (np.diff(found) >= 0).all()
    assert np.abs(np.concatenate(judged.genuine)).mean() < 0.1


def test_somebody_who_is_like_the_user_does_not_silence_the_rest():
    """One of four others is the user's double: ratios still rise with the raw score."""
    numbers = np.random.default_rng(0)
    own = tuple(numbers.normal(1.0, 1, (4, 500)))
    others = (*numbers.normal(-1.0, 1, (3, 500)), numbers.normal(1.0, 1, 500))

    _, judged = logistic(Unseen(own, others))

    assert np.concatenate(judged.genuine).mean() > 0.3
    assert np.concatenate(judged.impostor[:3]).mean() < -0.3


@pytest.mark.parametrize("calibrate", [densities, logistic])
def test_every_other_user_weighs_the_same(calibrate):
    """However much there is of one of them."""
    numbers = np.random.default_rng(0)
    few, many = numbers.normal(-3, 0.5, 50), numbers.normal(3, 0.5, 5000)
    calibration, _ = calibrate(Unseen((numbers.normal(0, 0.5, 500),), (few, many)))
    [left, right] = ratios(np.array([-3.0, 3.0]), calibration)

    assert left == pytest.approx(right, abs=0.3)


@pytest.mark.parametrize("calibrate", [densities, logistic])
def test_scores_that_are_all_alike_say_nothing(calibrate):
    """A degenerate estimator gives ratios of 1, not an error."""
    alike = np.full(30, 0.25)
    calibration, judged = calibrate(Unseen((alike,), (alike, alike)))

    assert np.allclose(0, ratios(np.array([0.25]), calibration), atol=0.2)
    assert np.isfinite(np.concatenate(judged.genuine)).all()


def test_without_others_the_sign_is_the_users_own_quantile():
    """A fifth of the user's own scores is low, the rest is not; the map never falls."""
    numbers = np.random.default_rng(0)
    unseen = Unseen((numbers.normal(0, 1, 150), numbers.normal(0, 1, 50)), (np.array([-9.0]),))

    calibration, judged = ranks(unseen, 0.2)

    assert np.mean(np.concatenate(judged.genuine) < 0) == pytest.approx(0.2, abs=0.03)
    assert (np.diff(ratios(np.linspace(-4, 4, 99), calibration)) >= 0).all()
    assert [150, 50] == [len(part) for part in judged.genuine]
    assert judged.impostor[0][0] == -CLIP


def test_the_calibration_error_of_honest_ratios_is_small_and_of_boasts_large():
    """Half of both classes at ratio 0 is honest; certain and wrong is not."""
    assert calibration_error(np.zeros(10), np.zeros(20)) == pytest.approx(0.0)
    assert calibration_error(np.full(10, -50.0), np.full(10, 50.0)) == pytest.approx(1.0)
