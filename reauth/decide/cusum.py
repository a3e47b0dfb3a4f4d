"""Sum the evidence against the user, from its last low: the quickest way to notice a change."""

import struct
from math import ceil
from typing import ClassVar, Self

import numpy as np

from reauth.decide.renewal import Stretches, least, run_lengths, stretches
from reauth.template import Template, comparable
from reauth.trajectory import Bools, Floats

_STATE = struct.Struct("<BdHHHB")
_MOST = 0xFFFF

REFRACTORY = 100
"""Scores for which an alarm stands (biometrics.md §3): whom it disturbs has time to say so."""

ALLOWANCE = 0.5
"""How far a score may lie below what is usual of the user before the sum climbs, in deviations of
the user's own scores: half of the smallest change worth noticing, which is a whole one (Page
1954)."""


class CusumPolicy:
    """Decide against the user when the sum of the evidence reaches a bound.

    S = max(0, S - score - drift) after each score, an alarm at S >= bound. The alarm stands for
    `REFRACTORY` scores; then the sum begins anew, undecided. `fitted` sets -`drift` a little below
    the mean of the user's own scores: what counts is how unusual somebody is for the user, as
    people differ much in how well others can be told from them.

    Without an alarm the user is undecided until `patience` scores have come: so many as it takes
    to notice somebody who is as unlike the user as the user is like the template. Only then does
    silence mean anything, and the answer is "genuine".

    Parameters
    ----------
    bound
        nats, above 0.
    drift
        nats.
    patience
        Scores after which silence means genuine, 1 to 65535; 65535 is never.
    threshold
        Scores below it are told as low; the sum needs none.
    false_alarms
        Expected for each score of the user; not a number where nobody knows.

    Raises
    ------
    ValueError
        If `bound` is not above 0, or `patience` not in 1..65535.

    References
    ----------
    Page 1954. Moustakides 1986: for exact ratios and drift 0 no rule that raises as few false
    alarms has a smaller worst mean delay. Refractory period: biometrics.md §3.

    Examples
    --------
    >>> policy = CusumPolicy(bound=2.0, patience=2)
    >>> [policy.update(score) for score in (1.0, 0.5, -1.5, 0.5, -1.0)]
    [None, True, True, True, False]
    """

    name: ClassVar[str] = "cusum"
    bounds: ClassVar[tuple[float, float]] = (1.0, 100.0)
    """Lowest and highest bound, in deviations of the user's own scores: of one unusual score, and
    one that somebody who lies a deviation below the user reaches after 200."""
    tag: ClassVar[int] = 3

    def __init__(
        self,
        bound: float,
        drift: float = 0.0,
        patience: int = 1,
        threshold: float = 0.0,
        false_alarms: float = float("nan"),
    ) -> None:
        if bound <= 0 or not 1 <= patience <= _MOST:
            raise ValueError(f"a bound above 0 and a patience of 1..{_MOST} are needed")
        self.bound = comparable(bound)
        self.drift = drift
        self.patience = patience
        self.threshold = threshold
        self.false_alarms = false_alarms
        self._level = 0.0
        self._since = self._low = self._seen = self._stands = 0

    @classmethod
    def fitted(cls, template: Template, size: int) -> Self:
        """Make the policy whose bound keeps to the false alarms that enrolment was asked for.

        It takes as many scores as it needs, whatever the wanted `size`.
        """
        own = stretches(template)
        drift = ALLOWANCE * own.unit - own.mean
        climbs = cls.climbs(own.scores, drift)

        def rate(bound: float) -> float:
            return float((1 / (run_lengths(climbs, own.weights, bound) + REFRACTORY)).mean())

        low, high = cls.bounds
        unit = cls.unit(own)
        bound = least(rate, template.false_alarms, low * unit, high * unit)
        theirs = float((cls.climbs(-own.scores, drift) @ own.weights).mean())
        patience = ceil(bound / theirs) if theirs * _MOST > bound else _MOST
        return cls(bound, drift, patience, template.threshold, rate(bound))

    @staticmethod
    def unit(own: Stretches) -> float:
        """Give what bounds are measured in, nats."""
        return own.unit

    @staticmethod
    def climbs(scores: Floats, drift: float) -> Floats:
        """Give by how much scores, of any shape, move the sum."""
        return -scores - drift

    def update(self, score: float) -> bool | None:
        """Take the next score; give the decision as it stands now."""
        if self._stands > 1:
            self._stands -= 1
            return False
        if self._stands:
            self.reset()
        score = comparable(score)
        climb = self.climbs(np.array([score]), self.drift).item()
        self._level = max(0.0, comparable(self._level + climb))
        self._since = min(self._since + 1, _MOST) if self._level else 0
        self._low = min(self._low + (score < self.threshold), self._since)
        self._seen = min(self._seen + 1, _MOST)
        if self._level >= self.bound:
            self._stands = REFRACTORY
            return False
        return True if self.patience <= self._seen < _MOST else None

    def alarms(self, scores: Floats) -> Bools:
        """Tell which rows of (n, scores) raise an alarm, each from the beginning."""
        level, raised = np.zeros(len(scores)), np.zeros(len(scores), dtype=bool)
        for climb in self.climbs(np.round(scores, 3), self.drift).T.copy():
            level = np.maximum(0.0, np.round(level + climb, 3))
            raised |= level >= self.bound
        return raised

    def evidence(self) -> dict[str, float | int | str]:
        """Give the `level` and its `bound`; `low` of the `window` scores since the level was 0.

        Their number alone decides nothing, so their `limit` is 0.
        """
        counts = {"window": self._since, "low": self._low, "limit": 0}
        return {**counts, "rule": self.name, "level": self._level, "bound": self.bound}

    def reset(self) -> None:
        """Forget all scores, and an alarm that stands: undecided again."""
        self._level = 0.0
        self._since = self._low = self._seen = self._stands = 0

    def to_bytes(self) -> bytes:
        """Give the state: 16 bytes."""
        counts = (self._since, self._low, self._seen, self._stands)
        return _STATE.pack(self.tag, self._level, *counts)

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` of a policy with the same settings gave.

        Raises
        ------
        ValueError
            If the state is of another rule or not whole; the own state stays then.
        """
        if len(state) != _STATE.size or state[0] != self.tag:
            raise ValueError(f"a state of another rule or length than {self.name}'s")
        _, self._level, *counts = _STATE.unpack(state)
        self._since, self._low, self._seen, self._stands = counts
