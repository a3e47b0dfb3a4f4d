"""Pictures of Lu's experiments: correlations, parameters, replays, entropies, attack modes.

Drawn as the reports' others: SVG, to the byte the same for the same figures.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PEOPLE, PROGRAMS = "#2a6f97", "#c8553d"


def draw_correlation(report: Mapping[str, Any], file: Path) -> None:
    """Draw how candidates go together (Pearson's r), those that stay in bold."""
    names = report["candidates"]
    figure, axis = _figure(2.6 + 0.3 * len(names), 1.8 + 0.3 * len(names))
    matrix = np.array(report["correlation"]).reshape(len(names), len(names))
    shown = axis.imshow(matrix, vmin=-1, vmax=1, cmap="RdBu_r")
    axis.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axis.set_yticks(range(len(names)), names, fontsize=7)
    for name, label in zip(names, axis.get_yticklabels(), strict=True):
        label.set_fontweight("bold" if name in report["kept"] else "normal")
    figure.colorbar(shown, ax=axis, label="r", shrink=0.7)
    _save(figure, "candidates, most important first; bold ones stay", file)


def draw_grid(
    grid: Sequence[Mapping[str, float]], axes: Mapping[str, Sequence[float]], file: Path
) -> None:
    """Draw precision on slides that train by gamma and depth (figure 11)."""
    figure, axis = _figure(5, 3.6)
    for gamma in axes["gamma"]:
        rows = [each for each in grid if each["gamma"] == gamma]
        shares = [each["tp"] / max(1, each["tp"] + each["fp"]) for each in rows]
        axis.plot([each["max_depth"] for each in rows], shares, marker="o", label=f"gamma {gamma}")
    axis.set_xticks(axes["max_depth"])
    axis.set(xlabel="max_depth", ylabel="precision")
    axis.legend(fontsize=8, frameon=False)
    _save(figure, "parameters, on slides that train", file)


def draw_offsets(
    rates: Sequence[float], curves: Mapping[str, Mapping[str, Sequence[float]]], file: Path
) -> None:
    """Draw how many replays are found by the share of their points that were moved (figure 12)."""
    figure, axis = _figure(5.5, 3.6)
    for (name, by_pixels), style in zip(curves.items(), ("-", "--"), strict=False):
        for (pixels, shares), colour in zip(by_pixels.items(), (PEOPLE, PROGRAMS), strict=True):
            axis.plot(rates, shares, style, color=colour, marker=".", label=f"{pixels} px, {name}")
    axis.set(xlabel="share of points moved", ylabel="replays found", ylim=(-0.02, 1.02))
    axis.legend(fontsize=8, frameon=False)
    _save(figure, "EDMD against moved points", file)


def draw_entropy(human: Sequence[float], machine: Sequence[float], file: Path) -> None:
    """Draw the fuzzy entropy of people's and programs' speeds."""
    figure, axis = _figure(5.5, 3.4)
    edges = np.linspace(0, max([1e-3, *human, *machine]), 41).tolist()
    for values, colour, name in ((human, PEOPLE, "people"), (machine, PROGRAMS, "programs")):
        weights = np.full(len(values), 1 / max(1, len(values)))
        label = f"{name} ({len(values)})"
        axis.hist(values, edges, weights=weights, color=colour, alpha=0.55, label=label)
    axis.set(xlabel="fuzzy entropy, nats", ylabel="share")
    axis.legend(fontsize=8, frameon=False)
    _save(figure, "fuzzy entropy of speeds", file)


def draw_confusion(matrix: Sequence[Sequence[int]], names: Sequence[str], file: Path) -> None:
    """Draw for which attack mode each was taken, all modes seen."""
    figure, axis = _figure(4.6, 4.2)
    found = np.array(matrix)
    axis.imshow(found / np.maximum(1, found.sum(axis=1, keepdims=True)), vmin=0, vmax=1,
                cmap="Blues")  # fmt: skip
    labels = ["people", *names]
    axis.set_xticks(range(len(labels)), labels, rotation=45, fontsize=8)
    axis.set_yticks(range(len(labels)), labels, fontsize=8)
    for (row, column), count in np.ndenumerate(found):
        if count:
            dark = count > found[row].sum() / 2
            colour = "white" if dark else "black"
            axis.text(column, row, str(count), ha="center", va="center", fontsize=7, color=colour)
    axis.set(xlabel="taken for", ylabel="is")
    _save(figure, "attack modes, all seen", file)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axis = figure.subplots()
    axis.spines[["top", "right"]].set_visible(False)
    return figure, axis


def _save(figure: Figure, title: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    with mpl.rc_context({"svg.hashsalt": "reauth"}):
        figure.savefig(file, metadata={"Date": None})
