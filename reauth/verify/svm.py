"""A support vector machine per user: the paper's classifier, and the default.

What is kept of it is its kernel expansion as plain arrays, so that comparing needs numpy only and
takes microseconds, and so that a template can be read without running anything that it holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from reauth.template import Drift, Drifts, Template
from reauth.trajectory import Floats
from reauth.verify.calibrate import (
    CURVE,
    Learnt,
    Shapes,
    logistic,
    ratios,
    sample,
)
from reauth.verify.learn import UNUSUAL, Learner, learnt
from reauth.verify.normal import knots_of, normal_scores

STEADY = Drifts(once=Drift(0.1, 0.15), often=Drift(0.1, 0.15))
"""How later sessions differ, by ten points, in deviations of the held-out scores: about as much as
`reauth lab evaluate` sees on Balabit (a fall of 0.11 to 0.14, spread 0.10 to 0.11) and on H-BRS a
week later (no fall, 0.17)."""

EXPANSION: Shapes = {
    "support": ("vectors", "features"),
    "weights": ("vectors",),
    "offset": ("vectors",),
    "mean": ("features",),
    "scale": ("features",),
    "gamma": ("one",),
    "intercept": ("one",),
}
"""A machine as `decision` reads it."""

RANKS: Shapes = {"knots": ("knots", "features")}
"""The quantiles that a ranked machine has besides."""


@dataclass(frozen=True, slots=True)
class Svm:
    """The user against others (RBF kernel, classes balanced), on standardised features.

    With fewer other users than `min_users` it learns the user alone (one-class SVM); that
    template is provisional and not calibrated.

    Parameters
    ----------
    c
        Price of an error; 10 and `gamma="scale"` repeat the paper's level (biometrics.md §1.1).
    min_users
        Other users that two classes need.
    cap, cap_others
        Trajectories of the user, and of the others together, that train at most: training time
        grows with the square (biometrics.md §6 used 1500 of the others).
    ranked
        Turn features into normal scores first, by their ranks.
    drifts
        How later sessions differ, unless an installation has measured it.
    name, features
        What the table calls it, and the features that it is made for.

    References
    ----------
    Medvet et al. 2014, "Training phase"; kernel and constants are not given there.
    """

    c: float = 10.0
    min_users: int = 3
    cap: int = 1500
    cap_others: int = 1500
    ranked: bool = False
    drifts: Drifts = STEADY
    name: str = "svm"
    features: str = "medvet"

    version: ClassVar[int] = 1
    calibration: ClassVar[Shapes] = CURVE

    @property
    def arrays(self) -> Shapes:
        """Names and shapes of a template's arrays."""
        return {**EXPANSION, **RANKS} if self.ranked else EXPANSION

    def enrol(
        self,
        genuine: Sequence[Floats],
        impostor: Sequence[Sequence[Floats]],
        rng: np.random.Generator,
    ) -> Learnt:
        """Learn a user against others, as `reauth.verify.learn.learnt` has it."""
        learner = Learner(self._two_class, self._one_class, decision, logistic, self.min_users)
        return learnt(learner, genuine, impostor, rng)

    def score(self, template: Template, x: Floats) -> float:
        """Give the log-likelihood ratio, nats, of the features (d,) of one trajectory."""
        return float(self.score_many(template, x[None])[0])

    def score_many(self, template: Template, x: Floats) -> Floats:
        """Give (n,) of (n, d); equal to `score` row by row."""
        return ratios(decision(template.arrays, x), template.calibration)

    def calibrated(self, template: Template) -> bool:
        """Tell whether the scores are ratios of likelihoods, or only their sign is meant."""
        return not template.provisional

    def _two_class(
        self, genuine: Sequence[Floats], others: Sequence[Floats], rng: np.random.Generator
    ) -> dict[str, Floats]:
        from sklearn.svm import SVC  # noqa: PLC0415 - comparing must not load scikit-learn

        own, theirs = sample(genuine, self.cap, rng), sample(others, self.cap_others, rng)
        x, scaler = self._scaled(np.concatenate((own, theirs)))
        label = np.repeat((1, 0), (len(own), len(theirs)))
        estimator = SVC(C=self.c, kernel="rbf", gamma="scale", class_weight="balanced")
        return _expansion(estimator.fit(x, label), x) | scaler

    def _one_class(
        self, genuine: Sequence[Floats], others: Sequence[Floats], rng: np.random.Generator
    ) -> dict[str, Floats]:
        from sklearn.svm import OneClassSVM  # noqa: PLC0415 - as above

        x, scaler = self._scaled(sample(genuine, self.cap, rng))
        return _expansion(OneClassSVM(kernel="rbf", gamma="scale", nu=UNUSUAL).fit(x), x) | scaler

    def _scaled(self, x: Floats) -> tuple[Floats, dict[str, Floats]]:
        """Give (n, d) as the kernel takes it, and the arrays that bring others there."""
        found = {"knots": knots_of(x)} if self.ranked else {}
        if self.ranked:
            x = normal_scores(found["knots"], x)
        x, mean, scale = _standardised(x)
        return x, {**found, "mean": mean, "scale": scale}


