"""Every group of tables that lies in the store's file, behind its door."""

from dataclasses import dataclass

from reauth.ports import Audit, Cases, Lessons, Store, Suppressions
from reauth.store import (
    SqliteAudit,
    SqliteCases,
    SqliteLessons,
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
    lessons: Lessons


def doors_of(store: SqliteStore) -> Doors:
    """The doors of an open store."""
    desk = store.desk
    alerts = SqliteCases(desk), SqliteSuppressions(desk)
    return Doors(store, SqliteAudit(desk), *alerts, SqliteLessons(desk, store.cut))
