"""Fewer features that say the same: Lu's de-redundancy, on any numbers with two labels.

Features that boosted trees split on often are candidates; of two candidates that go together only
the more important one stays; of what is left the most important ones are taken, and some that
knowledge of the attacks suggests are added if they say something of their own. Everything that is
dropped carries its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reauth.lab.boost import TUNED, boosted
from reauth.lab.text import table
from reauth.trajectory import Bools, Floats

ABOVE, CANDIDATES = 10.0, 20
"""Splits that a candidate must have more than, and how many candidates there are at most
(Lu §5.2: 20 with scores above 10)."""

LIMIT = 0.8
"""|r| from which two features say the same; the paper gives none. Usual for "strongly
correlated"."""

KEPT, ADDED = 7, 2
"""What stays of the candidates, and what is added from the attacks (Lu §5.2)."""


@dataclass(frozen=True, slots=True)
class Options:
    """How strict the choice is; defaults are the paper's where it gives a number."""

    above: float = ABOVE
    candidates: int = CANDIDATES
    limit: float = LIMIT
    kept: int = KEPT
    added: int = ADDED


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one feature.

    Parameters
    ----------
    name, importance
        What it is, and how many splits of the first model rest on it.
    kept
        Whether it stays.
    why
        In words.
    """

    name: str
    importance: float
    kept: bool
    why: str


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """What stays, in order of importance, what became of each feature, and how candidates agree.

    `candidates` are the names of rows and columns of `correlation` (k, k).
    """

    kept: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    candidates: tuple[str, ...]
    correlation: Floats


def importance(x: Floats, label: Bools, seed: int) -> Floats:
    """Give (d,) how many splits of all trees rest on each feature (Lu §5.2).

    Raises
    ------
    SettingsError
        If xgboost is not installed.
    """
    found = boosted(x, label, TUNED, seed).get_score(importance_type="weight")
    return np.array([float(found.get(f"f{place}", 0.0)) for place in range(x.shape[1])])


def pearson(x: Floats) -> Floats:
    """Give (d, d) Pearson's r of columns, of the rows that have both; 0 where one never changes."""
    count = x.shape[1]
    found = np.eye(count)
    for one in range(count):
        for other in range(one):
            found[one, other] = found[other, one] = _pearson(x[:, one], x[:, other])
    return found


def _pearson(one: Floats, other: Floats) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < 3:
        return 0.0
    a, b = one[both] - one[both].mean(), other[both] - other[both].mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0


def choose(
    x: Floats,
    label: Bools,
    names: Sequence[str],
    suggested: Sequence[str] = (),
    *,
    options: Options = Options(),
    seed: int,
) -> Choice:
    """Choose among features.

    Parameters
    ----------
    x, label, names
        (n, d) with NaN where undefined, (n,), and (d,) names.
    suggested
        Names of features that are not asked for their importance first: `options.added` of them
        join those that stay.
    seed
        Of the models.

    Raises
    ------
    SettingsError
        If xgboost is not installed.

    References
    ----------
    Lu et al. 2021, §5.2. Its limit of r and the order in which it goes through the pairs are not
    given: here the more important feature of a pair stays.
    """
    at = {name: place for place, name in enumerate(names)}
    weight = importance(x, label, seed)
    ranked = sorted(range(len(names)), key=lambda place: (-weight[place], place))
    candidates = [place for place in ranked if weight[place] > options.above]
    candidates = candidates[: options.candidates]
    why = {
        place: f"{weight[place]:.0f} splits, not above {options.above:.0f}"
        if weight[place] <= options.above
        else f"{weight[place]:.0f} splits, not among the first {options.candidates}"
        for place in ranked
        if place not in candidates
    }
    matrix = pearson(x[:, candidates])
    alone = _apart(candidates, matrix, names, options.limit, why)
    stay = _first(x, label, alone, options.kept, seed, why)
    added = _joined(x, label, stay, [at[name] for name in suggested], options, seed)
    for place in added:
        why[place] = "suggested by the attacks"
    kept = [*stay, *added]
    verdicts = tuple(
        Verdict(names[place], float(weight[place]), place in kept, why.get(place, "stays"))
        for place in ranked
    )
    named = tuple(names[place] for place in candidates)
    return Choice(tuple(names[place] for place in kept), verdicts, named, matrix)


def _apart(
    candidates: Sequence[int],
    matrix: Floats,
    names: Sequence[str],
    limit: float,
    why: dict[int, str],
) -> list[int]:
    """Go through candidates, most important first; leave out what goes with one that stays."""
    rows: list[int] = []
    for row, place in enumerate(candidates):
        partner = max(rows, key=lambda other: abs(matrix[row, other]), default=row)
        if partner != row and abs(matrix[row, partner]) >= limit:
            r, other = matrix[row, partner], names[candidates[partner]]
            why[place] = f"r = {r:.2f} with {other}, which is more important"
        else:
            rows.append(row)
    return [candidates[row] for row in rows]


def _first(
    x: Floats, label: Bools, places: Sequence[int], most: int, seed: int, why: dict[int, str]
) -> list[int]:
    """Ask for the importance once more, among the independent ones, and take the first."""
    if not places:
        return []
    weight = importance(x[:, places], label, seed)
    order = sorted(range(len(places)), key=lambda row: (-weight[row], row))
    for row in order[most:]:
        why[places[row]] = f"{weight[row]:.0f} splits among those left, not among the first {most}"
    return [places[row] for row in order[:most]]


def _joined(
    x: Floats,
    label: Bools,
    stay: Sequence[int],
    suggested: Sequence[int],
    options: Options,
    seed: int,
) -> list[int]:
    """Give the suggested features that join: the most important ones that go with none there."""
    new = [place for place in suggested if place not in stay]
    if not new:
        return []
    weight = importance(x[:, [*stay, *new]], label, seed)[len(stay) :]
    order = sorted(range(len(new)), key=lambda row: (-weight[row], row))
    joined: list[int] = []
    for row in order:
        others = [*stay, *joined]
        together = [abs(_pearson(x[:, new[row]], x[:, other])) for other in others]
        if len(joined) < options.added and max(together, default=0.0) < options.limit:
            joined.append(new[row])
    return joined


def report(choice: Choice) -> dict[str, Any]:
    """A choice as JSON: what stays, what became of each, and how candidates agree."""
    return {
        "kept": list(choice.kept),
        "features": [
            {"name": one.name, "importance": one.importance, "kept": one.kept, "why": one.why}
            for one in choice.verdicts
        ],
        "candidates": list(choice.candidates),
        "correlation": np.round(choice.correlation, 4).tolist(),
    }


def markdown(choice: Choice) -> str:
    """A choice as a table; features that no tree looked at are counted, not listed."""
    seen = [one for one in choice.verdicts if one.importance or one.kept]
    rows = [
        (one.name, f"{one.importance:.0f}", "yes" if one.kept else "", one.why) for one in seen
    ]
    unseen = len(choice.verdicts) - len(seen)
    head = f"{len(choice.kept)} of {len(choice.verdicts)} features stay: {', '.join(choice.kept)}."
    text = table([("feature", "splits", "stays", "why"), *rows])
    return f"{head}\n\n{text}\n{unseen} more were in no split.\n"
