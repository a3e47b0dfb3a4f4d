"""What the pages of users, coverage, movement and the machine work with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reauth.enrolling import Enrolling, Lists
from reauth.feedback import Feedback
from reauth.integrations import Integrations
from reauth.ports.coverage import CoverageKept
from reauth.ports.film import Films
from reauth.ports.roster import Roster
from reauth.settings import Settings
from reauth.watching import Watching


@dataclass(frozen=True, slots=True)
class Machine:
    """What the parts of a running house tell of themselves.

    `metrics` is a URL, `proxies` counts the control streams that are open, `unwatched` pages by
    reason since the start; `started` in s since 1970.
    """

    metrics: str
    proxies: int
    unwatched: Mapping[str, int]
    started: float


@dataclass(slots=True)
class Subjects:
    """The doors of these pages.

    Parameters
    ----------
    sources
        Where the value of each setting came from, by (section, key); empty where nobody knows.
    """

    settings: Settings
    roster: Roster
    enrolling: Enrolling
    lists: Lists
    coverage: CoverageKept
    films: Films
    watching: Watching
    feedback: Feedback
    machine: Callable[[], Machine]
    integrations: Integrations
    sources: Mapping[tuple[str, str], str] = field(default_factory=dict)
