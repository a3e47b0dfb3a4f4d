"""What is told of a policy's decisions: changes only, an alarm for a while, and no silent trust."""

import struct
from itertools import chain, repeat
from typing import Any, Final

from reauth.decide import Policy
from reauth.decide.cusum import REFRACTORY
from reauth.template import Template

_HEAD: Final = struct.Struct("<bHH?")

NEVER: Final = 0xFFFF
"""As patience: silence means nothing, however long it lasts."""

LONGEST: Final = 1000
"""Scores within which somebody else is to be noticed: two to three active hours, or it is never."""


def patience(policy: Policy, template: Template) -> int:
    """Give how many scores must have come before silence means that it is the user.

    So many as the policy takes to notice somebody who is as unlike the user as the user is like
    the template: the scores that were held out, with the opposite sign. Where that one is not
    noticed, or nothing was held out, it is `NEVER`.

    Parameters
    ----------
    policy
        A fresh one of the user; it is fresh again afterwards.

    Examples
    --------
    >>> from reauth.decide.window import WindowPolicy
    >>> alone = Template("anna", "f", 1, "v", 1, 1, True, {}, {}, ())
    >>> patience(WindowPolicy(0.0, size=3, limit=2), alone)
    65535
    """
    unlike = [-score for session in template.held_out for score in session.tolist()]
    rounds = chain.from_iterable(repeat(unlike, LONGEST // max(1, len(unlike)) + 1))
    noticed = (count for count, score in enumerate(rounds, 1) if policy.update(score) is False)
    found = next(noticed, NEVER)
    policy.reset()
    return found if found <= LONGEST else NEVER


class Opinion:
    """A policy, and what has been told of it.

    Silence is no decision for want of scores, or of knowledge: before `patience` scores have come
    nobody is called genuine.

    An alarm stands for `REFRACTORY` scores, whatever the policy: whom it disturbs has time to say
    so, and what wavers about its bound is one alarm. Then all begins anew, undecided: an alarm that
    comes again is told again, from scores that the first one did not rest on.

    Parameters
    ----------
    policy
        A fresh one.
    patience
        Scores after which silence may mean that it is the user; `NEVER` is never.

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
    >>> opinion = Opinion(WindowPolicy(0.0, size=2, limit=2), patience=3)
    >>> [opinion.update(score) for score in (1.0, 1.0, 1.0, -1.0, -1.0, 1.0)]
    [None, None, True, None, False, None]
    """

    __slots__ = ("_genuine", "_patience", "_policy", "_seen", "_stands", "alarmed")

    def __init__(self, policy: Policy, patience: int) -> None:
        self._policy = policy
        self._patience = patience
        self._genuine: bool | None = None
        self._seen = self._stands = 0
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
        self._seen = min(self._seen + 1, NEVER - 1)
        genuine = self._policy.update(score)
        if genuine is None or genuine == self._genuine:
            return None
        if genuine and self._seen < self._patience:
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
        self._genuine, self._seen, self._stands = None, 0, 0

    def to_bytes(self) -> bytes:
        """Give the state, the policy's included."""
        genuine = -1 if self._genuine is None else int(self._genuine)
        head = _HEAD.pack(genuine, self._seen, self._stands, self.alarmed)
        return head + self._policy.to_bytes()

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` gave, of a policy with the same settings.

        Raises
        ------
        ValueError
            If the state is of another policy, or not whole.
        """
        if len(state) < _HEAD.size:
            raise ValueError("an opinion's state that is cut short")
        self._policy.from_bytes(state[_HEAD.size :])
        genuine, self._seen, self._stands, self.alarmed = _HEAD.unpack_from(state)
        self._genuine = None if genuine < 0 else bool(genuine)
