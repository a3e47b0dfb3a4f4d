"""Rules of histograms that are plain counters."""

from collections import Counter

import pytest

from reauth.histogram import BOUNDS, BUCKETS, observe


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_grow_and_each_has_a_bucket(name):
    """And one more, for what is beyond them all."""
    bounds = BOUNDS[name]

    assert list(bounds) == sorted(set(bounds))
    assert len(bounds) + 1 == len(set(BUCKETS[name]))


def test_a_bound_belongs_to_its_own_bucket():
    """`le` means at most (Prometheus documentation, "Metric types")."""
    told = Counter()
    for value in (0.5, 0.5001, 99.0):
        observe(told, "score_seconds", value)

    assert 1 == told['score_seconds_bucket{le="0.5"}'] == told['score_seconds_bucket{le="1"}']
    assert 1 == told['score_seconds_bucket{le="+Inf"}']
    assert 100.0001 == pytest.approx(told["score_seconds_sum"])


def test_two_processes_add_up():
    """As the proxy's counters do, which ride along with the batches."""
    one, other = Counter(), Counter()
    observe(one, "obs_queue_depth", 3)
    observe(other, "obs_queue_depth", 4)

    assert {'obs_queue_depth_bucket{le="5"}': 2, "obs_queue_depth_sum": 7} == one + other
