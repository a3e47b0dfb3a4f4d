"""Sequential forward selection on equal error rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.verify.selection import draw, equal_error_rates, evidence, select


def column(*values):
    return np.array(values, dtype=np.float64)[:, None]


def test_the_rate_is_where_both_errors_are_equal():
    """None, half, all; equal scores are as good as guessing."""
    assert [0.0] == equal_error_rates(column(2, 3), column(0, 1)).tolist()
    assert [0.25] == equal_error_rates(column(1, 4, 5, 6), column(0, 1.5, -1, -2)).tolist()
    assert [1.0] == equal_error_rates(column(0, 1), column(2, 3)).tolist()
    assert [0.5] == equal_error_rates(column(1, 1), column(1, 1)).tolist()


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=12),
       st.lists(st.integers(-5, 5), min_size=1, max_size=12))  # fmt: skip
def test_a_rate_is_a_share_and_knows_no_unit(genuine, impostor):
    """Any rising function of the scores gives the same."""
    own, theirs = column(*genuine), column(*impostor)

    [rate] = equal_error_rates(own, theirs)

    assert 0 <= rate <= 1
    assert [rate] == equal_error_rates(np.exp(own), np.exp(theirs)).tolist()


def test_a_sequence_is_of_one_user_and_its_likelihoods_are_added():
    """Strokes of two users are no sequence of anybody."""
    strokes = [np.full((2, 5, 3), 1.0), np.full((2, 9, 3), 100.0)]

    sums = draw(strokes, 50, 10, np.random.default_rng(0))

    assert (2, 50, 3) == sums.shape
    assert {10.0, 1000.0} == set(sums.ravel().tolist())


def test_evidence_is_the_ratio_to_the_mean_of_the_others():
    """And rises with the posterior p(X | w_i) / sum p(X | w_k)."""
    likelihoods = np.log([[0.5, 0.1], [0.1, 0.2], [0.3, 0.2]])

    found = evidence(likelihoods)

    assert np.log([0.5 / 0.2, 0.1 / 0.2]) == pytest.approx(found)


def drawn(apart, seed=0, count=300):
    """Sequences of a user and of others by three models, features `apart` deviations apart."""
    rng = np.random.default_rng(seed)
    own, theirs = (rng.normal(0, 1, (3, count, len(apart))) for _ in range(2))
    own[0] += np.array(apart)
    theirs[1:] += np.array(apart)
    return own, theirs


def test_the_best_feature_comes_first_and_what_does_not_help_stays_out():
    """Noise would only be learnt by heart."""
    chosen = select(*drawn([0.0, 1.2, 0.8, -4.0]))

    assert [1, 2] == chosen[:2]
    assert 3 not in chosen


def test_it_stops_when_the_rate_does_not_fall():
    """One feature that makes no error is all that is needed."""
    assert [2] == select(*drawn([0.1, 1.0, 40.0, 1.0]))


def test_of_equal_features_the_one_that_sets_apart_most_is_taken():
    """Both make no error here; the wider margin will hold elsewhere."""
    assert [1] == select(*drawn([40.0, 90.0]))


def test_it_may_take_all():
    """Where each helps; never one twice."""
    own, theirs = drawn([1.0, 1.0], count=4000)

    assert [0, 1] == sorted(select(own, theirs))
