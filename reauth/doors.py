"""Every group of tables that lies in the store's file, behind its door."""

from dataclasses import dataclass

from reauth.ports import Audit, Store
from reauth.store import SqliteAudit, SqliteStore


@dataclass(frozen=True, slots=True)
class Doors:
    """What a process may open of an installation's data."""

    store: Store
    audit: Audit


def doors_of(store: SqliteStore) -> Doors:
    """The doors of an open store."""
    return Doors(store, SqliteAudit(store.desk))
