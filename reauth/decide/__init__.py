"""Policies: rules from scores to a decision.

A policy is one file and one line in `POLICIES`. Before a policy compares a score with a threshold
it rounds it, always by `reauth.template.comparable`: the last bits of a score differ
between processors, and a decision must not (scale.md §2, Determinism).
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from reauth.decide.window import WindowPolicy
from reauth.template import Template


class Policy(Protocol):
    """Turns a stream of scores into True (genuine), False (not) or None (undecided)."""

    def update(self, score: float) -> bool | None:
        """Take the next score; give the decision as it stands now."""
        ...

    def evidence(self) -> dict[str, float | int]:
        """Give what the decision rests on: `window`, `low` and `limit`, whatever the rule is."""
        ...

    def reset(self) -> None:
        """Forget all scores: undecided again, neither trusted nor suspected."""
        ...

    def to_bytes(self) -> bytes:
        """Give the state as a small versioned value."""
        ...

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` of a policy with the same settings gave.

        Raises
        ------
        ValueError
            If the state is of another version or not whole.
        """
        ...


POLICIES: Final[Mapping[str, Callable[[Template, int], Policy]]] = {
    "window": WindowPolicy.fitted,
}
"""By name: from a user's template and the wanted number of scores to a fresh policy."""

RECOMMENDED: Final = "window"
"""What `recommended` stands for in `reauth lab`."""
