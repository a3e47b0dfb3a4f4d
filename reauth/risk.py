"""One number for a session, of all that is asked of it: how near its lanes are to an alarm."""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from reauth.alert import Reason, Risk
from reauth.decide.opinion import Opinion

FULL_TRUST: Final = 100.0
"""What the trust model begins with (`reauth.decide.trust`)."""


class _Recipe(Protocol):
    @property
    def name(self) -> str: ...


class _Judging(Protocol):
    @property
    def recipe(self) -> _Recipe: ...
    @property
    def opinion(self) -> Opinion | None: ...


def share_of(evidence: Mapping[str, float | int | str]) -> float:
    """How far a policy has come towards its alarm, 0 to 1.

    Parameters
    ----------
    evidence
        As `reauth.decide.Policy.evidence` gives it.

    Examples
    --------
    >>> share_of({"rule": "cusum", "level": 2.0, "bound": 8.0})
    0.25
    >>> share_of({"rule": "trust", "level": 70.0, "bound": 40.0})
    0.5
    >>> share_of({"rule": "mean", "level": -0.25, "bound": -0.5})
    0.75
    """
    level, bound = float(evidence["level"]), float(evidence["bound"])
    if evidence["rule"] == "trust":
        level, bound = FULL_TRUST - level, FULL_TRUST - bound
    elif evidence["rule"] == "mean":
        # A mean has no zero from which it would set out: a nat above its bound nothing is odd.
        level, bound = 1.0 - (level - bound), 1.0
    return min(max(level / bound, 0.0), 1.0) if bound > 0 else float(level >= bound)


def risk_of(lanes: Iterable[_Judging]) -> Risk | None:
    """Weigh the lanes of a session together; None while none of them has seen anything.

    Each lane leaves 1 - share of what the others left: two that are half way make 75.
    """
    found: dict[str, float] = {}
    for lane in lanes:
        evidence = lane.opinion.evidence() if lane.opinion else {}
        if evidence and (evidence["window"] or evidence["level"]):
            share = share_of(evidence)
            found[lane.recipe.name] = max(share, found.get(lane.recipe.name, 0.0))
    if not found:
        return None
    left = 1.0
    for share in found.values():
        left *= 1.0 - share
    reasons = [Reason(lane, round(share, 3)) for lane, share in found.items() if round(share, 3)]
    return Risk(round(100 * (1 - left)), tuple(sorted(reasons, key=lambda each: -each.share)))
