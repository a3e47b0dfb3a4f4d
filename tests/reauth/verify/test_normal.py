"""Numbers as normal scores."""

import numpy as np
import pytest
from scipy.stats import norm

from reauth.verify.normal import KNOTS, knots_of, normal_scores


def test_a_rank_becomes_the_normal_score_of_it():
    """Whatever the distribution was, right to what the quantiles kept can tell."""
    seen = np.random.default_rng(0).lognormal(0, 2, (20_000, 3))

    found = normal_scores(knots_of(seen), seen)

    assert (KNOTS, 3) == knots_of(seen).shape
    ranks = (np.argsort(np.argsort(seen, axis=0), axis=0) + 0.5) / len(seen)
    assert np.abs(norm.cdf(found) - ranks).max() < 1.1 / KNOTS
    assert pytest.approx(0, abs=0.02) == found.mean()


def test_what_lies_far_out_counts_no_more_than_the_most_extreme_seen():
    """There are no tails."""
    knots = knots_of(np.arange(100.0)[:, None])

    assert [[-1.0], [1.0]] == (normal_scores(knots, np.array([[-1e9], [1e9]])) / 2.661).round(
        2
    ).tolist()


def test_equal_numbers_lie_in_the_middle_of_what_they_span():
    """Most movements have no click: that is nothing unusual, in neither direction."""
    seen = np.repeat((0.0, 1.0), (900, 100))[:, None]

    low, high = normal_scores(knots_of(seen), np.array([[0.0], [1.0]]))[:, 0]

    assert pytest.approx(norm.ppf(0.45), abs=0.05) == low
    assert pytest.approx(norm.ppf(0.95), abs=0.15) == high


def test_a_batch_is_its_rows():
    """However many are compared at once; and none gives none."""
    seen = np.random.default_rng(1).normal(size=(600, 4))
    knots = knots_of(seen)

    together = normal_scores(knots, seen)

    assert together.tolist() == [normal_scores(knots, row[None])[0].tolist() for row in seen]
    assert (0, 4) == normal_scores(knots, seen[:0]).shape
