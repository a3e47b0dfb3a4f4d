"""What live sessions go on from; the rest is in the store's contract."""

from dataclasses import replace

import pytest

from reauth.errors import StoreError
from reauth.ports import Commit
from reauth.store import live, open_store
from reauth.store.seal import Sealer
from tests.rows import NOON, scored, session, tabbed


@pytest.fixture
async def store():
    async with open_store("sqlite://:memory:", bytes(32)) as opened:
        yield opened


async def test_a_restart_finds_a_session_by_an_index(store):
    """It is asked for at the first batch of every user: it must not read the table."""
    for user in ("anna", None):
        whose = "person = 'anna'" if user else "person IS NULL"
        plan = await store.desk.read(
            lambda connection, whose=whose: connection.execute(
                f"EXPLAIN QUERY PLAN SELECT id FROM session WHERE {whose} AND client = '1'"
                " ORDER BY seen DESC, started DESC LIMIT 1"
            ).fetchall()
        )
        found, *ordered = (step[3] for step in plan)
        assert "SEARCH session USING INDEX session_of (person=? AND client=?)" == found
        assert ["USE TEMP B-TREE FOR ORDER BY"] == ordered


async def test_the_session_heard_of_last_goes_on(store):
    """A page's clock may say that an older session began in the future: ours decides."""
    old = replace(session("old", started=NOON + 9e9), seen=NOON)
    new = replace(session("new", started=NOON), seen=NOON + 1)
    await store.commit(Commit(sessions=[new, old]))
    assert new == await store.session("anna", "10.0.0.1")
    await store.commit(Commit(sessions=[replace(old, seen=NOON + 2)]))
    assert "old" == (await store.session("anna", "10.0.0.1")).id


async def test_a_tab_whose_clock_is_not_set_comes_back_so(store):
    """Not as one that is right."""
    await store.commit(Commit(tabs=[tabbed(offset=None)]))
    assert (await store.tab(b"t" * 16)).offset is None


async def test_a_state_moved_to_another_session_does_not_open(store):
    """Whoever can write to the file cannot hand one user's memory to another."""
    await store.commit(Commit(sessions=[session(), session("s2", "berta")]))
    await store.desk.write(
        lambda connection: connection.execute(
            "UPDATE session SET sealed = (SELECT sealed FROM session WHERE id = 's1')"
        )
    )
    assert await store.session("anna", "10.0.0.1") == session()
    with pytest.raises(StoreError, match="session"):
        await store.session("berta", "10.0.0.1")


async def test_rows_say_whose_they_are(store):
    """Also where nobody knows."""
    await store.commit(Commit(sessions=[session(user=None)], trajectories=[scored(1, user=None)]))

    [row] = await store.trajectories_of("s1", "identity", 9)
    assert row.user is None
    name = ("none", "identity")
    assert [] == await store.desk.read(live.trajectories_of, Sealer(bytes(32)), name, 9, None)
