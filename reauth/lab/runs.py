"""Evaluations side by side: what their windows gave, kept, and how far two are apart.

A table of ablations is many evaluations of the same people, so that a difference can be told much
more surely than a figure: both are of the same users, and users are drawn together.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reauth.lab.cutting import whole
from reauth.lab.episodes import Owned
from reauth.lab.evaluate import (
    Enrolled,
    Request,
    acquired,
    digest_of,
    people_in,
    score_tests,
    scored_by_user,
    usual,
)
from reauth.lab.method import key_of
from reauth.lab.metrics import Comparisons, Ranked, eer, interval, joined
from reauth.lab.splits import Person
from reauth.lab.streams import streams_of
from reauth.lab.summary import LEAST_WINDOWS, Victim, compared, means, told, votes
from reauth.lab.work import Watch
from reauth.trajectory import Floats

SIZES = (20, 50)
"""Units in a window: what H-BRS's test recordings have some of (biometrics.md §6)."""

KINDS = ("any", "same", "any votes", "same votes")
"""Windows by whose they are, all impostors' or those of the user's device class, and by what is
told of them: the mean of the ratios, or the share of votes for the user."""

UNWATCHED = Owned(0, 0, 0, 0.0)
"""No policy has seen anything."""

Side = tuple[list[float], list[float]]


@dataclass(frozen=True, eq=False, slots=True)
class Run:
    """What an evaluation's windows gave.

    Parameters
    ----------
    enrolled
        Units that each user was enrolled with.
    windows
        By kind and size, for each user the scores of genuine and of impostors' windows.
    units_per_active_hour
        Units that were compared.
    """

    enrolled: Mapping[str, int]
    windows: Mapping[str, Mapping[str, Mapping[str, Side]]]
    units_per_active_hour: float | None

    def compared(self, kind: str, size: int, users: Sequence[str]) -> Comparisons:
        """Give the comparisons of windows of a kind and a size, of these users."""
        sides = self.windows[kind][str(size)]
        return joined([(np.array(sides[user][0]), np.array(sides[user][1])) for user in users])


def run(request: Request, watch: Watch) -> Run:
    """Evaluate, or read what an evaluation of the same gave.

    The policy plays no part: windows only. `request.data` is a folder.

    Raises
    ------
    SettingsError, RecordingError, GateError
        As `evaluate`.
    """
    people = people_in(request.data, request.data, request.users, backwards=request.backwards)
    file = request.kept / "runs" / f"{_key(request, people)}.json"
    if not file.exists():
        whole(file, json.dumps(_measured(request, people, watch)).encode())
    plain = json.loads(file.read_text("utf-8"))
    return Run(plain["enrolled"], plain["windows"], plain["units_per_active_hour"])


def _key(request: Request, people: Sequence[Person]) -> str:
    digests = {
        f"{source.user}/{source.session}": digest_of(source.path)
        for person in people
        for source in {*person.background, *person.test}
    }
    method, asked = request.method, [request.unseen, request.same_class, request.seed, request.fold]
    return key_of([digests, method.enrolling_key, method.cutting_key, asked, request.victims])


def _measured(request: Request, people: Sequence[Person], watch: Watch) -> dict[str, Any]:
    enrolled = Enrolled(request, people, watch)
    scores = score_tests(request, enrolled, watch)
    by_user = scored_by_user(scores)
    victims = []
    for match in enrolled.matches:
        if match.victim not in enrolled.names:
            continue
        name = enrolled.names[match.victim]
        template = enrolled.shelf.get(name)
        own, attacks = streams_of(name, match, by_user)
        victims.append(
            Victim(
                match.victim, enrolled.classes[match.victim], enrolled.shelf.units(name),
                template.threshold, usual(template), template.drift, True, own, attacks,
                UNWATCHED, (),
            )
        )  # fmt: skip
    return {
        "enrolled": {victim.user: victim.enrol_units for victim in victims},
        "windows": {kind: _windows(victims, kind) for kind in KINDS},
        "units_per_active_hour": acquired(enrolled, scores)["units_per_active_hour"],
    }


def _windows(victims: Sequence[Victim], kind: str) -> dict[str, dict[str, Side]]:
    statistic = votes if kind.endswith("votes") else means
    same = kind.startswith("same")
    found: dict[str, dict[str, Side]] = {}
    for size in SIZES:
        every = [compared([victim], size, statistic, same_class=same) for victim in victims]
        found[str(size)] = {
            victim.user: (one.genuine.tolist(), one.impostor.tolist())
            for victim, one in zip(victims, every, strict=True)
        }
    return found


def figure(
    each: Run, kind: str, size: int, users: Sequence[str], rng: np.random.Generator
) -> dict[str, Any]:
    """Tell the pooled EER of some users, with its interval."""
    found = told(each.compared(kind, size, users), eer, rng)
    names = ("pooled", "ci", "per_user_mean", "genuine_windows", "reason")
    return {name: found[name] for name in names if name in found}


def apart(one: Comparisons, other: Comparisons, rng: np.random.Generator) -> dict[str, Any] | None:
    """Tell by how much the pooled EER of one is above that of the other, of the same users.

    The 95 % interval is of the difference: users are drawn for both at once. None where one of
    them has no rate.
    """
    if any(each.empty or len(each.genuine) < LEAST_WINDOWS for each in (one, other)):
        return None
    ranked = Ranked(one), Ranked(other)

    def above(weights: Floats) -> float | None:
        first, second = (each.det(weights) for each in ranked)
        return None if first is None or second is None else eer(first) - eer(second)

    ends = interval(one.users, above, rng)
    return {"above": above(np.ones(one.users)), "ci": list(ends)}
