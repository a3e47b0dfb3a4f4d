"""Verifiers: whose movement is it?

A verifier learns a user's template from features and compares features with it. Whatever its
insides, its score is a log-likelihood ratio in nats: above 0 speaks for the user, 0 for nobody.
One file and one line in `VERIFIERS` make a verifier; the contract suite finds it there.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import numpy as np

from reauth.features import FEATURE_SETS, FeatureSet
from reauth.template import Drifts, Template
from reauth.trajectory import Floats
from reauth.verify.calibrate import Learnt, Shapes
from reauth.verify.svm import MOVEMENT, Svm
from reauth.verify.weibull import Weibull


class Verifier(Protocol):
    """Learns who somebody is, and tells how much a trajectory speaks for it."""

    @property
    def name(self) -> str:
        """What `VERIFIERS` calls it."""
        ...

    @property
    def version(self) -> int:
        """Changes whenever the same template gives other scores."""
        ...

    @property
    def features(self) -> str:
        """Which of `FEATURE_SETS` it is made for; others may be tried."""
        ...

    @property
    def drifts(self) -> Drifts:
        """How later sessions differ, where the installation's own users have not told yet."""
        ...

    @property
    def arrays(self) -> Shapes:
        """Names and shapes of a template's float64 arrays; what is not listed is not loaded."""
        ...

    @property
    def calibration(self) -> Shapes:
        """The same of a template's calibration."""
        ...

    def enrol(
        self,
        genuine: Sequence[Floats],
        impostor: Sequence[Sequence[Floats]],
        rng: np.random.Generator,
    ) -> Learnt:
        """Learn a user against others.

        Parameters
        ----------
        genuine
            One (n, d) array a session, in order of time.
        impostor
            For each other user, one (n, d) array a session. With fewer users than the verifier
            needs, what it learns is provisional.
        rng
            Draws folds and samples; the same generator, the same result.

        Raises
        ------
        NotEnrolled
            If there is too little to learn from.
        """
        ...

    def score(self, template: Template, x: Floats) -> float:
        """Give the log-likelihood ratio, nats, of the features (d,) of one trajectory."""
        ...

    def score_many(self, template: Template, x: Floats) -> Floats:
        """Give (n,) of (n, d); equal to `score` row by row."""
        ...

    def calibrated(self, template: Template) -> bool:
        """Tell whether the scores are ratios of likelihoods, or only their sign is meant."""
        ...


VERIFIERS: Final[Mapping[str, Verifier]] = {
    "movement": MOVEMENT,
    "svm": Svm(),
    "weibull": Weibull(),
}

RECOMMENDED: Final = "movement"
"""What `recommended` stands for in `reauth lab`: what tells people of one device class apart best
(docs/EVALUATION.md)."""


def features_for(verifier: str, features: str = "") -> FeatureSet:
    """Give the feature set of that name, or the one that the verifier is made for.

    Raises
    ------
    KeyError
        If a table has no such name.

    Examples
    --------
    >>> features_for("svm").name
    'medvet'
    """
    return FEATURE_SETS[features or VERIFIERS[verifier].features]
