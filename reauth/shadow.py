"""A template that waits beside the active one, and how both fare on what neither has seen.

Two templates are compared by windows of movement that came after the active one was learnt and was
kept from the shadow's training: the user's own and other people's. Each has the threshold that lets
the same share of the others pass; what is compared is how often it then refuses the user.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np

from reauth.drift import refusal
from reauth.features import FEATURE_SETS, rows_of
from reauth.pace import Sessions
from reauth.template import Template
from reauth.trajectory import Floats
from reauth.verify import VERIFIERS

FAR: Final = 0.05
"""Share of other people's windows that pass, of both templates: a smaller one needs more windows
than most installations have of unseen movement."""

WINDOWS: Final = (50, 20, 10)
"""Scores of a window that are tried in turn where there is too little for the lane's own."""

LEAST: Final = 10
"""Windows of each side without which nothing is told: one of them then is a tenth."""

REPLICATES: Final = 400
"""As `reauth.quality` has; the 2.5 % point is the tenth value."""

POINTS: Final = 60
"""Of a DET curve, at most: more than a picture shows."""

HELD: Final = 3
"""Of so many candidate sessions one is held out; of two, one; of one, none."""


class Verdict(StrEnum):
    """How a shadow fares against the active template."""

    BETTER = "better"
    NOT_WORSE = "not_worse"
    WORSE = "worse"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rates:
    """One template's share of the user's windows refused, `frr`, with its 95 % interval.

    `det` has (FAR, FRR) from the laxest threshold to the strictest.
    """

    frr: float
    ci: tuple[float, float]
    det: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Active and shadow on the same unseen windows.

    Parameters
    ----------
    verdict
        In one word; `UNKNOWN` where `reason` says what is missing.
    window
        Scores whose mean is compared.
    far
        Share of the others' windows that passes both.
    active, shadow
        None where nobody knows.
    difference
        95 % interval of the shadow's FRR less the active one's.
    sessions, windows, users, other_windows
        What it rests on: the user's held-out sessions and their windows, others and theirs.
    candidates
        Held-out sessions among the user's that alerts were dismissed of.
    reason
        Empty, or why it is unknown, or what the quality reports say against the shadow.
    """

    verdict: Verdict
    window: int
    far: float = FAR
    active: Rates | None = None
    shadow: Rates | None = None
    difference: tuple[float, float] | None = None
    sessions: int = 0
    windows: int = 0
    users: int = 0
    other_windows: int = 0
    candidates: int = 0
    reason: str = ""

    @property
    def promotable(self) -> bool:
        """Whether nobody need look: it is not worse, as far as both ways of looking tell."""
        return self.verdict in (Verdict.BETTER, Verdict.NOT_WORSE) and not self.reason


@dataclass(frozen=True, slots=True)
class Parts:
    """A user's sessions, each in one part.

    Parameters
    ----------
    known
        Genuine ones that the active template may have been made from.
    taught
        Candidates that train the shadow.
    held_out
        What neither template has seen: genuine ones since, and candidates.
    candidates
        How many of those are candidates.
    """

    known: Sessions
    taught: Sessions
    held_out: Sessions
    candidates: int


def parted(genuine: Sessions, candidates: Sessions, learnt_at: float) -> Parts:
    """Part a user's sessions.

    Parameters
    ----------
    genuine
        Those that may train without a shadow, in order of time.
    candidates
        Those that two people have confirmed, likewise; the newest are held out.
    learnt_at
        When the active template was learnt, s since 1970.
    """
    out = max(1, len(candidates) // HELD) if len(candidates) > 1 else 0
    cut = len(candidates) - out
    old = [session for session in genuine if session[-1].t[-1] <= learnt_at]
    new = [session for session in genuine if session[-1].t[-1] > learnt_at]
    return Parts(old, candidates[:cut], [*new, *candidates[cut:]], out)


def strangers(
    others: Mapping[str, Sessions], learnt_at: float
) -> tuple[dict[str, Sessions], dict[str, Sessions]]:
    """Part the others' sessions likewise: what trains, and what neither template has seen.

    Of somebody of whom there are later sessions only, the first two thirds train.
    """
    train, unseen = dict[str, Sessions](), dict[str, Sessions]()
    for user, sessions in others.items():
        old = [session for session in sessions if session[-1].t[-1] <= learnt_at]
        new = [session for session in sessions if session[-1].t[-1] > learnt_at]
        if not old:
            cut = -(-2 * len(new) // 3)
            old, new = new[:cut], new[cut:]
        if old:
            train[user] = old
        if new:
            unseen[user] = new
    return train, unseen


def compare(
    active: Template,
    shadow: Template,
    parts: tuple[Parts, Mapping[str, Sessions]],
    window: int,
    rng: np.random.Generator,
) -> Comparison:
    """Hold both templates against the same windows.

    Parameters
    ----------
    parts
        The user's, of which the held-out sessions count, and others' unseen sessions.
    window
        The lane's; a smaller one is taken where there is too little.
    rng
        Draws the bootstrap; the same draws for both templates.
    """
    own, others = parts
    both = (active, shadow)
    mine = [_scores(both, session) for session in own.held_out]
    theirs = [
        np.concatenate([_scores(both, session) for session in sessions])
        for _, sessions in sorted(others.items())
    ]
    for size in (window, *(each for each in WINDOWS if each < window)):
        genuine, strange = ([_windows(part, size) for part in side] for side in (mine, theirs))
        genuine, strange = ([part for part in side if len(part)] for side in (genuine, strange))
        if min(sum(map(len, genuine)), sum(map(len, strange))) >= LEAST:
            found = _told(genuine, strange, size, rng)
            break
    else:
        found = Comparison(Verdict.UNKNOWN, size, reason=_missing(genuine, strange, size))
    doubt = refusal(active, shadow, window)
    told = {"unknown": "the quality reports do not say whether it accepts more strangers"}
    reason = found.reason or told.get(doubt, doubt.replace("_", " "))
    return replace(found, candidates=own.candidates, reason=reason)


def _missing(genuine: list[Floats], strange: list[Floats], size: int) -> str:
    own, other = (sum(map(len, side)) for side in (genuine, strange))
    return (
        f"{own} unseen windows of {size} of the user and {other} of others; {LEAST} of each are"
        " needed"
    )


def _scores(templates: Sequence[Template], session: Sequence[Any]) -> Floats:
    """(n, 2) log-likelihood ratios, nats, of a session by each template."""
    columns = []
    for each in templates:
        rows = rows_of(FEATURE_SETS[each.feature_set], session)
        score = VERIFIERS[each.verifier].score_many
        columns.append(score(each, rows) if len(rows) else np.empty(0))
    return np.stack(columns, axis=1)


def _windows(scores: Floats, size: int) -> Floats:
    """(m, 2) means of the windows of `size` in (n, 2) scores, none overlapping."""
    whole = len(scores) // size
    return np.asarray(scores[: whole * size].reshape(whole, size, 2).mean(axis=1))


def _told(
    genuine: list[Floats], strange: list[Floats], size: int, rng: np.random.Generator
) -> Comparison:
    """Compare by windows, one (m, 2) array a session of the user and one an other user."""
    frr = _refused(np.concatenate(genuine), np.concatenate(strange))
    # Windows of one session are alike; of few sessions they are all that there is to draw from.
    units = genuine if len(genuine) > 2 else [row[None] for part in genuine for row in part]
    draws = range(REPLICATES)
    drawn = np.array([_refused(_drawn(units, rng), _drawn(strange, rng)) for _ in draws])
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    away = np.percentile(drawn[:, 1] - drawn[:, 0], (2.5, 97.5))
    active, shadow = (
        Rates(
            float(frr[place]),
            (float(min(low[place], frr[place])), float(max(high[place], frr[place]))),
            _det(*(np.concatenate(side)[:, place] for side in (genuine, strange))),
        )
        for place in (0, 1)
    )
    return Comparison(
        _verdict(active, shadow, away),
        size,
        FAR,
        active,
        shadow,
        (float(away[0]), float(away[1])),
        len(genuine),
        sum(map(len, genuine)),
        len(strange),
        sum(map(len, strange)),
    )


def _verdict(active: Rates, shadow: Rates, away: Floats) -> Verdict:
    if away[1] < 0:
        return Verdict.BETTER
    return Verdict.WORSE if away[0] > 0 or shadow.frr > active.ci[1] else Verdict.NOT_WORSE


def _drawn(parts: Sequence[Floats], rng: np.random.Generator) -> Floats:
    return np.concatenate([parts[place] for place in rng.integers(len(parts), size=len(parts))])


def _refused(genuine: Floats, strange: Floats) -> Floats:
    """(2,) shares of genuine windows that are not above what at most `FAR` of the others' are."""
    threshold = np.quantile(strange, 1 - FAR, axis=0, method="higher")
    return np.asarray((genuine <= threshold).mean(axis=0))


