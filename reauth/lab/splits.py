"""Who enrols with what, who attacks whom: the gates of an honest evaluation, as code.

Whole recordings go to one side. With unseen impostors users are dealt into folds; those of a
user's own fold attack him, those of the others are his background, so that nobody who attacks a
template was in its training, calibration or threshold. What breaks a gate raises `GateError`, and
nothing is reported.

References
----------
biometrics.md §8, gates 1 to 4; interfaces.md §7 for the split of a user's recordings.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reauth.errors import ReauthError

ENROLS = 0.6
"""Share of a user's recordings, of three or more, that enrol (interfaces.md §7)."""

MOST_FOLDS = 5
"""As many as shared/data/README.md suggests for H-BRS."""

LEAST_IN_FOLD = 4
"""Users in a fold, so that everybody has three impostors."""


class GateError(ReauthError):
    """An evaluation that would not be honest; the message says which gate it breaks."""


@dataclass(frozen=True, slots=True)
class Source:
    """A recording on disk, by the user and the session that its name tells."""

    user: str
    session: str
    path: Path


@dataclass(frozen=True, slots=True)
class Person:
    """What of a user's recordings is for what.

    Parameters
    ----------
    user
        The name.
    enrolment
        Recordings that enrol; none where there is only one recording in all.
    background
        Recordings that train others: those that enrol, or the only one.
    test
        Recordings that are tested with, as the user's own or as an impostor's.
    """

    user: str
    enrolment: tuple[Source, ...]
    background: tuple[Source, ...]
    test: tuple[Source, ...]

    @property
    def single(self) -> bool:
        """Whether there is one recording only: an impostor for some, background for others."""
        return not self.enrolment


@dataclass(frozen=True, slots=True)
class Match:
    """One user's evaluation: who is background and who attacks, by name."""

    victim: str
    background: tuple[str, ...]
    impostors: tuple[str, ...]


def people_of(sources: Sequence[Source], *, backwards: bool = False) -> list[Person]:
    """Split every user's recordings, in name order or `backwards`; users by name.

    Raises
    ------
    GateError
        If a recording comes twice.
    """
    by_user: dict[str, list[Source]] = {}
    for source in sources:
        by_user.setdefault(source.user, []).append(source)
    return [_person(user, by_user[user], backwards) for user in sorted(by_user)]


def _person(user: str, sources: Sequence[Source], backwards: bool) -> Person:
    ordered = sorted(sources, key=lambda source: source.session, reverse=backwards)
    if len({source.session for source in ordered}) < len(ordered):
        raise GateError(f"{user} has two recordings of one name: which is the earlier one?")
    if len(ordered) == 1:
        return Person(user, (), tuple(ordered), tuple(ordered))
    enrol = min(len(ordered) - 1, max(1, round(ENROLS * len(ordered))))
    first = tuple(ordered[:enrol])
    return Person(user, first, first, tuple(ordered[enrol:]))


def deal(
    people: Sequence[Person], classes: Mapping[str, str], seed: int, least: int = LEAST_IN_FOLD
) -> dict[str, int]:
    """Give everybody's fold: by a hash with the seed, evenly within each device class.

    Parameters
    ----------
    classes
        Device class by user, from what enrols or is background.
    least
        Users in a fold: fewer leave more of them as background, and fewer to attack.
    """
    count = max(2, min(MOST_FOLDS, len(people) // least))
    ordered = sorted(
        people, key=lambda one: (classes.get(one.user, ""), one.single, _hash(seed, one.user))
    )
    return {person.user: place % count for place, person in enumerate(ordered)}


def matches(
    people: Sequence[Person],
    classes: Mapping[str, str],
    folds: Mapping[str, int] | None,
    *,
    same_class: bool,
) -> list[Match]:
    """Say for every user who can enrol who is background and who attacks.

    Parameters
    ----------
    people
        All of them.
    classes
        Device class by user.
    folds
        As `deal` gives them; None lets everybody train and attack. Then somebody with a single
        recording is background only, or that recording would be on both sides.
    same_class
        Leave out whoever is of another device class than the user.
    """
    found = []
    for victim in people:
        if victim.single:
            continue
        others = [
            one
            for one in people
            if one.user != victim.user
            and not (same_class and classes.get(one.user) != classes.get(victim.user))
        ]
        if folds is None:
            background, impostors = others, [one for one in others if not one.single]
        else:
            own = folds[victim.user]
            background = [one for one in others if folds[one.user] != own]
            impostors = [one for one in others if folds[one.user] == own]
        found.append(Match(victim.user, _names(background), _names(impostors)))
    return found


def _names(people: Sequence[Person]) -> tuple[str, ...]:
    return tuple(person.user for person in people)


def _hash(seed: int, user: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{user}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a template was made from.

    Parameters
    ----------
    user
        Whom it describes.
    others
        Users who were background: training, calibration and limits saw them.
    digests
        SHA-256 of every recording that had a part in it.
    """

    user: str
    others: tuple[str, ...]
    digests: tuple[str, ...]


def admit(made: Provenance, user: str, digest: str, *, unseen: bool) -> None:
    """See that a recording may be tested with a template.

    Parameters
    ----------
    user
        Whose recording it is.
    digest
        SHA-256 of its content: a copy under another name is the same recording.
    unseen
        Whether impostors must not have been background.

    Raises
    ------
    GateError
        If the template has seen the recording, or an impostor whom it must not have seen.
    """
    if digest in made.digests:
        raise GateError(
            f"a recording of {user} tests the template of {made.user} and was in its enrolment: "
            "whole recordings belong to one side"
        )
    if unseen and user in made.others:
        raise GateError(f"{user} attacks {made.user} and was in that template's background")


def frozen(now: Mapping[str, str], then: Mapping[str, str]) -> None:
    """See that no template has changed since test data may be opened.

    Parameters
    ----------
    now, then
        SHA-256 by template.

    Raises
    ------
    GateError
        If one has changed, is new or is gone.
    """
    changed = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
    if changed:
        raise GateError(f"{changed[0]} is not as it was when templates and limits were frozen")


def whole(match: Match, folds: Mapping[str, int] | None, victims: Collection[str]) -> None:
    """See that a match keeps to the folds before anything is trained on it.

    Raises
    ------
    GateError
        If the victim is his own impostor or background, or, with folds, an impostor is not of the
        victim's fold or somebody of it is background.
    """
    if match.victim not in victims or match.victim in {*match.background, *match.impostors}:
        raise GateError(f"{match.victim} cannot be enrolled against himself")
    if folds is None:
        return
    own = folds[match.victim]
    if any(folds[one] == own for one in match.background):
        raise GateError(f"the background of {match.victim} holds somebody who attacks in its fold")
    if any(folds[one] != own for one in match.impostors):
        raise GateError(f"somebody attacks {match.victim} whom another fold has trained on")
