"""What a program fetches: every alert, once, in order, whatever happens meanwhile."""

import pytest

from reauth.ports import Commit
from tests.rows import NOON, alarm, session

FEED = "/api/v1/alerts/feed"


async def keep(store, *numbers):
    """Alerts, a minute apart."""
    await store.commit(
        Commit(
            sessions=[session(f"s{n}") for n in numbers],
            alerts=[alarm(f"a{n}", f"s{n}", raised_at=NOON + 60 * n) for n in numbers],
        )
    )


async def ids(client, cursor, limit=2):
    """One answer: the names of its alerts, and the cursor."""
    answer = await client.get(FEED, params={"cursor": cursor, "limit": limit})
    told = await answer.json()
    return [one["id"] for one in told["alerts"]], told["cursor"]


async def test_each_alert_comes_once_and_new_ones_follow(browse, store):
    """Who is up to date keeps the cursor, and goes on from there."""
    client = await browse()
    await keep(store, 0, 1, 2)

    first, cursor = await ids(client, "")
    second, cursor = await ids(client, cursor)
    nothing, same = await ids(client, cursor)
    await keep(store, 3)
    new, _ = await ids(client, same)

    assert (["a0", "a1"], ["a2"], [], ["a3"]) == (first, second, nothing, new)


async def test_who_has_had_nothing_keeps_no_cursor(browse):
    """There is no alert to go on from."""
    assert ([], None) == await ids(await browse(), "")


@pytest.mark.parametrize(
    "query", ["cursor=gone", "limit=0", "limit=201", "limit=many", f"cursor={'x' * 65}", "after=a"]
)
async def test_what_does_not_fit_is_refused(browse, query):
    """A cursor whose alert is gone, too: nothing is left out in silence."""
    assert 400 == (await (await browse()).get(f"{FEED}?{query}")).status
