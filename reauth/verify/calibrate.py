"""From raw scores to log-likelihood ratios, fitted on what training has not seen.

Raw scores of two verifiers, or of two users, mean different things; ratios of likelihoods mean
the same everywhere, so thresholds are shared, sums have a sense and verifiers can be fused.
Calibration is by cross-fitting: whole sessions of the user and whole other users are left out in
turn, what is left trains, what was left out is scored.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reauth.trajectory import Floats

CLIP = 2.5
"""nats; a single trajectory is never trusted further (biometrics.md §4)."""

FLOOR = 1e-4
"""Added to both densities: where nobody has been seen the ratio is 1 (biometrics.md §4)."""

FLAT = 1e-9
"""Raw scores that differ by less are all alike, and tell nothing."""

GRID = 129
"""Points of the stored curve: what lies between two of them is within 0.05 nat of the ratio itself
where scores are seen, and with half as many it is not (tests/reauth/verify/test_calibrate.py)."""

FOLDS = 4
"""As many as the first measurements used (biometrics.md §6)."""

MAX_HELD = 0.7
"""Share of the user's trajectories that one fold may leave out; a fold that trains on less than
this leaves over says little about the estimator that trains on all."""

Shapes = Mapping[str, tuple[str, ...]]
"""Arrays by name, with a name for each dimension; equal names are equally long."""

CURVE: Shapes = {"raw": ("points",), "ratio": ("points",)}
"""The arrays of a calibration as `ratios` reads it."""

Fit = Callable[[Sequence[Floats], Sequence[Floats]], Mapping[str, Floats]]
Raw = Callable[[Mapping[str, Floats], Floats], Floats]


@dataclass(frozen=True, eq=False, slots=True)
class Learnt:
    """What a verifier has learnt: its parts of a template, and how it fared on unseen data.

    Parameters
    ----------
    arrays, calibration
        As `Template` keeps them.
    held_out
        Log-likelihood ratios of the user's held-out trajectories, one array a session.
    impostors
        The same of other users whom the estimator that scored them had not seen, one array each.
    n_genuine, n_impostor
        Trajectories that training drew from.
    provisional
        Learnt without other users.
    """

    arrays: Mapping[str, Floats]
    calibration: Mapping[str, Floats]
    held_out: tuple[Floats, ...]
    impostors: tuple[Floats, ...]
    n_genuine: int
    n_impostor: int
    provisional: bool


@dataclass(frozen=True, eq=False, slots=True)
class Unseen:
    """Raw scores of what the estimator that gave them had not seen.

    `genuine` is one array a session (or quarter of one), in order of time; `impostor` one a user.
    """

    genuine: tuple[Floats, ...]
    impostor: tuple[Floats, ...]


def hold_out(sessions: Sequence[Floats]) -> list[tuple[list[Floats], dict[int, Floats]]]:
    """Split a user's sessions into folds, each of (what trains, what is left out, by place).

    Whole sessions are left out in turn. Where that cannot be, because there is one session or one
    outweighs the others, quarters in time are. Leaving out the last fifth only (interfaces.md §7)
    calibrates on a quarter of the scores: on H-BRS, one session enrolled and tested a week later,
    the pooled EER at w = 50 is 19.5 % with it and 17.0 % with quarters.

    Parameters
    ----------
    sessions
        (n, d) each, in order of time; `FOLDS` rows or more in all.
    """
    parts = list(sessions)
    groups = _even(list(map(len, parts)))
    if max(sum(len(parts[i]) for i in group) for group in groups) > MAX_HELD * sum(map(len, parts)):
        parts = np.array_split(np.concatenate(parts), FOLDS)
        groups = [[place] for place in range(FOLDS)]
    return [
        (
            [part for place, part in enumerate(parts) if place not in group],
            {place: parts[place] for place in sorted(group)},
        )
        for group in groups
    ]


def crossfit(
    sessions: Sequence[Floats],
    others: Sequence[Floats],
    learn: tuple[Fit, Raw],
    rng: np.random.Generator,
) -> Unseen:
    """Score every session and every other user by an estimator that has not seen it.

    Parameters
    ----------
    sessions
        The user's, (n, d) each, in order of time.
    others
        (n, d) each, one a user.
    learn
        How to fit to genuine sessions and other users, and how to score raw.
    rng
        Draws which users are left out together.

    """
    fit, raw = learn
    folds = hold_out(sessions)
    groups = np.array_split(rng.permutation(len(others)), len(folds))
    genuine: dict[int, Floats] = {}
    impostor: dict[int, Floats] = {}
    for (train, held), group in zip(folds, groups, strict=True):
        out = set(group.tolist())
        seen = [other for place, other in enumerate(others) if place not in out]
        arrays = fit(train, seen)
        genuine.update((place, raw(arrays, part)) for place, part in held.items())
        impostor.update((place, raw(arrays, others[place])) for place in sorted(group.tolist()))
    return Unseen(
        tuple(genuine[place] for place in sorted(genuine)),
        tuple(impostor[place] for place in sorted(impostor)),
    )


def _even(sizes: Sequence[int]) -> list[list[int]]:
    """Deal places into at most `FOLDS` groups of about the same size."""
    groups: list[list[int]] = [[] for _ in range(min(FOLDS, len(sizes)))]
    for place in sorted(range(len(sizes)), key=lambda place: -sizes[place]):
        min(groups, key=lambda group: sum(sizes[i] for i in group)).append(place)
    return groups


def sample(parts: Sequence[Floats], cap: int, rng: np.random.Generator) -> Floats:
    """Draw at most `cap` rows, as evenly from the parts as their sizes allow.

    Parameters
    ----------
    parts
        (n, d) each, one a user or session; at least one.
    """
    quota = [0] * len(parts)
    left = min(cap, sum(map(len, parts)))
    while left > 0:
        open_parts = [place for place, part in enumerate(parts) if quota[place] < len(part)]
        share = max(1, left // len(open_parts))
        for place in open_parts[:left]:
            taken = min(share, len(parts[place]) - quota[place])
            quota[place] += taken
            left -= taken
    picks = [
        part[np.sort(rng.choice(len(part), count, replace=False))]
        for part, count in zip(parts, quota, strict=True)
    ]
    return np.concatenate(picks)


def ratios(raw: Floats, calibration: Mapping[str, Floats]) -> Floats:
    """Turn raw scores (n,) into log-likelihood ratios (n,), nats, within `CLIP`.

    They are rounded to 1e-6: sums over a batch differ from sums over its parts in the last bits,
    outcomes may not.
    """
    return np.asarray(np.rint(np.interp(raw, calibration["raw"], calibration["ratio"]) * 1e6) / 1e6)


def logistic(unseen: Unseen) -> tuple[dict[str, Floats], Unseen]:
    """Calibrate by a logistic curve through genuine and other users' unseen raw scores.

    Made for the margins of a support vector machine, whose ratio is a line nearly everywhere. Both
    classes weigh one half, and every other user the same, however much there is of him. Two
    numbers are all that is fitted, and the curve never falls: of few other users kernel densities
    have hills of their own, and one who is like the user flattens all of the curve.

    Returns
    -------
    tuple
        The calibration (`raw`, increasing, and `ratio`, nats, at both ends of what is trusted), and
        the ratios of the unseen scores themselves.

    References
    ----------
    Platt 1999, "Probabilistic outputs for support vector machines".
    """
    genuine, impostor = np.concatenate(unseen.genuine), np.concatenate(unseen.impostor)
    weights = np.concatenate([np.full(len(part), 1 / len(part)) for part in unseen.impostor])
    ends = _ends(genuine, impostor, weights / weights.sum())
    if ends is None:
        calibration = {"raw": np.array([0.0, 1.0]), "ratio": np.zeros(2)}
    else:
        calibration = {"raw": ends, "ratio": np.array([-CLIP, CLIP])}
    return calibration, _judged(unseen, calibration)


def _ends(genuine: Floats, impostor: Floats, weights: Floats) -> Floats | None:
    """Give the raw scores (2,) of ratios -`CLIP` and `CLIP`; None where raw scores tell nothing."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - not for comparing

    seen = np.concatenate((genuine, impostor))
    mean, deviation = seen.mean(), seen.std()
    if deviation < FLAT:
        return None
    label = np.repeat((1, 0), (len(genuine), len(impostor)))
    half = len(seen) / 2
    shares = np.concatenate((np.full(len(genuine), half / len(genuine)), half * weights))
    # scikit-learn's own penalty on the slope keeps it finite where the classes lie apart.
    found = LogisticRegression().fit(((seen - mean) / deviation)[:, None], label, shares)
    slope, offset = float(found.coef_[0, 0]), float(found.intercept_[0])
    if slope <= 0:
        return None
    return np.asarray(mean + deviation * (np.array([-CLIP, CLIP]) - offset) / slope)


