"""Gamboa and Fred's tables on our recordings: in their own protocol, and beside it an honest one.

Their protocol draws 180 strokes of each user at random, trains on half of them and tests on the
other half of the same stay, against users who were all in training; once with all 64 features and
once with the 62 of the slides. The honest one enrols on earlier recordings, tests on later ones,
and is attacked by users whom no training has seen; its templates are those of the shipped verifier.
It is told once more with background and attackers of the user's own device class. All are told by
strokes and by seconds.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from reauth.enrol import LEAST
from reauth.errors import SettingsError
from reauth.features.gamboa import PAUSE, SHARP, SLIDES, SMOOTHING, Gamboa
from reauth.lab import Dataset
from reauth.lab.cutting import cut
from reauth.lab.datasets import open_dataset
from reauth.lab.identification import Named, named, sentence
from reauth.lab.metrics import interval
from reauth.lab.splits import ENROLS
from reauth.lab.table import Row, Table, Task
from reauth.lab.work import Watch, unwatched
from reauth.stroke import GRID, IDLE, MOST, StrokeSegmenter
from reauth.template import Template
from reauth.trajectory import Floats
from reauth.verify.learn import MIN_GENUINE
from reauth.verify.likelihood import ABOVE_ZERO, BEYOND, EDGES, FLOOR, Densities, Scale, fit
from reauth.verify.selection import LENGTH, SEQUENCES, draw, equal_error_rates, evidence, select
from reauth.verify.weibull import Weibull

BY_STROKES = {
    1: 0.480, 2: 0.263, 5: 0.179, 10: 0.118, 20: 0.063, 50: 0.020, 100: 0.007, 200: 0.002,
}  # fmt: skip
"""Equal error rates by strokes (Gamboa 2004, slides "Results")."""

BY_SECONDS = {30: 1 / 50, 60: 1 / 100, 90: 1 / 200}
"""Equal error rates by seconds of interaction (Gamboa 2004, table 2)."""

STROKES, TRAINING = 180, 90
"""Strokes drawn of each user, and how many of them train (Gamboa 2004, §4)."""

BOOTSTRAP = 10_000
"""Sequences drawn for each rate, half of them genuine (Gamboa 2004, §4)."""

TOLERANCE = 0.05
"""How far a rate may be from the published one and still be called the same: other people, other
tasks and other devices. Derived; nothing is required of these rows."""

RANKED = (10, 20, 50)
"""Strokes that an identification is told for."""

SESSION_GAP = 600.0
"""s; such a pause ends a session (biometrics.md §8.10)."""

LONGEST = 600
"""Strokes that are drawn at most to fill so many seconds."""

LEAST_USERS = 5
"""Users without whom a mean says nothing."""

VERIFIER = Weibull()

SETS = ("hbrs", "sapimouse", "balabit_train")
"""Public sets with clicks and enough of them."""

DIFFERENCES = (
    "Their users played a memory game on one page and clicked once a second; here people filled in "
    "web forms (hbrs), clicked as they were told (sapimouse) or administered machines "
    "(balabit_train): strokes last longer, and are less alike.",
    "Their 50 users sat at devices that the paper does not describe; sampling clocks differ "
    "between users here, and tell some of them apart by themselves.",
    "WIDAM sampled every 20 ms; recordings here are thinned to that, and balabit_train was sampled "
    "every 110 ms for most users.",
    "A press in hbrs is the browser's click, which comes with the release.",
    "Positions are taken from the stroke's first point: theirs told where the tiles lay.",
    "At one stroke the published rate is 48 %, which no likelihood ratio that falls to 26 % at two "
    "strokes gives: one stroke alone is better here, many are worse.",
    "The slides count 62 features, the thesis lists 64: the slides' leave out duration and length.",
    "The honest rows ask for what the paper does not: later recordings, impostors whom no training "
    "has seen, sequences that follow each other, one template from shipped enrolment; their scores "
    "are sums of calibrated ratios of single strokes, each within 2.5 nats.",
)
"""Why our figures are not theirs."""

DERIVED = (
    ("sampling", GRID, "s, least spacing of points; 50 a second are the paper's"),
    ("longest stroke", MOST, "points; of a longer one the last count"),
    ("longest rest", IDLE, "s; a stroke begins anew after it"),
    ("smoothing", SMOOTHING, "px; the paper names the spline, not its amount"),
    ("pause", PAUSE, "s; the paper counts pauses without saying how long one is"),
    ("critical curvature", SHARP, "rad/px; pi / 10 as the thesis prints it"),
    ("scaling", "sign(a) ln(1 + |a|)", "of lengths, times, speeds, accelerations and curvatures"),
    ("edges", list(EDGES), "%; percentiles of what trains between which a feature spans 1"),
    ("shift", ABOVE_ZERO, "spans added, as v - min + eps; the paper's transformation is not given"),
    ("beyond", BEYOND, "spans; what lies further out counts as lying there"),
    ("floor", FLOOR, "nats; the least log density of one feature"),
    ("selection", SEQUENCES, "sequences of either kind; the paper's N is not given"),
)
"""Constants that the paper does not give: name, value, what it is."""

Facts = dict[str, Any]


@dataclass(frozen=True, eq=False, slots=True)
class Recorded:
    """Strokes of one recording, in order: (n, 64) features, and (n,) s that each took.

    `device` is the device class, by the period of its events.
    """

    features: Floats
    seconds: Floats
    device: str = ""


People = Mapping[str, Sequence[Recorded]]


def table(task: Task, watch: Watch) -> Table:
    """Make both tables on every set that has clicks.

    Raises
    ------
    SettingsError
        If none of the archives is in the folder.
    """
    names = [name for name in SETS if (task.data / f"{name}.tar.gz").is_file()]
    if not names:
        raise SettingsError(f"none of {', '.join(SETS)} (.tar.gz) is in {task.data}")
    rows: list[Row] = []
    told: list[str] = []
    for name in names:
        people = strokes_of(open_dataset(task.data, name))
        for protocol in (own_protocol, honest_protocol, same_class):
            found, facts = protocol(name, people, task.seed, watch)
            rows += found
            told += sentences(name, facts)
    derived = [f"{what}: {value} {why}" for what, value, why in DERIVED]
    title = "Gamboa and Fred 2004 on public recordings"
    return Table(title, tuple(rows), (*DIFFERENCES, *told), tuple(derived))


def strokes_of(dataset: Dataset) -> dict[str, list[Recorded]]:
    """Cut every recording into strokes as a live session would, and describe them."""
    people: dict[str, list[Recorded]] = {}
    for user, _, events in dataset:
        units = cut(events, StrokeSegmenter, SESSION_GAP)
        strokes = units.trajectories
        seconds = np.array([stroke.t[-1] - stroke.t[0] for stroke in strokes])
        found = Recorded(Gamboa().extract_many(strokes), seconds, units.facts.device_class)
        people.setdefault(user, []).append(found)
    return people


# The paper's own protocol


@dataclass(frozen=True, eq=False, slots=True)
class Halves:
    """Log densities of everybody's strokes under everybody's model.

    `training` and `test` hold a (models, n, 64) array a user, `seconds` (n,) of those that test.
    """

    training: Sequence[Floats]
    test: Sequence[Floats]
    seconds: Sequence[Floats]


def halves(people: People, rng: np.random.Generator) -> Halves:
    """Draw each user's strokes, train on half of them, and compare all with all."""
    train, test, seconds = [], [], []
    for recorded in people.values():
        features = np.concatenate([each.features for each in recorded])
        taken = rng.choice(len(features), STROKES, replace=False)
        train.append(features[taken[:TRAINING]])
        test.append(features[taken[TRAINING:]])
        times = np.concatenate([each.seconds for each in recorded])
        seconds.append(times[taken[TRAINING:]])
    scale = Scale.of(np.concatenate(train))
    fitted = [fit(scale.logs(part)) for part in train]
    known = Densities(*(np.stack(column) for column in zip(*fitted, strict=True)))
    compared = [
        [known.log_density(scale.logs(part)) for part in half] for half in (train, test)
    ]
    return Halves(compared[0], compared[1], seconds)


