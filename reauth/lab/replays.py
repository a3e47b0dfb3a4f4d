"""Replays: how many of a library's movements are known again, how many new ones are taken for one.

Movements of the library are played again, as they are and with 30 % of their points moved by 1 or
3 px; once as if the points themselves were sent in, and once as a browser would tell of them. Those
of other recordings, of the same people and of others, must not be known. Then the library is filled
up with movements of generated people, and what a look-up costs is measured as it grows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

import numpy as np

from reauth.detect.replay import BYTES, Library
from reauth.detect.shape import reach, row_of, shape_of
from reauth.detect.turned import Turned, laid
from reauth.errors import SettingsError
from reauth.event import Event, Kind
from reauth.generate.perturbed import SHARE, perturbed
from reauth.generate.retargeted import onto
from reauth.lab import text
from reauth.lab.cutting import cut
from reauth.lab.datasets import Folder, read_file
from reauth.lab.evaluate import recordings
from reauth.lab.filling import generated
from reauth.lab.work import Watch
from reauth.movement import MovementSegmenter
from reauth.settings import Settings
from reauth.trajectory import Floats, Trajectory

SIZES: Final = (10_000, 100_000, 1_000_000)
"""Movements in the library at which look-ups are timed (issue 5)."""

PLAYED: Final = 2000
"""Movements that are played again, at most; each in twelve ways."""

TIMED, COUNTED = 1000, 100
"""Look-ups that are timed, and those whose points are counted, at each size."""

MOVED: Final[Mapping[str, float]] = {"exact": 0.0, "1px": 1.0, "3px": 3.0}
"""px by which 30 % of the points are moved (biometrics.md §9, G10)."""

LATENESS: Final = 0.003
"""s, deviation of how late an event is: ours; `reauth.lab.bot.Timing` tells what a player's was."""

FRAME: Final = 1 / 60
"""s; a page without coalesced events is told of the last place in each frame."""

WAYS: Final = ("points", "browser", "frames", "elsewhere")
"""As points; through a browser with coalesced events; through one with an event a frame; as points
that were turned by any angle and scaled to go somewhere else."""

LARGER: Final = 1.5
"""Times as long or as short, at most, as what is turned."""

DETECTORS: Final = ("library", "turned")
"""What `--detector` takes: the index alone, and what is live by default."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is measured: folders or archives of `<source>/<session>.csv`, seed, sizes, by what."""

    library: Path
    data: Path
    seed: int
    sizes: tuple[int, ...] = SIZES
    detector: str = "library"


Owned = tuple[str, Trajectory]


class Known:
    """What was seen before, by the index alone: each person with a limit of their own."""

    copies = 1

    def __init__(self, most: int) -> None:
        self._library = Library(most)

    def __len__(self) -> int:
        """Shapes that are known again."""
        return len(self._library)

    def add(self, movement: Trajectory, name: str, *, teach: bool = True) -> bool:
        """Take a movement; whether it was taken."""
        return self._library.add(movement, name, teach=teach)

    def score(self, movement: Trajectory, name: str) -> float | str:
        """Nats, below 0 for a replay, or why there are none."""
        return self._library.score_many([movement], name)[0]

    def examined(self, movement: Trajectory) -> int:
        """How many points are compared at most."""
        return _examined(self._library, movement)


class KnownTurned:
    """The same by the detector that is live: also if it was turned; whose it is nobody asks."""

    copies = 2

    def __init__(self, most: int) -> None:
        self._turned = Turned(most)

    def __len__(self) -> int:
        """Shapes that are known again, as they are."""
        return len(self._turned.plain)

    def add(self, movement: Trajectory, name: str, *, teach: bool = True) -> bool:
        """Take a movement; whether it was taken."""
        line = laid(movement)
        on_line = line is not None and self._turned.line.add(line, teach=teach)
        return self._turned.plain.add(movement, teach=teach) or on_line

    def score(self, movement: Trajectory, name: str) -> float | str:
        """Nats, below 0 for a replay, or why there are none."""
        return self._turned.score_many([movement])[0]

    def examined(self, movement: Trajectory) -> int:
        """How many points are compared at most."""
        line = laid(movement)
        return _examined(self._turned.plain, movement) + (
            0 if line is None else _examined(self._turned.line, line)
        )


