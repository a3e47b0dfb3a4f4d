"""Whether movement may teach a template, and whether what was taught may replace one.

People change, slowly; a template that never follows them refuses its owner in the end. One that
follows everything follows an attacker who stays just below the alarm. What stands between is the
anchor: the template that an enrolment from scratch made, which adaptation never moves. A session
teaches only if the anchor itself speaks for it as a whole, so that ten small steps lead no further
away than one; and what it taught is held to the quality of the template that it would replace.
"""

import math

import numpy as np

from reauth.features import FEATURE_SETS, rows_of
from reauth.pace import Sessions
from reauth.template import Template, comparable
from reauth.trajectory import Floats
from reauth.verify import VERIFIERS

LEAST = 20
"""Trajectories of a session that may teach: the mean of fewer says too little. How much 10 and 20
say is told by `reauth lab evaluate --windows 10,20` (docs/EVALUATION.md)."""

RHO = 0.025
"""Share of the variance of scores that lies between sessions of one user: 0.031 on H-BRS (a week
between enrolment and test) and 0.012 on Balabit, by the svm."""

QUANTILE = 1.2816
"""Standard normal quantile of 90 %: one in ten of the user's own sessions may be left out."""


def bar(anchor: Template, count: int) -> float:
    """Give the mean ratio, nats, that a session of `count` trajectories must reach.

    Nine in ten of the user's sessions do, as far as held-out scores tell: their mean, less what
    chance and the differences between hours and days (`RHO`) make of so many. Never below 0, where
    a session speaks for nobody.
    """
    held = np.concatenate((*anchor.held_out, np.empty(0)))
    if not len(held):
        return math.inf
    spread = float(held.std()) * math.sqrt(1 / count + RHO)
    return max(0.0, float(held.mean()) - QUANTILE * spread)


def teaches(anchor: Template, ratios: Floats) -> bool:
    """Tell whether a session may teach, by the anchor's ratios (n,), nats, of its trajectories."""
    if len(ratios) < LEAST:
        return False
    mean = float(ratios.mean())
    return mean > 0 and comparable(mean) >= comparable(bar(anchor, len(ratios)))


def taught(anchor: Template, sessions: Sessions) -> Sessions:
    """The sessions that the anchor was made from, and those since that may teach."""
    features, verifier = FEATURE_SETS[anchor.feature_set], VERIFIERS[anchor.verifier]
    kept = []
    for session in sessions:
        if session[-1].t[-1] <= anchor.enrolled_at:
            kept.append(session)
            continue
        rows = rows_of(features, session)
        if teaches(anchor, verifier.score_many(anchor, rows) if len(rows) else np.empty(0)):
            kept.append(session)
    return kept


def refusal(active: Template, candidate: Template, window: int) -> str:
    """Why a candidate may not replace the active template; "" where it may.

    Both shares were estimated from what training had not seen. It must refuse its owner no more
    often than the interval of the active one allows, and accept no more strangers.
    """
    old, new = ((each.quality or {}).get(window) for each in (active, candidate))
    if old is None or new is None or None in (old.far, old.frr, new.far, new.frr):
        return "unknown"
    if old.far_ci is not None and new.far is not None and new.far > old.far_ci[1]:
        return "accepts_more_strangers"
    if old.frr_ci is not None and new.frr is not None and new.frr > old.frr_ci[1]:
        return "refuses_its_owner"
    return ""