def own_protocol(
    name: str, people: People, seed: int, watch: Watch = unwatched
) -> tuple[list[Row], Facts]:
    """Give the rows of the paper's own protocol on one set, and facts about it."""
    enough = {
        user: recorded
        for user, recorded in people.items()
        if sum(len(each.features) for each in recorded) >= STROKES
    }
    rng = np.random.default_rng(seed)
    drawn = halves(enough, rng)
    rates: list[dict[str, float]] = []
    live: list[dict[str, float]] = []
    fewer: list[dict[str, float]] = []
    used: Counter[str] = Counter()
    for place in watch(range(len(enough)), len(enough), f"{name}, the paper's protocol"):
        models = _first(place, len(enough))
        training, test = (
            [part[models] for part in half] for half in (drawn.training, drawn.test)
        )
        others = training[:place] + training[place + 1 :]
        sequences = (draw([training[place]], SEQUENCES, LENGTH, rng),
                     draw(others, SEQUENCES, LENGTH, rng))  # fmt: skip
        chosen = select(*sequences)
        used.update(Gamboa.names[feature] for feature in chosen)
        sums = [part[:, :, chosen].sum(axis=2) for part in test]
        paper, summed = _bootstrapped(sums, drawn.seconds, place, rng)
        rates.append(paper)
        live.append(summed)
        slides = list(SLIDES)
        chosen = [slides[at] for at in select(*(each[:, :, slides] for each in sequences))]
        sums = [part[:, :, chosen].sum(axis=2) for part in test]
        fewer.append(_bootstrapped(sums, drawn.seconds, place, rng)[0])
    title = f"{name}, {len(enough)} users, as in the paper"
    every = np.concatenate([each.seconds for some in people.values() for each in some])
    facts = {
        "users": len(people),
        "enough": len(enough),
        "strokes": len(every),
        "median_s": float(np.median(every)),
        "mean_s": float(every.mean()),
        "features": used.total() / max(1, len(enough)),
        "most_used": [feature for feature, _ in used.most_common(6)],
        "live": {
            label: round(float(np.mean([each[label] for each in live])), 4)
            for label in map(_label, RANKED)
            if live
        },
    }
    rows = _rows(title, rates, rng) + _rows(f"{title}, the slides' 62 features", fewer, rng)
    return rows, facts