def _det(genuine: Floats, strange: Floats) -> tuple[tuple[float, float], ...]:
    """(FAR, FRR) at thresholds among the windows, from the laxest to the strictest."""
    at = np.unique(np.concatenate((genuine, strange)))
    picks = at[np.linspace(0, len(at) - 1, min(POINTS, len(at))).round().astype(int)]
    return tuple(
        (float((strange >= threshold).mean()), float((genuine < threshold).mean()))
        for threshold in picks
    )


def comparison_document(found: Comparison) -> dict[str, Any]:
    """A comparison as JSON has it; `comparison_from` reads it back."""
    return {
        "verdict": found.verdict.value,
        "window": found.window,
        "far": found.far,
        "active": _rates_document(found.active),
        "shadow": _rates_document(found.shadow),
        "difference": None if found.difference is None else list(found.difference),
        "sessions": found.sessions,
        "windows": found.windows,
        "users": found.users,
        "other_windows": found.other_windows,
        "candidates": found.candidates,
        "reason": found.reason,
    }


def comparison_from(document: Mapping[str, Any]) -> Comparison:
    """Read a comparison."""
    away = document["difference"]
    return Comparison(
        **{
            **document,
            "verdict": Verdict(document["verdict"]),
            "active": _rates(document["active"]),
            "shadow": _rates(document["shadow"]),
            "difference": None if away is None else (away[0], away[1]),
        }
    )


def _rates_document(rates: Rates | None) -> dict[str, Any] | None:
    if rates is None:
        return None
    return {"frr": rates.frr, "ci": list(rates.ci), "det": [list(point) for point in rates.det]}


def _rates(document: Mapping[str, Any] | None) -> Rates | None:
    if document is None:
        return None
    low, high = document["ci"]
    return Rates(document["frr"], (low, high), tuple((far, frr) for far, frr in document["det"]))
