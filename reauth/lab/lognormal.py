"""How well strokes make up the movements of recordings, and one movement to look at."""

from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from reauth.decomposition import POLISH, Decomposition, decompose
from reauth.errors import SettingsError
from reauth.lab.datasets import Folder, read_file
from reauth.lab.evaluate import recordings
from reauth.lab.work import Watch
from reauth.segment import SEGMENTERS, Cut
from reauth.trajectory import Trajectory

GOOD_DB = 15.0
"""dB; where extraction may end at the earliest (biometrics.md §1.3)."""

WAYS = {"polished": POLISH, "unpolished": 0}
"""Steps of the joint fit, by what the report calls it; feature sets take strokes without it."""


def movements_of(
    data: Path, most: int, rng: np.random.Generator, watch: Watch
) -> list[tuple[str, Trajectory]]:
    """Give whole movements of a recording, a folder or an archive, each with whose it is.

    Where there are more than `most`, so many are drawn, and stay in order.

    Raises
    ------
    SettingsError
        If there is no movement.
    """
    if data.is_file() and data.suffix == ".csv":
        found = _cut([data], watch)
    else:
        with recordings(data) as folder:
            found = _cut(Folder(folder).files(), watch)
    if not found:
        raise SettingsError(f"there is no movement in {data}")
    if len(found) > most:
        found = [found[place] for place in sorted(rng.choice(len(found), most, replace=False))]
    return found


def _cut(files: Sequence[Path], watch: Watch) -> list[tuple[str, Trajectory]]:
    found = []
    for file in watch(files, len(files), "recording"):
        segmenter = SEGMENTERS["movement"](Cut())
        units = [unit for _, unit in segmenter.feed_many(read_file(file))] + segmenter.close()
        found += [(file.parent.name, unit) for unit in units]
    return found


def figures(
    movements: Sequence[tuple[str, Trajectory]], watch: Watch
) -> tuple[dict[str, Any], list[Decomposition]]:
    """Decompose movements, with the joint fit and without; give the report and the former."""
    report: dict[str, Any] = {
        "movements": len(movements),
        "people": len({name for name, _ in movements}),
        "seconds": _spread([float(unit.t[-1] - unit.t[0]) for _, unit in movements]),
    }
    kept: list[Decomposition] = []
    for way, polish in WAYS.items():
        found, took = [], []
        for _, unit in watch(movements, len(movements), "movement"):
            began = process_time()
            found.append(decompose(unit, polish))
            took.append((process_time() - began) * 1e3)
        snr = [each.snr_db for each in found]
        report[way] = {
            "snr_db": _spread(snr),
            f"share_from_{GOOD_DB:.0f}_db": float(np.mean(np.array(snr) >= GOOD_DB)),
            "strokes": _spread([float(len(each.strokes)) for each in found]),
            "ms": _spread(took),
        }
        kept = kept or found
    return report, kept


def usual(found: Sequence[Decomposition]) -> int:
    """Give the place of the movement whose SNR is in the middle."""
    order = np.argsort([each.snr_db for each in found], kind="stable")
    return int(order[len(order) // 2])


def _spread(values: Sequence[float]) -> dict[str, float]:
    low, middle, high = np.percentile(values, (5, 50, 95))
    return {
        "median": round(float(middle), 3),
        "p5": round(float(low), 3),
        "p95": round(float(high), 3),
        "mean": round(float(np.mean(values)), 3),
    }
