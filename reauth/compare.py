"""Movement of many users judged at once: features and scores in batches.

Features are cheap only in batches, and so are scores against the same template; each result is
what it would be alone.
"""

from collections.abc import Sequence

from reauth.detect import Detector
from reauth.errors import TooShort
from reauth.features import FeatureSet
from reauth.template import Template
from reauth.trajectory import Floats, Trajectory
from reauth.verify import Verifier

Item = tuple[FeatureSet, Verifier, Template, Trajectory]
"""What is to be compared, and by what."""

Question = tuple[Detector, Trajectory]
"""What is asked of a movement, whoever moves."""


def compare(items: Sequence[Item | Question | str]) -> list[float | str]:
    """Give each item's score in nats, or the reason for having none; a reason stays what it is."""
    scores: list[float | str] = [item if isinstance(item, str) else "too_short" for item in items]
    by_features: dict[int, list[tuple[int, Item]]] = {}
    by_detector: dict[int, list[tuple[int, Question]]] = {}
    for place, item in enumerate(items):
        if isinstance(item, str):
            continue
        if len(item) == 2:
            by_detector.setdefault(id(item[0]), []).append((place, item))
        else:
            by_features.setdefault(id(item[0]), []).append((place, item))
    for same in by_features.values():
        _compare_set(same, scores)
    for asked in by_detector.values():
        _, (detector, _) = asked[0]
        found = detector.score_many([movement for _, (_, movement) in asked])
        for (place, _), score in zip(asked, found, strict=True):
            scores[place] = score
    return scores


def _compare_set(items: Sequence[tuple[int, Item]], scores: list[float | str]) -> None:
    """Fill in the scores of items of one feature set that are long enough."""
    rows, kept = _extract(items[0][1][0], items)
    by_template: dict[int, list[int]] = {}
    for row, (_, (_, _, template, _)) in enumerate(kept):
        by_template.setdefault(id(template), []).append(row)
    for same in by_template.values():
        _, (_, verifier, template, _) = kept[same[0]]
        # Nearly always one of each: a slice of it is had for a tenth of what picking costs.
        own = rows[same[0] : same[0] + 1] if len(same) == 1 else rows[same]
        for row, score in zip(same, verifier.score_many(template, own), strict=True):
            scores[kept[row][0]] = float(score)


def _extract(
    features: FeatureSet, items: Sequence[tuple[int, Item]]
) -> tuple[Floats, Sequence[tuple[int, Item]]]:
    """The feature rows of those trajectories that are long enough, and these."""
    try:
        return features.extract_many([trajectory for _, (*_, trajectory) in items]), items
    except TooShort:
        fit = [item for item in items if _long_enough(features, item[1][-1])]
        return features.extract_many([trajectory for _, (*_, trajectory) in fit]), fit


def _long_enough(features: FeatureSet, trajectory: Trajectory) -> bool:
    try:
        features.extract(trajectory)
    except TooShort:
        return False
    return True
