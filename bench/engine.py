"""Cutting, features and score of a trajectory: the shipped way against scikit-learn one by one.

Both ways score the same trajectories with the same machine, in turns; their decisions agree to
1e-9, or the bench fails. Once all trajectories are of one user, once each is of another one, whose
machine lies elsewhere in memory. One core, and BLAS without threads of its own: for products of
this size they only wait for each other. The people are generated (`reauth.lab.synth`): how long it
takes does not depend on whose movement it is, only on the number of support vectors, which is told.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import cycle
from time import perf_counter
from typing import Any

import numpy as np
from rig.report import arguments, median, ratio_of, table, write
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from reauth.enrol import Options, learn
from reauth.event import Event
from reauth.features import FEATURE_SETS
from reauth.lab.synth import draw_person, recording
from reauth.template import Template
from reauth.trajectory import PauseSegmenter, Trajectory
from reauth.verify.svm import Svm, decision

FEATURES = FEATURE_SETS["medvet"]
VERIFIER = Svm(cap=10_000)
BATCH = 64
WANTED, EQUAL = 10.0, 1e-9
"""How much faster a batch of one user has to be, and how equal. With as many users as trajectories
the memory of their machines is the limit; that figure is told, not required."""

Rounds = dict[str, list[tuple[float, float]]]


def drawn(seed: int, movements: int) -> list[Event]:
    """What a person of this number does."""
    rng = np.random.default_rng(seed)
    return recording(draw_person(rng), movements, rng)


def cut(events: Sequence[Event]) -> list[Trajectory]:
    """What the default lane cuts out of it."""
    segmenter = PauseSegmenter(pause=0.5, points=10, grid=0.025)
    return [each for _, each in segmenter.feed_many(events)] + segmenter.close()


def batches(items: Sequence[Trajectory]) -> Iterator[Sequence[Trajectory]]:
    """As they come in a micro-batch."""
    return (items[at : at + BATCH] for at in range(0, len(items), BATCH))


def seconds(work: Callable[[], object]) -> float:
    """How long it takes once."""
    begin = perf_counter()
    work()
    return perf_counter() - begin


def pipeline(own: Sequence[Trajectory], others: Sequence[Trajectory]) -> Any:
    """The same machine in scikit-learn, trained on the same trajectories."""
    made = make_pipeline(
        StandardScaler(), SVC(C=VERIFIER.c, kernel="rbf", gamma="scale", class_weight="balanced")
    )
    rows = FEATURES.extract_many([*own, *others])
    return made.fit(rows, np.repeat((1, 0), (len(own), len(others))))


def batched(templates: Sequence[Template], new: Sequence[Trajectory]) -> None:
    """The shipped way, as `step_many` does it: rows of one template together."""
    for some in batches(new):
        rows = FEATURES.extract_many(some)
        share = len(rows) // len(templates)
        for place, template in enumerate(templates):
            VERIFIER.score_many(template, rows[place * share : (place + 1) * share])


def one_by_one(estimators: Sequence[Any], new: Sequence[Trajectory]) -> None:
    """The obvious way."""
    for each, estimator in zip(new, cycle(estimators), strict=False):
        estimator.decision_function(FEATURES.extract(each)[None])


def elsewhere(template: Template) -> Template:
    """The same template elsewhere in memory: users do not share caches."""
    return replace(template, arrays={name: a.copy("K") for name, a in template.arrays.items()})


def trained(size: int) -> tuple[Template, Any]:
    """A user's template, and the same machine in scikit-learn."""
    own, *others = (cut(drawn(seed, size)) for seed in range(4))
    template = learn(
        "user",
        [own],
        {str(place): [each] for place, each in enumerate(others)},
        Options(min_trajectories=20, verifier=VERIFIER, windows=()),
        np.random.default_rng(0),
        now=0.0,
    )
    return template, pipeline(own, [each for user in others for each in user])


def measured(template: Template, estimator: Any, new: list[Trajectory], rounds: int) -> Rounds:
    """Seconds a trajectory of (the shipped way, scikit-learn) in each round, by name."""
    found: Rounds = {}
    for users in (1, BATCH):
        templates = [template] if users == 1 else [elsewhere(template) for _ in range(users)]
        estimators = [estimator] if users == 1 else [deepcopy(estimator) for _ in range(users)]
        found[f"{users} user{'s' * (users > 1)} in a batch"] = [
            (
                seconds(lambda own=templates: batched(own, new)) / len(new),
                seconds(lambda own=estimators: one_by_one(own, new)) / len(new),
            )
            for _ in range(rounds)
        ]
    return found


def main() -> int:
    """Measure; exit 1 where the wanted ratio or the equality is missed."""
    options = arguments(__doc__ or "").parse_args()
    size, rounds = (120, 2) if options.tiny else (600, 9)
    template, estimator = trained(size)
    new = cut(drawn(9, size))
    new = new[: len(new) // BATCH * BATCH]
    rows = FEATURES.extract_many(new)
    with threadpool_limits(1, "blas"):
        alone = [estimator.decision_function(row[None])[0] for row in rows]
        error = float(np.abs(decision(template.arrays, rows) - alone).max())
        found = measured(template, estimator, new, rounds)
        events = drawn(10, size)
        cutting = median(seconds(lambda: cut(events)) / len(events) for _ in range(rounds)) * 1e6
    ratios = {name: ratio_of([(b, a) for a, b in each]) for name, each in found.items()}
    shipped = {name: median(a for a, _ in each) * 1e6 for name, each in found.items()}
    plain = {name: median(b for _, b in each) * 1e6 for name, each in found.items()}
    table(
        [
            (name, f"{shipped[name]:.1f}", f"{plain[name]:.1f}", f"{ratios[name]:.1f}")
            for name in found
        ],
        ("features and score of a trajectory", "us", "scikit-learn us", "times faster"),
    )
    vectors = len(template.arrays["support"])
    print(f"\n{vectors} support vectors; decisions differ by {error:.1e} at most")
    print(f"cutting an event: {cutting:.2f} us")
    figures = {
        "support_vectors": vectors,
        "shipped_us": shipped,
        "scikit_learn_us": plain,
        "ratio": ratios,
        "wanted_ratio": WANTED,
        "largest_difference": error,
        "cut_event_us": cutting,
    }
    write(options.out, "engine", figures)
    met = error <= EQUAL and ratios["1 user in a batch"] >= WANTED
    return 0 if met or options.tiny else 1


if __name__ == "__main__":
    sys.exit(main())