def _first(place: int, count: int) -> list[int]:
    """Give the places of models, the user's own first."""
    return [place, *(other for other in range(count) if other != place)]


def _bootstrapped(
    sums: Sequence[Floats], seconds: Sequence[Floats], place: int, rng: np.random.Generator
) -> tuple[dict[str, float], dict[str, float]]:
    """Give one user's rate for each length, from sequences drawn with replacement.

    Once by the paper's posterior of a sequence, and once by the sum of the same posterior of each
    of its strokes, which is what live policies sum up: the mixture of others is taken at each.

    Parameters
    ----------
    sums
        A (models, n) array of log-likelihoods a user, the tested user's model first.
    seconds
        (n,) a user.
    place
        The tested user.
    """
    count = BOOTSTRAP // 2
    others = [other for other in range(len(sums)) if other != place]
    single = [evidence(each)[None] for each in sums]
    paper, live = dict[str, float](), dict[str, float]()
    for wanted in _lengths():
        whose = np.bincount(rng.integers(len(others), size=count), minlength=len(others))
        draws = {place: _drawn(seconds[place], wanted, count, rng).T}
        for other, times in zip(others, whose, strict=True):
            draws[other] = _drawn(seconds[other], wanted, times, rng).T
        scores = {
            user: np.column_stack((evidence(sums[user] @ drawn), (single[user] @ drawn)[0]))
            for user, drawn in draws.items()
        }
        genuine = scores.pop(place)
        both = equal_error_rates(genuine, np.concatenate(list(scores.values())))
        paper[_label(wanted)], live[_label(wanted)] = both.tolist()
    return paper, live


def _drawn(seconds: Floats, wanted: float, count: int, rng: np.random.Generator) -> Floats:
    """Draw sequences; give (count, n) how often each stroke is in each.

    Parameters
    ----------
    seconds
        (n,) that each stroke takes.
    wanted
        A number of strokes (int), or seconds (float) that are filled with whole strokes.
    """
    n = len(seconds)
    if isinstance(wanted, int):
        return rng.multinomial(wanted, np.full(n, 1 / n), size=count).astype(np.float64)
    most = min(LONGEST, int(2 * wanted / np.median(seconds)) + 10)
    picks = rng.integers(n, size=(count, most))
    begun = np.cumsum(seconds[picks], axis=1) - seconds[picks]
    cells = (np.arange(count)[:, None] * n + picks)[begun < wanted]
    return np.bincount(cells, minlength=count * n).reshape(count, n).astype(np.float64)


