"""Enrolment in the laboratory: recordings that enrol become templates on disk.

Two kinds of jobs, each done in a process of its own: cutting a recording into units, and learning
a user from units by the shipped `learn`, with the shipped caps. No test recording is opened here.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reauth.enrol import learn
from reauth.errors import NotEnrolled
from reauth.lab.cutting import read, write
from reauth.lab.datasets import read_file
from reauth.lab.method import Method
from reauth.lab.shelf import Shelf
from reauth.lab.splits import Provenance
from reauth.template import Drifts
from reauth.trajectory import Trajectory

Sessions = list[list[Trajectory]]


@dataclass(frozen=True, slots=True)
class Cutting:
    """A job: cut one recording into units."""

    source: Path
    method: Method
    out: Path


@dataclass(frozen=True, slots=True)
class Kept:
    """Units of a recording on disk, and SHA-256 of the recording."""

    path: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Shuffle:
    """Labels at random: every unit belongs to one of these users, by a hash of its content."""

    seed: int
    users: tuple[str, ...]

    def owner(self, unit: str) -> str:
        """Whose a unit is said to be, by its id; the same one wherever it turns up."""
        digest = hashlib.sha256(f"{self.seed}\0{unit}".encode()).digest()
        return self.users[int.from_bytes(digest[:8]) % len(self.users)]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A job: learn a user.

    Parameters
    ----------
    name
        What the template is called on the shelf.
    user
        Whom it describes.
    own, background
        Units by user and recording, in order of time; `own` holds the user's, or with `shuffles`
        those of everyone whose labels are shuffled with his.
    shuffles
        None, or who is said to have which of the units, of `own` and of `background`.
    drifts
        How later sessions differ, where it was measured.
    """

    name: str
    user: str
    own: Mapping[str, tuple[Kept, ...]]
    background: Mapping[str, tuple[Kept, ...]]
    method: Method
    seed: int
    shelf: Shelf
    shuffles: tuple[Shuffle, Shuffle] | None = None
    drifts: Drifts | None = None

    @property
    def out(self) -> Path:
        """What says that it is done."""
        return self.shelf.outcome(self.name)

    @property
    def provenance(self) -> Provenance:
        """What the template is made from."""
        kept = [*self.own.values(), *self.background.values()]
        digests = sorted({one.digest for each in kept for one in each})
        return Provenance(self.user, tuple(sorted(self.background)), tuple(digests))


def cut_one(job: Cutting) -> None:
    """Cut a recording and keep its units."""
    write(job.method.cut(read_file(job.source)), job.out)


def enrol_one(job: Enrolment) -> None:
    """Learn a user and keep the template, or the reason why there is none."""
    own, background = _units(job.own), _units(job.background)
    if job.shuffles is not None:
        own, background = (
            relabelled(units, shuffle)
            for units, shuffle in zip((own, background), job.shuffles, strict=True)
        )
        background.pop(job.user, None)
    genuine = newest(own.get(job.user, []), job.method.settings.enrolment.max_trajectories)
    most = job.method.most(len(background))
    try:
        template = learn(
            job.user,
            genuine,
            {user: newest(units, most) for user, units in background.items()},
            replace(job.method.options, drifts=job.drifts),
            draws(job.seed, job.user),
            now=0.0,
        )
    except NotEnrolled as error:
        count = sum(map(len, genuine))
        job.shelf.refuse(job.name, job.provenance, count, str(error))
    else:
        job.shelf.put(job.name, template, job.provenance)


def draws(seed: int, name: str) -> np.random.Generator:
    """What a part of an evaluation is drawn with: the same seed and name, the same numbers."""
    digest = hashlib.sha256(f"{seed}\0{name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8]))


def newest(sessions: Sequence[Sequence[Trajectory]], limit: int) -> Sessions:
    """Keep the newest units, at most so many, session by session in order of time."""
    found: Sessions = []
    left = limit
    for session in reversed(sessions):
        kept = list(session[max(0, len(session) - left) :]) if left else []
        left -= len(kept)
        if kept:
            found.append(kept)
    return found[::-1]


def relabelled(units: Mapping[str, Sessions], shuffle: Shuffle) -> dict[str, Sessions]:
    """Deal all units among the users of a shuffle; a session stays one."""
    found: dict[str, Sessions] = {user: [] for user in shuffle.users}
    for session in (session for sessions in units.values() for session in sessions):
        dealt: dict[str, list[Trajectory]] = {}
        for unit in session:
            dealt.setdefault(shuffle.owner(unit.id), []).append(unit)
        for user, part in dealt.items():
            found[user].append(part)
    return found


def _units(kept: Mapping[str, tuple[Kept, ...]]) -> dict[str, Sessions]:
    return {
        user: [list(read(one.path).trajectories) for one in each] for user, each in kept.items()
    }
