"""Who of all: the posterior over enrolled users of what one hand has drawn.

The classifier's rule reads both ways: p(X | w_i) / sum of p(X | w_k) accepts or rejects the user
who is claimed, and ranks all the others. It needs of each template only that its scores are
ratios of likelihoods, so it works for every verifier.
"""

from collections.abc import Iterable

import numpy as np

from reauth.template import Template
from reauth.trajectory import Floats
from reauth.verify import Verifier
from reauth.verify.likelihood import log_sum

SHARED = 0.2
"""Correlation of the ratios of one sequence: a hand's hour, or a device, speaks in all of them.
With it whoever comes first is told about as likely as that is right, or less: by 10, 20 and 50
strokes 26, 26 and 26 % on H-BRS, where 28, 35 and 45 % are, 19, 21 and 20 % on SapiMouse, where 19,
22 and 25 % are (means of two deals). With 0.1 it said up to twice as much."""


def posterior(log_ratios: Floats) -> Floats:
    """Give (users, ...) posteriors of enrolled users, all as likely as one who is not enrolled.

    What is left to 1 is the share of somebody who is not enrolled: whoever resembles nobody must
    not be called the one that is least unlike.

    Parameters
    ----------
    log_ratios
        (users, ...) nats: the log-likelihood of what was drawn as each user's, less as anybody's.

    Examples
    --------
    >>> posterior(np.array([0.0])).tolist()
    [0.5]
    """
    anybody = np.zeros((1, *log_ratios.shape[1:]))
    return np.asarray(np.exp(log_ratios - log_sum(np.concatenate((log_ratios, anybody)))))


def rank(
    templates: Iterable[Template], verifier: Verifier, x: Floats
) -> list[tuple[str, float]]:
    """Rank users by how much movement resembles theirs: (user, posterior), the likeliest first.

    Scores of one sequence are no independent ones: n of them count as n / (1 + (n - 1) `SHARED`).
    Templates that were made alone are passed over, as their scores are no ratios.

    Parameters
    ----------
    templates
        Of the same features and verifier, one a user.
    verifier
        What made them.
    x
        (n, d) features of a sequence, n >= 1.

    References
    ----------
    Kish 1965, "Survey Sampling", §5.4: the effect of a design in clusters.
    """
    known = [template for template in templates if verifier.calibrated(template)]
    if not known:
        return []
    count = len(x) / (1 + (len(x) - 1) * SHARED)
    ratios = count * np.array([verifier.score_many(template, x).mean() for template in known])
    likely = posterior(ratios)
    order = np.argsort(-ratios, kind="stable")
    return [(known[place].user, float(likely[place])) for place in order]
