"""How every verifier learns a user: against others, or alone while there are too few of them.

What differs between verifiers is what they fit, how that scores, and how raw scores become ratios;
who is left out when, and what a template says of itself, is one thing for all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reauth.errors import NotEnrolled
from reauth.trajectory import Floats
from reauth.verify.calibrate import Learnt, Raw, Unseen, crossfit, ranks

MIN_GENUINE = 20
"""Least number of a user's trajectories, movements or strokes (interfaces.md §7, `--min-enrol`)."""

MIN_USERS = 2
"""Other users that two classes need at least: one trains while the other calibrates."""

UNUSUAL = 0.2
"""Share of the user's own trajectories that count as low without other users: ours."""

Fitting = Callable[[Sequence[Floats], Sequence[Floats], np.random.Generator], dict[str, Floats]]
"""From the user's sessions and other users, (n, d) each, to a template's arrays."""


@dataclass(frozen=True, slots=True)
class Learner:
    """What a verifier does its own way.

    Parameters
    ----------
    against, alone
        Fit to the user and others, and to the user without them.
    raw
        Scores rows by what was fitted.
    calibrate
        Turns unseen raw scores of the user and of others into a calibration.
    min_users
        Other users that `against` is used for.
    """

    against: Fitting
    alone: Fitting
    raw: Raw
    calibrate: Callable[[Unseen], tuple[Mapping[str, Floats], Unseen]]
    min_users: int


def learnt(
    learner: Learner,
    genuine: Sequence[Floats],
    impostor: Sequence[Sequence[Floats]],
    rng: np.random.Generator,
) -> Learnt:
    """Learn a user; with fewer others than the learner needs, alone and provisionally.

    Parameters
    ----------
    genuine
        One (n, d) array a session, in order of time.
    impostor
        For each other user, one (n, d) array a session.
    rng
        Draws folds and whatever the learner draws.

    Raises
    ------
    NotEnrolled
        If the user has fewer than `MIN_GENUINE` rows.
    """
    n = sum(map(len, genuine))
    if n < MIN_GENUINE:
        raise NotEnrolled(f"{MIN_GENUINE - n} more are needed to learn from")
    others = [np.concatenate(user) for user in impostor if sum(map(len, user))]
    alone = len(others) < max(learner.min_users, MIN_USERS)
    fitting = learner.alone if alone else learner.against

    def fit(own: Sequence[Floats], theirs: Sequence[Floats]) -> dict[str, Floats]:
        return fitting(own, theirs, rng)

    unseen = crossfit(genuine, others, (fit, learner.raw), rng)
    calibration, judged = ranks(unseen, UNUSUAL) if alone else learner.calibrate(unseen)
    return Learnt(
        arrays=fit(genuine, others),
        calibration=calibration,
        held_out=judged.genuine,
        impostors=judged.impostor,
        n_genuine=n,
        n_impostor=0 if alone else sum(map(len, others)),
        provisional=alone,
    )
