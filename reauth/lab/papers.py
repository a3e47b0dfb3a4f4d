"""Papers as tests: published tables in their own protocol, with our numbers beside theirs.

A paper is one file with one function, and one line in `PAPERS`. A row that is required must come
out within its tolerance, in either direction: a number that is suddenly better is as suspicious
as one that is worse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from reauth.lab import becaptcha, gamboa_tables, lu, medvet
from reauth.lab.table import Table, Task
from reauth.lab.work import Watch


@dataclass(frozen=True, slots=True)
class Paper:
    """What its table is about, and what makes it."""

    about: str
    make: Callable[[Task, Watch], Table]


PAPERS: Final[Mapping[str, Paper]] = {
    "becaptcha": Paper(
        "BeCAPTCHA-Mouse 2021: person or machine by one movement", becaptcha.table
    ),
    "gamboa": Paper("Gamboa 2004: 1 to 200 strokes; 30 to 90 s", gamboa_tables.table),
    "lu": Paper("Lu 2021: slides of people and programs, few features; replays by EDMD", lu.table),
    "medvet": Paper("Medvet 2014: mixed and same hardware, w = 50 to 500", medvet.table),
}
"""By the name that `reauth lab paper` takes."""
