"""Learning a user: from trajectories to a template with a quality report.

`learn` is pure and takes everything as an argument, so that it runs in a thread, in a worker
process or in the laboratory alike. What training sees and what calibrates, sets limits and
reports quality never overlap: sessions and other users are left out whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reauth.decide.window import limit_for
from reauth.errors import NotEnrolled, TooShort
from reauth.features import FEATURE_SETS, FeatureSet
from reauth.template import Floats, Quality, Template, comparable
from reauth.trajectory import Trajectory
from reauth.verify import VERIFIERS, Verifier
from reauth.verify.calibrate import Learnt

Sessions = Sequence[Sequence[Trajectory]]

WORKDAY = 8 * 3600.0
"""s; false alarms are wanted for 8 active hours (biometrics.md §8.7)."""

MEDVET_RATE = 3.7 * 60
"""Trajectories in an active hour of Medvet's web users (TtD = w / 3.7 min, biometrics.md §5)."""

IDLE = 60.0
"""s; longer gaps are no activity (shared/data/README.md, "Active h")."""

ENOUGH_ACTIVITY = 1800.0
"""s of the user's own activity before their own rate is trusted over Medvet's."""

BLOCK = 10
"""Scores resampled together, about a minute and a half: neighbours are alike."""

REPLICATES = 400
DRAWS = 50
"""Bootstrap replicates, and windows drawn in each; the 2.5 % point is the tenth value."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to learn.

    Parameters
    ----------
    min_trajectories
        Fewer are refused; 300 are G12 of biometrics.md.
    features, verifier
        What to make of a trajectory, and what compares it.
    windows
        Numbers of scores that quality is reported for.
    false_alarms_per_8h
        Wanted false alarms in 8 active hours of the user.
    per_user
        Newest trajectories taken of each other user.
    """

    min_trajectories: int = 300
    features: FeatureSet = FEATURE_SETS["medvet"]
    verifier: Verifier = VERIFIERS["svm"]
    windows: tuple[int, ...] = (10, 20, 50, 100, 200)
    false_alarms_per_8h: float = 1.0
    per_user: int = 400


@dataclass(frozen=True, slots=True)
class Progress:
    """How far gathering has come; `eta_s` is None while nobody can tell."""

    trajectories: int
    needed: int
    eta_s: float | None


