"""Every group of tables that lies in the store's file, behind its door."""

from dataclasses import dataclass

from reauth.ports import Audit, Store
from reauth.ports.coverage import CoverageKept
from reauth.ports.film import Films
from reauth.ports.roster import Roster, Runs
from reauth.store import SqliteAudit, SqliteStore
from reauth.store.coverage import SqliteCoverage
from reauth.store.film import SqliteFilms
from reauth.store.roster import SqliteRoster, SqliteRuns


@dataclass(frozen=True, slots=True)
class Doors:
    """What a process may open of an installation's data."""

    store: Store
    audit: Audit
    roster: Roster
    runs: Runs
    coverage: CoverageKept
    films: Films


def doors_of(store: SqliteStore) -> Doors:
    """The doors of an open store."""
    desk = store.desk
    return Doors(
        store=store,
        audit=SqliteAudit(desk),
        roster=SqliteRoster(desk, store.cut),
        runs=SqliteRuns(desk),
        coverage=SqliteCoverage(desk),
        films=SqliteFilms(desk),
    )
