"""The laboratory: the shipped code on recordings of real people.

A data set is anything that yields (user, session, events): events as `reauth.event` has them, in
seconds and pixels, whatever the origin wrote.

The way of a recording: `datasets` reads it, `splits` says what it is for, `cutting` makes units of
it; `learning` enrols, `shelf` keeps and freezes templates, `scoring` compares in processes that
know nothing else; `episodes` lets policies watch, `summary` counts by `metrics`, `report` and
`plots` tell. `evaluate` puts these in order, `work` spreads them over processes; `papers` holds
published tables beside what comes out. `seeds` evaluates again under other deals; `runs` keeps
evaluations side by side, of which `ablate` and `curve` make tables. `resample` and `trees` are
what the shipped code is compared with: another clock, another estimator.

`lu` and `lu_parts` set Lu's slider captchas beside ours, which are no sessions: `slides` reads and
deals them, `redundancy` chooses features, `boost` holds the classifiers, `edmd` looks for replays,
`entropy` tells how irregular a hand is.
Person or machine: `pointing` cuts movements between clicks, `becaptcha_cases` lets every kind of
program move beside people, `judges` tell them apart; `gan` teaches the network among the programs.
"""

from collections.abc import Iterator
from typing import Protocol

from reauth.event import Event


class Dataset(Protocol):
    """Recordings, user by user; the sessions of a user in name order."""

    def __iter__(self) -> Iterator[tuple[str, str, list[Event]]]:
        """Yield (user, session, events)."""
        ...
