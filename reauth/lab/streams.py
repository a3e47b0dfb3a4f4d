"""Who met a template: the user's own test recordings as streams of scores, and attacks.

An impostor on a device that the user is not known on is told as such and never compared. The few
units of theirs that tell no device are no attack, and would be no test of the user's.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from reauth.lab.episodes import Stream
from reauth.lab.scoring import Scored
from reauth.lab.splits import Match
from reauth.lab.summary import Attack

ByUser = Mapping[str, Sequence[Scored]]
"""Scored test recordings, by whose they are."""


def streams_of(
    template: str, match: Match, by_user: ByUser
) -> tuple[tuple[Stream, ...], tuple[Attack, ...]]:
    """Give what met a user's template, by its name: own test recordings, and impostors' ones."""
    own = tuple(stream_of(scored, template) for scored in by_user.get(match.victim, ()))
    attacks = tuple(
        Attack(impostor, scored.facts.device_class, stream_of(scored, template))
        for impostor, scored in _attacks(match, by_user)
        if not _elsewhere(scored, template)
    )
    return own, attacks


def on_unknown_devices(met: Sequence[tuple[str, Match]], by_user: ByUser) -> float | None:
    """Give the share of attacks on a device that the user is not known on; None without any.

    Parameters
    ----------
    met
        Names of templates, and who attacks them.
    """
    found = [
        _elsewhere(scored, template)
        for template, match in met
        for _, scored in _attacks(match, by_user)
    ]
    return float(np.mean(found)) if found else None


def stream_of(scored: Scored, template: str) -> Stream:
    """Give the scores that a template gave a recording, without what could not be compared."""
    scores = scored.scores[template]
    there = np.isfinite(scores)
    return Stream(scores[there], scored.at[there], scored.run[there], scored.facts.active)


def _attacks(match: Match, by_user: ByUser) -> Iterator[tuple[str, Scored]]:
    return ((one, scored) for one in match.impostors for scored in by_user.get(one, ()))


def _elsewhere(scored: Scored, template: str) -> bool:
    """Whether most of a recording is of a device class that the template's user is not known on."""
    scores = scored.scores[template]
    return bool(len(scores)) and 2 * int(np.isneginf(scores).sum()) > len(scores)
