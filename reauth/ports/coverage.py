"""What is watched, kept by day and site; see `reauth.coverage`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reauth.coverage import Covered, Seen


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site over all users and all days that are kept: how many of each kind.

    `site` is "" for all sites beyond those that are kept apart; `host` is "" unless clear hosts are
    kept.
    """

    site: str
    host: str
    amounts: Mapping[Covered, int]


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Users and what there was of each, by name; how many there are in all."""

    people: Sequence[tuple[str, frozenset[Covered]]]
    total: int


class CoverageKept(Protocol):
    """Where coverage is kept."""

    async def add(self, seen: Seen, now: float) -> None:
        """Add what was counted; `now` is s since 1970."""

    async def sites(self, limit: int) -> list[SiteRow]:
        """The sites with the most pages first."""

    async def people(self, kind: Covered | None, first: int, most: int) -> PeoplePage:
        """A page of the users of whom there is anything, or of a kind."""

    async def of_user(self, user: str) -> frozenset[Covered]:
        """What there is of a user."""

    async def expire(self, now: float, keep: float) -> None:
        """Forget days that are older than `keep` (s)."""
