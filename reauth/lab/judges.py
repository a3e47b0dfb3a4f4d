"""Classifiers that say person or machine, how they are split from what they learnt, and counted.

A judge is taught rows of features or sequences of steps, and gives a share of 1 that a person
moved; above one half it says so. Positive is a person throughout, as the paper's own figures have
it: its discriminators that the network fools have a recall of 99.9 and a precision of 53 %.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, OneClassSVM

from reauth.generate.recurrent import Sequences, floats, network, shares, torch_or_error, verdicts
from reauth.trajectory import Bools, Floats

Ints = NDArray[np.int64]

NEIGHBOURS = 10
"""KNN's k; the paper's number is not in the text that we have."""
TREES = 100
"""scikit-learn's default; the paper gives none."""
OUTLIERS = 0.05
"""Share of people that a one-class SVM may leave outside (nu); the paper gives none."""
TRAINING = 0.7
"""Share of movements in training, at random; the paper's number is not in the text that we have."""
FOLDS = 5
REPLICATES = 300
"""Draws of people for an interval, whose ends then move by about a tenth of it."""
METRICS = ("Acc", "AUC", "Pre", "Re", "F1")
"""The columns of the paper's tables 5 and 6."""


def svm() -> Any:
    """Radial kernel, C = 10, as our own verifier; the paper names the kernel only."""
    return make_pipeline(StandardScaler(), SVC(C=10.0))


def knn() -> Any:
    """Nearest neighbours of standardised numbers."""
    return make_pipeline(StandardScaler(), KNeighborsClassifier(NEIGHBOURS))


def forest(seed: int) -> Any:
    """A random forest."""
    return RandomForestClassifier(TREES, random_state=seed, n_jobs=1)


def perceptron(seed: int) -> Any:
    """One hidden layer of 100 units, scikit-learn's default; the paper gives none."""
    return make_pipeline(StandardScaler(), MLPClassifier(max_iter=300, random_state=seed))


def classifiers(seed: int) -> dict[str, Callable[[], Any]]:
    """The paper's statistical classifiers by name."""
    return {
        "SVM": svm,
        "KNN": knn,
        "RF": partial(forest, seed),
        "MLP": partial(perceptron, seed),
    }


def taught(make: Callable[[], Any], rows: Floats, human: Bools) -> Callable[[Floats], Floats]:
    """Teach a classifier; give what tells (m,) shares that a person moved, for rows (m, d)."""
    judge = make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        judge.fit(rows, human)
    if hasattr(judge, "predict_proba"):
        return lambda given: np.asarray(judge.predict_proba(given)[:, 1])
    return lambda given: np.asarray(0.5 + 0.5 * np.tanh(0.5 * judge.decision_function(given)))


def one_class(rows: Floats) -> Callable[[Floats], Floats]:
    """Teach an SVM what people are, by people only."""
    judge = make_pipeline(StandardScaler(), OneClassSVM(nu=OUTLIERS)).fit(rows)
    return lambda given: np.asarray(0.5 + 0.5 * np.tanh(0.5 * judge.decision_function(given)))


@dataclass(frozen=True, slots=True)
class Reader:
    """How a recurrent network is taught to judge.

    Parameters
    ----------
    cell, units
        "LSTM" or "GRU", and the units of both layers.
    steps, batch, rate
        Of Adam.
    seed
        Of everything random.
    """

    cell: str
    units: tuple[int, int]
    steps: int
    seed: int
    batch: int = 32
    rate: float = 3e-3


