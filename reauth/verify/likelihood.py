"""Weibull densities, one a feature: how likely a stroke is of somebody's hand.

Features are taken as independent, so that a stroke's log-likelihood is a sum over features, and a
sequence's a sum over strokes. Everything is in logarithms: the product over 100 strokes of 10
features is no number that a computer has.
"""

from dataclasses import dataclass

import numpy as np

from reauth.trajectory import Floats

EDGES = (0.5, 99.5)
"""%, of the training strokes: where a feature begins and ends. Single extremes do not stretch it.
The papers' "data transformation" is not given: edges, span and `ABOVE_ZERO` are derived."""

ABOVE_ZERO = 0.1
"""Added to a feature in spans, as the density begins at 0: v - min + eps, in shares of the span.
Derived: small beside the span, and far enough from 0 that an edge is no pole of the density."""

BEYOND = 1.5
"""Spans; what lies further out counts as lying here."""

FLOOR = -6.0
"""nats; a feature's density is never taken for less, as it was fitted to some tens of strokes and
says nothing of its far tail. Derived: e^-6 of a span's mean density is one stroke in 400, about
as many as a user has."""

_SHAPES = (0.05, 60.0)  # of b: from an atom at the edge to a feature that never changes
_STEPS = 12  # Newton's method needs about six


@dataclass(frozen=True, eq=False, slots=True)
class Scale:
    """What brings features above zero and to one measure, the same for all users.

    Parameters
    ----------
    least, span
        (d,) the lower edge of each feature, and how far the upper one is.
    """

    least: Floats
    span: Floats

    @classmethod
    def of(cls, x: Floats) -> "Scale":
        """Take the edges of (n, d) training features; a feature that never changes spans 1."""
        least, most = np.percentile(x, EDGES, axis=0)
        return cls(least, np.where(most > least, most - least, 1.0))

    def logs(self, x: Floats) -> Floats:
        """Give (n, d) logarithms of the transformed features (n, d)."""
        return np.asarray(np.log(np.clip((x - self.least) / self.span, 0, BEYOND) + ABOVE_ZERO))


@dataclass(frozen=True, eq=False, slots=True)
class Densities:
    """Weibull densities p(z | a, b) = a b z^(b-1) exp(-a z^b) of the features of some users.

    Parameters
    ----------
    log_a, b
        (users, d) each.
    """

    log_a: Floats
    b: Floats

    def log_density(self, logs: Floats) -> Floats:
        """Give (users, n, d) log densities, nats, `FLOOR` at least, of (n, d) `Scale.logs`."""
        log_a, b = self.log_a[:, None], self.b[:, None]
        density = log_a + np.log(b) + (b - 1) * logs - np.exp(log_a + b * logs)
        return np.asarray(np.maximum(density, FLOOR))


def fit(logs: Floats) -> tuple[Floats, Floats]:
    """Give the (d,) log a and b of greatest likelihood of (n, d) `Scale.logs`.

    b solves sum z^b ln z / sum z^b - 1/b = mean ln z, by Newton's method; the left side rises with
    b, so there is one answer. Then a = n / sum z^b.

    References
    ----------
    Abernethy 2000, "The New Weibull Handbook", app. C (Gamboa's reference): the two equations.
    """
    mean = logs.mean(axis=0)
    top = logs.max(axis=0)
    low, high = _SHAPES
    # The logarithm of a Weibull variable has the deviation pi / (sqrt(6) b).
    b = np.clip(np.pi / np.sqrt(6) / np.maximum(logs.std(axis=0), 1e-9), low, high)
    for _ in range(_STEPS):
        weight = np.exp(b * (logs - top))
        weight /= weight.sum(axis=0)
        first = (weight * logs).sum(axis=0)
        second = (weight * logs**2).sum(axis=0) - first**2
        step = (first - 1 / b - mean) / (np.maximum(second, 0) + 1 / b**2)
        b = np.clip(b - step, np.maximum(b / 3, low), np.minimum(b * 3, high))
    total = np.exp(b * (logs - top)).sum(axis=0)
    return np.log(len(logs)) - np.log(total) - b * top, b


def log_sum(log_terms: Floats) -> Floats:
    """Give ln sum exp over the first axis."""
    top = log_terms.max(axis=0)
    return np.asarray(top + np.log(np.exp(log_terms - top).sum(axis=0)))
