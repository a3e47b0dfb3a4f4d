"""Fuzzy entropy: how irregular a series is; a program's speeds repeat, a hand's hardly do."""

import numpy as np

from reauth.features.slider import Slide
from reauth.trajectory import Floats

LENGTH, GRADIENT, WIDTH = 2, 2, 0.2
"""n, m and r (in standard deviations of the series); the values of Chen et al. 2009, Lu gives
none."""

LEAST = LENGTH + 3
"""Values below which there are no two pairs of vectors to compare."""


def fuzzy_entropy(
    series: Floats, length: int = LENGTH, gradient: float = GRADIENT, width: float = WIDTH
) -> float:
    """Give the fuzzy entropy of a series, nats: 0 of one that repeats itself exactly.

    Parameters
    ----------
    series
        (M,) finite; NaN is given for fewer than `LEAST` values.
    length, gradient, width
        n of the vectors; m and r of their similarity exp(-d^m / r). `width` is in standard
        deviations, so that r = (width sd)^m and the unit of the series does not matter.

    References
    ----------
    Lu et al. 2021, §4, equations 1 to 3; Chen, Zhuang, Yu, Wang 2009, "Measuring complexity using
    FuzzyEn, ApEn, and SampEn", whose vectors are taken without their own mean. Lu's equations are
    silent about that, and count vectors of both lengths from the same M - n places, as here.
    Where fewer than one pair of vectors are alike, in sum, one is taken to be: a logarithm of
    nothing would be a number of the machine's, not of the series.

    Examples
    --------
    >>> fuzzy_entropy(np.ones(20))
    0.0
    """
    count = len(series) - length
    if count < LEAST - length:
        return float("nan")
    spread = float(series.std())
    if spread <= 1e-12 * float(np.abs(series).max()):
        return 0.0
    shorter, longer = (
        _similarity(series, size, count, gradient, width * spread) for size in (length, length + 1)
    )
    return float(np.log(shorter) - np.log(longer))


def _similarity(series: Floats, size: int, count: int, gradient: float, width: float) -> float:
    """Give O: the mean similarity of all pairs of different vectors of `size` values."""
    vectors = np.lib.stride_tricks.sliding_window_view(series, size)[:count]
    vectors = vectors - vectors.mean(axis=1, keepdims=True)
    apart = np.zeros((count, count))
    for column in vectors.T:
        np.maximum(apart, np.abs(column[:, None] - column), out=apart)
    similar = np.exp(-np.power(apart / width, gradient))
    # Where all are far apart nothing is left of e^-x: as little as one pair alike is the least.
    return float(max(similar.sum() - count, 1.0) / (count * (count - 1)))


def speeds_of(slide: Slide) -> Floats:
    """Give the speeds, px/s, of the steps that took time: Lu's series of a slide."""
    dt = np.diff(slide.t)
    d = np.hypot(np.diff(slide.x), np.diff(slide.y))
    return np.asarray(d[dt > 0] / dt[dt > 0])