# The honest protocol


def honest_protocol(
    name: str, people: People, seed: int, watch: Watch = unwatched
) -> tuple[list[Row], Facts]:
    """Give the rows with later recordings and unseen impostors on one set, and facts about it.

    Users are dealt into two folds, in the order of a hash: those of the other fold are a user's
    background, those of the own fold attack.
    """
    return _honest(name, people, seed, watch, alike=False)


def same_class(
    name: str, people: People, seed: int, watch: Watch = unwatched
) -> tuple[list[Row], Facts]:
    """Give the same with background and attackers of the user's own device class only.

    Else much of what tells people apart is their devices (biometrics.md §4).
    """
    return _honest(name, people, seed, watch, alike=True)


def _honest(
    name: str, people: People, seed: int, watch: Watch, *, alike: bool
) -> tuple[list[Row], Facts]:
    dealt = sorted(people, key=lambda user: hashlib.sha256(f"{seed}\0{user}".encode()).digest())
    fold = {user: place % 2 for place, user in enumerate(dealt)}
    parts = {user: _parted(recorded) for user, recorded in people.items()}
    victims = [
        user
        for user, (enrols, tests) in parts.items()
        if tests and sum(len(each.features) for each in enrols) >= MIN_GENUINE
    ]
    device = {user: recorded[0].device if alike else "" for user, recorded in people.items()}
    kind = "unseen impostors of the same device class" if alike else "unseen impostors"
    templates: list[Template] = []
    for victim in watch(victims, len(victims), f"{name}, {kind}"):
        background = [
            [each.features for each in parts[user][0] or recorded if len(each.features)]
            for user, recorded in people.items()
            if fold[user] != fold[victim] and device[user] == device[victim]
        ]
        templates.append(_template(victim, parts[victim][0], background, seed))
    templates = [template for template in templates if not template.provisional]
    rates: list[dict[str, float]] = []
    pool: dict[str, list[tuple[Floats, Floats]]] = {}
    for template in templates:
        own = fold[template.user], device[template.user]
        attack = [user for user in victims if (fold[user], device[user]) == own]
        attack.remove(template.user)
        rates.append(_attacked(template, parts, attack, pool))
    title = f"{name}, {len(templates)} users, later recordings, {kind}"
    rows = _rows(title, rates, np.random.default_rng(seed))
    folds = [[one for one in templates if fold[one.user] == place] for place in (0, 1)]
    ranked = {} if alike else _ranked(folds, parts)
    return rows, {"later": kind, "pooled": _pooled(pool), "ranked": ranked}


def _parted(recorded: Sequence[Recorded]) -> tuple[list[Recorded], list[Recorded]]:
    """Give what enrols and what tests: of two the first and the second, of more 60 % and the rest.

    A single recording is background only.
    """
    if len(recorded) == 1:
        return [], []
    first = min(len(recorded) - 1, max(1, round(ENROLS * len(recorded))))
    return list(recorded[:first]), list(recorded[first:])


def _template(
    user: str, enrols: Sequence[Recorded], background: Sequence[Sequence[Floats]], seed: int
) -> Template:
    """Enrol as the shipped code does."""
    genuine = [each.features for each in enrols if len(each.features)]
    others = [one for one in background if sum(map(len, one)) >= LEAST]
    learnt = VERIFIER.enrol(genuine, others, np.random.default_rng(seed))
    return Template(
        user=user,
        feature_set=VERIFIER.features,
        feature_version=Gamboa.version,
        verifier=VERIFIER.name,
        verifier_version=VERIFIER.version,
        version=1,
        provisional=learnt.provisional,
        arrays=learnt.arrays,
        calibration=learnt.calibration,
        held_out=learnt.held_out,
    )


def _attacked(
    template: Template,
    parts: Mapping[str, tuple[list[Recorded], list[Recorded]]],
    attack: Sequence[str],
    pool: dict[str, list[tuple[Floats, Floats]]],
) -> dict[str, float]:
    """Give one user's rate for each length that the recordings hold; add the sums to `pool`."""
    scored = {
        user: [
            (VERIFIER.score_many(template, each.features), each.seconds) for each in parts[user][1]
        ]
        for user in (template.user, *attack)
    }
    found = {}
    for wanted in _lengths():
        own, theirs = (
            np.array([
                scores[window].sum()
                for user in users
                for scores, seconds in scored[user]
                for window in windows(seconds, wanted)
            ])
            for users in ([template.user], attack)
        )  # fmt: skip
        if len(own) and len(theirs):
            label = _label(wanted)
            found[label] = float(equal_error_rates(own[:, None], theirs[:, None])[0])
            pool.setdefault(label, []).append((own, theirs))
    return found


