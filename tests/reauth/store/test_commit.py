"""A group in one transaction, and what must stay bounded."""

import pytest

from reauth.errors import StoreError
from reauth.ports import Commit
from reauth.store import commit, open_store
from tests.rows import NOON, scored, session


@pytest.fixture
async def store():
    async with open_store("sqlite://:memory:", None) as opened:
        yield opened


async def rows(store, sql):
    return await store.desk.read(lambda connection: connection.execute(sql).fetchall())


async def test_equal_rejects_of_a_moment_are_one_row(store):
    """With their number; a payload is not kept at all."""
    refused = [(NOON, "truncated", "anna"), (NOON, "kind", None), (NOON, "truncated", "anna")]
    await store.commit(Commit(rejects=refused))

    found = await rows(store, "SELECT received, reason, person, amount FROM reject ORDER BY amount")
    assert [(NOON, "kind", None, 1), (NOON, "truncated", "anna", 2)] == found


async def test_rejects_are_bounded_the_newest_stay(store, monkeypatch):
    """Whoever sends nonsense must not fill the disk."""
    monkeypatch.setattr(commit, "KEPT_REJECTS", 5)
    for n in range(20):
        await store.commit(Commit(rejects=[(NOON + n, "truncated", None)]))

    found = await rows(store, "SELECT received FROM reject ORDER BY received")
    assert [(NOON + n,) for n in range(15, 20)] == found


async def test_a_group_is_written_whole_or_not_at_all(store):
    """What a wrong row comes with is not kept either."""
    wrong = scored(1, of="a session that is not there")
    with pytest.raises(Exception, match="FOREIGN KEY"):
        await store.commit(Commit(sessions=[session()], trajectories=[scored(1), wrong]))

    assert await store.session("anna", "10.0.0.1") is None
    await store.commit(Commit(sessions=[session()], trajectories=[scored(1)]))
    assert 1 == (await store.person("anna")).trajectories


async def test_sums_count_each_trajectory_once(store):
    """Groups may overlap after a crash, in any order."""
    await store.commit(Commit(sessions=[session()], trajectories=[scored(1), scored(2)]))
    late = [scored(2), scored(4, received=NOON + 9), scored(3, received=NOON - 9)]
    await store.commit(Commit(trajectories=[*late, scored(1, lane="bot")]))

    person = await store.person("anna")
    assert (4, NOON - 9, NOON + 9) == (person.trajectories, person.first, person.last)


async def test_what_rests_on_somebody_deleted_since_is_not_kept(store):
    """The engine forgets it too, and the group comes again."""
    before = await store.deletions()
    await store.commit(Commit(sessions=[session()], deletions=before))
    await store.delete_user("anna")

    with pytest.raises(StoreError, match="deleted"):
        await store.commit(Commit(sessions=[session()], deletions=before))
    assert await store.session("anna", "10.0.0.1") is None
    await store.commit(Commit(sessions=[session()], deletions=await store.deletions()))
    assert await store.session("anna", "10.0.0.1") is not None
