"""Coverage in SQL: a row for each day, site and kind; for a user one for each kind."""

import json
import sqlite3
from collections import Counter

from reauth.coverage import OTHERS, SITES, Covered, Seen
from reauth.ports.coverage import PeoplePage, SiteRow
from reauth.store.desk import Desk
from reauth.store.raw import day_of

_ADD = """
INSERT INTO coverage_site (day, site, kind, host, amount) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (day, site, kind) DO UPDATE
SET amount = coverage_site.amount + excluded.amount, host = excluded.host
"""
_PERSON = """
INSERT INTO coverage_person (person, kind, day) VALUES (?, ?, ?)
ON CONFLICT (person, kind) DO UPDATE SET day = excluded.day
"""
_SITES = """
SELECT site, kind, MAX(host), SUM(amount) FROM coverage_site
WHERE site IN (
    SELECT site FROM coverage_site GROUP BY site ORDER BY SUM(amount) DESC, site LIMIT ?
) GROUP BY site, kind
"""
_PEOPLE = """
SELECT person, json_group_array(kind), COUNT(*) OVER () FROM coverage_person
GROUP BY person HAVING :kind IS NULL OR SUM(kind = :kind) > 0
ORDER BY person LIMIT :most OFFSET :first
"""


def add(connection: sqlite3.Connection, seen: Seen, day: str) -> None:
    """Add what was counted; a site that the day has no room for is one of the others."""
    known = {
        site
        for (site,) in connection.execute(
            "SELECT DISTINCT site FROM coverage_site WHERE day = ?", (day,)
        )
    }
    rows: Counter[tuple[str, str, str]] = Counter()
    for (site, host, what), amount in seen.sites.items():
        apart = site in known or len(known) < SITES
        known |= {site} if apart else set()
        rows[(site, what.value, host) if apart else (OTHERS, what.value, "")] += amount
    connection.executemany(_ADD, [(day, *name, amount) for name, amount in rows.items()])
    connection.executemany(_PERSON, [(user, what.value, day) for user, what in seen.people])


def sites(connection: sqlite3.Connection, limit: int) -> list[SiteRow]:
    """The sites with the most pages first."""
    hosts: dict[str, str] = {}
    amounts: dict[str, dict[Covered, int]] = {}
    for site, kind, host, amount in connection.execute(_SITES, (limit,)):
        hosts[site] = max(hosts.get(site, ""), host)
        amounts.setdefault(site, {})[Covered(kind)] = amount
    order = sorted(amounts, key=lambda site: (-sum(amounts[site].values()), site))
    return [SiteRow(site, hosts[site], amounts[site]) for site in order]


def people(
    connection: sqlite3.Connection, kind: Covered | None, first: int, most: int
) -> PeoplePage:
    """A page of the users, by name."""
    asked = {"kind": kind and kind.value, "first": first, "most": most}
    found = connection.execute(_PEOPLE, asked).fetchall()
    total = found[0][2] if found else 0
    return PeoplePage([(user, _kinds(text)) for user, text, _ in found], total)


def of_user(connection: sqlite3.Connection, user: str) -> frozenset[Covered]:
    """What there is of a user."""
    found = connection.execute("SELECT kind FROM coverage_person WHERE person = ?", (user,))
    return frozenset(Covered(kind) for (kind,) in found)


def expire(connection: sqlite3.Connection, before: str) -> None:
    """Forget older days."""
    connection.execute("DELETE FROM coverage_site WHERE day < ?", (before,))
    connection.execute("DELETE FROM coverage_person WHERE day < ?", (before,))


def _kinds(text: str) -> frozenset[Covered]:
    return frozenset(map(Covered, json.loads(text)))


class SqliteCoverage:
    """See `reauth.ports.coverage.CoverageKept`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def add(self, seen: Seen, now: float) -> None:
        """Add what was counted."""
        await self._desk.write(add, seen, day_of(now))

    async def sites(self, limit: int) -> list[SiteRow]:
        """The sites with the most pages first."""
        return await self._desk.read_much(sites, limit)

    async def people(self, kind: Covered | None, first: int, most: int) -> PeoplePage:
        """A page of the users of whom there is anything, or of a kind."""
        return await self._desk.read_much(people, kind, first, most)

    async def of_user(self, user: str) -> frozenset[Covered]:
        """What there is of a user."""
        return await self._desk.read(of_user, user)

    async def expire(self, now: float, keep: float) -> None:
        """Forget days that are older than `keep` (s)."""
        await self._desk.write(expire, day_of(now - keep))
