"""A growing index of points: search trees of doubling size, so that adding is cheap.

A k-d tree answers fast and cannot grow. Here new points wait in a small heap, which is searched one
by one; a full heap becomes a tree, and two trees of one size become one of twice the size, as a
binary counter carries. A point is built into a tree at most as often as sizes double, and there
are few trees to ask. Trees do not grow beyond a quarter of what is kept, so that the oldest can go.
"""

from typing import Any, Final

import numpy as np

from reauth.trajectory import Floats

HEAP: Final = 256
"""Points searched one by one: as fast as asking a small tree (bench/replays.py)."""

LEAF: Final = 16
"""Points of a tree's leaf, scipy's own default."""


class Forest:
    """Points by number, 0 on, in order of coming; the newest `most` are kept.

    Parameters
    ----------
    numbers
        Of a point.
    most
        Points kept at least; up to a quarter more wait to be dropped together.

    References
    ----------
    Bentley, Saxe 1980, "Decomposable searching problems I", section 2 (the binary counter).
    Bentley 1975, "Multidimensional binary search trees used for associative searching".
    """

    def __init__(self, numbers: int, most: int) -> None:
        self._heap = np.empty((HEAP, numbers))
        self._waiting = 0
        self._trees: list[tuple[int, Any]] = []
        self._largest = max(HEAP, most // 4)
        self._most = most
        self.count = 0

    @property
    def trees(self) -> list[Any]:
        """The trees, oldest first."""
        return [tree for _, tree in self._trees]

    def add(self, point: Floats) -> int:
        """Take a point (numbers,); give its number."""
        self._heap[self._waiting] = point
        self._waiting += 1
        self.count += 1
        if self._waiting == HEAP:
            self._plant()
        return self.count - 1

    def near(self, point: Floats, within: float, most: int) -> list[int]:
        """Numbers of the points nearest to one, nearest first, within a distance."""
        oldest, start = self.count - self._most, self.count - self._waiting
        found: list[tuple[float, int]] = []
        if self._waiting:
            apart = self._heap[: self._waiting] - point
            far = np.sqrt(np.einsum("ij,ij->i", apart, apart))
            found += [(far[at].item(), start + at) for at in np.flatnonzero(far <= within).tolist()]
        for first, tree in self._trees:
            far, places = tree.query(point, range(1, most + 1), distance_upper_bound=within)
            some = int(np.searchsorted(far, np.inf))
            found += zip(far[:some].tolist(), (first + places[:some]).tolist(), strict=True)
        return [number for _, number in sorted(found) if number >= oldest][:most]

    def _plant(self) -> None:
        """Make a tree of the heap, and one of two as long as the newest ones are of one size."""
        from scipy.spatial import cKDTree  # noqa: PLC0415 - takes a quarter of a second

        start, points = self.count - HEAP, self._heap.copy()
        while self._trees and self._trees[-1][1].n == len(points) <= self._largest // 2:
            start, older = self._trees.pop()
            points = np.concatenate((older.data, points))
        # Neither balanced nor compact: built three times as fast, asked hardly slower.
        tree = cKDTree(points, LEAF, compact_nodes=False, balanced_tree=False)
        self._trees.append((start, tree))
        self._waiting = 0
        oldest = self.count - self._most
        self._trees = [(at, each) for at, each in self._trees if at + each.n > oldest]

    def examined(self, point: Floats, within: float) -> int:
        """How many points `near` has to compare with at most: those in leaves that it reaches."""
        return self._waiting + sum(_reached(tree.tree, point, within) for _, tree in self._trees)


def _reached(node: Any, point: Floats, within: float) -> int:
    if node.split_dim < 0:
        return int(node.children)
    apart = point[node.split_dim] - node.split
    lesser = _reached(node.lesser, point, within) if apart <= within else 0
    greater = _reached(node.greater, point, within) if apart >= -within else 0
    return lesser + greater
