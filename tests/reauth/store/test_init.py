"""Which URL opens which store."""

from pathlib import Path

import pytest

from reauth.errors import SettingsError
from reauth.ports import Commit
from reauth.store import open_store, path_of
from tests.rows import session


@pytest.mark.parametrize(
    "url", ["", "sqlite://", "sqlite:///", "sqlite:///folder/", "store.db", "postgres:///x.db"]
)
def test_any_other_url_is_refused(url):
    """The message tells the two forms there are."""
    with pytest.raises(SettingsError, match=r"sqlite:///ABSOLUTE/PATH or sqlite://:memory:"):
        path_of(url)


def test_a_password_in_a_wrong_url_is_not_told():
    """Only the scheme is quoted."""
    with pytest.raises(SettingsError) as error:
        path_of("postgres:///geheim@host/x.db")
    assert "geheim" not in str(error.value)


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
