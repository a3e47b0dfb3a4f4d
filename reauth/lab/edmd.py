"""EDMD: is this slide one that was seen before? Lu's replay detection by Manhattan distance.

Algorithm 1 is printed with two faults, which are mended here. Its loop overwrites the verdict at
each candidate, so that the last one decides: here any candidate is enough. And it sums the list of
places where the distance sums the differences: here they are summed. What is left is the paper's,
its weakness too: eight numbers of the speed repeat by chance, and looking up grows with the
library.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from scipy.spatial.distance import pdist

from reauth.features.slider import Slide
from reauth.trajectory import Bools, Floats

NAMES: Final = tuple(
    f"speed_{axis}_{what}" for axis in "xy" for what in ("start", "end", "mean", "variance")
)
"""The eight numbers (Lu §5.4): px/ms, and px2/ms2 for the variances. The unit matters, as they are
summed; it is that of the paper's tracks, px/s would leave nothing but the variances."""

NOISE = 1e-9
"""Differences that are arithmetic, and no movement: two tracks with the same speeds in another
order have means that differ in the last digit, and K would be that digit."""


def speed_vector(slide: Slide) -> Floats:
    """Give (8,) numbers of a slide's speed; NaN where no step of it took time."""
    dt = np.diff(slide.t) * 1e3
    took = dt > 0
    if not took.any():
        return np.full(len(NAMES), np.nan)
    rows = []
    for places in (slide.x, slide.y):
        v = np.diff(places)[took] / dt[took]
        rows.append((v[0], v[-1], v.mean(), v.var()))
    return np.array(rows).ravel()


def speed_vectors(slides: Sequence[Slide]) -> Floats:
    """Give (n, 8)."""
    return np.array([speed_vector(slide) for slide in slides]).reshape(-1, len(NAMES))


def least_distance(rows: Floats) -> float:
    """Give K: the least Manhattan distance between any two rows that is not zero (Lu §5.4).

    Parameters
    ----------
    rows
        (n, 8), of slides that train; rows with NaN do not count.

    Raises
    ------
    ValueError
        If no two rows differ.
    """
    apart = pdist(rows[np.isfinite(rows).all(axis=1)], "cityblock")
    apart = apart[apart > NOISE]
    if not len(apart):
        raise ValueError("no two slides differ: there is no K")
    return float(apart.min())


class Library:
    """Slides that were seen, as a table of their speed vectors; the oldest makes room.

    Looking up is linear in what it holds: a row is passed over at the first number that is
    further than K away, so that most rows cost one comparison (Lu §5.4).

    Parameters
    ----------
    limit
        K; a row nearer than that is the same slide again.
    capacity
        Rows at most; the paper refreshes its table "regularly", this one with every slide.

    Raises
    ------
    ValueError
        If `limit` <= 0 or `capacity` < 1.
    """

    def __init__(self, limit: float, capacity: int) -> None:
        if limit <= 0 or capacity < 1:
            raise ValueError("limit > 0 and capacity >= 1 are needed")
        self.limit = limit
        self._rows = np.full((len(NAMES), capacity), np.inf)
        self._next = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, row: Floats) -> None:
        """Keep an (8,) vector, in the place of the oldest if need be; one with NaN is not kept."""
        if np.isfinite(row).all():
            self._rows[:, self._next] = row
            self._next = (self._next + 1) % self._rows.shape[1]
            self._count = min(self._count + 1, self._rows.shape[1])

    def refresh(self, rows: Floats, limit: float | None = None) -> None:
        """Forget all, keep the last of these (n, 8); with another K where one is given.

        Raises
        ------
        ValueError
            If `limit` <= 0.
        """
        if limit is not None and limit <= 0:
            raise ValueError("limit > 0 is needed")
        kept = rows[np.isfinite(rows).all(axis=1)][-self._rows.shape[1] :]
        self._rows[:] = np.inf
        self._rows[:, : len(kept)] = kept.T
        self._count, self._next = len(kept), len(kept) % self._rows.shape[1]
        self.limit = self.limit if limit is None else limit

    def holds(self, row: Floats) -> bool:
        """Whether any row is nearer than K to this (8,) one; one with NaN is near to none."""
        near = self._rows[:, : self._count]
        for place, value in enumerate(row):
            close: Bools = np.abs(near[place] - value) <= self.limit
            near = near[:, close]
            if not near.shape[1]:
                return False
        return bool((np.abs(near - row[:, None]).sum(axis=0) < self.limit).any())


class Gate:
    """Lu's whole detector: a replay is looked for first, then the classifier says who slid.

    Parameters
    ----------
    library
        What was seen; every slide that is judged joins it.
    human
        The classifier.
    """

    def __init__(self, library: Library, human: Callable[[Slide], bool]) -> None:
        self._library = library
        self._human = human

    def judge(self, slide: Slide) -> str:
        """Say what a slide is: "replay", "human" or "machine"."""
        row = speed_vector(slide)
        if self._library.holds(row):
            return "replay"
        self._library.add(row)
        return "human" if self._human(slide) else "machine"
