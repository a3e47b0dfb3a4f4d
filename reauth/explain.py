"""Evidence in words: how the movement under an alert differs from the user's own.

A score says how much, never in what. Here each number of the anomalous movements is held against
the user's own past, by medians, as a few odd movements are in everybody's. What is told is told of
movement alone: it helps to understand an alert, and decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reauth.alert import Alert
from reauth.detect.absence import WORDS as COUNTED
from reauth.detect.hand import RULES, objections
from reauth.detect.replay import Library
from reauth.feature_words import WORDS, Words
from reauth.features import FeatureSet, rows_of
from reauth.features.hand import numbers
from reauth.features.kinematics import wrap
from reauth.template import Template
from reauth.trajectory import Floats, Trajectory

LEAST_OWN: Final = 50
"""The user's movements without which nobody knows what is usual: their median deviation is then
known to a sixth (1.17 / sqrt(n): Rousseeuw, Croux 1993, "Alternatives to the median absolute
deviation", efficiency 37 %)."""

LEAST_SEEN: Final = 8
"""Anomalous movements; that all of fewer lie on one side of the user's median may be chance."""

SIGMA: Final = 1.4826
"""What makes of a median deviation the standard deviation of a normal spread."""

WIDTH: Final = 2.563
"""Standard deviations between the ends of a normal spread's usual range, 10 and 90 %."""

CHANCE: Final = 2.6
"""Standard errors by which the share of anomalous movements above the user's median must differ
from a half (sign test): chance does it in one of 100 numbers, however the user's are spread."""

SMALL: Final = 0.5
"""Deviations; a user's own hours differ by up to as much (tests/reauth/test_explain.py)."""

MOST_Z: Final = 10.0
"""Deviations told at most: what never varied in the user's past has no scale."""

USUAL: Final = (10, 90)
"""% of the user's own movements between which the usual range lies."""

_DIGITS: Final = 9
"""Behind which two values are the same: times since 1970 have no more."""

_UNITS: Final = {"number": "", "1": ""}


@dataclass(frozen=True, slots=True)
class Deviation:
    """One number in which the anomalous movements differ from the user's.

    Parameters
    ----------
    feature
        As the feature set calls it.
    name
        As a reader does.
    unit
        Of the four values below; empty for a bare number.
    low, median, high
        The user's usual range and its middle.
    seen
        Median of the anomalous movements.
    z
        How far that lies from the user's median, in robust deviations of the user's single
        movements, at most `MOST_Z`.
    text
        A sentence.
    """

    feature: str
    name: str
    unit: str
    low: float
    median: float
    high: float
    seen: float
    z: float
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the movement differs, the most telling first.

    Parameters
    ----------
    deviations
        Empty where nothing stands out, or `reason` says why nobody knows.
    own, seen
        How many movements of the user, and how many anomalous ones, were held together.
    reason
        Empty, or why nothing is known.
    """

    deviations: tuple[Deviation, ...]
    own: int
    seen: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """An anomalous movement that is an earlier one again.

    `movement` and `earlier` are ends of both, s since 1970; `exact` whether all steps and times
    are the same; `residual` what is left between the two, 1 being a replay's most by its model.
    """

    movement: float
    earlier: float
    exact: bool
    residual: float


def explain(
    features: FeatureSet,
    own: Sequence[Trajectory],
    seen: Sequence[Trajectory],
    template: Template | None = None,
    most: int = 6,
) -> Explanation:
    """Tell in what anomalous movements differ from the user's own.

    Parameters
    ----------
    features
        The set that the lane compares by.
    own
        The user's earlier ones, on the device class of `seen`; what is among `seen` does not count.
    seen
        The anomalous ones.
    template
        What they were compared with: a number that its verifier does not look at is left out.
    most
        How many are told, one of each topic.
    """
    names = {each.id for each in seen}
    usual = rows_of(features, [each for each in own if each.id not in names])
    found = rows_of(features, seen)
    reason = ""
    if len(usual) < LEAST_OWN:
        reason = f"{len(usual)} movements of the user's own on this device; {LEAST_OWN} are needed"
    elif len(found) < LEAST_SEEN:
        reason = f"{len(found)} anomalous movements; {LEAST_SEEN} are needed"
    if reason:
        return Explanation((), len(usual), len(found), reason)
    told = _ranked(features, usual, found, looked_at(features, template))
    return Explanation(tuple(told[:most]), len(usual), len(found))


def looked_at(features: FeatureSet, template: Template | None) -> list[int]:
    """Places of the numbers that a template's verifier looks at: those it selected, or all."""
    if template is None or "selected" not in template.arrays:
        return list(range(len(features.names)))
    return [int(place) for place in template.arrays["selected"]]


def mechanical_words(movements: Sequence[Trajectory]) -> tuple[str, ...]:
    """Say which rules object to movements as too exact for a hand, and how often; most first."""
    rows, _ = numbers(movements)
    if not len(rows):
        return ()
    counted = {name: int(found.sum()) for name, found in objections(rows).items()}
    order = sorted((name for name in counted if counted[name]), key=lambda name: -counted[name])
    return tuple(f"{RULES[name]}: {counted[name]} of {len(rows)} movements" for name in order)


def rule_words(alert: Alert) -> str:
    """Say what was counted of an alert that rests on no score; empty for others."""
    words = COUNTED.get(alert.rule)  # type: ignore[call-overload] # a reason is its text
    return f"{words}: {alert.low}; {alert.limit} raise an alert" if words else ""


def replayed(movements: Sequence[Trajectory], earlier: Sequence[Trajectory]) -> list[Replayed]:
    """Find which of earlier movements the anomalous ones are again.

    Parameters
    ----------
    movements
        Anomalous ones, in order of time.
    earlier
        Whole movements, of anybody; those that ended after one began are not taken for its model.
    """
    library = Library(max(1, 2 * len(earlier)))
    waiting = sorted(earlier, key=lambda each: float(each.t[-1]))
    found, taken = [], 0
    for movement in movements:
        while taken < len(waiting) and waiting[taken].t[-1] < movement.t[0]:
            library.add(waiting[taken], at=float(waiting[taken].t[-1]))
            taken += 1
        match = library.look(movement)
        if match is not None:
            at = float(movement.t[-1])
            found.append(Replayed(at, match.at, match.exact, match.residual))
    return found


def _ranked(
    features: FeatureSet, own: Floats, seen: Floats, places: Sequence[int]
) -> list[Deviation]:
    """Give what stands out of both (n, d) and (m, d), the most telling of each topic, in order."""
    words = WORDS[features.name]
    own, seen = (np.round(each, _DIGITS) for each in (own, seen))
    told = []
    for place in places:
        one = words[features.names[place]]
        centre = _centre(own[:, place]) if one.circular else 0.0
        columns = [each[:, place] - centre for each in (own, seen)]
        if one.circular:
            columns = [wrap(each) for each in columns]
        z = deviation_of(*columns)
        if abs(z) >= SMALL and not by_chance(*columns):
            told.append((place, one, z, centre, columns))
    told.sort(key=lambda each: -abs(each[2]))
    strongest = {}
    for place, one, z, centre, columns in told:
        if one.topic not in strongest:
            ends = np.percentile(columns[0], (USUAL[0], 50, USUAL[1]))
            values = np.append(ends, np.median(columns[1])) + centre
            if one.circular:
                # The range runs on over the angle's end; the other is told from there to there.
                values[:3] += wrap(values[1]) - values[1]
                values[3] = wrap(values[3])
            name, unit = features.names[place], features.units[place]
            strongest[one.topic] = _told(name, unit, one, z, values)
    return list(strongest.values())


def deviation_of(own: Floats, seen: Floats) -> float:
    """How many robust deviations of single values (n,) the median of (m,) lies from theirs.

    Where most lie together and the others on one side, the median deviation is next to nothing: the
    width between the usual range's ends then is the scale, as a normal spread would have it. Where
    that is nothing, too, it is the standard deviation; what never varied gives 0 or, if the other
    differs, `MOST_Z`.
    """
    low, middle, high = np.percentile(own, (USUAL[0], 50, USUAL[1]))
    away = float(np.median(seen) - middle)
    wide = float(high - low) / WIDTH
    spread = max(SIGMA * float(np.median(np.abs(own - middle))), wide) or float(own.std())
    if away == 0:
        return 0.0
    return float(np.clip(away / spread, -MOST_Z, MOST_Z)) if spread else np.copysign(MOST_Z, away)


def by_chance(own: Floats, seen: Floats) -> bool:
    """Whether about as many of (m,) values lie above the median of (n,) as below it.

    Of values of two kinds, as to the left and to the right, the median is anywhere between: how far
    it went says nothing, how many lie on either side does.
    """
    middle = np.median(own)
    above = float(np.mean(seen > middle) + np.mean(seen == middle) / 2)
    return bool(abs(above - 0.5) < CHANCE / 2 * (1 / len(seen) + 1 / len(own)) ** 0.5)


def _centre(angles: Floats) -> float:
    """Mean direction of angles, rad; deviations are counted from it, as angles close."""
    return float(np.angle(np.exp(1j * angles).sum()))


def _told(feature: str, unit: str, words: Words, z: float, values: Floats) -> Deviation:
    """Put (4,) values (low, median, high, seen) into the reader's unit and a sentence."""
    scale, inner = _taken_apart(unit)
    low, median, high, seen = (float(value) for value in _natural(scale, inner, values))
    shown = _UNITS.get(inner, inner.replace("rad", "°").replace("2", "²").replace("3", "³"))
    said = f"{words.more if z > 0 else words.less} than usual: "
    ratio = seen / median if median and scale else 0.0
    if inner == "s" and not scale and median > 0:
        ratio = seen / median
    if 0.1 <= ratio <= 0.95 or 1.05 <= ratio <= 10:
        said += f"{_plain(ratio)} times the user's median {words.what}"
    else:
        space = "" if shown in ("", "°") else " "
        usual = f"{_plain(low)} to {_plain(high)}{space}{shown}"
        said += f"{words.what} {_plain(seen)}{space}{shown}, usually {usual}"
    return Deviation(feature, words.what, shown, low, median, high, seen, z, said)


def _taken_apart(unit: str) -> tuple[str, str]:
    """Part a feature's unit into how it was scaled and what was.

    Examples
    --------
    >>> _taken_apart("ln(1 + px/s)"), _taken_apart("slog(px/s2)"), _taken_apart("rad")
    (('ln(1 + ', 'px/s'), ('slog(', 'px/s2'), ('', 'rad'))
    """
    for scale in ("ln(1 + ", "slog(", "ln("):
        if unit.startswith(scale):
            return scale, unit[len(scale) : -1]
    return "", unit


def _natural(scale: str, inner: str, values: Floats) -> Floats:
    """Undo the scaling of a feature's values; angles become degrees."""
    if scale == "slog(":
        values = np.copysign(np.expm1(np.abs(values)), values)
    elif scale:
        values = np.expm1(values) if "1 +" in scale else np.exp(values)
    return np.degrees(values) if "rad" in inner else values


def _plain(value: float) -> str:
    """Write a number with as many digits as somebody reads.

    Examples
    --------
    >>> _plain(1234.56), _plain(1.897), _plain(0.0421), _plain(-3e-16)
    ('1235', '1.9', '0.042', '0')
    """
    size = abs(value)
    if size < 1e-6:
        return "0"
    if size >= 10:
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 1 else f"{value:.2g}"
