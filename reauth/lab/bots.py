"""How well a detector tells people from programs, on files of movement of both.

Both are cut into whole movements by the shipped segmenter and then looked at every 25 ms in whole
pixels, so that nobody is recognised by a logger's clock. Who teaches and who is tested are
different people; the limit at which 1 % of people are flagged is that of the people tested, as the
figure means, and beside it stand the detector's own limits, which were frozen before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from reauth.detect import Detector
from reauth.detect.hand import Hand
from reauth.detect.learn import EACH_KIND, EACH_PERSON, TOGETHER, learn
from reauth.errors import NotEnrolled, SettingsError
from reauth.features.hand import SLOW, standing
from reauth.features.steps import GRID
from reauth.lab.cutting import cut
from reauth.lab.datasets import Folder, read_file
from reauth.lab.metrics import Ranked, alone, auc
from reauth.lab.work import Watch
from reauth.movement import MovementSegmenter
from reauth.trajectory import Floats, Trajectory

PAUSE = 0.5
"""s; `[identity_lane] pause`'s default."""

SESSION = 600.0
"""s; a longer rest ends a session (biometrics.md §8.10)."""

PEOPLE, KIND = 3000, 500
"""Movements of all people together, and of one kind of program, that are tested at most."""

FALSE = 0.01
"""Share of people's movements that may be flagged."""

REPLICATES = 200
"""Bootstrap replicates over people."""

DETECTORS: Final = ("default", "rules")
"""What `--detector` takes: the live one, learnt from what trains, and what it is on a first day."""

