"""Count low scores in a sliding window."""

import struct
from collections.abc import Sequence
from math import exp, lgamma
from typing import ClassVar

import numpy as np

from reauth.template import Template, comparable
from reauth.trajectory import Bools, Floats

_HEAD = struct.Struct("<BH")
_VERSION = 1

RHO = 0.025
"""Correlation of two low scores of one stretch of use, as hours and days differ. Measured on
H-BRS (25 users, a week between enrolment and test): 0.009 inside a session, 0.016 between."""

MAX_FRR = 0.1
"""However many false alarms are wanted: a limit that refuses the owner more often than Medvet's
at w = 100 on mixed hardware (FRR 10.2 %) tells nothing."""


class WindowPolicy:
    """Decide against the user when `limit` of the last `size` scores fall below `threshold`.

    Until `size` scores have come the answer is None (undecided), never a quiet "genuine".

    Parameters
    ----------
    threshold
        Scores below it count against the user. Higher scores are more genuine.
    size
        Scores in the window.
    limit
        Low scores that raise the alarm, 1 <= limit <= size.
    false_alarms
        Expected for each score of the user; not a number where nobody knows.

    Raises
    ------
    ValueError
        If `limit` is not in 1..size, or `size` is above 65535.

    References
    ----------
    Medvet et al. 2014, "Last w trajectories". The paper's limit is not given: see `limit_for`.

    Examples
    --------
    >>> policy = WindowPolicy(threshold=0.0, size=3, limit=2)
    >>> [policy.update(score) for score in (1.0, -1.0, 1.0, -1.0, 1.0, 1.0)]
    [None, None, True, False, True, True]
    """

    name: ClassVar[str] = "window"

    def __init__(
        self, threshold: float, size: int, limit: int, false_alarms: float = float("nan")
    ) -> None:
        if not 1 <= limit <= size or size > 0xFFFF:
            raise ValueError(f"limit must be in 1..{size}, not {limit}")
        self.threshold = threshold
        self.size = size
        self.limit = limit
        self.false_alarms = false_alarms
        self._low = 0  # a bit a score, the oldest lowest
        self._filled = 0

    @classmethod
    def fitted(cls, template: Template, size: int) -> "WindowPolicy":
        """Make the policy whose limit keeps to the false alarms that enrolment was asked for."""
        wanted = template.false_alarms
        limit, expected = _fit(template.held_out, size, wanted, template.threshold)
        return cls(template.threshold, size, limit, expected)

    def update(self, score: float) -> bool | None:
        """Take the next score; give the decision as it stands now."""
        if self._filled == self.size:
            self._low >>= 1
            self._filled -= 1
        self._low |= (comparable(score) < self.threshold) << self._filled
        self._filled += 1
        return self._low.bit_count() < self.limit if self._filled == self.size else None

    def alarms(self, scores: Floats) -> Bools:
        """Tell which rows of (n, scores) raise an alarm, each from the beginning."""
        sums = np.zeros((len(scores), scores.shape[1] + 1), dtype=np.int64)
        np.cumsum(np.round(scores, 3) < self.threshold, axis=1, out=sums[:, 1:])
        low = sums[:, self.size :] - sums[:, : -self.size]
        return np.asarray((low >= self.limit).any(axis=1))

    def evidence(self) -> dict[str, float | int | str]:
        """Give `low` of the last `window` scores, and the `limit`; fewer scores before it fills.

        They are the rule's `level` and `bound`, too.
        """
        low = self._low.bit_count()
        counts = {"window": self._filled, "low": low, "limit": self.limit}
        return {**counts, "rule": self.name, "level": low, "bound": self.limit}

    def reset(self) -> None:
        """Forget all scores: undecided again."""
        self._low = self._filled = 0

    def to_bytes(self) -> bytes:
        """Give the state: 3 bytes and a bit a score."""
        low = self._low.to_bytes((self._filled + 7) // 8, "little")
        return _HEAD.pack(_VERSION, self._filled) + low

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` of a policy with the same settings gave.

        Raises
        ------
        ValueError
            If the state is of another version or not whole; the own state stays then.
        """
        if len(state) < _HEAD.size:
            raise ValueError("a window's state that is cut short")
        version, filled = _HEAD.unpack_from(state)
        if version != _VERSION or len(state) != _HEAD.size + (filled + 7) // 8:
            raise ValueError("a window's state of another version or length")
        # A state of a larger window keeps the newest of its scores, one with loose bits none.
        low = int.from_bytes(state[_HEAD.size :], "little") & ((1 << filled) - 1)
        beyond = max(0, filled - self.size)
        self._low, self._filled = low >> beyond, filled - beyond


def limit_for(
    held_out: Sequence[Floats], size: int, rate: float, threshold: float = 0.0
) -> int:
    """Find the least limit whose expected false alarms keep to `rate`.

    The share p of low scores in a stretch of the user's own movement is taken as drawn from a
    beta distribution. Its mean is that of the held-out scores (with Jeffreys' half a score on
    either side), its width adds two doubts: how little was held out, and how much the stretches
    of one person differ (`RHO`). So few data, or none, give a cautious limit, not a lucky one.
    An alarm either stands when a window fills, or comes when the count climbs to the limit.
    Windows refused are at most `MAX_FRR`, whatever the rate.

    Parameters
    ----------
    held_out
        Log-likelihood ratios of genuine trajectories that training had not seen, by session.
    size
        Scores in the window.
    rate
        Wanted false alarms a trajectory, e.g. 1/1776.
    threshold
        Scores below it are low.

    Returns
    -------
    int
        In 1..size; `size` also where no limit keeps to the rate.

    Examples
    --------
    >>> limit_for([], size=100, rate=1 / 1776)
    100
    """
    return _fit(held_out, size, rate, threshold)[0]


def _fit(
    held_out: Sequence[Floats], size: int, rate: float, threshold: float
) -> tuple[int, float]:
    """Give `limit_for`'s limit, and the false alarms a score that are expected with it."""
    scores = [comparable(float(score)) for session in held_out for score in session]
    low = sum(score < threshold for score in scores)
    mean = (low + 0.5) / (len(scores) + 1)
    spread = RHO + (1 - RHO) / (len(scores) + 2)
    a, b = mean * (1 / spread - 1), (1 - mean) * (1 / spread - 1)
    best, expected, above = size, 0.0, 0.0
    for limit in range(size, 0, -1):
        above += exp(_ways(size, limit) + _beta(a + limit, b + size - limit) - _beta(a, b))
        climbs = _ways(size, limit - 1) + _beta(a + limit, b + size - limit + 1) - _beta(a, b)
        climbing = exp(climbs) * (size - limit + 1) / size
        found = above / size + climbing
        if limit < size and (above > MAX_FRR or found > rate):
            break
        best, expected = limit, found
    return best, expected


def _ways(n: int, k: int) -> float:
    """Logarithm of the number of ways to choose k of n."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _beta(a: float, b: float) -> float:
    """Logarithm of the beta function."""
    return lgamma(a) + lgamma(b) - lgamma(a + b)
