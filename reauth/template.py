"""What enrolment learnt of one user, what all users share, and the versions that it needs.

A template is plain numbers: arrays that the verifier names, a calibration, the scores of held-out
genuine trajectories. Whoever compares against it checks first that features and verifier are
those that it was made with; a wrong score is worse than none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from reauth.device import UNTOLD, likeness, parse
from reauth.errors import TemplateError
from reauth.trajectory import Floats


def comparable(score: float) -> float:
    """Round a score to 1e-3 nat before it meets a threshold; the one place where that is done.

    Processors differ in the last bits of a sum, decisions must not (scale.md §2, Determinism).
    """
    return round(score, 3)


@dataclass(frozen=True, slots=True)
class Quality:
    """What to expect of a policy's decisions on `window` scores, from data that no training saw.

    Parameters
    ----------
    window
        Scores in a stretch of somebody's movement: an alarm in it refuses them, else they are
        accepted.
    limit
        Low scores among them that raise the alarm; 0 where the policy does not count.
    far, frr
        Shares of impostors' stretches accepted and of genuine ones refused; None where `reason`
        says what is missing.
    far_ci, frr_ci
        95 % intervals.
    reason
        Empty, or why a share is None.
    policy
        Whose decisions.
    spacing_h
        Active hours between false alarms; None where nobody knows, or there are none.
    """

    window: int
    limit: int
    far: float | None
    frr: float | None
    far_ci: tuple[float, float] | None
    frr_ci: tuple[float, float] | None
    reason: str = ""
    policy: str = "window"
    spacing_h: float | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """How a user's later sessions differ from what was held out of training.

    Both are in standard deviations of the held-out scores. People change from week to week, and
    what is held out of one week cannot know it: later scores are lower by `fall` on average, and
    their means differ by `spread` from session to session.

    Parameters
    ----------
    fall
        0 or more.
    spread
        0 or more.
    """

    fall: float
    spread: float

    def __post_init__(self) -> None:
        if not (self.fall >= 0 and self.spread >= 0):
            raise ValueError("a fall and a spread of 0 or more are needed")


@dataclass(frozen=True, slots=True)
class Drifts:
    """Drift of who was learnt `once`, in one session, and of who was learnt `often`, in several.

    What is left out of one session is of the same hour, and knows least of what comes later.
    """

    once: Drift
    often: Drift


@dataclass(frozen=True, slots=True)
class Shared:
    """What all users share, measured when and by what, on how many users' later sessions.

    `verifier` and `features` are name and version.
    """

    made: float
    verifier: str
    features: str
    drifts: Drifts
    users: int
    sessions: int


@dataclass(frozen=True, eq=False, slots=True)
class Template:
    """What enrolment learnt of one user (ISO/IEC 2382-37: biometric reference).

    Parameters
    ----------
    user
        Whom it describes.
    feature_set, feature_version, verifier, verifier_version
        What it was made with, and can only be compared with.
    version
        Counts the user's templates from 1; 0 until it is stored.
    provisional
        Made without other users: says how unusual a movement is, not whose.
    arrays
        The verifier's own, by name.
    calibration
        What turns raw scores into log-likelihood ratios, by name.
    held_out
        Log-likelihood ratios of genuine trajectories that training had not seen, one array for
        each session, in order of time. Limits of policies are computed from them.
    threshold
        nats; a score below it counts against the user.
    false_alarms
        Wanted false alarms for each trajectory compared, for the policy.
    drift
        How later sessions are expected to differ, for the policy.
    pace
        The user's trajectories in an active hour.
    devices
        Names of the device classes (`reauth.device`) that the user is known on: one, but for
        templates of old; none where nobody looked.
    n_genuine, n_impostor, n_background_users
        Trajectories of the user and of others, and how many others.
    enrolled_at
        s since 1970.
    anchor
        The version that this one was adapted from, however often since; 0 for one that was learnt
        from scratch, which is an anchor itself.
    quality
        One entry for each window that was asked for; None before it is known.

    Raises
    ------
    ValueError
        If `false_alarms` is not in (0, 1), or `pace` not above 0.
    """

    user: str
    feature_set: str
    feature_version: int
    verifier: str
    verifier_version: int
    version: int
    provisional: bool
    arrays: Mapping[str, Floats]
    calibration: Mapping[str, Floats]
    held_out: tuple[Floats, ...]
    threshold: float = 0.0
    false_alarms: float = 1 / 1776
    """One in 8 active hours at Medvet's rate of 3.7 trajectories a minute (biometrics.md §3)."""
    drift: Drift = Drift(0.0, 0.0)
    pace: float = 3.7 * 60
    devices: tuple[str, ...] = ()
    n_genuine: int = 0
    n_impostor: int = 0
    n_background_users: int = 0
    enrolled_at: float = 0.0
    anchor: int = 0
    quality: Mapping[int, Quality] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.false_alarms < 1:
            raise ValueError("false alarms per trajectory lie between 0 and 1")
        if not self.pace > 0:
            raise ValueError("whoever moves has more than 0 trajectories an hour")

    @property
    def device(self) -> str:
        """The device class in whose place it stands."""
        return parse(self.devices[0]).name if len(self.devices) == 1 else UNTOLD

    def likeness(self, name: str) -> int:
        """How much a device class has in common with its own; -1 where that is another device."""
        return max((likeness(name, device) for device in self.devices), default=0)


class Versioned(Protocol):
    """A feature set or a verifier, as far as a template needs to know it."""

    @property
    def name(self) -> str:
        """What the table calls it."""
        ...

    @property
    def version(self) -> int:
        """Changes whenever the same input gives other numbers."""
        ...


def check(template: Template, feature_set: Versioned, verifier: Versioned) -> None:
    """See that a template may be compared with these features by this verifier.

    Raises
    ------
    TemplateError
        If it was made with others, or with other versions of them.
    """
    made = (
        f"{template.feature_set} {template.feature_version}",
        f"{template.verifier} {template.verifier_version}",
    )
    here = (
        f"{feature_set.name} {feature_set.version}",
        f"{verifier.name} {verifier.version}",
    )
    if made != here:
        raise TemplateError(
            f"made with {made[0]} and {made[1]}, here are {here[0]} and {here[1]}: enrol anew"
        )
