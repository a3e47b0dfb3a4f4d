"""A report's pictures: DET curves, score histograms, delays, users; the strokes of a movement.

Each is drawn from the figures of the report and the scores behind them, as SVG, to the byte the
same for the same figures.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from reauth.decomposition import Decomposition, signal_of
from reauth.lab.rules import WINDOWED
from reauth.lab.summary import CAUGHT, Victim, compared, delays
from reauth.lognormal import trace, velocity
from reauth.trajectory import Floats, Trajectory

GENUINE, IMPOSTOR, INK = "#2a6f97", "#c8553d", "#444"
CLASSES = {"native": "#2a6f97", "frame": "#61a5c2", "slow": "#e9a03b", "remote": "#c8553d"}
TICKS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 0.95)
LEAST_SHOWN = 30
"""Genuine windows that a histogram is drawn of: with fewer it shows chance."""


def _deviates(shares: Floats | Sequence[float]) -> Floats:
    """Give the normal deviates of shares: the scale of a DET curve."""
    inverse = NormalDist().inv_cdf
    return np.array([inverse(share) for share in shares])


def draw(title: str, report: Mapping[str, Any], victims: Sequence[Victim], out: Path) -> list[str]:
    """Draw all pictures of a report into a folder; give their names.

    Parameters
    ----------
    title
        Stands over each: what was evaluated, and whether impostors were seen.
    """
    pictures = {
        "det.svg": _det(report),
        "scores.svg": _scores(report, victims),
        "delays.svg": _delays(victims),
        "users.svg": _users(report),
    }
    for name, figure in pictures.items():
        _save(figure, title, out / name)
    return list(pictures)


def draw_rules(title: str, report: Mapping[str, Any], file: Path) -> None:
    """Draw the least delay of each policy over the false alarms that it may cost."""
    figure, [axis] = _figure(1, height=4.2)
    for place, row in enumerate(report["rules"]):
        told = [
            (one["false_alarms"], one["minutes"])
            for one in row["settings"]
            if one["minutes"] is not None
        ]
        name = (
            f"{row['rule']} {row['window']}" if row["rule"] in WINDOWED else row["rule"]
        )
        if told:
            x, y = zip(*sorted(told), strict=True)
            least = np.minimum.accumulate(y)
            axis.step(x, least, where="post", linewidth=1.4, color=f"C{place}", label=name)
    axis.set(xlim=(0, 12), ylim=(0, 20))
    axis.set_xlabel("false alarms in 8 active hours")
    axis.set_ylabel("median minutes until a takeover is noticed")
    if axis.lines:
        axis.legend(fontsize=8, frameon=False, loc="upper right")
    _save(figure, title, file)


def draw_curve(title: str, report: Mapping[str, Any], file: Path) -> None:
    """Draw error rates by the number of enrolled units, with intervals over users."""
    rows = [row for row in report["curve"] if row["enrolled"] is not None]
    sizes = [size for size in report["curve"][0] if size.isdigit()]
    figure, axes = _figure(len(sizes), height=3.6)
    for axis, size in zip(axes, sizes, strict=True):
        for kind, colour, name in (("any", "#999", "all impostors"), ("same", INK, "same class")):
            known = [(row["enrolled"], row[size][kind]) for row in rows]
            known = [(count, told) for count, told in known if "pooled" in told]
            counts = [count for count, _ in known]
            middle = [told["pooled"] for _, told in known]
            away = np.abs([[end - told["pooled"] for end in told["ci"]] for _, told in known])
            if known:
                axis.errorbar(counts, middle, away.T, color=colour, capsize=2, label=name)
        axis.set(ylim=(0, None), xscale="log", title=f"windows of {size} units")
        axis.set_xticks([row["enrolled"] for row in rows], [str(row["enrolled"]) for row in rows])
        axis.minorticks_off()
        axis.set_xlabel("units enrolled")
    axes[0].set_ylabel("EER, pooled")
    if axes[0].containers:
        axes[0].legend(fontsize=8, frameon=False, loc="upper right")
    _save(figure, title, file)


def draw_strokes(title: str, movement: Trajectory, found: Decomposition, file: Path) -> None:
    """Draw a movement's speed with each of its strokes and their sum, and its path beside them.

    The file's ending says which kind of picture it is: `.svg` or `.png`.
    """
    signal = signal_of(movement)
    t, strokes = signal.t, found.strokes
    figure, [speed, path] = _figure(2, height=4.2)
    for place, stroke in enumerate(strokes):
        label = "strokes" if not place else None
        alone = np.hypot(*velocity([stroke], t).T)
        speed.plot(t, alone, color="#61a5c2", linewidth=0.9, linestyle="--", label=label)
    speed.plot(t, np.abs(signal.v), color=INK, linewidth=1.4, label="measured, low-passed")
    together = np.hypot(*velocity(strokes, t).T)
    speed.plot(t, together, color=IMPOSTOR, linewidth=1.4, linestyle=":", label="sum of strokes")
    speed.set(xlim=t[[0, -1]] if len(t) else (0, 1), ylim=(0, None))
    speed.set_xlabel("s")
    speed.set_ylabel("px/s")
    speed.legend(fontsize=8, frameon=False, loc="upper right")
    moves = movement.kinds == 0 if movement.kinds is not None else np.ones(len(movement.t), bool)
    x, y = movement.x[moves], movement.y[moves]
    path.plot(x, y, ".", color=INK, markersize=3)
    if len(t):
        drawn = trace(strokes, t, (float(x[0]), float(y[0])))
        path.plot(*drawn.T, color=IMPOSTOR, linewidth=1.2, linestyle=":")
    path.set_aspect("equal", adjustable="datalim")
    path.invert_yaxis()
    path.set_xlabel("px")
    told = f"{title}: SNR {found.snr_db:.1f} dB, {len(strokes)} strokes"
    _save(figure, told, file)


def draw_growth(title: str, report: Mapping[str, Any], file: Path) -> None:
    """Draw what a look-up costs by the size of the library, and what a list would cost more."""
    sizes = [int(size) for size in report["lookup_ms"]]
    figure, [axis] = _figure(height=3.6)
    for name, key, colour in (("p95", "lookup_ms", GENUINE), ("median", "median_ms", INK)):
        taken = [report[key][str(size)] for size in sizes]
        if None not in taken:
            axis.plot(sizes, taken, "o-", color=colour, label=name)
    first = report["lookup_ms"][str(sizes[0])]
    if first is not None and len(sizes) > 1:
        axis.plot(
            sizes, [first * size / sizes[0] for size in sizes], "--", color=IMPOSTOR,
            label="as a list would grow",
        )  # fmt: skip
    if first is not None:
        axis.legend(fontsize=8, frameon=False)
    axis.set(xscale="log", xlabel="movements in the library", ylabel="ms")
    axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axis.xaxis.set_minor_locator(NullLocator())
    if len(sizes) > 1:
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(FuncFormatter(_plain))
        axis.yaxis.set_minor_formatter(FuncFormatter(_plain))
    else:
        axis.set_ylim(bottom=0)
    _save(figure, title, file)


def draw_bots(
    title: str, report: Mapping[str, Any], scores: tuple[Floats, Floats], file: Path
) -> None:
    """Draw the scores of people and of programs, and of each program how often it is noticed."""
    rows = [(name, told) for name, told in report["per_source"].items() if told["side"] == "bot"]
    figure, [left, right] = _figure(2, height=max(3.6, 1.2 + 0.25 * len(rows)))
    both = np.concatenate((*scores, [0.0, 0.1]))
    edges = np.linspace(both.min(), both.max(), 41).tolist()
    for part, colour, name in zip(scores, (GENUINE, IMPOSTOR), ("people", "programs"), strict=True):
        weights = np.full(len(part), 1 / max(1, len(part)))
        label = f"{name} ({len(part)})"
        left.hist(part, edges, weights=weights, color=colour, alpha=0.55, label=label)
    for size, limit in report["limits"].items():
        left.axvline(limit, color=INK, linewidth=0.8, linestyle="--")
        left.text(limit, 1.0, f" {size}", transform=left.get_xaxis_transform(), fontsize=7)
    left.set_xlabel("log-likelihood ratio, nats; dashed: 1 % of people")
    left.set_ylabel("share")
    left.legend(fontsize=8, frameon=False)
    places = np.arange(len(rows))
    for size, colour, height in (("5", "#c9c9c9", 0.8), ("1", IMPOSTOR, 0.5)):
        shares = [told["flagged"].get(size) or 0.0 for _, told in rows]
        label = "one movement" if size == "1" else f"mean of {size}"
        right.barh(places, shares, color=colour, height=height, label=label)
    right.set_yticks(places, [name[:32] for name, _ in rows], fontsize=7)
    right.set(xlim=(0, 1), xlabel="recall where 1 % of people are flagged")
    right.legend(fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    _save(figure, title, file)


def _plain(value: float, place: int) -> str:
    """Write a number of a logarithmic axis where it begins with 1, 2 or 5; else nothing."""
    return f"{value:g}" if f"{value:.0e}"[0] in "125" else ""


def _save(figure: Figure, title: str, file: Path) -> None:
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    with mpl.rc_context({"svg.hashsalt": "reauth"}):
        figure.savefig(file, dpi=150, metadata={"Date": None})


def _figure(columns: int = 1, height: float = 4.5) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(5 + 4 * (columns - 1) + 1, height), layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(1, columns)))
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _det(report: Mapping[str, Any]) -> Figure:
    """FNMR against FMR, on axes on which normal scores give straight lines."""
    figure, [axis] = _figure(height=5.4)
    for size, curve in report["det"].items():
        fmr, fnmr = (np.clip(curve[name], 5e-4, 1 - 5e-4) for name in ("fmr", "fnmr"))
        label = f"{size} units, EER {report['eer'][size]['pooled']:.1%}"
        axis.step(_deviates(fmr), _deviates(fnmr), where="post", label=label, linewidth=1.4)
    ends = _deviates((TICKS[0], TICKS[-1])).tolist()
    axis.plot(ends, ends, color="#bbb", linewidth=0.8, linestyle="--")
    for set_ticks in (axis.set_xticks, axis.set_yticks):
        set_ticks(_deviates(TICKS), [f"{tick:.1%}".replace(".0%", "%") for tick in TICKS])
    axis.set(xlim=ends, ylim=ends, aspect="equal")
    axis.set_xlabel("FMR: impostor windows that pass")
    axis.set_ylabel("FNMR: genuine windows refused")
    axis.tick_params(labelsize=8)
    if report["det"]:
        axis.legend(fontsize=8, frameon=False, loc="upper right")
    return figure


def _scores(report: Mapping[str, Any], victims: Sequence[Victim]) -> Figure:
    """How far apart single units are, and windows of them."""
    sizes = [
        int(size)
        for size, told in report["eer"].items()
        if told.get("genuine_windows", 0) >= LEAST_SHOWN
    ]
    shown = [1, *sorted({sizes[0], sizes[-1]} - {1})] if sizes else [1]
    figure, axes = _figure(len(shown), height=3.6)
    for axis, size in zip(axes, shown, strict=True):
        found = compared(victims, size)
        _histogram(axis, found.genuine, found.impostor)
        axis.set_title(f"mean of {size} units" if size > 1 else "single units", fontsize=9)
        axis.set_xlabel("log-likelihood ratio, nats")
    axes[0].set_ylabel("density")
    axes[0].legend(fontsize=8, frameon=False, loc="upper right")
    return figure


def _histogram(axis: Axes, genuine: Floats, impostor: Floats) -> None:
    every = np.concatenate((genuine, impostor, [0.0, 0.1]))
    edges = np.linspace(every.min(), every.max(), 41).tolist()
    for scores, colour, name in ((genuine, GENUINE, "genuine"), (impostor, IMPOSTOR, "impostor")):
        weights = np.full(len(scores), 1 / (max(1, len(scores)) * (edges[1] - edges[0])))
        label = f"{name} ({len(scores)})"
        axis.hist(scores, edges, weights=weights, color=colour, alpha=0.55, label=label)
    axis.axvline(0.0, color=INK, linewidth=0.8, linestyle="--")


def _delays(victims: Sequence[Victim]) -> Figure:
    """Who was caught by when, of those who were still watched, and of all."""
    figure, [axis] = _figure()
    found, end = delays(victims, np.ones(len(victims))), CAUGHT[-1]
    count = len(found.delay)
    if count:
        time, shares = found.curve()
        every = np.sort(found.delay[np.isfinite(found.delay)])
        over = np.sort(found.lasted)
        for at, share, name, look in (
            (time, shares, "caught", {"color": IMPOSTOR}),
            (every, np.arange(1, len(every) + 1) / count, "caught, of all",
             {"color": IMPOSTOR, "linewidth": 1, "linestyle": ":"}),
            (over, np.arange(1, count + 1) / count, "recording over",
             {"color": "#999", "linewidth": 1}),
        ):  # fmt: skip
            kept = at <= end
            last = share[kept][-1] if kept.any() else 0.0
            line = [0, *at[kept], end], [0, *share[kept], last]
            axis.step(*line, where="post", label=name, **look)
        axis.legend(fontsize=8, frameon=False, loc="lower right")
    axis.set(xlim=(0, end), ylim=(0, 1), xticks=CAUGHT)
    axis.set_xlabel("active minutes since the takeover")
    axis.set_ylabel(f"share of {count} takeovers")
    axis.grid(axis="y", color="#eee")
    return figure


def _users(report: Mapping[str, Any]) -> Figure:
    """Every user's error rate, by device class: a mean hides who is always refused."""
    rows = report["per_user"]
    sizes = [size for size in report["eer"] if any(row["eer"][size] is not None for row in rows)]
    size = "50" if "50" in sizes else (sizes[len(sizes) // 2] if sizes else None)
    figure, [axis] = _figure(height=max(3.0, 1.2 + 0.2 * len(rows)))
    if size is None:
        return figure
    known = [row for row in rows if row["eer"][size] is not None]
    known.sort(key=lambda row: (row["eer"][size], row["user"]))
    values = [row["eer"][size] for row in known]
    colours = [CLASSES.get(row["device_class"], "#999") for row in known]
    places = np.arange(len(known))
    axis.barh(places, values, color=colours, height=0.7)
    axis.plot(np.maximum(values, 0.003), places, "|", color=INK, markersize=6)
    names = [f"{row['user'][:18]} ({row['enrol_units']}/{row['test_units']})" for row in known]
    axis.set_yticks(places, names, fontsize=7)
    axis.set(xlim=(0, max(0.5, *values)), ylim=(-0.7, len(known) - 0.3))
    axis.set_xlabel(f"EER at {size} units, a threshold each (enrolled/tested)")
    present = sorted({row["device_class"] for row in known})
    handles = [
        axis.plot([], [], "s", color=CLASSES.get(name, "#999"), label=name)[0] for name in present
    ]
    axis.legend(handles=handles, fontsize=8, frameon=False, title="device class", loc="lower right")
    return figure
