"""How people drift, measured in the laboratory as `reauth enrol background` does.

Of whoever is somebody's background, from recordings that enrol: nothing that tests has a part in
it, and nobody who attacks. With one recording a user there is no later one, and templates rest on
what their verifier expects.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from reauth.background import Fall, Falls, concluded, measure
from reauth.lab.cutting import read, whole
from reauth.lab.learning import Kept, draws, newest
from reauth.lab.method import Method
from reauth.template import Drifts


@dataclass(frozen=True, slots=True)
class Drifting:
    """A job: learn a user from earlier ones of the recordings that enrol, compare the later ones.

    `own` and `background` are units, in order of time, and by user.
    """

    user: str
    own: tuple[Kept, ...]
    background: Mapping[str, tuple[Kept, ...]]
    method: Method
    seed: int
    out: Path


def measure_one(job: Drifting) -> None:
    """Measure a user, and keep what came out; nothing where a half is too short."""
    most = job.method.most(len(job.background))
    own = [list(read(one.path).trajectories) for one in job.own]
    others = {
        user: newest([list(read(one.path).trajectories) for one in each], most)
        for user, each in job.background.items()
    }
    limit = job.method.settings.enrolment.max_trajectories
    rng = partial(draws, job.seed, job.user)
    falls = measure(job.user, newest(own, limit), others, job.method.options, rng)
    whole(job.out, json.dumps(asdict(falls)).encode())


def drifts_of(jobs: Sequence[Drifting], method: Method) -> Drifts | None:
    """Give the drifts of all measured users; None where it is too little to conclude."""
    told = [json.loads(job.out.read_text("utf-8")) for job in jobs]
    users = [
        Falls(**{kind: [Fall(**fall) for fall in each] for kind, each in user.items()})
        for user in told
    ]
    return concluded(users, method.verifier.drifts)
