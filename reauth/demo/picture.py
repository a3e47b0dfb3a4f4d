"""The demo's picture: scores over time, the window's share, takeover and alert."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

OWNER, INTRUDER, ALARM = "#2a6f97", "#c8553d", "#8a1c1c"


@dataclass(frozen=True, slots=True)
class Story:
    """What the picture tells; times in s since the owner began.

    `scored` holds (time, score) in order, `takeover` when the other one sat down (None: never),
    `alert` when the alert was raised (None: none).
    """

    title: str
    scored: Sequence[tuple[float, float]]
    takeover: float | None
    alert: float | None
    threshold: float
    window: int
    limit: int


def shares(scores: Sequence[float], threshold: float, window: int) -> list[float | None]:
    """The share of low scores among the last `window`, None until it is full."""
    low = [score < threshold for score in scores]
    return [
        sum(low[end - window : end]) / window if end >= window else None
        for end in range(1, len(low) + 1)
    ]


def draw(story: Story, path: Path) -> None:
    """Write the picture; the suffix of `path` says whether as SVG or PNG."""
    figure = Figure(figsize=(10, 6.5), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    times = [t for t, _ in story.scored]
    scores = [score for _, score in story.scored]
    taken = float("inf") if story.takeover is None else story.takeover
    colours = [OWNER if t < taken else INTRUDER for t in times]
    upper.scatter(times, scores, c=colours, s=22, zorder=3)
    upper.axhline(story.threshold, color="#555", linewidth=1, linestyle="--")
    upper.set_ylabel("score of a trajectory (nats)\nabove 0 speaks for the owner")
    upper.text(0.005, 0.02, "threshold (dashed): below it counts against the user",
               transform=upper.transAxes, fontsize=8, color="#555")
    share = shares(scores, story.threshold, story.window)
    filled = [(t, value) for t, value in zip(times, share, strict=True) if value is not None]
    lower.step([t for t, _ in filled], [value for _, value in filled], where="post", color="#333")
    lower.axhline(story.limit / story.window, color=ALARM, linewidth=1, linestyle="--")
    lower.set_ylim(0, 1)
    lower.set_ylabel(f"low scores among\nthe last {story.window}")
    lower.set_xlabel("seconds at the browser")
    lower.text(0.005, story.limit / story.window + 0.02, f"limit {story.limit}/{story.window}",
               transform=lower.get_yaxis_transform(), fontsize=8, color=ALARM)
    for axis in (upper, lower):
        _mark(axis, story.takeover, "takeover", INTRUDER, named=axis is upper)
        _mark(axis, story.alert, "alert", ALARM, named=axis is upper)
        axis.spines[["top", "right"]].set_visible(False)
    upper.set_title(story.title, loc="left", fontsize=11)
    figure.savefig(path)


def _mark(axis: Axes, at: float | None, name: str, colour: str, *, named: bool) -> None:
    if at is not None:
        axis.axvline(at, color=colour, linewidth=1.5)
        if named:
            axis.annotate(name, (at, 1.0), xycoords=("data", "axes fraction"), color=colour,
                          xytext=(3, -10), textcoords="offset points", fontsize=9)
