"""Slides for Lu's task: read with their targets, dealt into folds, thinned, multiplied.

The contest's scale is taken back as in `datasets.Bdc2017`: x / 7 px, y / 13 px, (t - 1) / 3 ms.
"""

import hashlib
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reauth.event import Kind
from reauth.features.slider import Slide, from_start
from reauth.trajectory import TICK, Floats, Trajectory

FOLDS = 5
"""Parts of which one tests and the others train (shared/data/README.md, "bdc2017")."""

SUBSAMPLES, SHARE = 2, 0.7
"""Copies of each slide that trains, and the share of its points in each (Lu §6.2)."""

SCALE = 'x / 7 px, y / 13 px, (t - 1) / 3 ms ("likely real", shared/data/README.md)'


@dataclass(frozen=True, eq=False, slots=True)
class Labelled:
    """A slide, its name in the set, and whether a person made it."""

    name: str
    slide: Slide
    human: bool

    @property
    def deltas(self) -> bytes:
        """All steps (dx, dy), px: what a program that plays the same again has in common."""
        steps = np.diff(np.stack((self.slide.x, self.slide.y)))
        return np.rint(steps * 100).astype("<i8").tobytes()


def read_slides(archive: Path) -> list[Labelled]:
    """Read `bdc2017.tar.gz`, in the archive's order."""
    with tarfile.open(archive, "r:gz") as opened:
        files = (opened.extractfile(member) for member in opened if member.name.endswith(".txt"))
        return [_slide(line.decode()) for file in files if file is not None for line in file]


def _slide(line: str) -> Labelled:
    name, points, target, label = line.split()
    rows = [point.split(",") for point in points.rstrip(";").split(";")]
    x, y, t = np.array(rows, dtype=np.float64).T
    right, down = map(float, target.split(","))
    # Whole milliseconds, whole steps: (t - 1) / 3 leaves no remainder that a rounding would lose.
    slide = Slide((t - 1) / 3000, x / 7, y / 13, (right / 7, down / 13))
    return Labelled(name, slide, label == "1")


def folds(slides: Sequence[Labelled]) -> Floats:
    """Give (n,) which fold tests each: by a hash of its name, equal tracks in one fold.

    Equal are tracks with the same steps in place, whatever their clock: a program that plays a
    script twice is on one side only. The group goes where its first track goes.
    """
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(each.deltas, _fold(each.name)) for each in slides])


def _fold(name: str) -> int:
    return int(hashlib.sha256(f"fold{name}".encode()).hexdigest(), 16) % FOLDS


def subsampled(slide: Slide, rng: np.random.Generator) -> Slide:
    """Give a random part of a slide's points, in their order, at least one."""
    count = len(slide.t)
    kept = np.sort(rng.choice(count, max(1, round(SHARE * count)), replace=False))
    return Slide(slide.t[kept], slide.x[kept], slide.y[kept], slide.target)


def multiplied(slides: Iterable[Labelled], rng: np.random.Generator) -> Iterator[Labelled]:
    """Yield each slide, and after it its subsamples: for slides that train only."""
    for each in slides:
        yield each
        for number in range(1, SUBSAMPLES + 1):
            yield Labelled(f"{each.name}+{number}", subsampled(each.slide, rng), each.human)


def thinned(slide: Slide, spacing: float) -> Slide:
    """Keep points that are at least `spacing` s after the one kept before, and the first.

    People and programs are compared at the same clock only; who steps back in time waits until
    he has made up for it.
    """
    kept, last = [], -np.inf
    for place, t in enumerate(slide.t.tolist()):
        if t - last >= spacing - TICK / 2:
            kept.append(place)
            last = t
    return Slide(slide.t[kept], slide.x[kept], slide.y[kept], slide.target)


def alike(slides: Sequence[Labelled], spacing: float) -> list[Labelled]:
    """Give slides at one clock and counted from their first points: neither page nor logger."""
    return [
        Labelled(each.name, from_start(thinned(each.slide, spacing)), each.human)
        for each in slides
    ]


def slide_of(movement: Trajectory) -> Slide:
    """Take a movement for a slide, as the paper takes Shen's (§6.1): the target is how far it went.

    The paper's is the difference in pixels to the start, whatever the place on the screen.
    """
    moved = slice(None) if movement.kinds is None else movement.kinds == int(Kind.MOVE)
    x, y = movement.x[moved], movement.y[moved]
    return Slide(movement.t[moved], x, y, (float(x[-1] - x[0]), float(y[-1] - y[0])))


def direction(slide: Slide) -> int:
    """Give in which of eight directions a slide goes: 0 right, 2 down, 4 left, 6 up."""
    angle = np.arctan2(slide.y[-1] - slide.y[0], slide.x[-1] - slide.x[0])
    return int(np.rint(angle / (np.pi / 4))) % 8
