"""Error rates by time: what may be said after so many active seconds, however many units came.

Public work on SapiMouse counts seconds, and so does somebody who waits for a verdict.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from reauth.lab import metrics
from reauth.lab.episodes import Stream
from reauth.lab.metrics import Comparisons, Ranked
from reauth.lab.summary import FIXED, Victim, picked, told
from reauth.trajectory import Floats


def spans(seconds: int, victim: Victim, stream: Stream) -> Floats:
    """Give the mean score of each window of so many active seconds.

    Windows do not overlap, and what is left at a recording's end is none. A unit belongs to the
    window in which it became known. One without any unit tells nothing: NaN.
    """
    count = int(stream.active // seconds)
    place = (stream.at // seconds).astype(np.int64)
    kept = place < count
    units = np.bincount(place[kept], minlength=count)
    total = np.bincount(place[kept], stream.scores[kept], count)
    return np.where(units > 0, total / np.maximum(units, 1), np.nan)


def rates_by_seconds(
    victims: Sequence[Victim], seconds: Sequence[int], rng: np.random.Generator
) -> dict[str, dict[str, Any]]:
    """Tell error rates by window of active time, with one threshold for everybody.

    `silent` is the share of windows in which no unit became known; the rates are of the others.
    """
    found: dict[str, dict[str, Any]] = {}
    for size in seconds:
        pick = partial(spans, size)
        every = picked(victims, pick)
        heard, same = _heard(every), _heard(picked(victims, pick, same_class=True))
        windows = len(every.genuine) + len(every.impostor)
        spoke = len(heard.genuine) + len(heard.impostor)
        row: dict[str, Any] = {
            "eer": told(heard, metrics.eer, rng),
            "eer_same_device_class": told(same, metrics.eer, rng),
            "auc": told(heard, metrics.auc, rng),
            "silent": 1 - spoke / windows if windows else None,
        }
        if "pooled" in row["eer"]:
            det = Ranked(heard).det()
            assert det is not None  # both sides are there, and everybody counts once
            row["fnmr_at_fmr"] = {str(fmr): metrics.fnmr_at(det, fmr) for fmr in FIXED}
        found[str(size)] = row
    return found


def _heard(comparisons: Comparisons) -> Comparisons:
    """Leave out windows that tell nothing."""
    genuine, impostor = (np.isfinite(each) for each in (comparisons.genuine, comparisons.impostor))
    return replace(
        comparisons,
        genuine=comparisons.genuine[genuine],
        impostor=comparisons.impostor[impostor],
        genuine_user=comparisons.genuine_user[genuine],
        impostor_user=comparisons.impostor_user[impostor],
    )
