"""The report of `reauth lab bots`: as JSON, as text and as a picture."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reauth.lab.bots import Found
from reauth.lab.cutting import whole
from reauth.lab.text import number, share, table
from reauth.trajectory import Floats


def write(found: Found, out: Path) -> None:
    """Write `report.json`, `report.md` and `bots.svg` into a folder."""
    from reauth.lab.plots import draw_bots  # noqa: PLC0415 - matplotlib takes a second

    text = json.dumps(found.report, indent=1, allow_nan=False) + "\n"
    whole(out / "report.json", text.encode())
    draw_bots(f"detector {found.report['detector']}", found.report, pooled(found), out / "bots.svg")
    whole(out / "report.md", markdown(found.report).encode())


def pooled(found: Found) -> tuple[Floats, Floats]:
    """All scores of people, and all of programs."""
    people, machines = (
        np.concatenate([np.empty(0), *side.values()]) for side in (found.people, found.machines)
    )
    return people, machines


def markdown(report: Mapping[str, Any]) -> str:
    """The report to read."""
    counts, ci, frozen = report["trajectories"], report["recall_ci"], report["frozen"]
    left = report.get("leave_one_out")
    rows = [
        ("movements", "recall at 1 % of people", "95 %", "own limit", "people flagged", "recall")
    ]
    for size, recall in report["recall_at_1pct_fpr"].items():
        own = frozen[size]
        interval = "-" if ci[size] is None else f"{share(ci[size][0])} to {share(ci[size][1])}"
        rows.append(
            (size, share(recall), interval, number(own["limit"], 2), share(own["fpr"]),
             share(own["recall"]))
        )  # fmt: skip
    sources = [
        ("source", "side", "movements", "without a score", "below the limit of 1 %", "of five",
         "below the own limit", "of five", "taught without it", "of five")
    ]  # fmt: skip
    for name, told in report["per_source"].items():
        alone = (left or {"per_source": {}})["per_source"].get(name, {})
        flagged, own = told["flagged"], told["flagged_frozen"]
        sources.append(
            (name, told["side"], str(told["trajectories"]), share(told["fta"]),
             *(share(side.get(size)) for side in (flagged, own, alone) for size in ("1", "5")))
        )  # fmt: skip
    about = (
        f"# People or programs: detector {report['detector']}\n\n"
        f"{counts['human']} movements of people, {counts['bot']} of programs, looked at every "
        f"{report['grid_ms']:.0f} ms. Without a score: {share(report['fta'])}. Accuracy at 0 nats, "
        f"both sides alike: {share(report['accuracy'])}; AUC {number(report['auc'], 4)}.\n"
    )
    parts = [about, table(rows)]
    if left:
        means = left["recall_at_1pct_fpr"]
        parts.append(
            "Each program by a detector that was taught without it, mean of programs at 1 % of "
            f"people: {share(means['1'])} of movements, {share(means['5'])} of fives.\n"
        )
    return "\n".join([*parts, table(sources), "![scores and recall](bots.svg)\n"])