Sources = dict[str, dict[str, list[Trajectory]]]
"""By source and session: movements."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is measured on what.

    Parameters
    ----------
    human, bot
        Folders of `<source>/<session>.csv` that test.
    train_human, train_bot
        The same, that teach.
    detector
        One of `DETECTORS`.
    seed
        Of draws.
    leave_out
        Whether each kind of program is also tested by a detector that was taught without it.
    """

    human: Path
    bot: Path
    train_human: Path
    train_bot: Path
    detector: str
    seed: int
    leave_out: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The report, and the scores behind it: by source, of people and of programs."""

    report: dict[str, Any]
    people: dict[str, Floats]
    machines: dict[str, Floats]


def on_grid(each: Trajectory) -> Trajectory | None:
    """Look at a movement every `GRID` s, or at its own period where its clock is slower.

    None where it has fewer than four points that are movements. A look at the px of the last one
    tells nothing, as a browser would not.

    Examples
    --------
    >>> t = 0.01 * np.arange(11)
    >>> found = on_grid(Trajectory(0, t, 1000.0 * t, np.zeros(11)))
    >>> found.t.round(3).tolist(), found.x.tolist()
    ([0.0, 0.025, 0.05, 0.075, 0.1], [0.0, 25.0, 50.0, 75.0, 100.0])
    """
    found = standing(each)
    if found is None:
        return None
    moves, period = found
    step = period if period > SLOW else GRID
    at = step * np.arange(int(moves.t[-1] / step + 1e-6) + 1)
    x, y = (np.rint(np.interp(at, moves.t, side) - 1e-9) + 0.0 for side in (moves.x, moves.y))
    told = np.concatenate(([True], (x[1:] != x[:-1]) | (y[1:] != y[:-1])))
    return Trajectory(0, at[told], x[told], y[told])


def read(folder: Path, most: int | None, rng: np.random.Generator) -> Sources:
    """Read a folder's movements, on the common grid.

    Parameters
    ----------
    most
        Movements kept of a source; None: so many of each as make `PEOPLE` in all.

    Raises
    ------
    SettingsError
        If there are none.
    """
    files = Folder(folder).files()
    each = most or max(1, -(-PEOPLE // max(1, len({file.parent.name for file in files}))))
    found: Sources = {}
    for file in files:
        units = cut(read_file(file), partial(MovementSegmenter, PAUSE), SESSION).trajectories
        seen = [unit for unit in map(on_grid, units) if unit is not None]
        if seen:
            found.setdefault(file.parent.name, {})[file.stem] = seen
    if not found:
        raise SettingsError(f"no movement in {folder}: it must hold <source>/<session>.csv")
    return {name: _some(sessions, each, rng) for name, sessions in found.items()}


def _some(
    sessions: dict[str, list[Trajectory]], most: int, rng: np.random.Generator
) -> dict[str, list[Trajectory]]:
    """Keep at most so many movements, drawn from all sessions alike, in their order."""
    places = [(name, place) for name, units in sessions.items() for place in range(len(units))]
    if len(places) <= most:
        return sessions
    kept = sorted(rng.choice(len(places), most, replace=False).tolist())
    found: dict[str, list[Trajectory]] = {}
    for name, place in (places[one] for one in kept):
        found.setdefault(name, []).append(sessions[name][place])
    return found


def bots(asked: Asked, watch: Watch) -> Found:
    """Teach, test and report.

    Raises
    ------
    SettingsError
        If there is no such detector, if a recording is to teach and to test, or a folder is empty.
    NotEnrolled
        If what is left to teach is too little.
    """
    if asked.detector not in DETECTORS:
        raise SettingsError(f"no detector '{asked.detector}'; there are: {', '.join(DETECTORS)}")
    _apart(asked.human, asked.train_human, by_name=True)
    _apart(asked.bot, asked.train_bot, by_name=False)
    rng = np.random.default_rng(asked.seed)
    people, machines = read(asked.human, None, rng), read(asked.bot, KIND, rng)
    teachers = read(asked.train_human, EACH_PERSON, rng)
    programs = read(asked.train_bot, EACH_KIND, rng)
    shared = sorted(set(people) & set(teachers))
    teachers = {name: each for name, each in teachers.items() if name not in people}
    detector = _taught(asked, teachers, programs)
    of_people, of_machines = (
        {name: detector.score_many(_flat(each)) for name, each in side.items()}
        for side in (people, machines)
    )
    both = sorted(set(machines) & set(programs))
    without: dict[str, list[float | str]] = {}
    others: dict[str, dict[str, list[float | str]]] = {}
    if asked.detector == "default" and (asked.leave_out or both):
        left = sorted(machines) if asked.leave_out else both
        for name in watch(left, len(left), "generator"):
            fewer = {kind: each for kind, each in programs.items() if kind != name}
            try:
                lesser = _taught(asked, teachers, fewer, detector)
            except NotEnrolled:
                continue  # without this one there are too few, and no figure
            without[name] = lesser.score_many(_flat(machines[name]))
            others[name] = {one: lesser.score_many(_flat(each)) for one, each in people.items()}
    report = {
        "detector": asked.detector,
        "seed": asked.seed,
        "grid_ms": 1e3 * GRID,
        "left_out_of_training": shared,
        **_figures(of_people, of_machines, _limits(detector), asked.seed),
    }
    if without:
        report["leave_one_out"] = _left_out(others, without)
    return Found(report, _numbers(of_people), _numbers(of_machines))


def _apart(test: Path, train: Path, *, by_name: bool) -> None:
    """See that no recording teaches and is tested.

    Parameters
    ----------
    by_name
        Whether a source and session of one name are one recording, as people's are. A program's
        sessions are counted anew each time that it is started, and are the same if they are alike.

    Raises
    ------
    SettingsError
        If one does.
    """
    taught = {file.parts[-2:]: file for file in Folder(train).files()}
    for file in Folder(test).files():
        other = taught.get(file.parts[-2:])
        if other is not None and (by_name or other.read_bytes() == file.read_bytes()):
            raise SettingsError(
                f"{'/'.join(file.parts[-2:])} is to teach and to test: {test} and {train} must "
                "hold different recordings"
            )


def _taught(asked: Asked, teachers: Sources, programs: Sources, like: Hand | None = None) -> Hand:
    """Teach a detector; `like` another one where only the order of scores matters."""
    if asked.detector == "rules":
        return Hand()
    rng = np.random.default_rng(asked.seed)
    people = {name: list(sessions.values()) for name, sessions in teachers.items()}
    machines = {name: _flat(sessions) for name, sessions in programs.items()}
    return Hand(learn(people, machines, rng, like.model if like else None))


def _flat(sessions: Mapping[str, Sequence[Trajectory]]) -> list[Trajectory]:
    return [each for session in sessions.values() for each in session]


def _limits(detector: Detector) -> dict[str, float]:
    """The detector's own limits: those that it learnt, or 0, below which it speaks of a program."""
    model = detector.model if isinstance(detector, Hand) else None
    return dict(model.meta["limits"]) if model else {"1": 0.0, str(TOGETHER): 0.0}


def _numbers(scores: Mapping[str, Sequence[float | str]]) -> dict[str, Floats]:
    return {
        name: np.array([one for one in each if not isinstance(one, str)], dtype=np.float64)
        for name, each in scores.items()
    }