def decision(arrays: Mapping[str, Floats], x: Floats) -> Floats:
    """Give the raw scores (n,) of features (n, d): what scikit-learn's decision function gives.

    exp(-g |s - x|^2) is taken apart into exp(2 g s.x - g |s|^2 - g |x|^2), so that a batch is one
    product of matrices (scale.md §2).
    """
    if "knots" in arrays:
        x = normal_scores(arrays["knots"], x)
    if len(x) == 1:
        return _decision_of_one(arrays, x[0])
    z = (x - arrays["mean"]) / arrays["scale"]
    gamma = float(arrays["gamma"][0])
    kernel = (2 * gamma * z) @ arrays["support"].T
    kernel += arrays["offset"]
    kernel -= gamma * np.einsum("ij,ij->i", z, z)[:, None]
    np.exp(kernel, out=kernel)
    return np.asarray(kernel @ arrays["weights"] + arrays["intercept"][0])


def _decision_of_one(arrays: Mapping[str, Floats], x: Floats) -> Floats:
    """The same of one (d,): what a user sends in 5 s is one trajectory or none."""
    z = (x - arrays["mean"]) / arrays["scale"]
    gamma = arrays["gamma"].item()
    kernel = arrays["support"] @ (2 * gamma * z)
    kernel += arrays["offset"]
    kernel -= gamma * (z @ z)
    np.exp(kernel, out=kernel)
    return np.array([kernel @ arrays["weights"] + arrays["intercept"].item()])


def _standardised(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Give (n, d) with mean 0 and deviation 1, and both as they were; a constant is only moved."""
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale < 1e-12] = 1.0
    return (x - mean) / scale, mean, scale


def _expansion(estimator: Any, x: Floats) -> dict[str, Floats]:
    """Take the arrays out of a support vector machine that was fitted to (n, d)."""
    # Feature by feature in memory: one or two rows against all vectors then read it once, as it
    # lies, in half the time (bench/engine.py).
    support = np.asfortranarray(estimator.support_vectors_)
    gamma = 1 / (x.shape[1] * x.var())  # what gamma="scale" stands for
    return {
        "support": support,
        "weights": estimator.dual_coef_[0].copy(),
        "offset": -gamma * np.einsum("ij,ij->i", support, support),
        "gamma": np.array([gamma]),
        "intercept": np.asarray(estimator.intercept_, dtype=np.float64),
    }


MOVEMENT = Svm(
    cap=2500,
    cap_others=5000,
    ranked=True,
    drifts=Drifts(once=Drift(0.2, 0.25), often=Drift(0.15, 0.2)),
    name="movement",
    features="movement",
)
"""Whole movements of a user against others. Twice as many as ten points come in the same time, and
more of them in training pay; these are as many as a user with 1000 is learnt from in 5 s. Drift of
who was learnt in one session is what `reauth lab evaluate` sees on H-BRS a week later (0.20 and
0.26); of who was learnt in several, more than it sees on Balabit (a fall of 0.08 to 0.12, spread
0.13 to 0.15), as so few people tell little of others."""
