"""What a movement was drawn with: how often its points come, by what pointer, on what screen.

People are compared with their own past on the same class of device. On another the features mean
other things, and a low score says nothing of who moves: an unknown device is no impostor.

A class has a name, "sampling/pointer/screen". What nobody told is "?" and contradicts nothing:
recordings know no screen, and a page no pointer before the first press.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple

import numpy as np

from reauth.event import Kind
from reauth.trajectory import Trajectory

CLASSES: Final[tuple[tuple[str, float], ...]] = (
    ("dense", 0.0115),
    ("frame", 0.06),
    ("sparse", float("inf")),
)
"""Names of the sampling classes, and the s between points below which each lies. `dense`: each
sample of the mouse, or frames of a screen of 90 Hz and more; `frame`: one a frame of 17 to 85 Hz,
as on pages over plain http, which have no coalesced events; `sparse`: remote desktops. H-BRS'
devices lie at 3 to 10 and at 12 to 20 ms, Balabit's at 16 and at 109 ms (shared/data/README.md,
biometrics.md §4); where points are thinned to 25 ms, as Medvet's are, the first two are one."""

SAMPLINGS: Final = tuple(name for name, _ in CLASSES)

SCREENS: Final[tuple[tuple[str, float], ...]] = (
    ("hand", 1100.0),
    ("small", 1700.0),
    ("medium", 2200.0),
    ("large", float("inf")),
)
"""Names of the screen classes, and the CSS px below which the longer side of each lies: what is
held in a hand; laptops, 1280 to 1680; 1920 and 2048; 2560 and more. A pointer goes as far as there
is room, so its extents and speeds differ between them; between 1366 and 1440 less than from one
hand to the next."""

POINTERS: Final = ("mouse", "pen", "touch", "other")
"""Names of the pointer types, in the order of the wire."""

ANY: Final = "?"
"""What nobody told."""

UNTOLD: Final = f"{ANY}/{ANY}/{ANY}"
"""The class of which nothing is told."""

UNKNOWN_DEVICE: Final = "unknown_device"
"""Why a trajectory is not compared whose class the user is not known on."""

QUARTER = 0.25
"""Share of a trajectory's intervals that are no longer than its own: a slow hand has pauses, at
best it moves as fast as it is sampled. Ten points of H-BRS are not of their recording's class in
0.3 % of trajectories with the quarter and in 2.9 % with the median, of Balabit in 0.1 and 0.3 %."""

USUAL = 0.05
"""Share of a pool that makes a class worth its name: far more than are of another class by
chance."""


class Device(NamedTuple):
    """A device class; `ANY` for what nobody told."""

    sampling: str
    pointer: str
    screen: str

    @property
    def name(self) -> str:
        """How it is written.

        Examples
        --------
        >>> Device("frame", "mouse", "medium").name
        'frame/mouse/medium'
        """
        return "/".join(self)


def parse(name: str) -> Device:
    """Read a class's name; templates of old say the sampling alone.

    Examples
    --------
    >>> parse("frame")
    Device(sampling='frame', pointer='?', screen='?')
    """
    parts = (*name.split("/"), ANY, ANY)
    return Device(*parts[:3])


def sampling_of(name: str) -> str | None:
    """Give the sampling class in a class's name; None where it was not told.

    Examples
    --------
    >>> sampling_of("frame/mouse/?"), sampling_of("?/mouse/?")
    ('frame', None)
    """
    told = name.partition("/")[0]
    return None if told == ANY else told


@lru_cache(4096)
def likeness(one: str, other: str) -> int:
    """How many parts of two classes are told alike; -1 where one contradicts the other.

    Examples
    --------
    >>> likeness("frame/mouse/medium", "frame/?/medium")
    2
    >>> likeness("frame/mouse/medium", "frame/mouse/large")
    -1
    """
    pairs = list(zip(parse(one), parse(other), strict=True))
    if any(a != b and ANY not in (a, b) for a, b in pairs):
        return -1
    return sum(a == b != ANY for a, b in pairs)


def screen_class(width: float, height: float) -> str | None:
    """Give the class of a screen of so many CSS px; None where that is none.

    Examples
    --------
    >>> screen_class(1920, 1080), screen_class(0, 0)
    ('medium', None)
    """
    longer = max(width, height)
    return next(name for name, above in SCREENS if longer < above) if longer > 0 else None


