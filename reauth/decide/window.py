"""Count low scores in a sliding window."""

import struct
from math import lgamma
from typing import ClassVar

import numpy as np

from reauth.decide.renewal import stretches
from reauth.template import Template, comparable
from reauth.trajectory import Bools, Floats

_HEAD = struct.Struct("<BH")
_VERSION = 1
_TINY = 1e-9
_LGAMMA = np.vectorize(lgamma, otypes=[np.float64])

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
    Medvet et al. 2014, "Last w trajectories". The paper's limit is not given.

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
        limit, expected = _fit(template, size)
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


def _fit(template: Template, size: int) -> tuple[int, float]:
    """Give the least limit that keeps to the wanted false alarms, and those expected with it.

    Each stretch of the user's own movement has its own share of low scores (`renewal.stretches`),
    known as well as the number of held-out scores allows (a beta distribution): few data, or none,
    and days that differ much give a cautious limit, not a lucky one. An alarm either stands when a
    window fills, or comes when the count climbs to the limit. Windows refused are at most
    `MAX_FRR`, whatever is wanted; where no limit keeps to the rate it is `size`.
    """
    own, seen = stretches(template), sum(map(len, template.held_out))
    shares = (np.round(own.scores, 3) < template.threshold) @ own.weights
    chances = _beta_binomial(size, np.clip(shares, _TINY, 1 - _TINY), seen + 2)
    chance = chances[0].mean(axis=1)
    # One less low than the limit, a score that is not low leaves, and a low one comes.
    climbs = chances[1].mean(axis=1) * (size - np.arange(size)) / size
    best, expected, above = size, 0.0, 0.0
    for limit in range(size, 0, -1):
        above += float(chance[limit])
        found = above / size + float(climbs[limit - 1])
        if limit < size and (above > MAX_FRR or found > template.false_alarms):
            break
        best, expected = limit, found
    return best, expected


def _beta_binomial(size: int, shares: Floats, known: int) -> tuple[Floats, Floats]:
    """Give chances of low scores among `size`, where shares are known from `known` scores.

    Returns
    -------
    tuple
        (size + 1, n) chances of 0..size low ones, and (size, n) of 0..size - 1 low ones with
        another low one to follow.
    """
    low = np.arange(size + 1)[:, None]
    a, b = shares * known, (1 - shares) * known
    ways = _LGAMMA(size + 1) - _LGAMMA(low + 1) - _LGAMMA(size - low + 1)
    exact = ways + _beta(a + low, b + size - low) - _beta(a, b)
    then = ways + _beta(a + low + 1, b + size - low) - _beta(a, b)
    return np.exp(exact), np.exp(then[:-1])


def _beta(a: Floats, b: Floats) -> Floats:
    """Logarithm of the beta function."""
    return np.asarray(_LGAMMA(a) + _LGAMMA(b) - _LGAMMA(a + b))
