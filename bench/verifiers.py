"""Learning a user and comparing one trajectory, for each verifier, against scikit-learn's own SVC.

A user with 1,000 trajectories of his own is learnt against 5,000 of others, on one core. Then new
trajectories are compared one by one and in batches of 256, in turns with `SVC.decision_function` on
features that somebody else has scaled. Of an SVM that is the same machine, trained on the same
rows, and decisions agree to 1e-9, or the bench fails; of `weibull` it is an SVC on its features.
Extracting features is told apart. BLAS has no threads of its own. The people are generated
(`reauth.lab.synth`): how long it takes does not depend on whose movement it is.

What is required are ratios to the peer of the same run. Seconds and microseconds are told beside
what issue 4 wants of them, as they were on this machine with all else that it did.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import process_time
from typing import Any

import numpy as np
from rig.report import arguments, median, ratio_of, table, write
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from reauth.event import Event
from reauth.features import FeatureSet
from reauth.lab.synth import draw_person, recording
from reauth.segment import SEGMENTERS, Cut
from reauth.template import Template
from reauth.trajectory import Floats, Trajectory
from reauth.verify import VERIFIERS, Verifier, features_for
from reauth.verify.calibrate import Learnt
from reauth.verify.normal import normal_scores
from reauth.verify.svm import Svm, decision

OWN, OTHERS, PEOPLE, SESSIONS, BATCH = 1000, 5000, 10, 4, 256
WANTED, AIM = {"train_s": 5.0, "score_us": 100.0}, {"train_s": 1.0, "score_us": 20.0}
"""Issue 4, on one core: told, not required, as they are of a machine."""
RATIOS, EQUAL = {"one": 2.0, "batch": 1.0}, 1e-9
"""How much faster than the peer an SVM's comparing has to be, and how equal."""


@dataclass(frozen=True)
class Drawn:
    """What a verifier learns from, as rows of features, and new movement of the user."""

    own: Floats
    others: list[Floats]
    new: list[Trajectory]


def seconds(work: Callable[[], object]) -> float:
    """How much of the processor it takes once; what else the machine does is not counted."""
    begin = process_time()
    work()
    return process_time() - begin


