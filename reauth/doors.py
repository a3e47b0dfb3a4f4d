"""Every group of tables that lies in the store's file, behind its door."""

from collections.abc import Callable
from dataclasses import dataclass

from reauth.accounts import Accounts
from reauth.audit import Deed
from reauth.logins import Life, Logins
from reauth.ports import AccountStore, Audit, Cases, Lessons, Store, Suppressions
from reauth.ports.coverage import CoverageKept
from reauth.ports.deliveries import Deliveries
from reauth.ports.film import Films
from reauth.ports.roster import Roster, Runs
from reauth.ports.scene import Scenes
from reauth.proof import Passwords
from reauth.settings import Settings
from reauth.store import (
    SqliteAccounts,
    SqliteAudit,
    SqliteCases,
    SqliteLessons,
    SqliteStore,
    SqliteSuppressions,
)
from reauth.store.coverage import SqliteCoverage
from reauth.store.deliveries import SqliteDeliveries
from reauth.store.film import SqliteFilms
from reauth.store.roster import SqliteRoster, SqliteRuns
from reauth.store.scene import SqliteScenes


@dataclass(frozen=True, slots=True)
class Doors:
    """What a process may open of an installation's data."""

    store: Store
    audit: Audit
    cases: Cases
    suppressions: Suppressions
    accounts: AccountStore
    roster: Roster
    runs: Runs
    coverage: CoverageKept
    films: Films
    lessons: Lessons
    scenes: Scenes
    deliveries: Deliveries


def doors_of(store: SqliteStore) -> Doors:
    """The doors of an open store."""
    desk = store.desk
    return Doors(
        store,
        SqliteAudit(desk),
        SqliteCases(desk, store.told),
        SqliteSuppressions(desk),
        SqliteAccounts(desk),
        roster=SqliteRoster(desk, store.cut),
        runs=SqliteRuns(desk),
        coverage=SqliteCoverage(desk),
        films=SqliteFilms(desk),
        lessons=SqliteLessons(desk, store.cut),
        scenes=SqliteScenes(desk, store.cut),
        deliveries=SqliteDeliveries(desk),
    )


def access_of(
    doors: Doors, settings: Settings, clock: Callable[[], float]
) -> tuple[Accounts, Logins]:
    """Who may use the console, and who does; logins are noted in the audit."""
    passwords = Passwords()
    life = Life(settings.console.login_idle, settings.console.login_life)

    async def noted(who: str, action: str, subject: str, done: bool, address: str) -> None:
        await doors.audit.append(Deed(clock(), who, action, subject, done, address))

    logins = Logins(doors.accounts, clock, passwords, noted, life)
    return Accounts(doors.accounts, clock, passwords), logins
