"""From scores to the figures of a report: error rates, takeovers, calibration, honesty checks.

Everything is told of unseen test recordings only; nothing here is given back to a template or a
limit. Windows are of neighbouring scores of one recording and do not overlap; a window's score is
the mean of its log-likelihood ratios.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from typing import Any

import numpy as np

from reauth.background import LATER
from reauth.lab import metrics
from reauth.lab.cutting import Facts
from reauth.lab.episodes import Episode, Owned, Stream
from reauth.lab.metrics import Comparisons, Det, Ranked, joined
from reauth.template import Drift, comparable
from reauth.trajectory import Floats
from reauth.verify.calibrate import calibration_error

LEAST_WINDOWS = 5
"""Genuine windows without which no rate is told: its steps would be above 20 %."""

CAUGHT = (3, 6, 10, 20, 30, 80)
"""min; interfaces.md §7."""

FIXED = (0.05, 0.01)
"""FMRs at which the FNMR is told (biometrics.md §8.7)."""


@dataclass(frozen=True, eq=False, slots=True)
class Attack:
    """A test recording of somebody else."""

    impostor: str
    device_class: str
    stream: Stream


@dataclass(frozen=True, eq=False, slots=True)
class Victim:
    """An enrolled user, and what the test recordings brought.

    Parameters
    ----------
    user, device_class, enrol_units
        Who, of what class, learnt from how much.
    threshold, drift, calibrated
        Of the template.
    usual
        Mean and standard deviation of the scores that training left out, nats.
    genuine, attacks
        The user's own test recordings, and those of impostors.
    owned, episodes
        What the policy made of both.
    """

    user: str
    device_class: str
    enrol_units: int
    threshold: float
    usual: tuple[float, float]
    drift: Drift
    calibrated: bool
    genuine: tuple[Stream, ...]
    attacks: tuple[Attack, ...]
    owned: Owned
    episodes: tuple[Episode, ...]

    @property
    def test_units(self) -> int:
        """Scores of the user's own test recordings."""
        return sum(len(stream.scores) for stream in self.genuine)


Statistic = Callable[[Victim, Floats, int], Floats]
Pick = Callable[[Victim, Stream], Floats]
"""Gives the scores of a recording's windows."""


def means(victim: Victim, scores: Floats, size: int) -> Floats:
    """Give the mean score of each window of `size` that does not overlap another."""
    return np.asarray(_blocks(scores, size).mean(axis=1))


def margins(victim: Victim, scores: Floats, size: int) -> Floats:
    """Give how far each window's mean is above the threshold of the template, which is frozen."""
    return means(victim, scores, size) - victim.threshold


def votes(victim: Victim, scores: Floats, size: int) -> Floats:
    """Give the share of each window's scores that do not count against the user: the paper's."""
    rounded = np.array([comparable(score) for score in scores.tolist()])
    return means(victim, (rounded >= victim.threshold).astype(np.float64), size)