def people(movements: int) -> list[list[Event]]:
    """What the user does, what others do, each a little more than is taken, and new movement."""
    spare = movements + movements // 4 + 8
    some = [(0, spare), *((seed, spare * OTHERS // OWN // PEOPLE) for seed in range(1, PEOPLE + 1))]
    hands = [draw_person(np.random.default_rng(seed)) for seed, _ in some]
    drawn = [
        recording(hand, number, np.random.default_rng(100 + seed))
        for hand, (seed, number) in zip(hands, some, strict=True)
    ]
    return [*drawn, recording(hands[0], BATCH * 2, np.random.default_rng(99))]


def cut(features: FeatureSet, events: Sequence[Event]) -> list[Trajectory]:
    """What the lane of these features cuts out of it."""
    segmenter = SEGMENTERS[features.segmenter](Cut())
    return [each for _, each in segmenter.feed_many(events)] + segmenter.close()


def drawn_for(features: FeatureSet, drawn: Sequence[Sequence[Event]], own: int) -> Drawn:
    """Cut and extract: so many of the user, five times as many of the others."""
    first, *others, new = (cut(features, events) for events in drawn)
    share = own * OTHERS // OWN // PEOPLE
    return Drawn(
        features.extract_many(first[:own]),
        [features.extract_many(each[:share]) for each in others],
        new[:BATCH],
    )


def learnt(verifier: Verifier, drawn: Drawn) -> Learnt:
    """What the verifier learns of the user's sessions against the others."""
    sessions = np.array_split(drawn.own, SESSIONS)
    others = [[each] for each in drawn.others]
    return verifier.enrol(sessions, others, np.random.default_rng(0))


def template_of(verifier: Verifier, features: FeatureSet, found: Learnt) -> Template:
    """The template that it would be kept as."""
    return Template(
        "user", features.name, features.version, verifier.name, verifier.version, 1,
        found.provisional, found.arrays, found.calibration, found.held_out,
    )  # fmt: skip


def scaled(arrays: Any, x: Floats) -> Floats:
    """Features as the machine's kernel takes them; of another verifier, standardised by rows."""
    if "mean" not in arrays:
        return np.asarray((x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12))
    ranked = normal_scores(arrays["knots"], x) if "knots" in arrays else x
    return np.asarray((ranked - arrays["mean"]) / arrays["scale"])


def whole(verifier: Verifier, drawn: Drawn) -> tuple[Verifier, Drawn]:
    """The verifier without its draw, and as many rows of others as it would have drawn."""
    if not isinstance(verifier, Svm):
        return verifier, drawn
    share = verifier.cap_others // len(drawn.others)
    some = replace(drawn, others=[each[:share] for each in drawn.others])
    return replace(verifier, cap=10**6, cap_others=10**6), some


def in_turns(
    rounds: int, shipped: Callable[[], object], peer: Callable[[], object]
) -> list[tuple[float, float]]:
    """Seconds of (the shipped way, the peer) in each round."""
    return [(seconds(shipped), seconds(peer)) for _ in range(rounds)]


def each_us(taken: Mapping[str, Sequence[float]], rows: int) -> dict[str, float]:
    """Microseconds a trajectory, of the seconds that all of them took, by name."""
    return {way: median(found) / rows * 1e6 for way, found in taken.items()}


def measured(name: str, drawn: Drawn, rounds: int) -> dict[str, Any]:
    """All figures of a verifier."""
    shipped, features = VERIFIERS[name], features_for(name)
    training = seconds(lambda: learnt(shipped, drawn))
    verifier, some = whole(shipped, drawn)
    template = template_of(verifier, features, learnt(verifier, some))
    known = np.concatenate((some.own, *some.others))
    label = np.repeat((1, 0), (len(some.own), len(known) - len(some.own)))
    peer = SVC(C=10.0, kernel="rbf", gamma="scale", class_weight="balanced")
    rows = features.extract_many(some.new)
    z = scaled(template.arrays, np.concatenate((known, rows)))
    fitting = seconds(lambda: peer.fit(z[: len(known)], label))
    z = z[len(known) :]
    compared = {
        "one": in_turns(
            rounds,
            lambda: [verifier.score(template, row) for row in rows],
            lambda: [peer.decision_function(row[None]) for row in z],
        ),
        "batch": in_turns(
            rounds,
            lambda: verifier.score_many(template, rows),
            lambda: peer.decision_function(z),
        ),
    }
    extracting = in_turns(
        rounds,
        lambda: [features.extract(each) for each in some.new],
        lambda: features.extract_many(some.new),
    )
    same = isinstance(verifier, Svm)
    error = np.abs(decision(template.arrays, rows) - peer.decision_function(z)).max() if same else 0
    return {
        "train_s": float(f"{training:.4g}"),
        "peer_fit_s": float(f"{fitting:.4g}"),
        "support_vectors": len(template.arrays.get("support", ())),
        "peer_vectors": len(peer.support_),
        "features_us": each_us(
            dict(zip(("one", "batch"), zip(*extracting, strict=True), strict=True)), len(rows)
        ),
        "score_us": each_us(
            {way: [ours for ours, _ in found] for way, found in compared.items()}, len(rows)
        ),
        "peer_us": each_us(
            {way: [theirs for _, theirs in found] for way, found in compared.items()}, len(rows)
        ),
        "ratio": {
            way: ratio_of([(theirs, ours) for ours, theirs in found])
            for way, found in compared.items()
        },
        "same_machine": same,
        "largest_difference": float(error),
    }


def main() -> int:
    """Measure; exit 1 where a ratio or the equality is missed."""
    options = arguments(__doc__ or "").parse_args()
    own, rounds = (60, 2) if options.tiny else (OWN, 9)
    drawn = people(own)
    with threadpool_limits(1, "blas"):
        found = {
            name: measured(name, drawn_for(features_for(name), drawn, own), rounds)
            for name in VERIFIERS
        }
    table(
        [
            (
                f"{name}, {way}", f"{each['score_us'][way]:.1f}", f"{each['peer_us'][way]:.1f}",
                f"{each['ratio'][way]:.1f}", f"{each['features_us'][way]:.1f}",
            )
            for name, each in found.items()
            for way in ("one", "batch")
        ],
        ("comparing a trajectory", "us", "SVC us", "times faster", "features us"),
    )  # fmt: skip
    print()
    table(
        [
            (
                name,
                f"{each['train_s']:.2f}",
                f"{each['peer_fit_s']:.2f}",
                f"{each['support_vectors']}",
            )
            for name, each in found.items()
        ],
        (f"learning a user, {own} own", "s", "one SVC.fit s", "support vectors"),
    )
    for what, figures in (("wanted", WANTED), ("aim", AIM)):
        print(f"{what}: {figures['train_s']:g} s, {figures['score_us']:g} us")
    write(
        options.out,
        "verifiers",
        {"verifiers": found, "wanted": WANTED, "aim": AIM, "wanted_ratio": RATIOS},
    )
    met = all(
        each["largest_difference"] <= EQUAL
        and (
            not each["same_machine"]
            or all(each["ratio"][way] >= least for way, least in RATIOS.items())
        )
        for each in found.values()
    )
    return 0 if met or options.tiny else 1


if __name__ == "__main__":
    sys.exit(main())
