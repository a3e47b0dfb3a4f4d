"""What a report counts: error rates, delays, calibration, and how sure they are.

Everything here is pure and works on scores of which higher ones are more genuine. FMR and FNMR
are of single comparisons (a window's score against a threshold), as ISO/IEC 19795-1 has them.
Intervals resample users, never windows: windows of one person are alike, and a report that
resamples them promises what nobody measured (biometrics.md §8.6).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reauth.pace import WORKDAY
from reauth.trajectory import Floats

Ints = NDArray[np.int64]
Interval = tuple[float, float]

REPLICATES = 1000
"""Bootstrap replicates; the 2.5 % point is the 25th value."""

POINTS = 200
"""Points of a DET curve that are kept: more than a picture shows."""


@dataclass(frozen=True, eq=False, slots=True)
class Comparisons:
    """Scores of genuine and of impostor comparisons, each with the user whose template it met.

    Parameters
    ----------
    genuine, impostor
        (n,) and (m,) scores; higher ones are more genuine.
    genuine_user, impostor_user
        (n,) and (m,) the user's place, 0..users - 1.
    users
        How many users there are.
    """

    genuine: Floats
    impostor: Floats
    genuine_user: Ints
    impostor_user: Ints
    users: int

    @property
    def empty(self) -> bool:
        """Whether one side is missing, so that no rate can be told."""
        return not len(self.genuine) or not len(self.impostor)

    def of(self, user: int) -> "Comparisons":
        """Those with one user's template."""
        genuine = self.genuine[self.genuine_user == user]
        impostor = self.impostor[self.impostor_user == user]
        return alone(genuine, impostor)


@dataclass(frozen=True, eq=False, slots=True)
class Det:
    """Error rates by threshold: a comparison matches where its score is at least the threshold.

    Parameters
    ----------
    threshold
        (k,) increasing; the last one is above all scores.
    fmr, fnmr
        (k,) shares of impostors matched (falling from 1 to 0) and of genuine ones not matched
        (rising from 0 to 1).
    """

    threshold: Floats
    fmr: Floats
    fnmr: Floats


def alone(genuine: Floats, impostor: Floats) -> Comparisons:
    """Give the comparisons of one user."""
    places = np.zeros(len(genuine), dtype=np.int64), np.zeros(len(impostor), dtype=np.int64)
    return Comparisons(genuine, impostor, *places, 1)


def joined(parts: Sequence[tuple[Floats, Floats]]) -> Comparisons:
    """Pool users: for each its genuine and its impostor scores."""
    return Comparisons(
        np.concatenate([genuine for genuine, _ in parts] or [np.empty(0)]),
        np.concatenate([impostor for _, impostor in parts] or [np.empty(0)]),
        np.repeat(np.arange(len(parts)), [len(genuine) for genuine, _ in parts]),
        np.repeat(np.arange(len(parts)), [len(impostor) for _, impostor in parts]),
        len(parts),
    )


class Ranked:
    """Comparisons in order of score, so that rates under many weights of users are cheap.

    Raises
    ------
    ValueError
        If there is no genuine or no impostor comparison.
    """

    def __init__(self, comparisons: Comparisons) -> None:
        if comparisons.empty:
            raise ValueError("rates need genuine and impostor comparisons")
        self._given = comparisons
        both = np.concatenate((comparisons.genuine, comparisons.impostor))
        self._values, places = np.unique(both, return_inverse=True)
        self._genuine, self._impostor = np.split(places, [len(comparisons.genuine)])

    def det(self, weights: Floats | None = None) -> Det | None:
        """Give the rates by threshold; None where the weights leave one side without anybody.

        Parameters
        ----------
        weights
            (users,) how often each user counts; all once if None.
        """
        given, size = self._given, len(self._values)
        weights = np.ones(given.users) if weights is None else weights
        genuine = np.bincount(self._genuine, weights[given.genuine_user], size)
        impostor = np.bincount(self._impostor, weights[given.impostor_user], size)
        if not genuine.any() or not impostor.any():
            return None
        fnmr = np.concatenate(([0.0], np.cumsum(genuine))) / genuine.sum()
        fmr = 1 - np.concatenate(([0.0], np.cumsum(impostor))) / impostor.sum()
        return Det(np.append(self._values, np.inf), np.clip(fmr, 0, 1), np.clip(fnmr, 0, 1))


def eer(det: Det) -> float:
    """Give the equal error rate: where both rates meet, on the straight line between points.

    Examples
    --------
    >>> eer(Ranked(alone(np.array([1.0, 3.0]), np.array([0.0, 2.0]))).det())
    0.5
    >>> eer(Ranked(alone(np.array([2.0, 3.0]), np.array([0.0, 1.0]))).det())
    0.0
    """
    gap = det.fnmr - det.fmr
    after = int(np.argmax(gap >= 0))
    before = after - 1
    share = -gap[before] / (gap[after] - gap[before])
    return float(det.fmr[before] + share * (det.fmr[after] - det.fmr[before]))


