"""Which URL opens which store."""

from pathlib import Path

import pytest

from reauth.errors import SettingsError
from reauth.ports import Commit
from reauth.store import open_store
from tests.rows import session


async def test_any_other_url_is_refused():
    """By the rule that the settings are held to."""
    with pytest.raises(SettingsError, match=r"sqlite:///ABSOLUTE/PATH or sqlite://:memory:"):
        async with open_store("postgres:///x.db", None):
            pass


async def test_three_slashes_and_four_open_the_same_file(tmp_path):
    """As interfaces.md has it."""
    async with open_store(f"sqlite://{tmp_path}/new/store.db", None) as store:
        await store.commit(Commit(sessions=[session()]))
    async with open_store(f"sqlite:///{tmp_path}/new/store.db", None) as store:
        assert await store.session("anna", "10.0.0.1") is not None
    assert (tmp_path / "new" / "store.db").exists()


async def test_memory_is_private_and_goes_with_its_context():
    """Two of them know nothing of each other; nothing stays on the disk."""
    async with open_store("sqlite://:memory:", None) as one:
        async with open_store("sqlite://:memory:", None) as other:
            await one.commit(Commit(sessions=[session()]))
            assert await other.session("anna", "10.0.0.1") is None
        folder = Path(one._path).parent
        assert folder.exists()
    assert not folder.exists()