def _blocks(scores: Floats, size: int) -> Floats:
    return scores[: len(scores) // size * size].reshape(-1, size)


def compared(
    victims: Sequence[Victim], size: int, statistic: Statistic = means, *, same_class: bool = False
) -> Comparisons:
    """Give the comparisons of all windows of a size, by user.

    Parameters
    ----------
    same_class
        Leave out attacks from devices of another class than the user's.
    """
    return picked(
        victims,
        lambda victim, stream: statistic(victim, stream.scores, size),
        same_class=same_class,
    )


def picked(victims: Sequence[Victim], pick: Pick, *, same_class: bool = False) -> Comparisons:
    """Give the comparisons of all windows that `pick` makes of a recording, by user."""
    parts = []
    for victim in victims:
        theirs = [
            attack.stream
            for attack in victim.attacks
            if not same_class or attack.device_class == victim.device_class
        ]
        genuine, impostor = (
            np.concatenate([np.empty(0), *(pick(victim, stream) for stream in streams)])
            for streams in (victim.genuine, theirs)
        )
        parts.append((genuine, impostor))
    return joined(parts)


def told(
    comparisons: Comparisons, figure: Callable[[Det], float], rng: np.random.Generator
) -> dict[str, Any]:
    """Tell one figure of comparisons: pooled and per user, with an interval, or why not."""
    count = len(comparisons.genuine)
    if count < LEAST_WINDOWS or comparisons.empty:
        what = "impostor windows: 0" if count >= LEAST_WINDOWS else f"genuine windows: {count}"
        return {"value": None, "reason": f"{what}; at least {LEAST_WINDOWS} genuine ones and an "
                "impostor's are needed"}  # fmt: skip
    ranked, users = Ranked(comparisons), per_user(comparisons, figure)
    known = [place for place, value in enumerate(users) if value is not None]
    ones = np.ones(comparisons.users)

    def pooled(weights: Floats) -> float | None:
        det = ranked.det(weights)
        return None if det is None else figure(det)

    spread = np.zeros((len(known), comparisons.users))
    spread[np.arange(len(known)), known] = 1.0
    return {
        "pooled": pooled(ones),
        "per_user_mean": metrics.weighted_mean(users, ones),
        "ci": list(metrics.interval(len(known), lambda w: pooled(w @ spread), rng)),
        "per_user_ci": list(
            metrics.interval(len(known), lambda w: metrics.weighted_mean(users, w @ spread), rng)
        ),
        "genuine_windows": count,
        "impostor_windows": len(comparisons.impostor),
        "users": len(known),
    }


def per_user(comparisons: Comparisons, figure: Callable[[Det], float]) -> list[float | None]:
    """Give the figure of every user, each with a threshold of its own; None without a side."""
    found: list[float | None] = []
    for user in range(comparisons.users):
        own = comparisons.of(user)
        det = None if own.empty else Ranked(own).det()
        found.append(None if det is None else figure(det))
    return found


def rates(
    victims: Sequence[Victim], windows: Sequence[int], rng: np.random.Generator
) -> dict[str, Any]:
    """Tell error rates by window, in every way that a report needs."""
    found: dict[str, dict[str, Any]] = {
        "eer": {}, "eer_same_device_class": {}, "eer_by_votes": {}, "auc": {}, "fnmr_at_fmr": {},
        "at_frozen_threshold": {}, "det": {},
    }  # fmt: skip
    for size in windows:
        name, everyone = str(size), compared(victims, size)
        found["eer"][name] = told(everyone, metrics.eer, rng)
        same = compared(victims, size, same_class=True)
        found["eer_same_device_class"][name] = told(same, metrics.eer, rng)
        voted = compared(victims, size, votes)
        found["eer_by_votes"][name] = told(voted, metrics.eer, rng)
        found["auc"][name] = told(everyone, metrics.auc, rng)
        if "pooled" in found["eer"][name]:
            det = Ranked(everyone).det()
            assert det is not None  # both sides are there, and everybody counts once
            at = {str(fmr): metrics.fnmr_at(det, fmr) for fmr in FIXED}
            found["fnmr_at_fmr"][name] = at
            kept = compared(victims, size, margins)
            found["at_frozen_threshold"][name] = {
                "fmr": float(np.mean(kept.impostor >= 0)),
                "fnmr": float(np.mean(kept.genuine < 0)),
            }
            found["det"][name] = dict(zip(("fmr", "fnmr"), metrics.thinned(det), strict=True))
    return found


def drift(victims: Sequence[Victim]) -> dict[str, Any]:
    """Tell how far the users' test recordings lie from what enrolment left out, and was expected.

    In standard deviations of the held-out scores; of recordings with `LATER` scores or more.
    """
    seen = [
        (float(stream.scores.mean()) - victim.usual[0]) / victim.usual[1]
        for victim in victims
        for stream in victim.genuine
        if len(stream.scores) >= LATER and victim.usual[1] > 0
    ]
    expected = [astuple(victim.drift) for victim in victims]
    fall, spread = np.mean(expected, axis=0).tolist() if expected else (None, None)
    return {
        "expected": {"fall": fall, "spread": spread},
        "seen": {
            "fall": -float(np.mean(seen)) if seen else None,
            "spread": float(np.std(seen)) if seen else None,
            "recordings": len(seen),
        },
    }


def takeover(victims: Sequence[Victim], rng: np.random.Generator) -> dict[str, Any]:
    """Tell what the policy made of test recordings: false alarms, delays, who was caught."""
    episodes = [one for victim in victims for one in victim.episodes]
    alarms = np.array([victim.owned.alarms for victim in victims], dtype=np.float64)
    active = np.array([victim.owned.active for victim in victims])
    n, ones = len(victims), np.ones(len(victims))
    scores = sum(victim.owned.scores for victim in victims)

    def wrong(w: Floats) -> float | None:
        return metrics.per_workday(float(alarms @ w), float(active @ w))

    minutes = partial(delays, victims)
    shares = {str(limit): partial(_caught, minutes, limit) for limit in CAUGHT}
    return {
        "false_alarms_per_8h": wrong(ones),
        "false_alarms_per_8h_ci": list(metrics.interval(n, wrong, rng)),
        "false_alarms": int(alarms.sum()),
        "active_hours": float(active.sum() / 3600),
        "median_minutes": minutes(ones).until(0.5),
        "median_minutes_ci": _ends(minutes, n, rng),
        "p90_minutes": minutes(ones).until(0.9),
        "median_units": delays(victims, ones, units=True).until(0.5),
        "caught_within_min": {limit: share(ones) for limit, share in shares.items()},
        "caught_within_min_ci": {
            limit: list(metrics.interval(n, share, rng)) for limit, share in shares.items()
        },
        "caught_within_min_of_all": {
            str(limit): minutes(ones).of_all(limit) for limit in CAUGHT
        },
        "caught_before_session_end": minutes(ones).of_all(np.finfo(float).max),
        "median_session_minutes": _median([one.lasted for one in episodes]),
        "ania": _mean(np.array([min(one.units, one.scored) for one in episodes])),
        "anga": _per(scores, alarms.sum()),
        "coverage": _per(sum(victim.owned.decided for victim in victims), scores),
        "episodes": len(episodes),
        "users": sum(1 for victim in victims if victim.episodes),
    }


def delays(victims: Sequence[Victim], weights: Floats, *, units: bool = False) -> metrics.Delays:
    """Give all takeovers' delays, in active minutes or in units.

    Parameters
    ----------
    weights
        (victims,) how often each user's takeovers count.
    """
    episodes = [one for victim in victims for one in victim.episodes]
    counts = [len(victim.episodes) for victim in victims]
    return metrics.Delays(
        np.array([one.units if units else one.minutes for one in episodes]),
        np.array([one.scored if units else one.lasted for one in episodes], dtype=np.float64),
        np.repeat(weights, counts),
    )


def _caught(
    minutes: Callable[[Floats], metrics.Delays], limit: float, weights: Floats
) -> float | None:
    return minutes(weights).within(limit)


def _ends(
    minutes: Callable[[Floats], metrics.Delays], n: int, rng: np.random.Generator
) -> list[float | None]:
    """The interval of the median delay; None as an end where half are never caught."""
    if n < 2:
        return [0.0, None]
    never = 1e9
    low, high = metrics.interval(
        n, lambda w: never if (found := minutes(w).until(0.5)) is None else found, rng
    )
    return [None if end >= never else end for end in (low, high)]


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


def _per(count: float, of: float) -> float | None:
    return float(count / of) if of else None


def calibration(victims: Sequence[Victim]) -> dict[str, Any]:
    """Tell how far the shown probability of an impostor is from the truth, per user, and Cllr."""
    errors: list[float | None] = []
    sides: list[tuple[Floats, Floats]] = []
    for victim in victims:
        genuine, impostor = _sides(victim)
        usable = victim.calibrated and len(genuine) and len(impostor)
        errors.append(calibration_error(genuine, impostor) if usable else None)
        if usable:
            sides.append((genuine, impostor))
    pooled = joined(sides)
    return {
        "calibration_error": metrics.weighted_mean(errors, np.ones(len(errors))),
        "calibration_error_by_user": dict(
            zip((victim.user for victim in victims), errors, strict=True)
        ),
        "cllr": None if pooled.empty else metrics.cllr(pooled.genuine, pooled.impostor),
    }


def _sides(victim: Victim) -> tuple[Floats, Floats]:
    """All of a victim's scores: the user's own, and the impostors'."""
    own = [stream.scores for stream in victim.genuine]
    theirs = [attack.stream.scores for attack in victim.attacks]
    return np.concatenate([np.empty(0), *own]), np.concatenate([np.empty(0), *theirs])


def device_probe(
    devices: Mapping[str, Sequence[Facts]],
    tests: Sequence[tuple[str, str, Facts]],
) -> float | None:
    """Tell how well the device alone gives people away: AUC by period and largest x and y only.

    A test recording's distance from a user's enrolment is the mean, over the three, of the
    difference of logarithms in standard deviations of all enrolment recordings.

    Parameters
    ----------
    devices
        Facts of what enrolled (or is background), by user.
    tests
        (user whose template it meets, user whose recording it is, its facts).
    """
    known = {
        user: np.array([place for facts in each if (place := _place(facts)) is not None])
        for user, each in devices.items()
    }
    every = [rows for rows in known.values() if len(rows)]
    if not every:
        return None
    scale = np.maximum(np.concatenate(every).std(axis=0), 1e-9)
    genuine: list[float] = []
    impostor: list[float] = []
    for victim, user, facts in tests:
        place = _place(facts)
        if place is None or not len(known.get(victim, ())):
            continue
        distance = np.abs(known[victim].mean(axis=0) - place) / scale
        (genuine if user == victim else impostor).append(-float(distance.mean()))
    pooled = metrics.alone(np.array(genuine), np.array(impostor))
    det = None if pooled.empty else Ranked(pooled).det()
    return None if det is None else metrics.auc(det)


def _place(facts: Facts) -> Floats | None:
    """Where a recording's device lies: logarithms of its period and of its largest x and y."""
    if not np.isfinite(facts.period):
        return None
    return np.log([facts.period, max(facts.right, 1.0), max(facts.bottom, 1.0)])


def shuffled_eer(parts: Sequence[tuple[Floats, Floats]]) -> float | None:
    """Tell the mean EER, unit by unit, of users whose labels were shuffled: it must be near 0.5.

    Per user, as with shuffled labels the pooled one would depend on how much each user has.
    """
    users = per_user(joined(parts), metrics.eer)
    return metrics.weighted_mean(users, np.ones(len(users)))


def by_user(victims: Sequence[Victim], windows: Sequence[int]) -> list[dict[str, Any]]:
    """Tell every enrolled user's figures, by name."""
    columns = {
        str(size): per_user(compared(victims, size), metrics.eer) for size in windows
    }
    return [
        {
            "user": victim.user,
            "enrol_units": victim.enrol_units,
            "test_units": victim.test_units,
            "eer": {size: values[place] for size, values in columns.items()},
            "false_alarms": victim.owned.alarms,
            "detected": _mean(np.array([one.minutes < np.inf for one in victim.episodes])),
            "episodes": len(victim.episodes),
            "device_class": victim.device_class,
            "active_hours": victim.owned.active / 3600,
        }
        for place, victim in enumerate(victims)
    ]
