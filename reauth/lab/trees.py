"""Boosted trees as the comparison: what another kind of estimator makes of the same features.

They are told nothing else than the support vector machine is, and calibrated alike, so that the
difference is the estimator's (`reauth.lab.comparisons`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from threadpoolctl import threadpool_limits

from reauth.errors import NotEnrolled
from reauth.template import Drifts, Template
from reauth.trajectory import Floats
from reauth.verify.calibrate import CURVE, Learnt, Shapes, crossfit, logistic, ratios, sample
from reauth.verify.learn import MIN_GENUINE, MIN_USERS
from reauth.verify.svm import MOVEMENT

NODES: Shapes = {
    "feature": ("nodes",),
    "limit": ("nodes",),
    "left": ("nodes",),
    "right": ("nodes",),
    "leaf": ("nodes",),
    "value": ("nodes",),
    "roots": ("trees",),
    "baseline": ("one",),
}
"""All trees' nodes, one behind the other; `left` and `right` are places among all."""


@dataclass(frozen=True, slots=True)
class Trees:
    """The user against others, by gradient-boosted trees with classes balanced.

    Parameters
    ----------
    rounds, rate
        Trees, and what each may add; biometrics.md §1.1, "rich-10".
    cap, cap_others
        Trajectories of the user, and of the others together, that train at most: as many as train
        the support vector machine.

    References
    ----------
    Friedman 2001, "Greedy function approximation", algorithm 5; scikit-learn's histograms.
    """

    rounds: int = 150
    rate: float = 0.08
    cap: int = 2500
    cap_others: int = 5000
    name: str = "trees"
    features: str = "movement"

    version: ClassVar[int] = 1
    arrays: ClassVar[Shapes] = NODES
    calibration: ClassVar[Shapes] = CURVE
    drifts: ClassVar[Drifts] = MOVEMENT.drifts

    def enrol(
        self,
        genuine: Sequence[Floats],
        impostor: Sequence[Sequence[Floats]],
        rng: np.random.Generator,
    ) -> Learnt:
        """Learn a user against others, as `Verifier.enrol` has it.

        Raises
        ------
        NotEnrolled
            If there are too few trajectories, or too few others: there is no one-class tree.
        """
        n = sum(map(len, genuine))
        others = [np.concatenate(user) for user in impostor if sum(map(len, user))]
        if n < MIN_GENUINE or len(others) < MIN_USERS:
            raise NotEnrolled(
                f"trees need {MIN_GENUINE} trajectories and {MIN_USERS} others, "
                f"here are {n} and {len(others)}"
            )
        fit = partial(self._fit, rng=rng)
        calibration, judged = logistic(crossfit(genuine, others, (fit, decision), rng))
        return Learnt(
            arrays=fit(genuine, others),
            calibration=calibration,
            held_out=judged.genuine,
            impostors=judged.impostor,
            n_genuine=n,
            n_impostor=sum(map(len, others)),
            provisional=False,
        )

    def score(self, template: Template, x: Floats) -> float:
        """Give the log-likelihood ratio, nats, of the features (d,) of one trajectory."""
        return float(self.score_many(template, x[None])[0])

    def score_many(self, template: Template, x: Floats) -> Floats:
        """Give (n,) of (n, d); equal to `score` row by row."""
        return ratios(decision(template.arrays, x), template.calibration)

    def calibrated(self, template: Template) -> bool:
        """Tell whether the scores are ratios of likelihoods: always."""
        return True

    def _fit(
        self, genuine: Sequence[Floats], others: Sequence[Floats], rng: np.random.Generator
    ) -> dict[str, Floats]:
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - as in `svm`

        own, theirs = sample(genuine, self.cap, rng), sample(others, self.cap_others, rng)
        estimator = HistGradientBoostingClassifier(
            max_iter=self.rounds, learning_rate=self.rate, class_weight="balanced",
            early_stopping=False, random_state=0,
        )  # fmt: skip
        label = np.repeat((1, 0), (len(own), len(theirs)))
        # Processes are as many as there are cores; a thread each of them is enough (`work`), and
        # scikit-learn's, which came with the import, knows nothing of that.
        with threadpool_limits(1):
            return _nodes(estimator.fit(np.concatenate((own, theirs)), label))


def _nodes(estimator: Any) -> dict[str, Floats]:
    """Take the nodes out of fitted trees; features are finite, so no branch is for missing ones."""
    trees = [tree.nodes for [tree] in estimator._predictors]
    starts = np.cumsum([0, *map(len, trees)])[:-1]
    every = np.concatenate(trees)
    shift = np.repeat(starts, list(map(len, trees)))
    return {
        "feature": every["feature_idx"].astype(np.float64),
        "limit": np.where(every["is_leaf"], 0.0, every["num_threshold"]),
        "left": (every["left"] + shift).astype(np.float64),
        "right": (every["right"] + shift).astype(np.float64),
        "leaf": every["is_leaf"].astype(np.float64),
        "value": every["value"].astype(np.float64),
        "roots": starts.astype(np.float64),
        "baseline": np.asarray(estimator._baseline_prediction, dtype=np.float64).ravel(),
    }


def decision(arrays: Mapping[str, Floats], x: Floats) -> Floats:
    """Give the raw scores (n,) of features (n, d): what scikit-learn's decision function gives."""
    feature, left, right = (arrays[name].astype(np.int64) for name in ("feature", "left", "right"))
    leaf, roots = arrays["leaf"] > 0, arrays["roots"].astype(np.int64)
    at = np.repeat(roots[None], len(x), axis=0)
    row = np.arange(len(x))[:, None]
    while not leaf[at].all():
        lower = x[row, feature[at]] <= arrays["limit"][at]
        at = np.where(leaf[at], at, np.where(lower, left[at], right[at]))
    return np.asarray(arrays["value"][at].sum(axis=1) + arrays["baseline"][0])
