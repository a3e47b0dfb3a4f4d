"""What the lanes of a program and of a recording cost beside the one of the user.

A session of generated movement (`reauth.lab.synth`) with an enrolled user goes through all three
lanes, and through the identity lane alone, in turns in the same run; batches of 64 sessions, as the
engine groups them. The ratio is of processor time for each movement; the library of movement that
was seen before is filled first.
"""

import sys
from dataclasses import asdict, dataclass, replace
from time import process_time

import numpy as np
from rig.report import arguments, median, ratio_of, table, write
from threadpoolctl import threadpool_limits

from reauth.check import checks
from reauth.enrol import learn, options_of
from reauth.event import Event
from reauth.lab.synth import draw_person, recording
from reauth.lanes import recipes
from reauth.outcome import Scored
from reauth.segment import SEGMENTERS, Cut
from reauth.session import Session, step_many
from reauth.settings import IdentityLane, Settings
from reauth.template import Template
from reauth.trajectory import Trajectory

SESSIONS, MOVEMENTS, KNOWN, ROUNDS = 64, 20, 5000, 7
WANTED, AIM = 10.0, 3.0
"""How many times identity alone all three may cost (issue 5)."""


@dataclass(frozen=True)
class Row:
    """Of one verifier: microseconds of processor time a movement, and the ratio."""

    verifier: str
    identity_us: float
    all_us: float
    ratio: float


def people(count: int, movements: int) -> list[list[Event]]:
    """Events of so many people, from time 0."""
    return [
        recording(draw_person(np.random.default_rng(n)), movements, np.random.default_rng([n, 1]))
        for n in range(count)
    ]


def cut(events: list[Event], segmenter: str) -> list[Trajectory]:
    """What a segmenter makes of them."""
    cutting = SEGMENTERS[segmenter](Cut())
    return [found for _, found in cutting.feed_many(events)] + cutting.close()


def template_of(settings: Settings, movements: int) -> Template:
    """Somebody who is learnt against four others."""
    options = replace(options_of(settings), min_trajectories=movements // 2)
    drawn = [cut(each, options.features.segmenter) for each in people(5, movements)]
    others = {f"u{n}": [each] for n, each in enumerate(drawn[1:])}
    half = len(drawn[0]) // 2
    own = [drawn[0][:half], drawn[0][half:]]
    return learn("anna", own, others, options, np.random.default_rng(0), 0.0)


def measure(verifier: str, movements: int, known: int, rounds: int) -> Row:
    """One verifier's row."""
    settings = Settings(identity_lane=IdentityLane(verifier=verifier, window=10))
    template, made = template_of(settings, 120), recipes(settings)
    played = people(SESSIONS, movements)
    seen = [each for events in people(-(-known // 40), 40) for each in cut(events, "movement")]
    for check in checks(made):
        check.detector.remember(seen[:known])

    def spent(lanes: int) -> tuple[float, int]:
        sessions = [Session.of(made[:lanes]).take([template]) for _ in played]
        begin = process_time()
        outcomes = step_many(list(zip(sessions, played, strict=True)))
        took = process_time() - begin
        scored = [each for one in outcomes for each in one if isinstance(each, Scored)]
        return took, sum(each.lane == "identity" for each in scored)

    pairs = [(spent(1), spent(len(made))) for _ in range(rounds)]
    alone, every = (
        [1e6 * took / max(1, count) for took, count in each] for each in zip(*pairs, strict=True)
    )
    ratio = ratio_of(list(zip(every, alone, strict=True)))
    return Row(verifier, median(alone), median(every), ratio)


def main() -> int:
    """Print the table; 1 where a ratio is above what is wanted."""
    options = arguments(__doc__ or "").parse_args()
    how = (3, 100, 1) if options.tiny else (MOVEMENTS, KNOWN, ROUNDS)
    with threadpool_limits(limits=1, user_api="blas"):
        rows = [measure(name, *how) for name in ("svm", "movement")]
    table(
        [(row.verifier, f"{row.identity_us}", f"{row.all_us}", f"{row.ratio}") for row in rows],
        ("verifier", "identity us", "all three us", "ratio"),
    )
    print(f"wanted: {WANTED:g}, aim: {AIM:g}")
    found = {row.verifier: asdict(row) for row in rows}
    write(options.out, "lanes", {"lanes": found, "wanted_ratio": WANTED, "aim_ratio": AIM})
    return int(not options.tiny and any(row.ratio > WANTED for row in rows))


if __name__ == "__main__":
    sys.exit(main())
