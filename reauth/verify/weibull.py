"""Gamboa's verifier: Weibull densities of a few features that tell the user from others.

What is kept of a user are the features that selection chose, and two numbers for each: for the
user, and for each of the others whose mixture stands for everybody else. A stroke's raw score is
the logarithm of the ratio of both densities; calibration on what training has not seen makes of
it what a single stroke is worth, and the policy sums over strokes as the paper's product does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from reauth.features.gamboa import Gamboa
from reauth.template import Drifts, Template
from reauth.trajectory import Floats
from reauth.verify.calibrate import (
    CURVE,
    Learnt,
    Shapes,
    densities,
    ratios,
    sample,
)
from reauth.verify.learn import Learner, learnt
from reauth.verify.likelihood import Densities, Scale, fit
from reauth.verify.selection import LENGTH, SEQUENCES, draw, evidence, select
from reauth.verify.svm import STEADY

USUAL = ("paused_time", "duration", "speed_y_max", "jitter", "speed_min", "acceleration_max")
"""Without others nothing can be selected: these are what most users' selections held in Gamboa's
thesis (biometrics.md §1.2)."""


@dataclass(frozen=True, slots=True)
class Weibull:
    """The user against a mixture of others, feature by feature.

    With fewer other users than `min_users` it learns the user alone, by the features of `USUAL`;
    that template is provisional and not calibrated.

    Parameters
    ----------
    min_users
        Other users that a selection needs.
    cap
        Strokes of the user, and of each of the others, that train at most.
    models
        Others in the mixture at most, drawn where there are more; as many as the paper had.

    References
    ----------
    Gamboa, Fred, Vieira 2004, §3 and slides "Parametric Learning", "Sequential Classification".
    The paper compares sequences; here each stroke has a score, whose sum over a sequence is the
    paper's product but for the mixture, which is taken at each stroke.
    """

    min_users: int = 3
    cap: int = 1500
    models: int = 50

    name: ClassVar[str] = "weibull"
    version: ClassVar[int] = 1
    features: ClassVar[str] = "gamboa"
    drifts: ClassVar[Drifts] = STEADY
    arrays: ClassVar[Shapes] = {
        "selected": ("selected",),
        "least": ("selected",),
        "span": ("selected",),
        "log_a": ("models", "selected"),
        "b": ("models", "selected"),
    }
    calibration: ClassVar[Shapes] = CURVE

    def enrol(
        self,
        genuine: Sequence[Floats],
        impostor: Sequence[Sequence[Floats]],
        rng: np.random.Generator,
    ) -> Learnt:
        """Learn a user against others, as `reauth.verify.learn.learnt` has it."""
        learner = Learner(self._against, self._alone, raw, densities, self.min_users)
        return learnt(learner, genuine, impostor, rng)

    def score(self, template: Template, x: Floats) -> float:
        """Give the log-likelihood ratio, nats, of the features (d,) of one stroke."""
        return float(self.score_many(template, x[None])[0])

    def score_many(self, template: Template, x: Floats) -> Floats:
        """Give (n,) of (n, d); equal to `score` row by row."""
        return ratios(raw(template.arrays, x), template.calibration)

    def calibrated(self, template: Template) -> bool:
        """Tell whether the scores are ratios of likelihoods, or only their sign is meant."""
        return not template.provisional

    def _against(
        self, genuine: Sequence[Floats], others: Sequence[Floats], rng: np.random.Generator
    ) -> dict[str, Floats]:
        picks = rng.permutation(len(others))[: self.models]
        parts = [sample(genuine, self.cap, rng)]
        parts += [sample([others[pick]], self.cap, rng) for pick in np.sort(picks)]
        scale = Scale.of(np.concatenate(parts))
        logs = [scale.logs(part) for part in parts]
        known = _fitted(logs)
        # As many as the sequences could hold if they shared none.
        most = SEQUENCES * LENGTH // (len(logs) - 1)
        own = draw([known.log_density(logs[0])], SEQUENCES, LENGTH, rng)
        against = [known.log_density(sample([part], most, rng)) for part in logs[1:]]
        theirs = draw(against, SEQUENCES, LENGTH, rng)
        return _arrays(select(own, theirs), scale, known)

    def _alone(
        self, genuine: Sequence[Floats], others: Sequence[Floats], rng: np.random.Generator
    ) -> dict[str, Floats]:
        own = sample(genuine, self.cap, rng)
        scale = Scale.of(own)
        return _arrays(usual(own.shape[1]), scale, _fitted([scale.logs(own)]))


def raw(arrays: Mapping[str, Floats], x: Floats) -> Floats:
    """Give (n,) nats of features (n, d): ln p(x | user), less ln of the mean p(x | other) if any.

    Without others the densities are not compared with anything, and only their order counts.
    """
    scale = Scale(arrays["least"], arrays["span"])
    known = Densities(arrays["log_a"], arrays["b"])
    chosen = x[:, arrays["selected"].astype(np.intp)]
    likelihoods = known.log_density(scale.logs(chosen)).sum(axis=2)
    return evidence(likelihoods) if len(likelihoods) > 1 else np.asarray(likelihoods[0])


def usual(count: int) -> list[int]:
    """Give the places of `USUAL` in Gamboa's set; all of another set of `count` features."""
    if count != len(Gamboa.names):
        return list(range(count))
    return [Gamboa.names.index(name) for name in USUAL]


def _fitted(logs: Sequence[Floats]) -> Densities:
    """Fit one model to the (n, d) logarithms of each user."""
    log_a, b = zip(*map(fit, logs), strict=True)
    return Densities(np.stack(log_a), np.stack(b))


def _arrays(selected: list[int], scale: Scale, known: Densities) -> dict[str, Floats]:
    """Keep what scoring needs of the selected features."""
    return {
        "selected": np.array(selected, dtype=np.float64),
        "least": scale.least[selected],
        "span": scale.span[selected],
        "log_a": known.log_a[:, selected],
        "b": known.b[:, selected],
    }
