"""A picture of programs beside people: where a few movements of each go, and how fast."""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reauth.generate.aimed import aimed, chord
from reauth.trajectory import Floats, Trajectory

SHOWN = 4
"""Movements of each."""
LEAST = 100.0
"""px; shorter movements are all whole px, and show little."""
ABREAST = 3
"""Kinds in a row."""
GRID = 0.025
"""s in which speeds are taken: a browser's jitter would hide them."""
PEOPLE, PROGRAM = "#2a6f97", "#c8553d"


def draw_movements(title: str, found: Mapping[str, Sequence[Trajectory]], file: Path) -> None:
    """Draw the first movements of everybody that go `LEAST` px or more.

    Paths are turned so that all go to the right, in chords; speeds are px/s by s.

    Parameters
    ----------
    found
        By kind; `people` are drawn in a colour of their own.
    file
        `.svg` or `.png`.
    """
    high = ceil(len(found) / ABREAST)
    figure = Figure(figsize=(5 * ABREAST, 1.7 * high + 0.4), layout="constrained")
    axes = figure.subplots(high, 2 * ABREAST, squeeze=False).reshape(-1, 2)
    for axis in axes.ravel():
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=6)
    for (path, speed), (name, movements) in zip(axes, found.items(), strict=False):
        path.set_title(name, fontsize=8, loc="left")
        speed.set_title("px/s by s", fontsize=6, loc="right")
        _draw(path, speed, movements, PEOPLE if name == "people" else PROGRAM)
    for axis in axes[len(found) :].ravel():
        axis.set_axis_off()
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    with mpl.rc_context({"svg.hashsalt": "reauth"}):
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else {})


def _draw(path: Axes, speed: Axes, movements: Sequence[Trajectory], colour: str) -> None:
    long = [each for each in aimed(movements) if abs(chord(each)) >= LEAST]
    for each in long[:SHOWN]:
        places = each.x + 1j * each.y
        turned = (places - places[0]) / chord(each)
        path.plot(turned.real, turned.imag, color=colour, linewidth=0.8, alpha=0.8)
        speed.plot(*speeds(each), color=colour, linewidth=0.8, alpha=0.8)
    path.set(ylim=(0.6, -0.6), xlim=(-0.2, 1.2))
    speed.set(ylim=(0, None), xlim=(0, None))


def speeds(movement: Trajectory) -> tuple[Floats, Floats]:
    """Give times, s, and speeds, px/s, in steps of `GRID`."""
    at = np.arange(0.0, movement.t[-1] + GRID, GRID)
    x, y = (np.interp(at, movement.t, each) for each in (movement.x, movement.y))
    return at[1:] - GRID / 2, np.hypot(np.diff(x), np.diff(y)) / GRID
