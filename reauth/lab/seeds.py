"""One evaluation under several seeds: how much of a figure is the deal of the folds.

A seed decides who attacks whom, and what training and calibration draw. A figure that one seed
gives another may not (biometrics.md §8.6: three at least).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import fmean
from typing import Any

from reauth.lab.evaluate import Request, Result, evaluate
from reauth.lab.text import between, number, share, table
from reauth.lab.work import Watch, unwatched

MINUTES = ("6", "20")
"""Minutes within which shares caught are told (biometrics.md §9, G3)."""


def over_seeds(request: Request, seeds: Sequence[int], watch: Watch = unwatched) -> Result:
    """Evaluate under every seed; give the first one's result, and in its report the sum of all.

    Labels are shuffled under the first seed only: it is asked whether something leaks, not how
    much.

    Raises
    ------
    SettingsError, RecordingError, GateError
        As `evaluate`.
    """
    first, *rest = seeds
    result = evaluate(replace(request, seed=first), watch)
    if not rest:
        return result
    others = [evaluate(replace(request, seed=seed, shuffled=0), watch).report for seed in rest]
    result.report["seeds"] = summed(seeds, [result.report, *others])
    return result


def summed(seeds: Sequence[int], reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sum up reports: mean, least and most of the main figures.

    Returns
    -------
    dict
        `{"seeds": [...], "figures": {name: {"mean", "least", "most", "values"}}}`; a figure that
        some seed does not have has no mean.
    """
    rows = [dict(_figures(report)) for report in reports]
    figures = {}
    for name in rows[0]:
        values = [row.get(name) for row in rows]
        known = [value for value in values if value is not None]
        figures[name] = {
            "mean": fmean(known) if len(known) == len(values) else None,
            "least": min(known, default=None),
            "most": max(known, default=None),
            "values": values,
        }
    return {"seeds": list(seeds), "figures": figures}


def text(told: Mapping[str, Any]) -> str:
    """Write the figures of `summed` for people."""
    rows = [(f"seeds {', '.join(map(str, told['seeds']))}", "mean", "least to most")]
    for name, each in told["figures"].items():
        write = share if name.startswith(("EER", "caught")) else partial(number, digits=2)
        ends = None if each["least"] is None else (each["least"], each["most"])
        rows.append((name, write(each["mean"]), between(ends, write)))
    return table(rows)


def _figures(report: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    """The main figures of a report, by name; shares in 0..1, minutes, or alarms in 8 hours."""
    for size, told in report["eer"].items():
        yield f"EER, {size} units", told.get("pooled")
        yield f"EER, {size} units, same class", report["eer_same_device_class"][size].get("pooled")
        yield f"EER, {size} units, per user", told.get("per_user_mean")
    for size, told in report["by_seconds"].items():
        yield f"EER, {size} s", told["eer"].get("pooled")
    takeover = report["takeover"]
    yield "false alarms in 8 h", takeover["false_alarms_per_8h"]
    yield "median minutes", takeover["median_minutes"]
    for minute in MINUTES:
        yield f"caught within {minute} min", takeover["caught_within_min"][minute]
    yield "calibration error", report["calibration_error"]
