"""What a session's events bring about: scores, verdicts, what could not be compared, and gaps."""

from dataclasses import dataclass, field

from reauth.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Scored:
    """A trajectory was compared: `score` in nats, above 0 speaks for the user.

    `t` is the trajectory's end on the session's clock, `number` counts the lane's trajectories,
    `version` is the template's.
    """

    lane: str
    t: float
    score: float
    calibrated: bool
    number: int
    trajectory: Trajectory = field(compare=False, repr=False)
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A lane changed its mind: `low` of the last `window` scores, against a `limit`.

    An alarm that ended and came again is told again. `rule` names the policy, whose `level` is
    compared with a `bound`; see `Policy.evidence`. `version` is that of the template which the
    scores are of.
    """

    lane: str
    t: float
    genuine: bool
    number: int
    window: int
    low: int
    limit: int
    rule: str
    level: float
    bound: float
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A trajectory that could not be compared, and why; nothing is said of the person."""

    lane: str
    t: float
    reason: str
    number: int
    trajectory: Trajectory = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples are missing here (0: nobody knows how many)."""

    t: float
    samples: int


Outcome = Scored | Verdict | Dropped | Gap