def learn(
    user: str,
    genuine: Sessions,
    background: Mapping[str, Sessions],
    options: Options,
    rng: np.random.Generator,
    now: float,
) -> Template:
    """Learn a user against others; version 0, as the store counts versions.

    Parameters
    ----------
    user
        Whom the template will describe.
    genuine
        The user's trajectories, session by session, in order of time.
    background
        The other users', likewise; they should be of the user's device class, or the template
        tells devices apart (biometrics.md §4, wrong cohort).
    options
        How to learn.
    rng
        Draws folds and samples; the same generator, the same template.
    now
        s since 1970.

    Raises
    ------
    NotEnrolled
        If the user has too few trajectories; the message says how many are missing.
    """
    own = _rows(options.features, genuine)
    count = sum(map(len, own))
    if count < options.min_trajectories:
        missing = options.min_trajectories - count
        raise NotEnrolled(
            f"{count} trajectories, {options.min_trajectories} are needed: {missing} to go"
        )
    others = [
        rows
        for name in sorted(background)
        if (rows := _rows(options.features, _newest(background[name], options.per_user)))
    ]
    learnt = options.verifier.enrol(own, others, rng)
    template = Template(
        user=user,
        feature_set=options.features.name,
        feature_version=options.features.version,
        verifier=options.verifier.name,
        verifier_version=options.verifier.version,
        version=0,
        provisional=learnt.provisional,
        arrays=learnt.arrays,
        calibration=learnt.calibration,
        held_out=learnt.held_out,
        false_alarms=_false_alarms(genuine, options.false_alarms_per_8h),
        n_genuine=learnt.n_genuine,
        n_impostor=learnt.n_impostor,
        n_background_users=len(others),
        enrolled_at=now,
    )
    quality = {window: _quality(template, learnt, window, rng) for window in options.windows}
    return replace(template, quality=quality)


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
    """Give trajectories an active hour: the user's own, or Medvet's where there is too little.

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
    return count / active * 3600 if active >= ENOUGH_ACTIVITY else MEDVET_RATE


def _false_alarms(sessions: Sessions, per_8h: float) -> float:
    """Wanted false alarms for each trajectory; one in two is as many as there can be."""
    return min(per_8h / (trajectory_rate(sessions) * WORKDAY / 3600), 0.5)


def _rows(features: FeatureSet, sessions: Sessions) -> list[Floats]:
    """Give one (n, d) array a session that has any; too short trajectories are left out."""
    kept = [[each for each in session if _fits(features, each)] for session in sessions]
    return [features.extract_many(session) for session in kept if session]


def _fits(features: FeatureSet, trajectory: Trajectory) -> bool:
    try:
        features.extract(trajectory)
    except TooShort:
        return False
    return True


def _newest(sessions: Sessions, most: int) -> Sessions:
    """Give the newest trajectories, still session by session."""
    kept: list[Sequence[Trajectory]] = []
    for session in reversed(sessions):
        kept.insert(0, session[max(0, len(session) - most) :])
        most -= len(kept[0])
    return kept


def _quality(
    template: Template, learnt: Learnt, window: int, rng: np.random.Generator
) -> Quality:
    """What to expect of the window policy; by block bootstrap of held-out scores.

    Windows are put together of blocks of neighbouring scores, all of one session or of one other
    user, as real ones are. Intervals come from resampling blocks, and sessions or users.
    """
    threshold = template.threshold
    limit = limit_for(template.held_out, window, template.false_alarms, threshold)
    genuine = [_low(part, threshold) for part in learnt.held_out if len(part)]
    impostor = [_low(part, threshold) for part in learnt.impostors if len(part) >= BLOCK]
    held, reasons = sum(map(len, genuine)), []
    frr = far = frr_ci = far_ci = None
    if held * 2 >= window:
        shares = np.stack([_refused(low, window, limit, rng) for low in genuine])
        weights = np.array([len(low) for low in genuine], dtype=np.float64)
        frr, frr_ci = _interval(shares, weights, held / window, rng)
    else:
        reasons.append(f"{held} held-out trajectories are too few for a window of {window}")
    if impostor:
        shares = 1 - np.stack([_refused(low, window, limit, rng) for low in impostor])
        far, far_ci = _interval(shares, np.ones(len(impostor)), len(impostor), rng)
    else:
        reasons.append("no other users to try")
    return Quality(window, limit, far, frr, far_ci, frr_ci, "; ".join(reasons))


def _low(scores: Floats, threshold: float) -> np.ndarray:
    return np.array([comparable(float(score)) < threshold for score in scores], dtype=np.int64)


def _refused(low: np.ndarray, window: int, limit: int, rng: np.random.Generator) -> Floats:
    """Give (REPLICATES,) shares of windows with at least `limit` low scores.

    Each replicate draws its own pool of blocks from `low`, then windows from the pool.
    """
    around = np.concatenate(([0], np.cumsum(np.resize(low, len(low) + BLOCK))))
    whole, rest = divmod(window, BLOCK)
    pool = rng.integers(len(low), size=(REPLICATES, max(1, len(low) // BLOCK)))
    picks = rng.integers(pool.shape[1], size=(REPLICATES, DRAWS * (whole + 1)))
    starts = np.take_along_axis(pool, picks, axis=1).reshape(REPLICATES, DRAWS, whole + 1)
    counts = (around[starts[..., :whole] + BLOCK] - around[starts[..., :whole]]).sum(axis=2)
    counts += around[starts[..., whole] + rest] - around[starts[..., whole]]
    return np.asarray((counts >= limit).mean(axis=1))


def _interval(
    shares: Floats, weights: Floats, trials: float, rng: np.random.Generator
) -> tuple[float, tuple[float, float]]:
    """Give a share and its 95 % interval from (units, REPLICATES) shares, units resampled.

    Less than one error in `trials` independent ones still allows a rate r with
    (1 - r)^trials = 5 %.
    """
    units = np.arange(len(weights))
    drawn = rng.choice(units, size=(REPLICATES, len(units)), p=weights / weights.sum())
    resampled = shares[drawn, np.arange(REPLICATES)[:, None]].mean(axis=1)
    share = float(np.average(shares.mean(axis=1), weights=weights))
    low, high = np.percentile(resampled, (2.5, 97.5))
    none = 0.05 ** (1 / trials)
    if share * trials < 1:
        high = max(high, 1 - none)
    if (1 - share) * trials < 1:
        low = min(low, none)
    return share, (float(min(low, share)), float(max(high, share)))
