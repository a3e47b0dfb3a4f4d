"""Teaches the detector of hands: people against programs, calibrated on unseen ones of both.

A detector of those programs that it was taught is worth little. So it is taught
decoys, too (`reauth.detect.decoys`), and what calibrates it and sets its limits was left out of
training by whole people and by whole families of programs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from reauth.detect.decoys import decoys
from reauth.detect.hand import Hand
from reauth.detect.model import Model
from reauth.errors import NotEnrolled
from reauth.features.hand import UNITS, VERSION, numbers
from reauth.features.steps import GRID
from reauth.trajectory import Bools, Floats, Trajectory

LEAST_PEOPLE = LEAST_FAMILIES = 2
"""People, and families of programs: of each somebody is left out in turn. Limits for 1 % of people
say little before there are tens of them."""

EACH_PERSON = 150
"""Movements of a person that teach at most; more of one person say little of others."""

EACH_KIND = 4000
"""Movements of a kind of program that teach at most; families weigh the same, whatever they are."""

DECOYS = 4500
"""About as many as people's movements."""

OF_DECOYS = 0.15
"""Share of the weight of all programs that decoys have. Without any, programs that were not taught
are found far less often; with twice as much, those that were taught are, and others no more."""

SLOWER = (0.05, 0.1)
"""s; looks of the slow clocks by which every fourth movement of both sides teaches once more."""

FOLDS = 4
"""As in `reauth.verify.calibrate`."""

TOGETHER = 5
"""Movements whose mean has a limit of its own, beside single ones."""

FALSE = 0.01
"""Share of people's held-out movements below the limits."""

ROUNDS, RATE, LEAVES, DEPTH = 150, 0.15, 24, 6
"""Trees, what each may add, and how large they are."""