def densities(unseen: Unseen) -> tuple[dict[str, Floats], Unseen]:
    """Calibrate by kernel densities of genuine and of other users' unseen raw scores.

    Every other user weighs the same, however much there is of him. The curve ends at the most
    extreme scores seen; further out it keeps its last value.

    Returns
    -------
    tuple
        The calibration (`raw`, increasing, and `ratio`, nats), and the ratios of the unseen
        scores themselves, each without its own share in the densities: a score must not vouch
        for itself.
    """
    genuine, impostor = np.concatenate(unseen.genuine), np.concatenate(unseen.impostor)
    weights = np.concatenate([np.full(len(part), 1 / len(part)) for part in unseen.impostor])
    weights /= weights.sum()
    own = _Kernels(genuine, np.full(len(genuine), 1 / len(genuine)))
    others = _Kernels(impostor, weights)

    def ratio(at: Floats, mine: Floats, theirs: Floats) -> Floats:
        llr = np.log(own.at(at, mine) + FLOOR) - np.log(others.at(at, theirs) + FLOOR)
        return np.asarray(np.clip(llr, -CLIP, CLIP))

    seen = np.concatenate((genuine, impostor))
    grid = np.linspace(seen.min(), seen.max(), GRID)
    nothing = np.zeros(GRID)
    calibration = {"raw": grid, "ratio": ratio(grid, nothing, nothing)}
    of_genuine = ratio(genuine, own.weights, np.zeros(len(genuine)))
    of_impostor = ratio(impostor, np.zeros(len(impostor)), others.weights)
    judged = Unseen(_like(of_genuine, unseen.genuine), _like(of_impostor, unseen.impostor))
    return calibration, judged


