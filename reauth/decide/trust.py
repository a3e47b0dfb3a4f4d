"""Trust that every score earns or costs: a cumulative sum with a hand-made step."""

from typing import ClassVar

import numpy as np

from reauth.decide.cusum import CusumPolicy
from reauth.decide.renewal import Stretches
from reauth.trajectory import Floats

FULL = 100.0
"""Trust to begin with, and the most there is (Mondal & Bours)."""

REWARD = 1.0
PENALTY = 1.0
"""Most trust that one score earns or costs. Their exact tables are not public (biometrics.md §8);
equal ones have their break-even where the score speaks for nobody."""

SLOPE = 0.5
"""nats around the break-even in which trust changes most; ours."""


class TrustPolicy(CusumPolicy):
    """Decide against the user when the trust in them falls to a limit.

    Trust T is 100 at first. A score changes it by

        min(-D + D (1 + 1/C) / (1/C + exp(-(score - A) / B)), C)

    within 0..100: C is the largest reward, D the largest penalty, B the slope, A the break-even,
    here -`drift`. 100 - T is a cumulative sum of those steps with `bound` 100 - T_lock, so
    everything else is as `CusumPolicy` has it: an alarm stands for its refractory period, then
    trust is full again and nothing decided.

    No single score costs more than D, however unusual it is: where ratios are not exact, that is
    an advantage over the sum of the ratios themselves.

    References
    ----------
    Mondal & Bours 2013, 2015, dynamic trust model; the formula as biometrics.md §3 has it.

    Examples
    --------
    >>> policy = TrustPolicy(bound=1.0)
    >>> [policy.update(score) for score in (2.5, -0.5, 0.0, -2.5)]
    [True, True, True, False]
    >>> policy.evidence()["level"], policy.evidence()["bound"]
    (98.551, 99.0)
    """

    name: ClassVar[str] = "trust"
    bounds: ClassVar[tuple[float, float]] = (1.0, FULL)
    tag: ClassVar[int] = 4

    @staticmethod
    def unit(own: Stretches) -> float:
        """Trust is measured in itself."""
        return 1.0

    @staticmethod
    def climbs(scores: Floats, drift: float) -> Floats:
        """Give the trust that scores, of any shape, cost."""
        unlike = np.exp(-(scores + drift) / SLOPE)
        earned = -PENALTY + PENALTY * (1 + 1 / REWARD) / (1 / REWARD + unlike)
        return -np.minimum(earned, REWARD)

    def evidence(self) -> dict[str, float | int | str]:
        """Give the trust left as `level`, and the `bound` that it must not fall to."""
        found = super().evidence()
        left = {"level": round(FULL - self._level, 3), "bound": round(FULL - self.bound, 3)}
        return {**found, **left}