_KNOWN: Final[Mapping[str, type[Known] | type[KnownTurned]]] = dict(
    zip(DETECTORS, (Known, KnownTurned), strict=True)
)
Memory = Known | KnownTurned


def replays(asked: Asked, watch: Watch) -> dict[str, Any]:
    """Measure everything.

    Raises
    ------
    SettingsError
        If a folder is missing, or there is no such detector.
    RecordingError
        If a recording breaks the format.
    """
    if asked.detector not in _KNOWN:
        raise SettingsError(f"no detector '{asked.detector}'; there are: {', '.join(_KNOWN)}")
    known, new, same = _read(asked, watch)
    rng = np.random.default_rng(asked.seed)
    library = _KNOWN[asked.detector](2 * max(1, len(known)))  # a movement may be kept twice
    numbered = [each for each in known if library.add(each[1], each[0])]
    flags = flagged(library, new)
    played = [numbered[at] for at in rng.permutation(len(numbered))[:PLAYED]]
    found = {
        way: {
            name: _recall(library, played, way, size, rng)
            for name, size in watch(MOVED.items(), len(MOVED), f"replay ({way})")
        }
        for way in WAYS
    }
    grown = _growth(asked, numbered, new, watch)
    told = {
        name: {size: row[name] for size, row in grown.items()}
        for name in next(iter(grown.values()))
    }
    return {
        "recall": found["points"],
        "recall_browser": found["browser"],
        "recall_frames": found["frames"],
        "recall_elsewhere": found["elsewhere"],
        "played": len(played),
        "human_false_flags": flags["share"],
        "flags": flags,
        "lookup_ms": told.pop("p95_ms"),
        **told,
        "library": {
            "movements": len(known),
            "with_shape": len(numbered),
            "bytes_a_movement": BYTES * library.copies,
        },
        "detector": asked.detector,
        "data": {"movements": len(new), "recordings_left_out": same},
        "seed": asked.seed,
    }


def _read(asked: Asked, watch: Watch) -> tuple[list[Owned], list[Owned], int]:
    """Movements of both folders; a recording that lies in both is the library's only."""
    with recordings(asked.library) as folder:
        files = Folder(folder).files()
        digests = {sha256(file.read_bytes()).digest() for file in files}
        known = list(_movements(watch(files, len(files), "recording")))
    with recordings(asked.data) as folder:
        files = Folder(folder).files()
        others = [file for file in files if sha256(file.read_bytes()).digest() not in digests]
        new = list(_movements(watch(others, len(others), "recording")))
    return known, new, len(files) - len(others)


def _movements(files: Iterable[Path]) -> Iterator[Owned]:
    for file in files:
        units = cut(read_file(file), segmenter, Settings().identity_lane.session_gap)
        yield from ((file.parent.name, each) for each in units.trajectories)


def segmenter() -> MovementSegmenter:
    """The lane's, with the shipped pause."""
    return MovementSegmenter(Settings().identity_lane.pause)


def flagged(library: Memory, movements: Sequence[Owned]) -> dict[str, Any]:
    """How many movements are taken for replays, and how many are not looked up at all.

    `share` is of all that were seen, `of_looked_up` of those that have a shape; `at_most` is the
    95 % bound of `share` where none is flagged (3/n), else its upper end after Wilson.
    """
    scores = [library.score(each, name) for name, each in movements]
    reasons = [score for score in scores if isinstance(score, str)]
    looked, n = len(scores) - len(reasons), len(scores)
    hits = sum(1 for score in scores if not isinstance(score, str) and score < 0)
    return {
        "flagged": hits,
        "movements": n,
        "looked_up": looked,
        "share": hits / n if n else None,
        "of_looked_up": hits / looked if looked else None,
        "at_most": _upper(hits, looked),
        "not_looked_up": {name: reasons.count(name) for name in sorted(set(reasons))},
    }


