"""From a recording to units: what a live session would compare, and when it would have known.

The segmenter is the shipped one, fed run by run as the live service does: a long pause ends the
session. Time is active time, on the recording's own clock, in which longer gaps than `IDLE` do
not count; a unit is known at the event that completed it, not at its last point.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from reauth.errors import TooShort
from reauth.event import Event, Kind, Samples, runs
from reauth.features import FeatureSet
from reauth.lab.metrics import Ints
from reauth.pace import IDLE
from reauth.trajectory import Floats, Segmenter, Trajectory

SLOWEST = 0.5
"""s; a longer gap between movements is a pause and no period (shared/data/README.md, "dt")."""

CLASSES = ((0.011, "native"), (0.025, "frame"), (0.060, "slow"), (SLOWEST, "remote"))
"""s, and the sampling class of median periods below it. The public sets have 3-10 ms (the mouse's
own rate), 12-20 ms (a browser's frames) and 94-110 ms (remote desktop): the bounds lie between
them (shared/data/README.md, "dt"), that of 60 ms beside the 52 ms of a virtual machine there."""

UNKNOWN = "unknown"
"""The class of a recording without movement."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a recording tells of the device, and how long somebody was there.

    `period` is the median time between movements, s (NaN without any); `right` and `bottom` the
    largest x and y, px; `active` the active time, s. Where the recording was resampled, `clock`
    is the period that it had before: who is of whose class is not changed by that.
    """

    period: float
    right: float
    bottom: float
    active: float
    clock: float | None = None

    @property
    def device_class(self) -> str:
        """The sampling class of the recording as it was made."""
        clock = self.period if self.clock is None else self.clock
        return next((name for bound, name in CLASSES if clock < bound), UNKNOWN)

    @property
    def numbers(self) -> list[float]:
        """All of them, as a file keeps them; `Facts(*numbers)` is the same again."""
        found = [self.period, self.right, self.bottom, self.active]
        return found if self.clock is None else [*found, self.clock]


@dataclass(frozen=True, eq=False, slots=True)
class Units:
    """What was cut out of a recording.

    Parameters
    ----------
    trajectories
        (n) of them, in order of completion.
    at
        (n,) active s from the recording's start until each was complete.
    run
        (n,) which session of the recording it belongs to: a long pause ends one.
    facts
        Of the whole recording.
    """

    trajectories: tuple[Trajectory, ...]
    at: Floats
    run: Ints
    facts: Facts


def cut(events: Sequence[Event], segmenter: Callable[[], Segmenter], gap: float) -> Units:
    """Cut a recording's events, of one page, into units.

    Parameters
    ----------
    segmenter
        Makes a fresh one for each session.
    gap
        s; such a pause ends a session.
    """
    if not events:
        nothing = np.empty(0)
        return Units((), nothing, nothing.astype(np.int64), Facts(np.nan, 0.0, 0.0, 0.0))
    kinds, pages, *columns = zip(*events, strict=True)
    samples = Samples(pages[0], kinds, *columns)
    t = np.array(samples.times)
    active = _active(t)
    found: list[tuple[int, int, Trajectory]] = []
    start = 0
    for number, run in enumerate(runs(None, samples, gap)):
        cutter = segmenter()
        found += [(start + index, number, unit) for index, unit in cutter.feed_many(run)]
        start += len(run)
        found += [(start - 1, number, unit) for unit in cutter.close()]
    places = np.array([place for place, _, _ in found], dtype=np.int64)
    return Units(
        tuple(unit for _, _, unit in found),
        active[places],
        np.array([number for _, number, _ in found], dtype=np.int64),
        _facts(samples, t, float(active[-1])),
    )


def _active(t: Floats) -> Floats:
    """Give the active time (n,) at each event: gaps above `IDLE` are none."""
    steps = np.diff(t, prepend=t[0])
    return np.asarray(np.cumsum(np.where(steps <= IDLE, steps, 0.0)))


def _facts(samples: Samples, t: Floats, active: float) -> Facts:
    moved = np.array(samples.kinds) == Kind.MOVE
    x, y = np.array(samples.xs)[moved], np.array(samples.ys)[moved]
    ends = float(x.max(initial=0.0)), float(y.max(initial=0.0))
    return Facts(_period(t[moved]), *ends, active)


def _period(t: Floats) -> float:
    """Give the median step, s, between movements at (n,) s; NaN without one."""
    steps = np.diff(t)
    steps = steps[(steps > 0) & (steps < SLOWEST)]
    return float(np.median(steps)) if len(steps) else np.nan


def clock_of(events: Sequence[Event]) -> float:
    """Give the median time, s, between the movements of a recording; NaN without any."""
    return _period(np.array([event.t for event in events if event.kind == Kind.MOVE]))


def rows_of(features: FeatureSet, units: Sequence[Trajectory]) -> tuple[Floats, Ints]:
    """Give the features (k, d) of those units that are long enough, and their places (k,)."""
    try:
        return features.extract_many(units), np.arange(len(units))
    except TooShort:
        places = [place for place, unit in enumerate(units) if _fits(features, unit)]
        rows = features.extract_many([units[place] for place in places])
        return rows, np.array(places, dtype=np.int64)


def _fits(features: FeatureSet, unit: Trajectory) -> bool:
    try:
        features.extract(unit)
    except TooShort:
        return False
    return True


def write(units: Units, path: Path) -> None:
    """Keep units as arrays, written whole."""
    buffer = BytesIO()
    every = units.trajectories
    points = [np.stack((unit.t, unit.x, unit.y)) for unit in every]
    kinds = [np.zeros(len(unit.t)) if unit.kinds is None else unit.kinds for unit in every]
    np.savez_compressed(
        buffer,
        points=np.concatenate([np.empty((3, 0)), *points], axis=1),
        kinds=np.concatenate([np.empty(0), *kinds]).astype(np.int8),
        sizes=np.array([len(unit.t) for unit in every], dtype=np.int64),
        marked=np.array([unit.kinds is not None for unit in every], dtype=bool),
        rest=np.array([unit.rest for unit in every], dtype=np.float64),
        at=units.at,
        run=units.run,
        facts=np.array(units.facts.numbers),
    )
    whole(path, buffer.getvalue())


def read(path: Path) -> Units:
    """Read what `write` kept."""
    with np.load(path, allow_pickle=False) as kept:
        ends = np.cumsum(kept["sizes"])
        columns = [np.split(column, ends)[:-1] for column in (*kept["points"], kept["kinds"])]
        rows = zip(*columns, kept["marked"], kept["rest"].tolist(), strict=True)
        units = tuple(
            Trajectory(0, t, x, y, kinds if marked else None, rest)
            for t, x, y, kinds, marked, rest in rows
        )
        return Units(units, kept["at"], kept["run"], Facts(*kept["facts"].tolist()))


def glance(path: Path) -> tuple[Facts, int]:
    """Read the facts only, and how many units there are."""
    with np.load(path, allow_pickle=False) as kept:
        return Facts(*kept["facts"].tolist()), len(kept["sizes"])


def whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: who is interrupted leaves no half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)

