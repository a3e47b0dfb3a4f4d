"""Naming somebody: how often is the name right that an alert would tell?

A sequence of a user's later strokes is taken for an intruder's. Where the user is enrolled, the own
template is among the candidates, and a name is right or wrong. Where not, it is left out, and any
name is wrong. The candidates are of one fold in both cases: none of their templates was trained
against another candidate's movement, so a stranger is one whom no template has seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reauth.evidence import LIKELY
from reauth.template import Template
from reauth.trajectory import Floats
from reauth.verify import Verifier
from reauth.verify.posterior import rank

LEAST: Final = 2
"""Candidates without whom there is nobody to choose from when one of them is left out."""


@dataclass(frozen=True, slots=True)
class Named:
    """What was named, in numbers of sequences.

    Parameters
    ----------
    sequences
        All there were, each of an enrolled and of a stranger.
    users
        Candidates, the mean over sequences.
    first
        How often an enrolled user came first.
    posterior
        How likely whoever came first was told to be, the mean.
    named, right
        How often somebody was named where the user was enrolled, and how often rightly.
    strangers
        How often somebody was named where not: always wrongly.
    """

    sequences: int
    users: float
    first: int
    posterior: float
    named: int
    right: int
    strangers: int

    @property
    def precision(self) -> float | None:
        """Share of names that are right if every other intruder is enrolled; None without any."""
        told = self.named + self.strangers
        return self.right / told if told else None


def named(
    folds: Sequence[Sequence[Template]],
    sequences: Sequence[tuple[Template, Floats]],
    verifier: Verifier,
) -> Named | None:
    """Rank candidates for each sequence, with the own template and without.

    Parameters
    ----------
    folds
        Templates that were not trained against each other's users.
    sequences
        A user's template and (n, d) features of the user's movement.

    Returns
    -------
    Named or None
        None without a sequence of a user whose fold has enough candidates.
    """
    told, first, right, strangers, users = list[float](), 0, 0, 0, 0
    likely = 0
    for own, drawn in sequences:
        fold = next((each for each in folds if any(one is own for one in each)), ())
        known = [one for one in fold if verifier.calibrated(one)]
        if len(known) < LEAST or not any(one is own for one in known):
            continue
        user, posterior = rank(known, verifier, drawn)[0]
        others = [one for one in known if one is not own]
        told.append(posterior)
        users += len(known)
        first += user == own.user
        likely += posterior > LIKELY
        right += posterior > LIKELY and user == own.user
        strangers += rank(others, verifier, drawn)[0][1] > LIKELY
    if not told:
        return None
    count = len(told)
    mean = float(np.mean(told))
    return Named(count, users / count, first, mean, likely, right, strangers)


def sentence(found: Named) -> str:
    """Tell it in words."""
    told = (
        f"the own user came first for {found.first / found.sequences:.0%} of {found.sequences} "
        f"sequences among {found.users:.0f} users, told as {found.posterior:.0%}; an enrolled "
        f"intruder's alert would name somebody for {found.named / found.sequences:.1%}"
    )
    if found.named:
        told += f", rightly in {found.right} of {found.named} cases"
    told += f"; a stranger's, always wrongly, for {found.strangers / found.sequences:.1%}"
    if found.precision is None:
        return f"{told}."
    return f"{told}. If every other intruder is enrolled, {found.precision:.0%} of names are right."
