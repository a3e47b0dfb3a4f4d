"""What to expect of a template's decisions, from scores that its training has not seen.

Shares of stretches refused and accepted are estimated by block bootstrap: stretches are put
together of blocks of neighbouring held-out scores, all of one session or of one other user, as
real ones are. So even one longer than any held-out session has an estimate, with an honest
interval.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import numpy as np

from reauth.decide import POLICIES, Policy, spacing
from reauth.template import Quality, Template
from reauth.trajectory import Floats

BLOCK = 10
"""Scores resampled together, about a minute and a half: neighbours are alike."""

REPLICATES = 400
"""Bootstrap replicates; the 2.5 % point is the tenth value."""

WITHIN = 10
"""Least pools of blocks drawn from each part; of few parts more, `REPLICATES` between them."""

DRAWS = (10, 50)
"""Least and most stretches put together from a pool, 1000 from all parts between them: as many as
do not show in the intervals, in a tenth of the time that training takes."""


def expected(
    template: Template,
    impostors: Sequence[Floats],
    windows: Sequence[int],
    rng: np.random.Generator,
    policy: str = "window",
) -> dict[int, Quality]:
    """Give what to expect of a policy's decisions, by window.

    Parameters
    ----------
    template
        With its held-out scores.
    impostors
        Log-likelihood ratios of other users whom the estimator had not seen, one array each.
    windows
        Numbers of scores to report for.
    rng
        Draws the bootstrap.
    policy
        A name of `POLICIES`.
    """
    genuine = [part for part in template.held_out if len(part)]
    others = [part for part in impostors if len(part)]
    found = {}
    for window in windows:
        rule = POLICIES[policy](template, window)
        shares = _shares(window, rule, (genuine, others), rng)
        hours = spacing(rule, template)
        found[window] = replace(
            shares, policy=policy, spacing_h=round(hours, 3) if isfinite(hours) else None
        )
    return found


def _shares(
    window: int, rule: Policy, parts: tuple[list[Floats], list[Floats]], rng: np.random.Generator
) -> Quality:
    genuine, others = parts
    held, reasons = sum(map(len, genuine)), []
    frr = far = frr_ci = far_ci = None
    if held and held * 2 >= window:
        shares = _refused(genuine, window, rule, rng)
        weights = np.array([len(part) for part in genuine], dtype=np.float64)
        frr, frr_ci = _interval(shares, weights, held / window, rng)
    else:
        reasons.append(f"{held} held-out trajectories are too few for a window of {window}")
    if others:
        shares = 1 - _refused(others, window, rule, rng)
        far, far_ci = _interval(shares, np.ones(len(others)), len(others), rng)
    else:
        reasons.append("no other users to try")
    limit = int(rule.evidence()["limit"])
    return Quality(window, limit, far, frr, far_ci, frr_ci, "; ".join(reasons))


def _refused(
    parts: Sequence[Floats], window: int, rule: Policy, rng: np.random.Generator
) -> Floats:
    """Give (parts, pools) shares of stretches of `window` scores that raise an alarm.

    Each pool is blocks of one part, drawn anew; its stretches are put together from it.
    """
    pools = max(WITHIN, REPLICATES // len(parts))
    draws = min(max(DRAWS[0], 1000 // len(parts)), DRAWS[1])
    blocks = -(-window // BLOCK)
    drawn = []
    for part in parts:
        pool = rng.integers(len(part), size=(pools, max(1, len(part) // BLOCK)))
        picks = rng.integers(pool.shape[1], size=(pools, draws * blocks))
        starts = np.take_along_axis(pool, picks, axis=1).reshape(-1, blocks)
        around = np.resize(part, len(part) + BLOCK)
        drawn.append(around[starts[..., None] + np.arange(BLOCK)].reshape(len(starts), -1))
    raised = rule.alarms(np.concatenate(drawn)[:, :window])
    return np.asarray(raised.reshape(len(parts), pools, draws).mean(axis=2))


def _interval(
    shares: Floats, weights: Floats, trials: float, rng: np.random.Generator
) -> tuple[float, tuple[float, float]]:
    """Give a share and its 95 % interval from (units, pools) shares, both resampled.

    Less than one error in `trials` independent ones still allows a rate r with
    (1 - r)^trials = 5 %.
    """
    units = np.arange(len(weights))
    drawn = rng.choice(units, size=(REPLICATES, len(units)), p=weights / weights.sum())
    resampled = shares[drawn, rng.integers(shares.shape[1], size=drawn.shape)].mean(axis=1)
    share = float(np.average(shares.mean(axis=1), weights=weights))
    low, high = np.percentile(resampled, (2.5, 97.5))
    none = 0.05 ** (1 / trials)
    if share * trials < 1:
        high = max(high, 1 - none)
    if (1 - share) * trials < 1:
        low = min(low, none)
    return share, (float(min(low, share)), float(max(high, share)))
