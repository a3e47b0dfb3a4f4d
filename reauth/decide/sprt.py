"""Test after test, each as long as it takes: somebody else, or the user?"""

import struct
from math import log
from typing import ClassVar, Self

import numpy as np

from reauth.decide.renewal import least, run_lengths, stretches
from reauth.template import Template, comparable
from reauth.trajectory import Bools, Floats

_STATE = struct.Struct("<BdHHb")
_VERSION = 5
_MOST = 0xFFFF
_UPPER = (0.5, 50.0)
"""nats; lowest and highest upper bound, as of the cumulative sum."""

MISS = 0.1
"""Share of tests of somebody else that may end for the user: Wald's beta. The next test begins at
once, so it costs little; a tenth is ours."""


class SprtPolicy:
    """Decide when the sum of the evidence leaves an interval; then test anew.

    L = L - score after each score. A test ends against the user at L >= `upper`, for the user at
    L <= `lower`, and the next score begins another. What the last test said stands until one
    ends differently; before any has ended, nothing is decided.

    Meant for checks with a beginning, as after a login: of a change in the middle it learns only
    after it has used up what spoke for the user, which a cumulative sum never saves.

    Parameters
    ----------
    upper
        nats, above 0.
    lower
        nats, below 0.
    threshold
        Scores below it are told as low; the sum needs none.
    false_alarms
        Expected for each score of the user; not a number where nobody knows.

    Raises
    ------
    ValueError
        If 0 is not between the bounds.

    It is Gamboa and Fred's sequential classifier, which takes strokes until the posterior
    P(user | all of them) passes a lambda: between the user and anybody else, as likely at first,
    that is 1 / (1 + exp(L)), and `lower` is ln((1 - lambda) / lambda). But who else it may be is
    weighed at each stroke here, and once a sequence there; `reauth lab paper gamboa` tells both.

    References
    ----------
    Wald 1945: upper = ln((1 - beta)/alpha), lower = ln(beta/(1 - alpha)). alpha is a share of
    tests, and how many there are in a day depends on the user; so `fitted` sets `upper` from the
    false alarms a day, and `lower` for an alpha of next to nothing.

    Examples
    --------
    >>> policy = SprtPolicy(upper=2.0, lower=-2.0)
    >>> [policy.update(score) for score in (1.0, 1.0, -1.0, -1.0, 1.0)]
    [None, True, True, False, False]
    """

    name: ClassVar[str] = "sprt"

    def __init__(
        self,
        upper: float,
        lower: float,
        threshold: float = 0.0,
        false_alarms: float = float("nan"),
    ) -> None:
        if not lower < 0 < upper:
            raise ValueError("0 must lie between the bounds")
        self.upper = comparable(upper)
        self.lower = comparable(lower)
        self.threshold = threshold
        self.false_alarms = false_alarms
        self._genuine: bool | None = None
        self._level, self._since, self._low = 0.0, 0, 0

    @classmethod
    def fitted(cls, template: Template, size: int) -> Self:
        """Make the policy whose bound keeps to the false alarms that enrolment was asked for.

        It takes as many scores as it needs, whatever the wanted `size`.
        """
        own, lower = stretches(template), log(MISS)

        def rate(upper: float) -> float:
            return float((1 / run_lengths(-own.scores, own.weights, upper, lower)).mean())

        upper = least(rate, template.false_alarms, *_UPPER)
        return cls(upper, lower, template.threshold, rate(upper))

    def update(self, score: float) -> bool | None:
        """Take the next score; give the decision as it stands now."""
        if not self.lower < self._level < self.upper:
            self._begin()
        score = comparable(score)
        self._level = comparable(self._level - score)
        self._since = min(self._since + 1, _MOST)
        self._low = min(self._low + (score < self.threshold), _MOST)
        if not self.lower < self._level < self.upper:
            self._genuine = self._level <= self.lower
        return self._genuine

    def alarms(self, scores: Floats) -> Bools:
        """Tell which rows of (n, scores) raise an alarm, each from the beginning."""
        level, raised = np.zeros(len(scores)), np.zeros(len(scores), dtype=bool)
        for column in np.round(scores, 3).T.copy():
            level = np.round(level - column, 3)
            raised |= level >= self.upper
            level[(level >= self.upper) | (level <= self.lower)] = 0.0
        return raised

    def evidence(self) -> dict[str, float | int | str]:
        """Give the `level` and its upper `bound`; `low` of the `window` scores of this test.

        Their number alone decides nothing, so their `limit` is 0.
        """
        counts = {"window": self._since, "low": self._low, "limit": 0}
        return {**counts, "rule": self.name, "level": self._level, "bound": self.upper}

    def reset(self) -> None:
        """Forget all scores: undecided again."""
        self._genuine = None
        self._begin()

    def _begin(self) -> None:
        self._level, self._since, self._low = 0.0, 0, 0

    def to_bytes(self) -> bytes:
        """Give the state: 14 bytes."""
        genuine = -1 if self._genuine is None else int(self._genuine)
        return _STATE.pack(_VERSION, self._level, self._since, self._low, genuine)

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` of a policy with the same settings gave.

        Raises
        ------
        ValueError
            If the state is of another rule or not whole; the own state stays then.
        """
        if len(state) != _STATE.size or state[0] != _VERSION:
            raise ValueError("a state of another rule or length than sprt's")
        _, self._level, self._since, self._low, genuine = _STATE.unpack(state)
        self._genuine = None if genuine < 0 else bool(genuine)
