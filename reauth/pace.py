"""How fast a user gathers: trajectories an active hour, and when there will be enough."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reauth.trajectory import Trajectory

Sessions = Sequence[Sequence[Trajectory]]

WORKDAY = 8 * 3600.0
"""s; false alarms are wanted for 8 active hours (biometrics.md §8.7)."""

MEDVET_RATE = 3.7 * 60
"""Trajectories in an active hour of Medvet's web users (TtD = w / 3.7 min, biometrics.md §5)."""

IDLE = 60.0
"""s; longer gaps are no activity (shared/data/README.md, "Active h")."""

MEASURABLE = 300.0
"""s between a user's oldest and newest trajectory before their pace tells anything: what was
imported came all at once."""

ENOUGH_ACTIVITY = 1800.0
"""s of the user's own activity before a rate below Medvet's is believed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far gathering has come; `eta_s` is None while nobody can tell."""

    trajectories: int
    needed: int
    eta_s: float | None


def progress(trajectories: int, needed: int, since: float | None, now: float) -> Progress:
    """Tell how far gathering has come, and when it will be done at the rate so far.

    Parameters
    ----------
    trajectories
        Gathered so far.
    needed
        Wanted in all.
    since
        s, when the first of them came; None if none has.
    now
        s, on the same clock.

    Examples
    --------
    >>> progress(100, 300, since=0.0, now=3600.0)
    Progress(trajectories=100, needed=300, eta_s=7200.0)
    """
    missing = max(0, needed - trajectories)
    if not missing:
        return Progress(trajectories, needed, 0.0)
    if not trajectories or since is None or now <= since:
        return Progress(trajectories, needed, None)
    return Progress(trajectories, needed, missing * (now - since) / trajectories)


def trajectory_rate(sessions: Sessions) -> float:
    """Give trajectories an active hour: the user's own; where little is there, at least Medvet's.

    Only trajectories are known here, so a gap between two of them above `IDLE` counts as no
    activity; the rate is rather too high, and the wanted false alarms kept rather too well.
    """
    active, count = 0.0, 0
    for session in sessions:
        ends = np.sort([trajectory.t[-1] for trajectory in session])
        gaps = np.diff(ends)
        gaps = gaps[gaps <= IDLE]
        active += float(gaps.sum())
        count += len(gaps)
    rate = count / active * 3600 if active else 0.0
    return rate if active >= ENOUGH_ACTIVITY else max(rate, MEDVET_RATE)
