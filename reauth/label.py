"""What a verdict on an alert says about the movement under it, and who must say so twice.

An alert that was false holds movement which the user's template does not know: just what it should
learn, and just what an attacker would like to teach it. So one person's word makes the session a
candidate, and only another one's makes it genuine. Whatever else was said of a session, it never
trains.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from reauth.alert import Alert, State
from reauth.errors import ReauthError

GENUINE: Final = frozenset({"false_positive", "benign"})
"""Verdicts that say it was the user."""

NOTHING: Final = frozenset({"test", "duplicate"})
"""Verdicts that say nothing of who moved."""

UNSEEN: Final = "unseen"
"""In the place of a verdict where nobody ever looked, and the alert expired."""


class Standing(StrEnum):
    """Whether the movement of a session may train, by one alert."""

    CANDIDATE = "candidate"
    """One person says that it was the user."""
    CONFIRMED = "confirmed"
    """Two do: a shadow may be learnt from it."""
    TAUGHT = "taught"
    """A template with it was promoted: it trains like any other."""
    NEVER = "never"
    VOID = "void"
    """Nothing was said; without another label it does not train, as nobody vouches for it."""


class NotAllowed(ReauthError):
    """Whoever asks may not, or not alone."""


class NoLabel(ReauthError):
    """There is no such label, or it does not stand where it would have to."""


@dataclass(frozen=True, slots=True)
class Label:
    """What was said of a session in closing one of its alerts.

    Parameters
    ----------
    alert, session, user
        Of what; several alerts of one session have a label each.
    verdict
        A name of `reauth.alert.VERDICTS`, or `UNSEEN`.
    closed_by, closed_at
        Who said it, s since 1970.
    standing
        What follows.
    decided_by, decided_at, reason
        Who confirmed or rejected it, when, and why; None before.
    """

    alert: str
    session: str
    user: str
    verdict: str
    closed_by: str
    closed_at: float
    standing: Standing
    decided_by: str | None = None
    decided_at: float | None = None
    reason: str = ""


def label_of(alert: Alert) -> Label | None:
    """The label that a closed alert leaves; None of one that is open, or of no user's session.

    A session counts as the user's only if the alert was dismissed as well as called false: one that
    was confirmed is somebody else's whatever it is called.
    """
    closed = alert.state in (State.CONFIRMED, State.DISMISSED, State.EXPIRED)
    if not closed or alert.test or alert.session is None or alert.user is None:
        return None
    verdict = UNSEEN if alert.state is State.EXPIRED else str(alert.verdict)
    if verdict in NOTHING:
        standing = Standing.VOID
    elif verdict in GENUINE and alert.state is State.DISMISSED:
        standing = Standing.CANDIDATE
    else:
        standing = Standing.NEVER
    by, at = (alert.history[-1].by, alert.history[-1].at) if alert.history else ("", 0.0)
    return Label(alert.id, alert.session, alert.user, verdict, by, at, standing)


def confirmed(label: Label, by: str, at: float, reason: str = "") -> Label:
    """The label after a second person says that it was the user.

    Raises
    ------
    NoLabel
        If it is no candidate.
    NotAllowed
        If it is the same person: four eyes see more than two.
    """
    if label.standing is not Standing.CANDIDATE:
        raise NoLabel(f"alert {label.alert} is {label.standing}: only a candidate is confirmed")
    if same_person(label.closed_by, by):
        raise NotAllowed(
            f"{by} closed alert {label.alert}: somebody else must confirm that it was the user"
        )
    return _decided(label, Standing.CONFIRMED, by, at, reason)


def rejected(label: Label, by: str, at: float, reason: str = "") -> Label:
    """The label after anybody doubts it: the session never trains again.

    Raises
    ------
    NoLabel
        If it would not train anyway.
    """
    if label.standing in (Standing.NEVER, Standing.VOID):
        raise NoLabel(f"alert {label.alert} is {label.standing}: there is nothing to reject")
    return _decided(label, Standing.NEVER, by, at, reason)


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's: neither case nor space around makes another.

    Examples
    --------
    >>> same_person("Eva", " eva"), same_person("eva", "adam")
    (True, False)
    """
    return one.strip().casefold() == other.strip().casefold()


def _decided(label: Label, standing: Standing, by: str, at: float, reason: str) -> Label:
    return replace(label, standing=standing, decided_by=by, decided_at=at, reason=reason)