def _upper(hits: int, n: int) -> float | None:
    """The upper end of the 95 % interval of a share (Wilson 1927); 3/n for none."""
    if not n or not hits:
        return min(1.0, 3 / n) if n else None
    z, p = 1.96, hits / n
    middle, spread = p + z * z / (2 * n), z * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    return float((middle + spread) / (1 + z * z / n))


def _recall(
    library: Memory, played: Sequence[Owned], way: str, size: float, rng: np.random.Generator
) -> float | None:
    """The share of replays that are known: of which a piece, if it was cut, is flagged."""
    if not played:
        return None
    hits = 0
    for name, each in played:
        moved = perturbed(moves_of(each), SHARE if size else 0.0, size, rng)
        if way == "elsewhere":
            pieces = [sent_elsewhere(moved, rng)]
        else:
            pieces = [moved] if way == "points" else through_browser(moved, rng, way == "frames")
        scores = [library.score(piece, name) for piece in pieces]
        hits += any(not isinstance(score, str) and score < 0 for score in scores)
    return hits / len(played)


def sent_elsewhere(movement: Trajectory, rng: np.random.Generator) -> Trajectory:
    """Turn a movement by any angle and scale it by up to `LARGER`: somewhere else is wanted.

    What ends where it began is only shifted.
    """
    x, y = movement.x, movement.y
    way = complex(x[-1] - x[0], y[-1] - y[0])
    size, angle = np.log(LARGER) * rng.uniform(-1, 1), rng.uniform(0, 2 * np.pi)
    if not way:
        return movement
    to = complex(x[0], y[0]) + way * np.exp(size + 1j * angle)
    places = np.column_stack((x, y))
    return onto(movement.t, places, (float(x[0]), float(y[0])), (to.real, to.imag))


def moves_of(movement: Trajectory) -> Trajectory:
    """A movement without its clicks and wheel steps."""
    if movement.kinds is None:
        return movement
    moves = movement.kinds == Kind.MOVE
    return Trajectory(movement.page, movement.t[moves], movement.x[moves], movement.y[moves])


def through_browser(
    movement: Trajectory, rng: np.random.Generator, frames: bool
) -> list[Trajectory]:
    """What is cut out of a movement that somebody plays in a browser at true speed.

    It begins at any moment of a frame and lies elsewhere on the page; every event is late by some
    ms and none overtakes another; with `frames` only the last one of each frame is told.
    """
    late = np.abs(rng.normal(0.0, LATENESS, movement.t.size))
    t = np.maximum.accumulate(movement.t - movement.t[0] + late) + rng.uniform(0, FRAME)
    t = np.round(t, 4)
    shift = rng.integers(-200, 200, 2)
    last = np.append(np.diff(np.ceil(t / FRAME)) > 0, True) if frames else np.ones(t.size, np.bool_)
    events = [
        Event(Kind.MOVE, 0, *row)
        for row in np.stack((t, movement.x + shift[0], movement.y + shift[1]))[:, last].T.tolist()
    ]
    again = segmenter()
    return [each for _, each in again.feed_many(events)] + again.close()


def _growth(
    asked: Asked, known: Sequence[Owned], new: Sequence[Owned], watch: Watch
) -> dict[str, dict[str, Any]]:
    """What a look-up costs and who is flagged, by the size of the library."""
    rng = np.random.default_rng(asked.seed)
    library = _KNOWN[asked.detector](asked.sizes[-1])
    stream: Iterator[tuple[Owned, bool]] = chain(
        ((each, True) for each in known), ((("", each), False) for each in generated(rng))
    )
    looked = [(name, each) for name, each in new if not isinstance(shape_of(each), str)]
    asked_of = [looked[at] for at in rng.permutation(len(looked))[:TIMED]]
    grown = {}
    for size in watch(asked.sizes, len(asked.sizes), "size"):
        adding = process_time()
        before = len(library)
        while len(library) < size:
            (name, each), teach = next(stream)
            library.add(each, name, teach=teach)
        added = (process_time() - adding) / max(1, len(library) - before)
        grown[str(size)] = {
            **_costs(library, asked_of),
            "add_us": 1e6 * added,
            "flags_by_size": flagged(library, new)["share"],
        }
    return grown


