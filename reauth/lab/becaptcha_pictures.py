"""Pictures of BeCAPTCHA-Mouse's tables: accuracy by way and program, and by samples in training."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from reauth.lab.gan_pictures import save

PALE = 0.58, 0.92
"""Accuracies between which a cell's colour is light."""


def draw_cells(cells: Mapping[tuple[str, str], float], file: Path) -> None:
    """Draw accuracy by way (rows) and program (columns) as a coloured table."""
    ways, kinds = (list(dict.fromkeys(key[place] for key in cells)) for place in (0, 1))
    if not cells:
        return
    figure = Figure((1.0 + 0.9 * len(kinds), 2.6 + 0.4 * len(ways)), layout="constrained")
    axis = figure.subplots()
    values = np.array([[cells.get((way, kind), np.nan) for kind in kinds] for way in ways])
    axis.imshow(values, vmin=0.5, vmax=1.0, cmap="RdYlGn", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            ink = "black" if PALE[0] < value < PALE[1] else "white"
            text = f"{100 * value:.1f}"
            axis.text(column, row, text, color=ink, ha="center", va="center", fontsize=7)
    axis.set_xticks(range(len(kinds)), kinds, rotation=40, ha="right", fontsize=7)
    axis.set_yticks(range(len(ways)), ways, fontsize=7)
    save(figure, "Random forest on neuromotor features: accuracy, %", file)


def draw_curves(curves: Mapping[str, Sequence[tuple[int, float]]], file: Path) -> None:
    """Draw accuracy by the number of movements in training."""
    figure = Figure((6, 4), layout="constrained")
    axis = figure.subplots()
    for name, points in curves.items():
        sizes, values = zip(*points, strict=True)
        axis.plot(sizes, values, "o-", label=name, linewidth=1.2, markersize=3)
    axis.set(xlabel="movements in training", ylabel="accuracy", xscale="log")
    every = sorted({size for points in curves.values() for size, _ in points})
    axis.set_xticks(every, [str(size) for size in every])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.grid(color="#eee")
    if curves:
        axis.legend(fontsize=8, frameon=False)
    save(figure, "Accuracy by number of samples in training", file)
