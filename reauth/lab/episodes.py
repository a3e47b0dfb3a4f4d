"""Policies on streams of scores: false alarms in a user's own use, and takeovers.

A takeover is spliced: a test session of the user, whole, and then a session of somebody else, in
which the policy runs on as if nobody had changed seats. The clock starts at the change, so a
policy that is late because the user's good scores are still in its window is late here too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from reauth.decide import Policy
from reauth.lab.metrics import Ints
from reauth.trajectory import Floats

REFRACTORY = 100
"""Scores after an alarm in which there is no other; then the policy begins anew (biometrics.md
§3, after an alarm)."""

MOST_EPISODES = 200
"""Takeovers of one user; of more pairs of sessions so many are drawn. Sets with dozens of
sessions a user (balabit_test) have thousands of pairs, which say little more."""


@dataclass(frozen=True, eq=False, slots=True)
class Stream:
    """The scores of one session, those without a score left out.

    Parameters
    ----------
    scores
        (n,) log-likelihood ratios.
    at
        (n,) active s from its start until each was known.
    run
        (n,) changes where a long pause ended the session; policies begin anew there.
    active
        Active s in all.
    """

    scores: Floats
    at: Floats
    run: Ints
    active: float


@dataclass(frozen=True, slots=True)
class Episode:
    """A takeover: how long it took to notice, infinite if it was not before the session's end.

    `minutes` are active ones from the change of seats, `units` the impostor's scores until the
    alarm; `lasted` and `scored` are the impostor's session in all.
    """

    impostor: str
    minutes: float
    units: float
    lasted: float
    scored: int


class Sentry:
    """A policy with a refractory period, over one session after the other."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._quiet = 0
        self.decided = 0
        """Scores after which the policy had an opinion, or had just raised an alarm."""

    def begin(self) -> None:
        """A new session: undecided."""
        self._policy.reset()
        self._quiet = 0

    def watch(self, stream: Stream, *, first: bool = False) -> list[int]:
        """Go through a session that goes on from the one before; give the places of alarms.

        Parameters
        ----------
        first
            Whether to stop at the first alarm.
        """
        found = []
        begins = {int(place) for place in np.flatnonzero(np.diff(stream.run)) + 1}
        for place, score in enumerate(stream.scores.tolist()):
            if place in begins:
                self.begin()
            if self._take(score):
                found.append(place)
                if first:
                    break
        return found

    def _take(self, score: float) -> bool:
        if self._quiet:
            self._quiet -= 1
            self.decided += 1
            if not self._quiet:
                self._policy.reset()
            return False
        genuine = self._policy.update(score)
        self.decided += genuine is not None
        if genuine is not False:
            return False
        self._quiet = REFRACTORY
        return True

    def to_bytes(self) -> bytes:
        """Where it stands."""
        return self._quiet.to_bytes(2, "little") + self._policy.to_bytes()

    def from_bytes(self, state: bytes) -> None:
        """Go back to where it stood."""
        self._quiet = int.from_bytes(state[:2], "little")
        self._policy.from_bytes(state[2:])


@dataclass(frozen=True, slots=True)
class Owned:
    """What a user's own sessions brought: false alarms, and scores with a live decision."""

    alarms: int
    scores: int
    decided: int
    active: float


def owned(policy: Callable[[], Policy], sessions: Sequence[Stream]) -> Owned:
    """Watch a user's own sessions, each from a fresh start."""
    sentry = Sentry(policy())
    alarms = 0
    for session in sessions:
        sentry.begin()
        alarms += len(sentry.watch(session))
    return Owned(
        alarms,
        sum(len(session.scores) for session in sessions),
        sentry.decided,
        sum(session.active for session in sessions),
    )


def takeovers(
    policy: Callable[[], Policy],
    histories: Sequence[Stream],
    attacks: Sequence[tuple[str, Stream]],
    rng: np.random.Generator,
) -> list[Episode]:
    """Let every impostor's session follow every session of the user, at most `MOST_EPISODES`.

    Parameters
    ----------
    policy
        Makes the user's policy.
    histories
        The user's own test sessions; those without a score are no history.
    attacks
        (impostor, session); sessions without a score are no attack, as nothing was acquired.
    rng
        Draws the pairs where there are too many.
    """
    before = [history for history in histories if len(history.scores)]
    after = [(who, attack) for who, attack in attacks if len(attack.scores)]
    pairs = [(mine, theirs) for mine in range(len(before)) for theirs in range(len(after))]
    if len(pairs) > MOST_EPISODES:
        drawn = np.sort(rng.choice(len(pairs), MOST_EPISODES, replace=False))
        pairs = [pairs[place] for place in drawn]
    sentry, states = Sentry(policy()), {}
    for mine in sorted({mine for mine, _ in pairs}):
        sentry.begin()
        sentry.watch(before[mine])
        states[mine] = sentry.to_bytes()
    episodes = []
    for mine, theirs in pairs:
        sentry.from_bytes(states[mine])
        episodes.append(_episode(sentry, *after[theirs]))
    return episodes


def _episode(sentry: Sentry, impostor: str, attack: Stream) -> Episode:
    alarms = sentry.watch(attack, first=True)
    minutes = attack.at[alarms[0]] / 60 if alarms else np.inf
    units = alarms[0] + 1 if alarms else np.inf
    lasted, scored = attack.active / 60, len(attack.scores)
    return Episode(impostor, float(minutes), float(units), lasted, scored)
