"""People in the tables; what every store does with them is in the contract."""

from dataclasses import replace

import pytest

from reauth.errors import StoreError
from reauth.ports import Commit
from reauth.store import Options, open_store
from tests.rows import NOON, drawn, learnt, scored, session


@pytest.fixture
async def store():
    async with open_store("sqlite://:memory:", bytes(32)) as opened:
        yield opened


async def test_a_template_moved_to_another_user_does_not_open(store):
    """Or an impostor's could be put in the owner's place."""
    await store.save_template(learnt("anna"))
    await store.save_template(learnt("berta"))
    await store.desk.write(
        lambda connection: connection.execute(
            "UPDATE template SET sealed = (SELECT sealed FROM template WHERE person = 'berta')"
        )
    )
    assert await store.template("berta") is not None
    with pytest.raises(StoreError, match="template"):
        await store.template("anna")


async def test_movement_of_all_lanes_goes_with_its_user(store):
    """What another lane gathered too, though only the identity lane trains."""
    rows = [scored(1), scored(1, lane="bot")]
    await store.commit(Commit(sessions=[session()], trajectories=rows))
    assert [1] == [len(found) for found in await store.genuine("anna", 9)]

    assert 3 == await store.delete_user("anna")
    assert [] == await store.trajectories_of("s1", "bot", 9)


async def test_the_same_recording_of_two_people_is_two(store):
    """The content hash belongs to a user; forgetting one leaves the other."""
    for user in ("anna", "berta"):
        assert await store.import_recording(user, "digest", [[drawn()]], 0.0)
    await store.delete_user("anna")

    assert [] == await store.genuine("anna", 9)
    assert 1 == len(await store.genuine("berta", 9))
    assert await store.import_recording("anna", "digest", [[drawn()]], 0.0)


async def test_only_what_was_cut_alike_is_counted_and_trains(tmp_path):
    """Another verifier may want other units; what was gathered in the old ones waits."""
    url = f"sqlite://{tmp_path}/store.db"
    async with open_store(url, None) as store:
        await store.commit(Commit(sessions=[session()], trajectories=[scored(1)]))
    async with open_store(url, None, Options(cut="stroke")) as store:
        assert ([], {}) == (await store.genuine("anna", 9), await store.background("zoe", 9))
        assert ([], None) == (await store.people(), await store.person("anna"))
        await store.import_recording("anna", "digest", [[drawn(), drawn(2)]], NOON)
        assert 2 == (await store.person("anna")).trajectories
    async with open_store(url, None) as store:
        assert [1] == [len(found) for found in await store.genuine("anna", 9)]
        assert await store.import_recording("anna", "digest", [[drawn()]], NOON)


async def test_quality_is_known_without_opening_the_template(store):
    """Status pages list everybody."""
    saved = await store.save_template(learnt())
    quality = (await store.person("anna")).quality

    assert {"100"} == set(quality)
    assert [0.02, 0.08] == quality["100"]["far_ci"]
    again = await store.save_template(replace(saved, quality=None))
    assert again.version == 2
    assert (await store.person("anna")).quality is None