def _costs(library: Memory, movements: Sequence[Owned]) -> dict[str, float | None]:
    taken, passed = [], []
    for name, each in movements:
        begin, began = process_time(), perf_counter()
        library.score(each, name)
        taken.append(process_time() - begin)
        passed.append(perf_counter() - began)
    examined = [library.examined(each) for _, each in movements[:COUNTED]]
    at = [float(each) for each in np.quantile(taken, (0.5, 0.95, 0.99))] if taken else [None] * 3
    ms = [None if each is None else 1e3 * each for each in at]
    return {
        "median_ms": ms[0],
        "p95_ms": ms[1],
        "p99_ms": ms[2],
        "p95_wall_ms": 1e3 * float(np.quantile(passed, 0.95)) if passed else None,
        "examined": float(np.mean(examined)) if examined else None,
    }


def _examined(library: Library, movement: Trajectory) -> int:
    shape = shape_of(movement)
    if isinstance(shape, str):
        return 0
    row: Floats = row_of(shape.outline[None], np.array([shape.duration]))[0]
    return library.forest.examined(row, reach(shape))


ABOUT = """\
A replay is known if it is flagged. *As points*: the recording's own points are sent in. *Browser*:
played at true speed, each event late by some ms, elsewhere on the page, and cut anew. *Frames*: the
same where a page tells of the last place in each frame of 60 Hz only. *Elsewhere*: its points,
turned by any angle and scaled by up to 1.5, which the library alone does not know. Movements with
fewer than 8 points, within 40 px or nearly straight are not looked up, and not counted in the
recall: people repeat them. A recording that is played within a longer movement or slower is not
known. Flags are counted on movements of recordings that are not in the library; look-ups are timed
on those of them that are looked up, the library filled up with generated movements. Times are of
the processor, whatever else the machine did; by the clock they stand beside.
"""


def markdown(report: Mapping[str, Any]) -> str:
    """A report as text."""
    flags, library = report["flags"], report["library"]
    ways = (("as points", "recall"), ("browser", "recall_browser"), ("frames", "recall_frames"),
            ("elsewhere", "recall_elsewhere"))  # fmt: skip
    recall = [("replayed", *MOVED)] + [
        (name, *(text.share(report[key][size]) for size in MOVED)) for name, key in ways
    ]
    rows = [("movements in the library", "median ms", "p95 ms", "p99 ms", "p95 by the clock",
             "points examined", "us to add one", "flagged of data")]  # fmt: skip
    for size in report["lookup_ms"]:
        cells = ("median_ms", "lookup_ms", "p99_ms", "p95_wall_ms", "examined", "add_us")
        digits = (3, 3, 3, 3, 0, 0)
        told = [text.number(report[key][size], n) for key, n in zip(cells, digits, strict=True)]
        rows.append((size, *told, _fine(report["flags_by_size"][size])))
    parts = [
        f"# Replays: detector {report['detector']}",
        f"{library['with_shape']} of {library['movements']} movements of the library can be looked "
        f"up; {report['played']} of them were played again; {library['bytes_a_movement']} bytes "
        f"each in memory; seed {report['seed']}.",
        "## Known again\n\n" + text.table(recall).rstrip(),
        "## Taken for a replay\n\n"
        f"{flags['flagged']} of {flags['movements']} new movements "
        f"({_fine(flags['share'])}), {flags['looked_up']} of which were looked up (95 %: at most "
        f"{_fine(flags['at_most'])} of those). Not looked up: "
        + (", ".join(f"{name} {n}" for name, n in flags["not_looked_up"].items()) or "none")
        + ".",
        "## Look-up by size\n\n" + text.table(rows).rstrip(),
        "![growth](lookup.svg)",
        ABOUT.rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


def _fine(value: float | None) -> str:
    return "-" if value is None else f"{value:.3%}".replace("%", " %")