def ranks(unseen: Unseen, quantile: float) -> tuple[dict[str, Floats], Unseen]:
    """Map raw scores by how usual they are for the user alone; for want of other users.

    With F(r) the share of held-out genuine scores up to r, the value is ln(F(r) / `quantile`),
    clipped: monotone, above 0 for all but the least usual `quantile` of the user's own movements.
    It is no ratio of likelihoods, only its sign is meant.

    Returns
    -------
    tuple
        As `logistic`.
    """
    genuine = np.sort(np.concatenate(unseen.genuine))
    share = np.arange(1, len(genuine) + 1) / (len(genuine) + 1)
    probe = np.linspace(0, len(genuine) - 1, min(GRID, len(genuine))).round().astype(int)
    raw, first = np.unique(genuine[probe], return_index=True)
    value = np.clip(np.log(share[probe][first] / quantile), -CLIP, CLIP)
    calibration = {"raw": raw, "ratio": value}
    return calibration, _judged(unseen, calibration)


def calibration_error(genuine: Floats, impostor: Floats, bins: int = 10) -> float:
    """Give the expected calibration error of P(impostor) = 1 / (1 + e^ratio), in 0..1.

    Both classes weigh one half, as the ratio knows no prior. Bins are of equal width.

    Parameters
    ----------
    genuine, impostor
        Log-likelihood ratios, (n,) and (m,), nats.
    """
    p = 1 / (1 + np.exp(np.concatenate((genuine, impostor))))
    theirs = np.repeat((0.0, 1.0), (len(genuine), len(impostor)))
    weights = np.repeat((0.5 / len(genuine), 0.5 / len(impostor)), (len(genuine), len(impostor)))
    place = np.minimum((p * bins).astype(int), bins - 1)
    gap = np.bincount(place, weights * (p - theirs), bins)
    return float(np.abs(gap).sum())


class _Kernels:
    """A weighted sum of Gaussians, one a score; the width is Silverman's."""

    def __init__(self, scores: Floats, weights: Floats) -> None:
        low, high = np.percentile(scores, (25, 75))
        # Silverman 1986, eq. 3.31. The floor is for scores that are all alike.
        width = 0.9 * min(scores.std(), (high - low) / 1.34) * len(scores) ** -0.2
        self._width = max(width, 1e-3)
        self._scores = scores
        self.weights = weights

    def at(self, points: Floats, own: Floats) -> Floats:
        """Give the density at (n,) points, each without the weight `own` (n,) of itself."""
        z = (points[:, None] - self._scores) / self._width
        total = np.exp(-0.5 * z * z) @ self.weights - own
        # Rounding may leave less than nothing where a score stands alone.
        density = np.maximum(total, 0) / (1 - own) / (self._width * np.sqrt(2 * np.pi))
        return np.asarray(density)


def _judged(unseen: Unseen, calibration: Mapping[str, Floats]) -> Unseen:
    """The ratios of unseen raw scores."""
    return Unseen(
        tuple(ratios(part, calibration) for part in unseen.genuine),
        tuple(ratios(part, calibration) for part in unseen.impostor),
    )


def _like(flat: Floats, parts: Sequence[Floats]) -> tuple[Floats, ...]:
    """Cut a flat array like `parts`."""
    return tuple(np.split(flat, np.cumsum([len(part) for part in parts])[:-1]))
