"""Every group of tables that lies in the store's file, behind its door."""

from collections.abc import Callable
from dataclasses import dataclass

from reauth.accounts import Accounts
from reauth.audit import Deed
from reauth.logins import Life, Logins
from reauth.ports import AccountStore, Audit, Cases, Store, Suppressions
from reauth.proof import Passwords
from reauth.settings import Settings
from reauth.store import (
    SqliteAccounts,
    SqliteAudit,
    SqliteCases,
    SqliteStore,
    SqliteSuppressions,
)


@dataclass(frozen=True, slots=True)
class Doors:
    """What a process may open of an installation's data."""

    store: Store
    audit: Audit
    cases: Cases
    suppressions: Suppressions
    accounts: AccountStore


def doors_of(store: SqliteStore) -> Doors:
    """The doors of an open store."""
    desk = store.desk
    return Doors(
        store,
        SqliteAudit(desk),
        SqliteCases(desk, store.told),
        SqliteSuppressions(desk),
        SqliteAccounts(desk),
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
