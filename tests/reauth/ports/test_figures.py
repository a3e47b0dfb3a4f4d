"""The contract of what the metrics ask of a store."""

from reauth.settings import StoreSettings
from reauth.store import SqliteFigures, open_store


async def test_a_store_without_anybody_has_nothing_old():
    """No template, no row, whatever the time is."""
    async with open_store("sqlite://:memory:", None) as store:
        figures = SqliteFigures(store.desk, StoreSettings())

        assert [(None, 0)] * 2 == [await figures.standing(at) for at in (0.0, 1e10)]
