"""Rules of the growing index: it finds what going through all would find, and grows cheaply."""

import numpy as np
import pytest

from reauth.detect.forest import HEAP, Forest


def grown(points, most=100_000):
    forest = Forest(points.shape[1], most)
    assert list(range(len(points))) == [forest.add(point) for point in points]
    return forest


@pytest.mark.parametrize("count", [0, 1, HEAP - 1, HEAP, HEAP + 1, 5 * HEAP + 7])
def test_it_finds_what_going_through_all_finds(count):
    """Whether points wait in the heap, stand in trees, or both."""
    rng = np.random.default_rng(count)
    points = rng.normal(size=(count, 4))
    forest = grown(points)
    for at in rng.normal(size=(20, 4)):
        far = np.linalg.norm(points - at, axis=1)
        within = [place for place in np.argsort(far).tolist() if far[place] <= 1.0]

        assert within[:5] == forest.near(at, 1.0, 5)


def test_trees_double_like_a_binary_counter():
    """Few of them to ask, and no point is built in more often than sizes double."""
    forest = grown(np.random.default_rng(1).normal(size=(HEAP * 13, 3)))

    assert [HEAP * 8, HEAP * 4, HEAP] == [tree.n for tree in forest.trees]


def test_the_oldest_are_dropped():
    """At once for whoever asks; in memory a quarter more may wait."""
    most = 8 * HEAP
    points = np.arange(30.0 * HEAP)[:, None]
    forest = grown(points, most)

    assert [] == forest.near(points[22 * HEAP - 1], 0.4, 3)
    assert [22 * HEAP] == forest.near(points[22 * HEAP], 0.4, 3)
    assert sum(tree.n for tree in forest.trees) <= most * 1.25


def test_a_small_one_keeps_few():
    """Fewer than a heap holds."""
    points = np.arange(20.0)[:, None]
    forest = grown(points, 5)

    assert [] == forest.near(points[14], 0.4, 3)
    assert [15] == forest.near(points[15], 0.4, 3)


def test_a_look_up_grows_far_slower_than_what_is_kept():
    """Points that are compared, not time: a quarter of 64 times as many, of 64 times the points."""
    rng = np.random.default_rng(3)
    points = rng.normal(size=(HEAP * 256, 13)) * 100 * 0.8 ** np.arange(13)
    asked = rng.normal(size=(40, 13)) * 100 * 0.8 ** np.arange(13)

    def examined(count):
        forest = grown(points[:count])
        return np.mean([forest.examined(at, 15.0) for at in asked])

    few, many = examined(HEAP * 4), examined(HEAP * 256)

    assert many < 16 * few
    assert many < 0.05 * len(points)


def test_what_waits_and_leaves_that_are_reached_are_counted():
    """All of one leaf within reach; nothing far away but the heap."""
    forest = grown(np.concatenate((np.zeros((HEAP, 2)), np.full((10, 2), 5.0))))

    assert HEAP + 10 == forest.examined(np.zeros(2), 1.0)