_SHARES = np.linspace(0.0, 1.0, 129)[1:-1]
"""Where numbers are parted for trees. scikit-learn would do that itself, by weights, in two seconds
whatever the size of the data."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False, slots=True)
class _Side:
    """Rows (n, d) of one class, their weights (n,), which sum to 1, and the group of each (n,)."""

    rows: Floats
    weights: Floats
    group: NDArray[np.int64]

    def only(self, kept: Bools) -> "_Side":
        """Those that are kept."""
        return _Side(self.rows[kept], _to_one(self.weights[kept]), self.group[kept])

    def beside(self, rows: Floats) -> "_Side":
        """These and decoys, which take `OF_DECOYS` of the weight; these alone if there are none."""
        if not len(rows):
            return self
        own = self.weights * (1.0 - OF_DECOYS)
        theirs = np.full(len(rows), OF_DECOYS / len(rows))
        group = np.concatenate((self.group, np.full(len(rows), -1)))
        return _Side(np.concatenate((self.rows, rows)), np.concatenate((own, theirs)), group)


def _to_one(weights: Floats) -> Floats:
    return np.asarray(weights / max(float(weights.sum()), 1e-12))


def family(kind: str) -> str:
    """Give the family of a kind of program: its name up to the first hyphen.

    Examples
    --------
    >>> family("function-linear-constant")
    'function'
    """
    return kind.split("-", 1)[0]


def learn(
    people: Mapping[str, Sequence[Sequence[Trajectory]]],
    machines: Mapping[str, Sequence[Trajectory]],
    rng: np.random.Generator,
    like: Model | None = None,
) -> Model:
    """Learn hands from programs.

    Parameters
    ----------
    people
        By person: the movements of each session.
    machines
        By kind of program, on clocks such as people's devices have.
    rng
        Draws decoys, who is left out together, and which movements teach where there are too many.
    like
        A model whose calibration and limits are taken over, which saves four fifths of the time;
        None: they are made.

    Raises
    ------
    NotEnrolled
        If there are fewer than `LEAST_PEOPLE` people or `LEAST_FAMILIES` families of programs with
        movements that are long enough.
    """
    hands, programs = _people(people, rng), _machines(machines, rng)
    counts = len(np.unique(hands.group)), len(np.unique(programs.group))
    if counts[0] < LEAST_PEOPLE or counts[1] < LEAST_FAMILIES:
        raise NotEnrolled(
            f"a detector needs {LEAST_PEOPLE} people and {LEAST_FAMILIES} families of programs, "
            f"here are {counts[0]} and {counts[1]}"
        )
    ways = [each for name in sorted(people) for session in people[name] for each in session]
    others = _rows(decoys(ways, DECOYS, rng), DECOYS, rng)
    arrays, depth = _fit(hands, programs, others)
    meta = {
        "detector": Hand.name, "version": Hand.version, "features": [VERSION, len(UNITS)],
        "depth": depth, "slope": 1.0, "offset": 0.0, "limits": {},
    }  # fmt: skip
    if like is not None:
        taken = {name: like.meta[name] for name in ("slope", "offset", "limits")}
        return Model(arrays, {**meta, **taken})
    margins = _crossfit(hands, programs, others, rng)
    slope, offset = _logistic(margins, (hands, programs))
    found = Model(arrays, {**meta, "slope": slope, "offset": offset})
    return Model(arrays, {**found.meta, "limits": _limits(found.ratios(margins[0]), hands)})


def _people(
    people: Mapping[str, Sequence[Sequence[Trajectory]]], rng: np.random.Generator
) -> _Side:
    """Every movement counts the same; of nobody are there too many."""
    parts = [
        _rows([each for session in people[name] for each in session], EACH_PERSON, rng)
        for name in sorted(people)
    ]
    return _side(parts, range(len(parts)), [float(len(part)) for part in parts])


def _machines(machines: Mapping[str, Sequence[Trajectory]], rng: np.random.Generator) -> _Side:
    """Every family counts the same, and in it every kind."""
    parts = {kind: _rows(machines[kind], EACH_KIND, rng) for kind in sorted(machines)}
    families = [family(kind) for kind, part in parts.items() if len(part)]
    names = sorted(set(families))
    shares = [1.0 / families.count(each) for each in families]
    places = [names.index(each) for each in families]
    return _side([part for part in parts.values() if len(part)], places, shares)


def _rows(movements: Sequence[Trajectory], most: int, rng: np.random.Generator) -> Floats:
    """Rows of movements that are long enough, at most so many; and of some by a slow clock."""
    if len(movements) > most:
        kept = np.sort(rng.choice(len(movements), most, replace=False))
        movements = [movements[place] for place in kept.tolist()]
    some = [movements[place::8] for place in range(len(SLOWER))]
    parts = [(movements, GRID), *zip(some, SLOWER, strict=True)]
    return np.concatenate([numbers(each, grid)[0] for each, grid in parts])


def _side(parts: Sequence[Floats], groups: Sequence[int], shares: Sequence[float]) -> _Side:
    """Rows of all parts, each of a group and with its share of the weight."""
    sizes = [len(part) for part in parts]
    each = [share / max(1, size) for share, size in zip(shares, sizes, strict=True)]
    return _Side(
        np.concatenate([np.empty((0, len(UNITS))), *parts]),
        _to_one(np.repeat(np.array(each, dtype=np.float64), sizes)),
        np.repeat(np.array(groups, dtype=np.int64), sizes),
    )


def _crossfit(
    hands: _Side, programs: _Side, others: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Margins of each row by trees that know neither its person nor its family of programs."""
    found = np.zeros(len(hands.rows)), np.zeros(len(programs.rows))
    dealt = [_deal(side.group, rng) for side in (hands, programs)]
    for fold in range(FOLDS):
        out = [deal == fold for deal in dealt]
        arrays, depth = _fit(hands.only(~out[0]), programs.only(~out[1]), others)
        model = Model(arrays, {"depth": depth})
        for side, held, margins in zip((hands, programs), out, found, strict=True):
            if held.any():
                margins[held] = model.margins(side.rows[held])
    return found


