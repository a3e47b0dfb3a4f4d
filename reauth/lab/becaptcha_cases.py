"""Movements of people, and of every kind of program on the same ways, with their features.

Programs are learnt from some people, and judged beside others: no detector and no program has seen
a person that is judged. What takes long is done in units that are kept: networks, then features.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reauth.features import FEATURE_SETS
from reauth.generate import GENERATORS
from reauth.generate.clock import clock_of
from reauth.generate.functions import FUNCTIONS
from reauth.generate.gan_training import ENOUGH, Budget, Trained, train
from reauth.generate.recurrent import torch_or_error
from reauth.lab import Dataset
from reauth.lab.cutting import Facts, Units, read, whole, write
from reauth.lab.gan import keep
from reauth.lab.gan import read as read_gan
from reauth.lab.learning import draws
from reauth.lab.pointing import by_person, ends, machine, parted, spread, told
from reauth.lab.work import Watch, finished
from reauth.trajectory import Bools, Floats, Trajectory

GAN = "gan"
SOURCE = 1 / 3
"""Share of people whom programs learn from; nobody of them is judged."""
UNKNOWN = ("straight", "bezier", "wind", "lognormal")
"""Kinds of programs that no judge learns, half as many movements of each: what comes next year."""
CHUNK = 100
"""Movements of a unit of extraction."""
NEUROMOTOR, GLOBAL = "neuromotor", "global"
VERSION = 1
"""Changes whenever kept units would come out differently."""


@dataclass(frozen=True, eq=False, slots=True)
class Cases:
    """Movements to be judged: those of people first, then those of programs, kind by kind.

    Parameters
    ----------
    movements
        (m) of them, by the common clock.
    kind
        (m,) "human", or the program's.
    person
        (m,) whose movement it is, or whose way a program took.
    features
        (m, d) by the set's name.
    """

    movements: tuple[Trajectory, ...]
    kind: NDArray[np.str_]
    person: NDArray[np.str_]
    features: dict[str, Floats]

    @property
    def human(self) -> Bools:
        """(m,) whether a person made it."""
        return np.asarray(self.kind == "human")

    @property
    def way(self) -> NDArray[np.complex128]:
        """(m,) from its first point to its last, px."""
        return np.array(
            [complex(each.x[-1] - each.x[0], each.y[-1] - each.y[0]) for each in self.movements]
        )

    def numbers(self, names: Sequence[str]) -> Floats:
        """Give (m, d) features of some sets, side by side."""
        return np.hstack([self.features[name] for name in names])


@dataclass(frozen=True, slots=True)
class NetworkJob:
    """Train one network."""

    source: Path
    place: Path
    budget: Budget
    seed: int

    @property
    def out(self) -> Path:
        """What is written last."""
        return self.place.with_suffix(".json")


@dataclass(frozen=True, slots=True)
class FeatureJob:
    """Extract the features of some of the kept movements."""

    source: Path
    first: int
    last: int
    out: Path


def train_network(job: NetworkJob) -> None:
    """Do one, in a process of its own."""
    torch_or_error().set_num_threads(1)
    people = read(job.source).trajectories
    keep(train(people, job.budget, job.seed), job.place)


def extract(job: FeatureJob) -> None:
    """Do one, in a process of its own."""
    movements = read(job.source).trajectories[job.first : job.last]
    buffer = BytesIO()
    found: dict[str, Any] = {
        name: FEATURE_SETS[name].extract_many(movements) for name in (NEUROMOTOR, GLOBAL)
    }
    np.savez_compressed(buffer, **found)
    whole(job.out, buffer.getvalue())


@dataclass(frozen=True, slots=True)
class Plan:
    """What a benchmark is made of.

    Parameters
    ----------
    data, name
        A set of people, and what it is called.
    work
        Where finished units are kept.
    wanted
        Movements of each kind of program; twice as many of people.
    budgets
        Of networks, by the name of their units; empty without torch. The first draws for the
        benchmark.
    seed, jobs, watch
        Of draws; processes at a time; a bar.
    """

    data: Dataset
    name: str
    work: Path
    wanted: int
    budgets: dict[str, Budget]
    seed: int
    jobs: int
    watch: Watch


@dataclass(frozen=True, eq=False, slots=True)
class Benchmark:
    """What was made.

    Parameters
    ----------
    cases
        All movements, with features.
    networks
        By the name of their units.
    own
        What each network draws on the ways of the benchmark's own network.
    people, sources
        How many are judged, and were learnt from.
    clock
        Period and jitter of the devices, s.
    """

    cases: Cases
    networks: dict[str, Trained]
    own: dict[str, list[Trajectory]]
    people: int
    sources: int
    clock: tuple[float, float]


def build(plan: Plan) -> Benchmark:
    """Make a benchmark, or what of it is missing.

    Raises
    ------
    NotEnrolled
        If there are too few movements to learn from.
    """
    everybody = by_person(plan.data)
    rng = draws(plan.seed, f"{plan.name} people")
    sources, judged = parted(list(everybody), SOURCE, rng)
    learnt = [each for _, each in spread(_only(everybody, sources), ENOUGH, rng)]
    clock = clock_of(learnt)
    networks = _networks(plan, learnt)
    mine = _only(everybody, judged)
    shown = [(name, told(each)) for name, each in spread(mine, 2 * plan.wanted, rng)]
    made, own = _machines(plan, learnt, mine, networks, clock)
    rows = [("human", name, each) for name, each in shown] + made
    movements = tuple(each for _, _, each in rows)
    kind, person = (np.array([row[place] for row in rows]) for place in (0, 1))
    cases = Cases(movements, kind, person, _features(plan, movements))
    return Benchmark(cases, networks, own, len(judged), len(sources), clock)


def _only(everybody: dict[str, list[Trajectory]], names: set[str]) -> dict[str, list[Trajectory]]:
    return {name: everybody[name] for name in names}


def _folder(plan: Plan, what: str, movements: Sequence[Trajectory], *more: object) -> Path:
    """Name where finished units lie, by all that they rest on."""
    digest = hashlib.sha256("".join(each.id for each in movements).encode())
    digest.update(json.dumps([VERSION, *map(repr, more)]).encode())
    return plan.work / f"{plan.name}-{what}-{digest.hexdigest()[:12]}"


def _networks(plan: Plan, learnt: Sequence[Trajectory]) -> dict[str, Trained]:
    place = _folder(plan, "networks", learnt, plan.seed, plan.budgets)
    source = place / "source.npz"
    _kept(source, [told(each) for each in learnt])
    jobs = [
        NetworkJob(source, place / f"gan-{at}", budget, plan.seed)
        for at, budget in enumerate(plan.budgets.values())
    ]
    done = finished(jobs, train_network, plan.jobs)
    for _ in plan.watch(done, len(jobs), "network"):
        pass
    return {name: read_gan(job.place) for name, job in zip(plan.budgets, jobs, strict=True)}


def _machines(
    plan: Plan,
    learnt: Sequence[Trajectory],
    mine: dict[str, list[Trajectory]],
    networks: dict[str, Trained],
    clock: tuple[float, float],
) -> tuple[list[tuple[str, str, Trajectory]], dict[str, list[Trajectory]]]:
    """Let every kind of program move on ways of the people who are judged."""
    found: list[tuple[str, str, Trajectory]] = []
    for kind in (*FUNCTIONS, *UNKNOWN):
        generator = GENERATORS[kind](learnt)
        rng = draws(plan.seed, kind)
        wanted = plan.wanted // 2 if kind in UNKNOWN else plan.wanted
        found += [
            (kind, name, machine(generator, ends(each), clock, rng))
            for name, each in spread(mine, wanted, rng)
        ]
    own: dict[str, list[Trajectory]] = {}
    for name, trained in networks.items():
        rng = draws(plan.seed, GAN)
        ways = spread(mine, plan.wanted, rng)
        own[name] = [machine(trained.gan, ends(each), None, rng) for _, each in ways]
        if len(own) == 1:
            people = [person for person, _ in ways]
            found += [(GAN, person, each) for person, each in zip(people, own[name], strict=True)]
    return found, own


def _features(plan: Plan, movements: Sequence[Trajectory]) -> dict[str, Floats]:
    versions = [FEATURE_SETS[name].version for name in (NEUROMOTOR, GLOBAL)]
    place = _folder(plan, "features", movements, versions)
    source = place / "judged.npz"
    _kept(source, movements)
    starts = range(0, len(movements), CHUNK)
    jobs = [
        FeatureJob(source, first, first + CHUNK, place / f"features-{number:03}.npz")
        for number, first in zip(count(), starts, strict=False)
    ]
    for _ in plan.watch(finished(jobs, extract, plan.jobs), len(jobs), "chunk"):
        pass
    parts = [np.load(job.out, allow_pickle=False) for job in jobs]
    return {name: np.concatenate([part[name] for part in parts]) for name in (NEUROMOTOR, GLOBAL)}


def _kept(place: Path, movements: Sequence[Trajectory]) -> None:
    """Write movements once, for the processes that work on them."""
    if not place.exists():
        none = np.zeros(len(movements))
        write(Units(tuple(movements), none, none.astype(int), Facts(0.0, 0.0, 0.0, 0.0)), place)
