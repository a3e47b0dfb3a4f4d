"""Pictures of a network's training: its losses, and what it draws beside people."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from reauth.generate.gan_training import Losses
from reauth.lab.plots import GENUINE, IMPOSTOR
from reauth.trajectory import Trajectory


def draw_losses(losses: Sequence[Losses], file: Path) -> None:
    """Draw both losses and both shares of right answers, by epoch."""
    figure = Figure((8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = np.arange(1, len(losses) + 1)
    for name in ("discriminator", "generator", "matching"):
        left.plot(epochs, [getattr(each, name) for each in losses], label=name)
    for name, colour in (("human", GENUINE), ("machine", IMPOSTOR)):
        shares = [getattr(each, name) for each in losses]
        right.plot(epochs, shares, color=colour, label=f"{name}: found right")
    left.set_ylabel("loss")
    right.set(ylabel="share, by the discriminator", ylim=(0, 1))
    for axis in (left, right):
        axis.set_xlabel("epochs")
        axis.legend(fontsize=8, frameon=False)
    save(figure, "Training of the network", file)


def draw_samples(people: Sequence[Trajectory], machines: Sequence[Trajectory], file: Path) -> None:
    """Draw movements of people, and under each what a machine made of the same way."""
    figure = Figure((2.2 * len(people), 7), layout="constrained")
    axes = figure.subplots(4, len(people), squeeze=False)
    for column, pair in enumerate(zip(people, machines, strict=True)):
        for row, (each, colour) in enumerate(zip(pair, (GENUINE, IMPOSTOR), strict=True)):
            place, speed = axes[row][column], axes[row + 2][column]
            place.plot(each.x - each.x[0], each.y - each.y[0], ".-", color=colour, linewidth=0.8)
            place.set_aspect("equal", "datalim")
            place.invert_yaxis()
            steps = np.hypot(np.diff(each.x), np.diff(each.y)) / np.diff(each.t)
            speed.plot(each.t[1:] - each.t[0], steps, color=colour)
            speed.set_ylim(bottom=0)
            for axis in (place, speed):
                axis.tick_params(labelsize=6)
    for row, name in enumerate(("person, px", "machine, px", "person, px/s", "machine, px/s")):
        axes[row][0].set_ylabel(name)
    save(figure, "Movements of people, and of a machine on the same ways", file)


def save(figure: Figure, title: str, file: Path) -> None:
    """Write a picture as SVG, to the byte the same for the same figures."""
    figure.suptitle(title, fontsize=10)
    file.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": "reauth", "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
