"""Scoring in processes that cannot know what enrolment knew.

A scoring process is given the templates and the test recordings by name, and nothing else: it is
started afresh, and a guard refuses to open any other file of the evaluation. It takes no label
into account: what it writes for a recording depends on that recording and on the templates only.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

import reauth
from reauth.device import class_of, sampling_of
from reauth.lab.cutting import Facts, rows_of, whole
from reauth.lab.datasets import read_file
from reauth.lab.method import Method
from reauth.lab.metrics import Ints
from reauth.lab.shelf import Shelf
from reauth.lab.splits import GateError, Source, admit
from reauth.template import Template
from reauth.trajectory import Floats, Trajectory

BATCH = 256
"""Units scored together: with 3000 support vectors their kernel takes 6 MB, which fits a cache."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A job: compare one test recording with templates.

    Parameters
    ----------
    source, digest
        The recording, and SHA-256 of its content.
    templates
        Names on the shelf.
    unseen
        Whether who comes as an impostor must not have been background.
    then
        Digests of the templates when they were frozen.
    """

    source: Source
    digest: str
    templates: tuple[str, ...]
    method: Method
    unseen: bool
    shelf: Shelf
    then: Mapping[str, str]
    out: Path


@dataclass(frozen=True, eq=False, slots=True)
class Scored:
    """What comparing a recording gave.

    Parameters
    ----------
    at, run
        (n,) as `Units` has them, of all units of the recording.
    ids
        (n) names of the units' content.
    scores
        By template: (n,) log-likelihood ratios, NaN where a unit was too short, minus infinity
        where its device is none of the template's: live it would not be compared either.
    facts
        Of the recording.
    """

    at: Floats
    run: Ints
    ids: tuple[str, ...]
    scores: Mapping[str, Floats]
    facts: Facts


def score_one(job: Trial) -> None:
    """Compare a recording with every template that it may test, and keep the scores.

    Raises
    ------
    GateError
        If a template changed since it was frozen, or must not meet this recording.
    """
    for name in job.templates:
        job.shelf.check(name, job.then)
        admit(job.shelf.made(name), job.source.user, job.digest, unseen=job.unseen)
    units = job.method.cut(read_file(job.source.path))
    rows, places = rows_of(job.method.features, units.trajectories)
    scores = np.full((len(job.templates), len(units.at)), np.nan)
    for own, name in zip(scores, job.templates, strict=True):
        template = job.shelf.get(name)
        for start in range(0, len(rows), BATCH):
            batch = slice(start, start + BATCH)
            own[places[batch]] = job.method.verifier.score_many(template, rows[batch])
        own[_unknown(template, units.trajectories)] = -np.inf
    ids = [unit.id for unit in units.trajectories]
    _write(job, (units.at, units.run), scores, ids, units.facts)


def _unknown(template: Template, units: Sequence[Trajectory]) -> list[bool]:
    """Which units (n,) are of a device class that the user is not known on, as a session finds."""
    found, before = [], None
    for unit in units:
        name = class_of(unit, before=before)
        before = sampling_of(name) or before
        found.append(template.likeness(name) < 0)
    return found


def _write(
    job: Trial, when: tuple[Floats, Ints], scores: Floats, ids: Sequence[str], facts: Facts
) -> None:
    buffer = BytesIO()
    plain = {"templates": job.templates, "ids": ids}
    np.savez_compressed(
        buffer,
        at=when[0],
        run=when[1],
        scores=scores,
        facts=np.array(facts.numbers),
        plain=np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8),
    )
    whole(job.out, buffer.getvalue())


def read_scores(path: Path) -> Scored:
    """Read what `score_one` kept."""
    with np.load(path, allow_pickle=False) as kept:
        plain = json.loads(kept["plain"].tobytes())
        scores = dict(zip(plain["templates"], kept["scores"], strict=True))
        facts = Facts(*kept["facts"].tolist())
        return Scored(kept["at"], kept["run"], tuple(plain["ids"]), scores, facts)


def confine(recordings: Sequence[str], folders: Sequence[str]) -> None:
    """Let this process open test recordings, these folders, and its own program; no more.

    It cannot be taken back. Starting another process, which would not be confined, is refused too.

    Parameters
    ----------
    recordings
        Paths of the test recordings.
    folders
        The templates, which are read, and the scores, which are written.
    """
    program = (sys.prefix, sys.base_prefix, str(Path(reauth.__file__).parent), *_SYSTEM)
    roots = (os.path.join(os.path.realpath(place), "") for place in (*folders, *program))
    allowed = frozenset(map(os.path.realpath, recordings))
    sys.addaudithook(partial(_guard, allowed, tuple(roots)))


_SYSTEM = ("/dev", "/proc", "/sys")
_STARTS = frozenset({"os.exec", "os.fork", "os.posix_spawn", "os.system", "subprocess.Popen"})


def _guard(
    allowed: frozenset[str], roots: tuple[str, ...], event: str, args: tuple[Any, ...]
) -> None:
    if event in _STARTS:
        raise GateError("a scoring process starts no other")
    if event != "open" or not isinstance(args[0], str | bytes):
        return
    path = os.path.realpath(os.fsdecode(args[0]))
    if path not in allowed and not path.startswith(roots):
        raise GateError(f"a scoring process must not open {path}")
