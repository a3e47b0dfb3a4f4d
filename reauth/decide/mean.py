"""Compare the mean of the last scores with a bound: a window that weighs instead of counting."""

import struct
from math import ceil, sqrt
from statistics import NormalDist
from typing import ClassVar, Self

import numpy as np

from reauth.decide.renewal import STRETCHES, Stretches, stretches
from reauth.decide.window import MAX_FRR
from reauth.template import Template, comparable
from reauth.trajectory import Bools, Floats

_HEAD = struct.Struct("<BH")
_BLOCK = struct.Struct("<iH")
_VERSION = 2

BLOCKS = 20
"""Parts that a window is remembered in, so that its state is as small as any (128 bytes)."""

STEPS = 12
"""Halvings of the range of scores in which the bound is sought: to a thousandth of a nat."""

_NORMAL = np.linspace(-8, 8, 3201)
_SHARES = np.array([NormalDist().cdf(z) for z in _NORMAL.tolist()])


class MeanPolicy:
    """Decide against the user while the mean of the last `size` scores lies below a bound.

    Scores leave the window as they are remembered, in blocks of a twentieth of it: of 100 scores,
    the last 96 to 100 count. Until the window has been filled so far, nothing is decided.

    Parameters
    ----------
    bound
        nats.
    size
        Scores in the window, 1 to 65535.
    threshold
        Scores below it are told as low; the mean needs none.
    false_alarms
        Expected for each score of the user; not a number where nobody knows.

    Raises
    ------
    ValueError
        If `size` is not in 1..65535.

    References
    ----------
    biometrics.md §3, mean LLR of last w: Medvet's window with confidences in place of votes.

    Examples
    --------
    >>> policy = MeanPolicy(bound=0.0, size=2)
    >>> [policy.update(score) for score in (1.0, -0.5, -0.5, 2.5)]
    [None, True, False, True]
    """

    name: ClassVar[str] = "mean"

    def __init__(
        self,
        bound: float,
        size: int,
        threshold: float = 0.0,
        false_alarms: float = float("nan"),
    ) -> None:
        if not 1 <= size <= 0xFFFF:
            raise ValueError(f"a window has 1 to 65535 scores, not {size}")
        self.bound = comparable(bound)
        self.size = size
        self.threshold = threshold
        self.false_alarms = false_alarms
        self._block = ceil(size / BLOCKS)
        self._blocks: list[tuple[int, int]] = []
        self._filled = 0

    @classmethod
    def fitted(cls, template: Template, size: int) -> Self:
        """Make the policy whose bound keeps to the false alarms that enrolment was asked for.

        Windows refused are at most `MAX_FRR`, as of the window count.
        """
        own = stretches(template)
        low, high = float(own.scores.min()), float(own.scores.max())
        for _ in range(STEPS):
            middle = (low + high) / 2
            refused, rate = _expected(own, size, middle)
            if refused > MAX_FRR or rate > template.false_alarms:
                high = middle
            else:
                low = middle
        return cls(low, size, template.threshold, _expected(own, size, low)[1])

    def update(self, score: float) -> bool | None:
        """Take the next score; give the decision as it stands now."""
        score = comparable(score)
        if self._filled == self.size:
            self._filled -= self._block
            self._blocks.pop(0)
        if self._filled % self._block == 0:
            self._blocks.append((0, 0))
        total, low = self._blocks[-1]
        self._blocks[-1] = total + round(score * 1000), low + (score < self.threshold)
        self._filled += 1
        if self._filled <= self.size - self._block:
            return None
        return self._mean() >= self.bound

    def alarms(self, scores: Floats) -> Bools:
        """Tell which rows of (n, scores) raise an alarm, each from the beginning."""
        sums = np.cumsum(np.rint(scores * 1000), axis=1)
        sums = np.concatenate((np.zeros((len(scores), 1)), sums), axis=1)
        raised, filled = np.zeros(len(scores), dtype=bool), 0
        for end in range(1, sums.shape[1]):
            filled = filled + 1 - (self._block if filled == self.size else 0)
            if filled > self.size - self._block:
                mean = (sums[:, end] - sums[:, end - filled]) / filled / 1000
                raised |= np.round(mean, 3) < self.bound
        return raised

    def evidence(self) -> dict[str, float | int | str]:
        """Give the mean as `level`, and its `bound`; `low` of the `window` scores in it.

        Their number alone decides nothing, so their `limit` is 0.
        """
        low = sum(low for _, low in self._blocks)
        counts = {"window": self._filled, "low": low, "limit": 0}
        return {**counts, "rule": self.name, "level": self._mean(), "bound": self.bound}

    def _mean(self) -> float:
        total = sum(total for total, _ in self._blocks)
        return comparable(total / self._filled / 1000) if self._filled else 0.0

    def reset(self) -> None:
        """Forget all scores: undecided again."""
        self._blocks = []
        self._filled = 0

    def to_bytes(self) -> bytes:
        """Give the state: 3 bytes and 6 a block."""
        head = _HEAD.pack(_VERSION, self._filled)
        return head + b"".join(_BLOCK.pack(*block) for block in self._blocks)

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` of a policy with the same settings gave.

        Raises
        ------
        ValueError
            If the state is of another rule, another size of window or not whole; the own state
            stays then.
        """
        if len(state) < _HEAD.size or state[0] != _VERSION:
            raise ValueError("a state of another rule or length than mean's")
        _, filled = _HEAD.unpack_from(state)
        whole = _HEAD.size + ceil(filled / self._block) * _BLOCK.size
        if len(state) != whole or filled > self.size:
            raise ValueError("a state of another window than this one")
        self._blocks = list(_BLOCK.iter_unpack(state[_HEAD.size :]))
        self._filled = filled


def _below(z: Floats) -> Floats:
    """Give the shares of a standard normal distribution below, to a millionth."""
    return np.asarray(np.interp(z, _NORMAL, _SHARES))


def _expected(own: Stretches, size: int, bound: float) -> tuple[float, float]:
    """Give the share of windows below a bound, and the false alarms a score.

    An alarm either stands when a window fills, or comes when the sum falls below: when a score
    leaves that had kept it above, and a lower one comes. The sum of the others is taken as normal,
    and so are the means of stretches.
    """
    scores, weights = own.scores[STRETCHES // 2], own.weights
    mean = scores @ weights
    variance = scores**2 @ weights - mean**2
    between = (size * own.deviation) ** 2
    refused = float(_below((bound - mean) * size / sqrt(size * variance + between)))
    others = bound * size - scores - mean * (size - 1)
    chance = _below(others / sqrt((size - 1) * variance + between))
    # Scores rise: for each that comes, those above it may be what leaves.
    above = 1 - np.cumsum(weights)
    kept = chance @ weights - np.cumsum(chance * weights)
    falls = float((chance * above - kept) @ weights)
    return refused, refused / size + falls
