"""Where everything is kept: `open_store` turns the URL of the settings into a `Store`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from tempfile import TemporaryDirectory

from reauth.settings import store_path
from reauth.store.accounts import SqliteAccounts
from reauth.store.audit import SqliteAudit
from reauth.store.figures import SqliteFigures
from reauth.store.seal import create_key, read_key
from reauth.store.sqlite import Options, SqliteStore, open_sqlite
from reauth.store.triage import SqliteCases, SqliteSuppressions


@asynccontextmanager
async def open_store(
    url: str, key: bytes | None, options: Options | None = None
) -> AsyncIterator[SqliteStore]:
    """Open a store for as long as the context lasts.

    `sqlite://:memory:` is the same store in a private folder that goes with it.

    Parameters
    ----------
    key
        32 bytes that guard what tells of movement (see `read_key`); None leaves it in the clear.

    Raises
    ------
    StoreError
        If it cannot be opened for writing.
    SettingsError
        If the URL is none, a newer release wrote the store, or it has another key.
    """
    options = options or Options()
    path = store_path(url)
    if path is None:
        with TemporaryDirectory(prefix="reauth-") as folder:
            passing = replace(options, durable=False)
            async with open_sqlite(f"{folder}/store.db", key, passing) as store:
                yield store
        return
    async with open_sqlite(path, key, options) as store:
        yield store


__all__ = [
    "Options",
    "SqliteAccounts",
    "SqliteAudit",
    "SqliteCases",
    "SqliteFigures",
    "SqliteStore",
    "SqliteSuppressions",
    "create_key",
    "open_store",
    "read_key",
]