def sampling(trajectory: Trajectory) -> str | None:
    """Give the sampling class of a trajectory, a name of `CLASSES`.

    None where fewer than three of its points are movements: one interval tells of a hand, not of
    what it holds.

    Examples
    --------
    >>> t = np.arange(10) * 0.017
    >>> sampling(Trajectory(0, t, t, t))
    'frame'
    """
    t = trajectory.t
    if trajectory.kinds is not None:
        t = t[trajectory.kinds == Kind.MOVE]
    if len(t) < 3:
        return None
    gaps = np.sort(t[1:] - t[:-1])
    usual = gaps[int(len(gaps) * QUARTER)]
    return next(name for name, above in CLASSES if usual < above)


def class_of(
    trajectory: Trajectory,
    pointer: str | None = None,
    screen: str | None = None,
    before: str | None = None,
) -> str:
    """Give the name of a trajectory's class: as it bears it, else found here.

    Parameters
    ----------
    pointer, screen
        What its page told.
    before
        The sampling class of what came before in its session, which it has where it tells none.

    Examples
    --------
    >>> t = np.arange(10) * 0.017
    >>> class_of(Trajectory(0, t, t, t), "mouse")
    'frame/mouse/?'
    """
    if trajectory.device is not None:
        return trajectory.device
    return f"{sampling(trajectory) or before or ANY}/{pointer or ANY}/{screen or ANY}"


def pools(counts: Mapping[str, int]) -> dict[str, str]:
    """Give the class that each class's trajectories are learnt with, the commonest first.

    What leaves a part open goes to the commonest class that tells it and else says the same, if
    that is worth its name.

    Parameters
    ----------
    counts
        Trajectories of a user, by class.

    Examples
    --------
    >>> pools({"frame/mouse/small": 90, "frame/?/small": 9, "dense/mouse/small": 4})
    {'frame/mouse/small': 'frame/mouse/small', 'frame/?/small': 'frame/mouse/small', \
'dense/mouse/small': 'dense/mouse/small'}
    """
    found: dict[str, str] = {}
    for name in sorted(counts, key=lambda each: (-_told(each), -counts[each], each)):
        fitting = [
            pool
            for pool in found.values()
            if likeness(name, pool) == _told(name)
            and counts[pool] > USUAL * (counts[pool] + counts[name])
        ]
        found[name] = max(fitting, key=lambda pool: counts[pool], default=name)
    total = {pool: sum(counts[name] for name in found if found[name] == pool) for pool in found}
    order = sorted(found, key=lambda name: (-total[found[name]], found[name], -_told(name), name))
    return {name: found[name] for name in order}


def _told(name: str) -> int:
    return sum(part != ANY for part in parse(name))


def split(sessions: Sequence[Sequence[Trajectory]]) -> dict[str, list[list[Trajectory]]]:
    """Deal a user's trajectories out by the class that they are learnt with, the commonest first.

    A session stays one in each class that it has a part in.
    """
    names = [[class_of(each) for each in session] for session in sessions]
    into = pools(Counter(chain.from_iterable(names)))
    found: dict[str, list[list[Trajectory]]] = {pool: [] for pool in into.values()}
    for session, classes in zip(sessions, names, strict=True):
        parts: dict[str, list[Trajectory]] = {}
        for trajectory, name in zip(session, classes, strict=True):
            parts.setdefault(into[name], []).append(trajectory)
        for pool, part in parts.items():
            found[pool].append(part)
    return found


def alike(trajectories: Iterable[Trajectory], device: str) -> list[Trajectory]:
    """Keep those whose class does not contradict this one."""
    return [each for each in trajectories if likeness(class_of(each), device) >= 0]


def cohort(
    others: Mapping[str, Sequence[Sequence[Trajectory]]], device: str, least: int, enough: int
) -> Mapping[str, Sequence[Sequence[Trajectory]]]:
    """Give whom a user of a class is told from: others on the same class, where there are enough.

    Else it is all of them, whatever their devices: to be told from few is worse than from many
    whose devices tell part of it.

    Parameters
    ----------
    others
        Their trajectories, session by session.
    least, enough
        Trajectories on the class without which somebody is none of them, and how many it takes.
    """
    same = {
        name: [alike(session, device) for session in sessions] for name, sessions in others.items()
    }
    found = {name: each for name, each in same.items() if sum(map(len, each)) >= least}
    return found if len(found) >= enough else others