def _deal(group: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal groups (n,) into folds, whole and at random: the fold of each row (n,)."""
    names, place = np.unique(group, return_inverse=True)
    return np.asarray((rng.permutation(len(names)) % FOLDS)[place])


def _logistic(margins: tuple[Floats, Floats], sides: tuple[_Side, _Side]) -> tuple[float, float]:
    """Slope and offset of the ratio over the margin; both classes weigh one half.

    References
    ----------
    Platt 1999, "Probabilistic outputs for support vector machines".
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - not for detecting

    every = np.concatenate(margins)
    label = np.repeat((1, 0), [len(part) for part in margins])
    weights = np.concatenate([side.weights for side in sides]) * len(every) / 2
    found = LogisticRegression().fit(every[:, None], label, weights)
    # A margin never speaks the other way round, whatever a few held-out ones say.
    return max(float(found.coef_[0, 0]), 0.0), float(found.intercept_[0])


def _limits(ratios: Floats, hands: _Side) -> dict[str, float]:
    """By the number of movements: the mean that `FALSE` of people's held-out ones are below."""
    fives = []
    for person in np.unique(hands.group):
        own = ratios[hands.group == person]
        whole = own[: len(own) // TOGETHER * TOGETHER].reshape(-1, TOGETHER)
        fives.append(whole.mean(1))
    means = np.concatenate(fives)
    return {
        "1": float(np.quantile(ratios, FALSE)),
        str(TOGETHER): float(np.quantile(means if len(means) else ratios, FALSE)),
    }


def _fit(hands: _Side, programs: _Side, others: Floats) -> tuple[Arrays, int]:
    """Boosted trees of people against programs and decoys, of one weight; and the greatest depth.

    References
    ----------
    Friedman 2001, "Greedy function approximation", algorithm 5; scikit-learn's histograms.
    """
    from sklearn.ensemble import (  # noqa: PLC0415 - not for detecting
        HistGradientBoostingClassifier,
    )

    programs = programs.beside(others)
    rows = np.concatenate((hands.rows, programs.rows))
    label = np.repeat((1, 0), (len(hands.rows), len(programs.rows)))
    weights = np.concatenate((hands.weights, programs.weights)) * len(rows) / 2
    estimator = HistGradientBoostingClassifier(
        max_iter=ROUNDS, learning_rate=RATE, max_leaf_nodes=LEAVES, max_depth=DEPTH,
        l2_regularization=1.0, early_stopping=False, random_state=0,
    )  # fmt: skip
    edges = [np.unique(np.quantile(column, _SHARES)) for column in rows.T]
    codes = [np.searchsorted(edge, column) for edge, column in zip(edges, rows.T, strict=True)]
    with threadpool_limits(1):
        estimator.fit(np.stack(codes, 1).astype(np.float64), label, weights)
    return _nodes([tree.nodes for [tree] in estimator._predictors], edges)


def _nodes(trees: Sequence[Any], edges: Sequence[Floats]) -> tuple[Arrays, int]:
    """All trees, one behind the other, as `reauth.detect.model` has them, and the greatest depth.

    They were taught in codes: `edges` are what lies between one code and the next.
    """
    roots = np.cumsum([0, *map(len, trees)])[:-1]
    every = np.concatenate(trees)
    shift = np.repeat(roots, list(map(len, trees)))
    leaf, own = every["is_leaf"] > 0, np.arange(len(every))
    parted = [
        np.inf if is_leaf else float(edges[feature][int(limit)])
        for is_leaf, feature, limit in zip(
            leaf.tolist(), every["feature_idx"].tolist(), every["num_threshold"].tolist(),
            strict=True,
        )
    ]  # fmt: skip
    after = np.stack([np.where(leaf, own, every[side] + shift) for side in ("left", "right")], 1)
    arrays = {
        "feature": np.where(leaf, 0, every["feature_idx"]).astype(np.int64),
        "limit": np.array(parted),
        "next": after.ravel().astype(np.int64),
        "value": np.where(leaf, every["value"], 0.0),
        "roots": roots.astype(np.int64),
    }
    return arrays, int(every["depth"].max())