def auc(det: Det) -> float:
    """Give the chance that a genuine score is above an impostor's; ties count half."""
    return float(np.sum((1 - det.fnmr[:-1] + 1 - det.fnmr[1:]) / 2 * -np.diff(det.fmr)))


def fnmr_at(det: Det, fmr: float) -> float:
    """Give the least share of genuine comparisons refused while at most `fmr` impostors pass."""
    return float(det.fnmr[det.fmr <= fmr + 1e-12].min())


def thinned(det: Det) -> tuple[list[float], list[float]]:
    """Give at most `POINTS` pairs of FMR and FNMR, for a report or a picture."""
    places = np.unique(np.linspace(0, len(det.fmr) - 1, POINTS).round().astype(int))
    return det.fmr[places].round(6).tolist(), det.fnmr[places].round(6).tolist()


def cllr(genuine: Floats, impostor: Floats) -> float:
    """Give the cost of log-likelihood ratios, bits: 0 is perfect, 1 tells nothing.

    Parameters
    ----------
    genuine, impostor
        (n,) and (m,) log-likelihood ratios, nats.

    References
    ----------
    Brümmer, du Preez 2006, "Application-independent evaluation of speaker detection", eq. 9.
    """
    missed = np.logaddexp(0, -genuine).mean()
    passed = np.logaddexp(0, impostor).mean()
    return float((missed + passed) / (2 * np.log(2)))


def per_workday(count: float, active: float) -> float | None:
    """Give how many in 8 active hours, from a count in `active` s; None where there were none."""
    return count * WORKDAY / active if active > 0 else None


@dataclass(frozen=True, eq=False, slots=True)
class Delays:
    """How long takeovers took to be noticed, some of which nobody could go on watching.

    Parameters
    ----------
    delay
        (n,) until the alarm; infinite where none came.
    lasted
        (n,) how long it was watched.
    weight
        (n,) how often each counts.
    """

    delay: Floats
    lasted: Floats
    weight: Floats

    def curve(self) -> tuple[Floats, Floats]:
        """Give times (k,) at which somebody is caught, and the shares (k,) caught by then.

        A recording that ends before an alarm tells that there was none until then, and no more
        (it is censored): those who are caught within 20 minutes are not told by recordings of 5.

        References
        ----------
        Kaplan, Meier 1958, "Nonparametric estimation from incomplete observations", eq. 1b.
        """
        caught = np.isfinite(self.delay)
        time = np.where(caught, self.delay, self.lasted)
        order = np.lexsort((~caught, time))
        weight = self.weight[order]
        at_risk = np.cumsum(weight[::-1])[::-1]
        lost = np.where(caught[order], weight, 0.0) / np.maximum(at_risk, 1e-12)
        shares = np.asarray(1 - np.cumprod(1 - lost), dtype=np.float64)
        kept = caught[order]
        return time[order][kept], shares[kept]

    def within(self, limit: float) -> float | None:
        """Give the share caught within `limit`; None without any takeover."""
        if not self.weight.sum():
            return None
        time, shares = self.curve()
        before = shares[time <= limit]
        return float(before[-1]) if len(before) else 0.0

    def until(self, share: float) -> float | None:
        """Give the time within which `share` is caught; None where that never comes."""
        if not self.weight.sum():
            return None
        time, shares = self.curve()
        reached = time[shares >= share - 1e-12]
        return float(reached[0]) if len(reached) else None

    def of_all(self, limit: float) -> float | None:
        """Give the share caught within `limit` of all, whether or not they lasted so long."""
        total = self.weight.sum()
        return float(self.weight @ (self.delay <= limit) / total) if total else None


def interval(
    users: int, figure: Callable[[Floats], float | None], rng: np.random.Generator
) -> Interval:
    """Give the 95 % interval of a figure by bootstrap over users.

    Parameters
    ----------
    users
        How many there are. One user says nothing of others: the interval is then 0 to 1.
    figure
        From (users,) weights, how often each user was drawn, to the figure; None where these
        users have none.
    rng
        Draws the users.
    """
    if users < 2:
        return 0.0, 1.0
    drawn = rng.multinomial(users, np.full(users, 1 / users), size=REPLICATES)
    values = [figure(weights.astype(np.float64)) for weights in drawn]
    known = [value for value in values if value is not None]
    if not known:
        return 0.0, 1.0
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)


def weighted_mean(values: Sequence[float | None], weights: Floats) -> float | None:
    """Give the mean of those users who have a value; None where none has."""
    known = np.array([value is not None for value in values])
    used = weights * known
    if not used.sum():
        return None
    filled = np.array([0.0 if value is None else value for value in values])
    return float(filled @ used / used.sum())