def fused(scores: Floats, size: int) -> Floats:
    """Give the means of so many scores each, one after the other; what is left over is left."""
    return np.asarray(scores[: len(scores) // size * size].reshape(-1, size).mean(1))


def limit_of(people: Floats) -> float:
    """Give the highest limit below which at most `FALSE` of people's scores are; -inf of none.

    Examples
    --------
    >>> limit_of(np.arange(200.0))
    2.0
    """
    return float(np.sort(people)[int(FALSE * len(people))]) if len(people) else -np.inf


def _figures(
    people: Mapping[str, list[float | str]],
    machines: Mapping[str, list[float | str]],
    own: Mapping[str, float],
    seed: int,
) -> dict[str, Any]:
    """All figures of one detector."""
    hands, programs = _numbers(people), _numbers(machines)
    every = [one for side in (people, machines) for each in side.values() for one in each]
    pooled = [np.concatenate([np.empty(0), *side.values()]) for side in (hands, programs)]
    if not all(map(len, pooled)):
        raise SettingsError("every movement of people or of programs is too short: no figures")
    limits, recall, frozen = {}, {}, {}
    for size in (1, TOGETHER):
        own_people = _joined(hands.values(), size)
        limits[str(size)] = limit_of(own_people)
        sides = own_people, _joined(programs.values(), size)
        recall[str(size)] = _below(sides[1], limits[str(size)])
        frozen[str(size)] = {
            "limit": own[str(size)],
            "fpr": _below(sides[0], own[str(size)]),
            "recall": _below(sides[1], own[str(size)]),
        }
    det = Ranked(alone(*pooled)).det()
    assert det is not None  # both sides have scores
    right = np.mean(pooled[0] >= 0.0), np.mean(pooled[1] < 0.0)
    return {
        "trajectories": {"human": sum(map(len, people.values())),
                         "bot": sum(map(len, machines.values()))},
        "accuracy": float(np.mean(right)),
        "auc": auc(det),
        "recall_at_1pct_fpr": recall,
        "recall_ci": {
            str(size): _interval(list(hands.values()), list(programs.values()), size, seed)
            for size in (1, TOGETHER)
        },
        "limits": {size: limit for size, limit in limits.items() if np.isfinite(limit)},
        "frozen": frozen,
        "per_source": {
            **{name: _source("human", each, limits, own) for name, each in people.items()},
            **{name: _source("bot", each, limits, own) for name, each in machines.items()},
        },
        "fta": float(np.mean([isinstance(one, str) for one in every])),
    }  # fmt: skip


def _joined(parts: Iterable[Floats], size: int) -> Floats:
    """Scores of all sources, fused within each."""
    return np.concatenate([np.empty(0), *(fused(part, size) for part in parts)])


def _below(scores: Floats, limit: float) -> float | None:
    return float(np.mean(scores < limit)) if len(scores) else None


def _source(
    side: str, scores: list[float | str], limits: Mapping[str, float], own: Mapping[str, float]
) -> dict[str, Any]:
    """One source: how many of its movements, or of fives of them, are below the limits."""
    numbers = _numbers({"": scores})[""]
    parts = {size: fused(numbers, int(size)) for size in limits}
    return {
        "side": side,
        "trajectories": len(scores),
        "fta": float(np.mean([isinstance(one, str) for one in scores])) if scores else 0.0,
        "flagged": {size: _below(part, limits[size]) for size, part in parts.items()},
        "flagged_frozen": {size: _below(part, own[size]) for size, part in parts.items()},
    }


def _interval(
    people: Sequence[Floats], machines: Sequence[Floats], size: int, seed: int
) -> list[float] | None:
    """95 % interval of recall, as other people would set the limit and draw from each generator."""
    rng = np.random.default_rng(seed)
    hands = [fused(each, size) for each in people]
    programs = np.sort(_joined(machines, size))
    if not len(programs) or not sum(map(len, hands)):
        return None
    found = []
    for _ in range(REPLICATES):
        drawn = rng.integers(len(hands), size=len(hands))
        every = np.concatenate([hands[place] for place in drawn])
        found.append(np.searchsorted(programs, limit_of(every)) / len(programs))
    low, high = np.quantile(found, (0.025, 0.975))
    return [float(low), float(high)]


def _left_out(
    people: Mapping[str, Mapping[str, list[float | str]]],
    machines: Mapping[str, list[float | str]],
) -> dict[str, Any]:
    """Recall of each program by a detector that was taught without it, and the mean over them."""
    rows: dict[str, dict[str, float | None]] = {}
    for name, scores in machines.items():
        hands, own = _numbers(people[name]), _numbers({"": scores})[""]
        rows[name] = {
            str(size): _below(fused(own, size), limit_of(_joined(hands.values(), size)))
            for size in (1, TOGETHER)
        }
    means = {}
    for size in ("1", str(TOGETHER)):
        known = [value for row in rows.values() if (value := row[size]) is not None]
        means[size] = float(np.mean(known)) if known else None
    return {"recall_at_1pct_fpr": means, "per_source": rows}
