"""An alert and its life, as one table of states and transitions."""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

from reauth.errors import ReauthError


class State(StrEnum):
    """Where an alert is in its life."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    EXPIRED = "expired"


TRANSITIONS: dict[tuple[State, str], State] = {
    (State.OPEN, "ack"): State.ACKNOWLEDGED,
    (State.ACKNOWLEDGED, "confirm"): State.CONFIRMED,
    (State.ACKNOWLEDGED, "dismiss"): State.DISMISSED,
    (State.OPEN, "expire"): State.EXPIRED,
}
"""What may follow what; every pair that is not here is refused."""

VERDICTS = {
    "false_positive": 1,
    "true_positive": 2,
    "disregard": 3,
    "suspicious": 4,
    "benign": 5,
    "test": 6,
    "insufficient_data": 7,
    "security_risk": 8,
    "duplicate": 10,
}
"""A closing verdict and its `verdict_id` in OCSF 1.8.0, incident profile."""

_DEFAULT_VERDICT = {"confirm": "true_positive", "dismiss": "false_positive"}

KINDS = {"identity": "impostor", "bot": "bot", "replay": "replay"}
"""A lane's name and the kind of alert that it raises."""


UNRESOLVED = (State.OPEN, State.ACKNOWLEDGED)
"""States of which somebody has yet to say what it was."""


class IllegalTransition(ReauthError):
    """The analyst's fault: an alert cannot go from where it is to where it was asked to go."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One score that an alert rests on.

    `at` is seconds since 1970, `score` a log-likelihood ratio in nats, `low` whether it fell below
    the threshold.
    """

    trajectory: str
    number: int
    at: float
    score: float
    low: bool


@dataclass(frozen=True, slots=True)
class Resemblance:
    """Another enrolled user whose movement it resembles: evidence, no proof.

    `posterior`, 0 to 1, is how likely it is theirs, were the enrolled and one stranger all
    that there are.
    """

    user: str
    posterior: float


@dataclass(frozen=True, slots=True)
class Reason:
    """A lane that speaks against the session: `share` of the way to its alarm, above 0 to 1."""

    lane: str
    share: float


@dataclass(frozen=True, slots=True)
class Risk:
    """How much speaks against a session, with its reasons, the strongest first.

    `score` is 0 to 100; 100 is an alarm that stands. It is no probability: it orders sessions for
    whoever can look at few of them.
    """

    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of an alert's history; `at` is seconds since 1970, `by` who did it."""

    at: float
    action: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class Alert:
    """What a person is told.

    `threshold` is the score below which a trajectory counts against the user, `limit` how many of
    the last `window` may not be reached (0: their number alone decides nothing), `low` how many
    were low when the alert was raised. `rule` names the policy that raised it, whose `level` had
    come to the `bound`: low scores of a `window`, people of the `population`, refused `tokens`, of
    `trust` what is left of 100, nats of all others. Times are seconds since 1970. `suppressed` is a
    flag beside the state, not a state. `resembles` is None where nobody enrolled is likely enough,
    or no names are wanted. `risk` is what all lanes of the session together said at that moment,
    None where no session has it.
    """

    id: str
    user: str | None
    client: str
    session: str | None
    lane: str | None
    kind: str
    site: str
    template_version: int
    first_anomaly_at: float
    raised_at: float
    score: float
    threshold: float
    window: int
    low: int
    limit: int
    provisional: bool = False
    evidence: tuple[Evidence, ...] = ()
    state: State = State.OPEN
    note: str = ""
    verdict: str | None = None
    suppressed: bool = False
    history: tuple[Step, ...] = ()
    rule: str = "window"
    level: float = 0.0
    bound: float = 0.0
    resembles: Resemblance | None = None
    risk: Risk | None = None


def alert_id(session: str, number: int, rule: str, template_version: int) -> str:
    """An alert's name: of where it was raised, never of a score or a wall clock.

    The same input raises the same alert, whoever computes it, so that a repetition after a crash
    is no second alert (scale.md section 2).
    """
    text = f"{session}\0{number}\0{rule}\0{template_version}".encode()
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def again(alert: Alert, other: Alert) -> Alert:
    """The unresolved alert after another alarm of its session and lane, which is no alert then.

    The history tells when it was and how far the rule went; told twice, it is there once. What
    both rest on stays the first one's. If that was suppressed and the other alarm is not, it is an
    alert like any other now.
    """
    reached = f"{other.rule} {other.level:g}, {other.bound:g} raises an alert"
    step = Step(other.raised_at, "again", "reauth", f"{reached}; alarm {other.id[:8]}")
    if any(known.note == step.note for known in alert.history):
        return alert
    suppressed = alert.suppressed and other.suppressed
    return replace(alert, suppressed=suppressed, history=(*alert.history, step))


def move(alert: Alert, action: str, step: Step, verdict: str | None = None) -> Alert:
    """The alert after an action: "ack", "confirm", "dismiss" or "expire".

    Parameters
    ----------
    step
        When, by whom, and a note; a non-empty note replaces the alert's.
    verdict
        A name of `VERDICTS`; without it confirm means true_positive, dismiss false_positive.

    Raises
    ------
    IllegalTransition
        If the table has no such transition, or the verdict is not one, or not closing.
    """
    following = TRANSITIONS.get((alert.state, action))
    if following is None:
        allowed = [
            name for state, name in TRANSITIONS if state == alert.state and name != "expire"
        ]
        hint = f"; possible: {', '.join(allowed)}" if allowed else "; it is closed"
        raise IllegalTransition(f"cannot {action} an alert that is {alert.state}{hint}")
    given = verdict or _DEFAULT_VERDICT.get(action)
    if verdict is not None and (verdict not in VERDICTS or action not in _DEFAULT_VERDICT):
        raise IllegalTransition(
            f"a verdict is given with confirm or dismiss and is one of {', '.join(VERDICTS)}"
        )
    return replace(
        alert,
        state=following,
        note=step.note or alert.note,
        verdict=given,
        history=(*alert.history, step),
    )
