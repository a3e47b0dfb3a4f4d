"""Sequential forward selection: which features tell one user from others, by error rate.

The best single feature first, then always the one that helps most, until none helps. What is
judged is never a stroke but a sequence of them, drawn from what trains: the product of ten
likelihoods is what the classifier will see.
"""

from collections.abc import Sequence

import numpy as np

from reauth.trajectory import Floats
from reauth.verify.likelihood import log_sum

LENGTH = 10
"""Strokes of a sequence that features are selected by (Gamboa 2004, §4)."""

SEQUENCES = 200
"""Sequences of either kind that a choice rests on: half a per cent of error is one of them."""


def equal_error_rates(genuine: Floats, impostor: Floats) -> Floats:
    """Give (d,) equal error rates of d scores, higher ones more genuine.

    Where no threshold makes both errors equal it is the mean of the two at the nearest one.

    Parameters
    ----------
    genuine, impostor
        (n, d) and (m, d).

    Examples
    --------
    >>> equal_error_rates(np.array([[1.0], [3.0]]), np.array([[0.0], [2.0]]))
    array([0.5])
    """
    genuine, impostor = np.sort(genuine, axis=0), np.sort(impostor, axis=0)
    rates = np.empty(genuine.shape[1])
    for place, (own, theirs) in enumerate(zip(genuine.T, impostor.T, strict=True)):
        thresholds = np.concatenate((own, theirs))
        refused = np.searchsorted(own, thresholds) / len(own)
        accepted = 1 - np.searchsorted(theirs, thresholds) / len(theirs)
        nearest = np.argmin(np.abs(refused - accepted))
        rates[place] = (refused[nearest] + accepted[nearest]) / 2
    return rates


def draw(
    strokes: Sequence[Floats], sequences: int, length: int, rng: np.random.Generator
) -> Floats:
    """Draw sequences of strokes, each of one user and with replacement; give their sums.

    Parameters
    ----------
    strokes
        One array a user, (models, n, d): log densities of the strokes under each model.
    sequences, length
        How many, and of how many strokes.

    Returns
    -------
    ndarray
        (models, sequences, d).
    """
    whose = rng.integers(len(strokes), size=sequences)
    sums = [
        strokes[user][:, rng.integers(strokes[user].shape[1], size=length)].sum(axis=1)
        for user in whose
    ]
    return np.stack(sums, axis=1)


def evidence(likelihoods: Floats) -> Floats:
    """Give the logarithm of p(X | user) over the mean of p(X | other), from log-likelihoods.

    It rises with the posterior over users p(X | w_i) / sum p(X | w_k), whose threshold is the
    classifier's, and unlike it never rounds to 1.

    Parameters
    ----------
    likelihoods
        (models, ...); the first model is the user's, the others are those of others.
    """
    others = log_sum(likelihoods[1:]) - np.log(len(likelihoods) - 1)
    return np.asarray(likelihoods[0] - others)


def select(genuine: Floats, impostor: Floats) -> list[int]:
    """Select features by the equal error rate of sequences; stop when it does not fall.

    Of features that give the same rate, and for an easy user many give none at all, the one
    whose scores lie furthest apart is taken; the paper does not say.

    Parameters
    ----------
    genuine, impostor
        (models, n, d) log-likelihoods of sequences by feature, the user's model first.

    Returns
    -------
    list of int
        Places of features, in the order in which they were chosen; at least one.

    References
    ----------
    Gamboa, Fred, Vieira 2004, slides "Feature Selection".
    """
    chosen: list[int] = []
    best = float("inf")
    own, theirs = (np.zeros((*each.shape[:2], 1)) for each in (genuine, impostor))
    while len(chosen) < genuine.shape[2]:
        speaking, against = evidence(own + genuine), evidence(theirs + impostor)
        rates = equal_error_rates(speaking, against)
        rates[chosen] = np.inf
        place = int(np.lexsort((-_separation(speaking, against), rates))[0])
        if rates[place] >= best:
            break
        best = rates[place]
        chosen.append(place)
        own = own + genuine[:, :, place, None]
        theirs = theirs + impostor[:, :, place, None]
    return chosen


def _separation(genuine: Floats, impostor: Floats) -> Floats:
    """Give how many deviations lie between the (d,) means of (n, d) and (m, d) scores."""
    spread = np.sqrt((genuine.var(axis=0) + impostor.var(axis=0)) / 2)
    apart = genuine.mean(axis=0) - impostor.mean(axis=0)
    return np.asarray(apart / np.maximum(spread, 1e-9))