def windows(seconds: Floats, wanted: float) -> list[slice]:
    """Cut a recording's strokes into sequences that follow each other and share none.

    Parameters
    ----------
    seconds
        (n,) that each stroke takes.
    wanted
        A number of strokes (int), or seconds (float) that are filled with whole strokes.
    """
    if isinstance(wanted, int):
        return [slice(at, at + wanted) for at in range(0, len(seconds) - wanted + 1, wanted)]
    found, start, total = [], 0, 0.0
    for place, taken in enumerate(seconds, start=1):
        total += taken
        if total >= wanted:
            found.append(slice(start, place))
            start, total = place, 0.0
    return found


def _pooled(pool: Mapping[str, Sequence[tuple[Floats, Floats]]]) -> dict[str, dict[str, float]]:
    """Give the rates with one threshold for all users, and how many sequences they rest on."""
    found = {}
    for label, parts in pool.items():
        if len(parts) < LEAST_USERS:
            continue
        own, theirs = (np.concatenate(side) for side in zip(*parts, strict=True))
        rate = float(equal_error_rates(own[:, None], theirs[:, None])[0])
        found[label] = {"eer": round(rate, 4), "genuine": len(own), "impostor": len(theirs)}
    return found


def _ranked(
    folds: Sequence[Sequence[Template]],
    parts: Mapping[str, tuple[list[Recorded], list[Recorded]]],
) -> dict[str, Named]:
    """Give by number of strokes whom alerts would name."""
    told = {}
    for wanted in RANKED:
        sequences = [
            (template, each.features[window])
            for fold in folds
            for template in fold
            for each in parts[template.user][1]
            for window in windows(each.seconds, wanted)
        ]
        found = named(folds, sequences, VERIFIER)
        if found is not None:
            told[_label(wanted)] = found
    return told


# What a report holds


def _lengths() -> tuple[float, ...]:
    """Strokes as whole numbers, seconds as others: so they are told apart."""
    return (*BY_STROKES, *(float(seconds) for seconds in BY_SECONDS))


def _label(wanted: float) -> str:
    return f"{wanted} strokes" if isinstance(wanted, int) else f"{wanted:.0f} s"


def _rows(
    title: str, rates: Sequence[Mapping[str, float]], rng: np.random.Generator
) -> list[Row]:
    """Give a row for each length that enough users have: the mean over users, and its interval."""
    rows = []
    told = zip(_lengths(), (*BY_STROKES.values(), *BY_SECONDS.values()), strict=True)
    for wanted, published in told:
        label = _label(wanted)
        known = np.array([each[label] for each in rates if label in each])
        if len(known) >= LEAST_USERS:
            ends = interval(len(known), partial(_mean, known), rng)
            name = f"{title}: {label}"
            rows.append(Row(name, published, float(known.mean()), ends, TOLERANCE))
    return rows


def _mean(values: Floats, weights: Floats) -> float:
    return float(values @ weights / weights.sum())


def sentences(name: str, facts: Facts) -> list[str]:
    """Tell the facts about a set that no row holds."""
    if "later" not in facts:
        live = [f"{rate:.1%} by {label}" for label, rate in facts["live"].items()]
        return [
            f"{name}: {facts['strokes']} strokes of {facts['users']} users, {facts['enough']} of "
            f"them with {STROKES}; a stroke takes {facts['median_s']:.1f} s (median; mean "
            f"{facts['mean_s']:.1f} s). {facts['features']:.1f} features were selected a user, "
            f"mostly {', '.join(facts['most_used'])}. Where the mixture of others is taken at each "
            f"stroke, as live, and not once a sequence, the EER is {', '.join(live)}."
        ]
    pooled = [f"{each['eer']:.1%} by {label}" for label, each in facts["pooled"].items()]
    told = [f"{name}, {facts['later']}, one threshold for all users: EER {', '.join(pooled)}."]
    return told + [
        f"{name}, later recordings, identification by {label}: {sentence(each)}"
        for label, each in facts["ranked"].items()
    ]
