"""What is watched and what is not: pages by site over all users, of a user only that there are any.

The proxy tells of pages that it serves with the observer in them, of pages that it could not put it
into, and of connections that it does not decrypt. A served page of which no batch comes is silent.
Amounts are kept by site and never by user; of a user it is known that there was such a page, and on
which day last, so that it can be forgotten. When or how much somebody works is told nowhere.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from reauth.claim import Claim, Note

HEARD_WITHIN = 120.0
"""s in which a page that is shown has told that it is there: the observer sends every 5 s, and
comes again within a minute where it could not (observer.md, 4)."""
PAGES = 20_000
"""Served pages that are waited for; the oldest beyond them count as nothing."""
SITES = 1000
"""Sites a day that are kept apart; all others are one."""
OTHERS = ""
"""The name of all others."""


class Covered(StrEnum):
    """What becomes of a page, or of a connection."""

    WATCHED = "watched"
    SILENT = "silent"
    UNWATCHED = "unwatched"
    TUNNELLED = "tunnelled"


_TOLD = {Note.UNWATCHED.value: Covered.UNWATCHED, Note.TUNNELLED.value: Covered.TUNNELLED}
_SERVED = frozenset({Note.PAGE.value, Note.AGAIN.value})
TOLD_APART = frozenset({Note.UNWATCHED, Note.TUNNELLED})
"""Notes that are of no use to anybody else."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was counted since the last time.

    Parameters
    ----------
    sites
        (site, clear host or "", what) to how many.
    people
        (user, what); of whom nobody knows, nothing.
    """

    sites: Counter[tuple[str, str, Covered]] = field(default_factory=Counter)
    people: set[tuple[str, Covered]] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self.sites)


class Coverage:
    """Counts what the proxy's claims tell."""

    def __init__(self) -> None:
        self._seen = Seen()
        self._waiting: OrderedDict[str, tuple[Claim, float]] = OrderedDict()

    def noted(self, claims: Iterable[Claim]) -> None:
        """What came with or without batches, in the order in which it came."""
        for claim in claims:
            what = _TOLD.get(claim.token)
            if what is not None:
                self._count(claim, what)
            elif claim.token in _SERVED:
                self._waiting[claim.page] = claim, claim.received
                if len(self._waiting) > PAGES:
                    self._waiting.popitem(last=False)
            elif claim.page in self._waiting:
                served, _ = self._waiting.pop(claim.page)
                self._count(served, Covered.WATCHED)

    def take(self, now: float) -> Seen:
        """All that was counted since, with the pages that are silent at `now` (s since 1970)."""
        while self._waiting:
            page, (claim, served) = next(iter(self._waiting.items()))
            if 0 <= now - served < HEARD_WITHIN:
                break
            del self._waiting[page]
            self._count(claim, Covered.SILENT)
        seen, self._seen = self._seen, Seen()
        return seen

    def _count(self, claim: Claim, what: Covered) -> None:
        self._seen.sites[claim.site, claim.host or "", what] += 1
        if claim.user is not None:
            self._seen.people.add((claim.user, what))
