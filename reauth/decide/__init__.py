"""Policies: rules from scores to a decision.

A policy is one file and one line in `POLICIES`. Before a policy compares a score with a threshold
it rounds it, always by `reauth.template.comparable`: the last bits of a score differ
between processors, and a decision must not (scale.md §2, Determinism).
"""

from collections.abc import Callable, Mapping
from math import inf
from typing import Final, Protocol

from reauth.decide.cusum import CusumPolicy
from reauth.decide.mean import MeanPolicy
from reauth.decide.sprt import SprtPolicy
from reauth.decide.trust import TrustPolicy
from reauth.decide.window import WindowPolicy
from reauth.template import Template
from reauth.trajectory import Bools, Floats


class Policy(Protocol):
    """Turns a stream of scores into True (genuine), False (not) or None (undecided)."""

    @property
    def false_alarms(self) -> float:
        """Expected for each score of the user; not a number where nobody knows."""
        ...

    def update(self, score: float) -> bool | None:
        """Take the next score; give the decision as it stands now."""
        ...

    def alarms(self, scores: Floats) -> Bools:
        """Tell which rows of (n, scores) raise an alarm, each from the beginning.

        The policy's own state is neither used nor changed.
        """
        ...

    def evidence(self) -> dict[str, float | int | str]:
        """Give what the decision rests on.

        Whatever the rule is: `window` scores, `low` of them, and the `limit` that these must
        reach (0 where their number alone decides nothing). And the rule's own: its name `rule`,
        its `level` and the `bound` that this is compared with.
        """
        ...

    def reset(self) -> None:
        """Forget all scores: undecided again, neither trusted nor suspected."""
        ...

    def to_bytes(self) -> bytes:
        """Give the state as a small value; its first byte tells rule and version from others."""
        ...

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` of a policy with the same settings gave.

        Raises
        ------
        ValueError
            If the state is of another rule or version, or not whole.
        """
        ...


POLICIES: Final[Mapping[str, Callable[[Template, int], Policy]]] = {
    "window": WindowPolicy.fitted,
    "mean": MeanPolicy.fitted,
    "sprt": SprtPolicy.fitted,
    "cusum": CusumPolicy.fitted,
    "trust": TrustPolicy.fitted,
}
"""By name: from a user's template and the wanted number of scores to a fresh policy."""

RECOMMENDED: Final = "cusum"
"""What `recommended` stands for in `reauth lab`: what notices a takeover first, at the false alarms
that are wanted, of people who were learnt in several sessions. Of those learnt in one the count in
a window is as good (docs/EVALUATION.md, Balabit and H-BRS)."""


def spacing(policy: Policy, template: Template) -> float:
    """Give the active hours between false alarms that are to be expected of a user.

    Examples
    --------
    >>> alone = Template("anna", "f", 1, "v", 1, 1, True, {}, {}, (), pace=200.0)
    >>> spacing(WindowPolicy(0.0, 100, 60, false_alarms=1 / 1600), alone)
    8.0
    """
    hourly = policy.false_alarms * template.pace
    return 1 / hourly if hourly else inf
