"""What to expect of a template's decisions, from scores that its training has not seen.

Shares of windows refused and accepted are estimated by block bootstrap: windows are put together
of blocks of neighbouring held-out scores, all of one session or of one other user, as real ones
are. So even a window longer than any held-out session has an estimate, with an honest interval.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reauth.decide.window import limit_for
from reauth.template import Quality, Template, comparable
from reauth.trajectory import Floats

BLOCK = 10
"""Scores resampled together, about a minute and a half: neighbours are alike."""

REPLICATES = 400
DRAWS = 50
"""Bootstrap replicates, and windows drawn in each; the 2.5 % point is the tenth value."""

Lows = NDArray[np.int64]


def expected(
    template: Template,
    impostors: Sequence[Floats],
    windows: Sequence[int],
    rng: np.random.Generator,
) -> dict[int, Quality]:
    """Give what to expect of the window policy, by window.

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
    """
    threshold = template.threshold
    genuine = [_low(part, threshold) for part in template.held_out if len(part)]
    others = [_low(part, threshold) for part in impostors if len(part)]
    return {
        window: _quality(
            window,
            limit_for(template.held_out, window, template.false_alarms, threshold),
            (genuine, others),
            rng,
        )
        for window in windows
    }


def _quality(
    window: int, limit: int, lows: tuple[list[Lows], list[Lows]], rng: np.random.Generator
) -> Quality:
    genuine, others = lows
    held, reasons = sum(map(len, genuine)), []
    frr = far = frr_ci = far_ci = None
    if held and held * 2 >= window:
        shares = np.stack([_refused(low, window, limit, rng) for low in genuine])
        weights = np.array([len(low) for low in genuine], dtype=np.float64)
        frr, frr_ci = _interval(shares, weights, held / window, rng)
    else:
        reasons.append(f"{held} held-out trajectories are too few for a window of {window}")
    if others:
        shares = 1 - np.stack([_refused(low, window, limit, rng) for low in others])
        far, far_ci = _interval(shares, np.ones(len(others)), len(others), rng)
    else:
        reasons.append("no other users to try")
    return Quality(window, limit, far, frr, far_ci, frr_ci, "; ".join(reasons))


def _low(scores: Floats, threshold: float) -> Lows:
    return np.array([comparable(float(score)) < threshold for score in scores], dtype=np.int64)


def _refused(low: Lows, window: int, limit: int, rng: np.random.Generator) -> Floats:
    """Give (REPLICATES,) shares of windows with at least `limit` low scores.

    Each replicate draws its own pool of blocks from `low`, then windows from the pool.
    """
    around = np.concatenate(([0], np.cumsum(np.resize(low, len(low) + BLOCK))))
    whole, rest = divmod(window, BLOCK)
    pool = rng.integers(len(low), size=(REPLICATES, max(1, len(low) // BLOCK)))
    picks = rng.integers(pool.shape[1], size=(REPLICATES, DRAWS * (whole + 1)))
    starts = np.take_along_axis(pool, picks, axis=1).reshape(REPLICATES, DRAWS, whole + 1)
    counts = (around[starts[..., :whole] + BLOCK] - around[starts[..., :whole]]).sum(axis=2)
    counts += around[starts[..., whole] + rest] - around[starts[..., whole]]
    return np.asarray((counts >= limit).mean(axis=1))


def _interval(
    shares: Floats, weights: Floats, trials: float, rng: np.random.Generator
) -> tuple[float, tuple[float, float]]:
    """Give a share and its 95 % interval from (units, REPLICATES) shares, units resampled.

    Less than one error in `trials` independent ones still allows a rate r with
    (1 - r)^trials = 5 %.
    """
    units = np.arange(len(weights))
    drawn = rng.choice(units, size=(REPLICATES, len(units)), p=weights / weights.sum())
    resampled = shares[drawn, np.arange(REPLICATES)[:, None]].mean(axis=1)
    share = float(np.average(shares.mean(axis=1), weights=weights))
    low, high = np.percentile(resampled, (2.5, 97.5))
    none = 0.05 ** (1 / trials)
    if share * trials < 1:
        high = max(high, 1 - none)
    if (1 - share) * trials < 1:
        low = min(low, none)
    return share, (float(min(low, share)), float(max(high, share)))
