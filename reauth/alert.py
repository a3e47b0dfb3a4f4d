"""An alert and its life, as one table of states and transitions."""

import hashlib
import re
from collections.abc import Iterable
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


class Severity(StrEnum):
    """How soon somebody should look, least first (OCSF 1.8.0, `severity_id` 1 to 5)."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """1 to 5, as OCSF numbers them."""
        return [*Severity].index(self) + 1


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


POPULATION, BUDGET = "population", "budget"
"""What holds an alert back, other than rules of suppression and maintenance, named by their ids."""

MOST_TAGS, LONGEST_TAG = 20, 32
"""Tags of an alert, and the letters of one: words to find it by, no place for a report."""

_TAG = re.compile(rf"[\w.-]{{1,{LONGEST_TAG}}}")


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
    None where no session has it. `test` marks one that somebody raised to see where alerts go.
    `held` says what holds back one that is suppressed: `POPULATION`, `BUDGET`, or a
    rule's id. `escalated_at` is when it was told to those who are told what nobody takes.
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
    severity: Severity = Severity.MEDIUM
    test: bool = False
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    held: str | None = None
    escalated_at: float | None = None


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
    return replace(
        alert,
        suppressed=suppressed,
        held=alert.held if suppressed else None,
        severity=max(alert.severity, other.severity, key=lambda each: each.rank),
        history=(*alert.history, step),
    )


def assign(alert: Alert, to: str | None, step: Step) -> Alert:
    """The alert in somebody's hands, or in nobody's (None).

    Raises
    ------
    IllegalTransition
        If it is closed.
    """
    if alert.state not in UNRESOLVED:
        raise IllegalTransition(f"cannot assign an alert that is {alert.state}; it is closed")
    return replace(alert, assignee=to, history=(*alert.history, step))


def tag(alert: Alert, add: Iterable[str], remove: Iterable[str], step: Step) -> Alert:
    """The alert with other tags, in order.

    Raises
    ------
    IllegalTransition
        If a tag is no word of at most `LONGEST_TAG` letters, or there are more than `MOST_TAGS`.
    """
    tags = {*alert.tags, *add} - {*remove}
    wrong = [one for one in sorted(tags) if not _TAG.fullmatch(one)]
    if wrong or len(tags) > MOST_TAGS:
        raise IllegalTransition(
            f"a tag is 1 to {LONGEST_TAG} letters, digits, hyphens, dots or underscores, and an"
            f" alert has at most {MOST_TAGS}"
        )
    return replace(alert, tags=tuple(sorted(tags)), history=(*alert.history, step))


def annotate(alert: Alert, step: Step) -> Alert:
    """The alert with another note; those before it stay in its history."""
    return replace(alert, note=step.note, history=(*alert.history, step))


def hold(alert: Alert, by: str) -> Alert:
    """The alert kept and shown, but told to nobody; what held it back first stays the reason."""
    return alert if alert.suppressed else replace(alert, suppressed=True, held=by)


def release(alert: Alert, step: Step) -> Alert:
    """The alert as one that is told after all."""
    return replace(alert, suppressed=False, held=None, history=(*alert.history, step))


def escalate(alert: Alert, step: Step) -> Alert:
    """The alert as told to those who are told what nobody takes; once is enough.

    Raises
    ------
    IllegalTransition
        If it was told to them, somebody took it, or it is held back.
    """
    if alert.escalated_at is not None or alert.state is not State.OPEN or alert.suppressed:
        raise IllegalTransition("only an open alert is escalated, once")
    return replace(alert, escalated_at=step.at, history=(*alert.history, step))


def move(alert: Alert, action: str, step: Step, verdict: str | None = None) -> Alert:
    """The alert after an action: "ack", "confirm", "dismiss" or "expire".

    Parameters
    ----------
    step
        When, by whom, and a note; a non-empty note replaces the alert's.
    verdict
        A name of `VERDICTS`; without it confirm means true_positive, dismiss false_positive, and
        either means test of a test.

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
    if verdict is None and given is not None and alert.test:
        given = "test"
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
