"""What is told of a policy's decisions: changes only, and an alarm for a while."""

import struct
from typing import Any, Final

from reauth.decide import Policy
from reauth.decide.cusum import REFRACTORY

_HEAD: Final = struct.Struct("<bH?")


class Opinion:
    """A policy, and what has been told of it.

    An alarm stands for `REFRACTORY` scores, whatever the policy: whom it disturbs has time to say
    so, and what wavers about its bound is one alarm. Then all begins anew, undecided: an alarm that
    comes again is told again, from scores that the first one did not rest on.

    Attributes
    ----------
    alarmed
        Whether there was an alarm since `anchor`: somebody may have been told of it.

    References
    ----------
    biometrics.md §3: after an alarm a refractory period, then neutral.

    Examples
    --------
    >>> from reauth.decide.window import WindowPolicy
    >>> opinion = Opinion(WindowPolicy(0.0, size=2, limit=2))
    >>> [opinion.update(score) for score in (1.0, 1.0, 1.0, -1.0, -1.0, 1.0)]
    [None, True, None, None, False, None]
    """

    __slots__ = ("_genuine", "_policy", "_stands", "alarmed")

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._genuine: bool | None = None
        self._stands = 0
        self.alarmed = False

    def update(self, score: float) -> bool | None:
        """Take the next score; give the decision if it is another one, None if not.

        Doubt is never told, nor is the same decision after it; but for an alarm's.
        """
        if self._stands:
            self._stands -= 1
            if not self._stands:
                self._begin()
            return None
        genuine = self._policy.update(score)
        if genuine is None or genuine == self._genuine:
            return None
        self._genuine = genuine
        if not genuine:
            self._stands, self.alarmed = REFRACTORY, True
        return genuine

    def evidence(self) -> dict[str, Any]:
        """Give what the policy's decision rests on."""
        return self._policy.evidence()

    def anchor(self) -> None:
        """Begin anew, neither trusted nor suspected: somebody has said who it was.

        What an alarm rested on is used up, and raises no other one.
        """
        self._begin()
        self.alarmed = False

    def _begin(self) -> None:
        self._policy.reset()
        self._genuine, self._stands = None, 0

    def to_bytes(self) -> bytes:
        """Give the state, the policy's included."""
        genuine = -1 if self._genuine is None else int(self._genuine)
        return _HEAD.pack(genuine, self._stands, self.alarmed) + self._policy.to_bytes()

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` gave, of a policy with the same settings.

        Raises
        ------
        ValueError
            If the state is of another policy, or not whole.
        """
        if len(state) < _HEAD.size:
            raise ValueError("an opinion's state that is cut short")
        genuine, stands, alarmed = _HEAD.unpack_from(state)
        self._policy.from_bytes(state[_HEAD.size :])
        self._genuine = None if genuine < 0 else bool(genuine)
        self._stands, self.alarmed = stands, alarmed