def read_by(reader: Reader, shown: Sequences, human: Bools) -> Callable[[Sequences], Floats]:
    """Teach a recurrent network on movements; give what tells (m,) shares that a person moved.

    Raises
    ------
    SettingsError
        If torch is not installed.
    """
    torch = torch_or_error()
    rng = np.random.default_rng(reader.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(reader.seed)
        net = network(3, reader.units, 1, reader.cell)
        steps = torch.optim.Adam(net.parameters(), lr=reader.rate)
        loss = torch.nn.BCEWithLogitsLoss()
        for places in islice(_alike(shown.counts, reader.batch, rng), reader.steps):
            part = shown.take(places)
            said = verdicts(net, floats(part.steps), floats(part.ways), part.counts)
            steps.zero_grad()
            loss(said, floats(human[places])).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            steps.step()
    return lambda given: shares(net, given)


def _alike(counts: Floats, size: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Yield batches of places without end, each of movements of about one length."""
    while True:
        order = rng.permutation(len(counts))
        ordered = order[np.argsort(counts[order], kind="stable")]
        batches = np.array_split(ordered, max(1, round(len(ordered) / size)))
        for turn in rng.permutation(len(batches)):
            yield batches[turn]


# Splits


def at_random(human: Bools, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """The paper's split: movements for training and for the test, at random, people mixed."""
    order = rng.permutation(len(human))
    first = round(TRAINING * len(order))
    return np.sort(order[:first]), np.sort(order[first:])


def folds(
    human: Bools, seed: int, person: NDArray[np.str_] | None = None
) -> Iterator[tuple[Ints, Ints]]:
    """Yield (training, test) of folds: at random, or with each person on one side only."""
    if person is None:
        yield from StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(human, human)
    else:
        parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        yield from parts.split(human, human, person)


def crossed(
    make: Callable[[], Any], rows: Floats, human: Bools, seed: int,
    person: NDArray[np.str_] | None = None,
) -> Floats:  # fmt: skip
    """Give (m,) shares that a person moved, of each row by a judge that has not seen it."""
    found = np.empty(len(human))
    for training, test in folds(human, seed, person):
        found[test] = taught(make, rows[training], human[training])(rows[test])
    return found


def balanced(human: Bools, kind: NDArray[np.str_], rng: np.random.Generator) -> Ints:
    """Give places of as many people as machines, and of machines as many of each family.

    Functions are one family, the network is the other.
    """
    families: dict[bool, Ints] = {}
    for name in (False, True):
        families[name] = np.flatnonzero(~human & ((kind == "gan") == name))
    present = [each for each in families.values() if len(each)]
    people = np.flatnonzero(human)
    each = min(len(people) // len(present), *(len(places) for places in present))
    chosen = [rng.permutation(places)[:each] for places in present]
    return np.sort(np.concatenate([rng.permutation(people)[: each * len(present)], *chosen]))


# Counting


def auc(human: Bools, said: Floats, weights: Floats) -> float:
    """Give the chance that a person is liked better than a machine; equal ones count half."""
    order = np.argsort(said, kind="stable")
    values, wanted, worth = said[order], human[order], weights[order]
    people, machines = worth * wanted, worth * ~wanted
    first = np.flatnonzero(np.concatenate(([True], np.diff(values) > 0)))
    group_people = np.add.reduceat(people, first)
    group_machines = np.add.reduceat(machines, first)
    below = np.cumsum(group_machines) - group_machines
    total = people.sum() * machines.sum()
    return float(group_people @ (below + group_machines / 2) / total) if total else float("nan")


def counted(
    human: Bools, said: Floats, weights: Floats, names: Sequence[str] = METRICS
) -> dict[str, float]:
    """Give some of the paper's five metrics of weighted cases; positive is a person."""
    people = said > 0.5
    right, found = float(weights @ (people & human)), float(weights @ people)
    there = float(weights @ human)
    told = {
        "Acc": float(weights @ (people == human) / weights.sum()),
        "Pre": right / found if found else 0.0,
        "Re": right / there if there else 0.0,
        "F1": 2 * right / (found + there) if found + there else 0.0,
    }
    if "AUC" in names:
        told["AUC"] = auc(human, said, weights)
    return told


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """What a judge said of cases that it had not seen.

    Parameters
    ----------
    human, said
        (m,) the truth, and shares that a person moved.
    person
        (m,) who; intervals draw people.
    """

    human: Bools
    said: Floats
    person: NDArray[np.str_]

    def figures(
        self, names: Sequence[str], rng: np.random.Generator
    ) -> Mapping[str, tuple[float, tuple[float, float]]]:
        """Give metrics with their 95 % intervals, by bootstrap over people."""
        ours = counted(self.human, self.said, np.ones(len(self.human)), names)
        people, place = np.unique(self.person, return_inverse=True)
        if len(people) < 2:
            return {name: (ours[name], (0.0, 1.0)) for name in names}
        share = np.full(len(people), 1 / len(people))
        rows = []
        for weights in rng.multinomial(len(people), share, size=REPLICATES).astype(float):
            found = counted(self.human, self.said, weights[place], names)
            rows.append([found[name] for name in names])
        low, high = np.nanpercentile(np.array(rows), (2.5, 97.5), axis=0)
        return {
            name: (ours[name], (float(low[at]), float(high[at]))) for at, name in enumerate(names)
        }

    def recall_of_machines(self, flagged: float) -> float:
        """Give the share of machines found where so large a share of people is flagged."""
        limit = np.quantile(self.said[self.human], flagged)
        return float(np.mean(self.said[~self.human] < limit))

    def some(self, places: Bools) -> "Judged":
        """Give some of the cases."""
        return Judged(self.human[places], self.said[places], self.person[places])
