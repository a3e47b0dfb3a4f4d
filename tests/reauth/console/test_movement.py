"""Looking at movement: live and stored, never without a trace, never with a time of day."""

import asyncio
import json
import re
from itertools import pairwise

from reauth.ports import Commit
from tests.live import movement
from tests.reauth.console.test_views import page
from tests.reauth.test_watching import brought
from tests.rows import scored, session


async def looks(client):
    """Who looked at whom."""
    told = await (await client.get("/api/v1/audit?action=movement.")).json()
    return [(row["who"], row["subject"], row["done"]) for row in told["entries"]]


async def kept(store, count=3):
    """A session of anna's in the store."""
    rows = [scored(n, received=1_780_000_000.0 + 60 * n) for n in range(1, count + 1)]
    await store.commit(Commit(sessions=[session()], trajectories=rows))


async def test_a_stored_session_is_a_picture_with_its_times_beside_it(browse, store):
    """Readable without a script; pauses are shortened, and no time of day is told."""
    await kept(store)
    client = await browse()
    text = await page(client, "/users/anna/sessions/s1")

    assert 3 == text.count('<polyline class="way"')
    times = [list(map(int, found.split())) for found in re.findall(r'data-t="([\d ]+)"', text)]
    gaps = [later[0] - earlier[-1] for earlier, later in pairwise(times)]
    assert 0 == times[0][0] and [1000, 1000] == gaps
    assert not re.search(r"20\d\d-\d\d-\d\d|\d\d:\d\d", text)
    assert [("boss1", "anna s1", True)] == await looks(client)


async def test_a_session_is_shown_under_its_own_user_only(browse, store):
    """Nobody is looked at under another name: the audit would say it was somebody else."""
    await kept(store)
    client = await browse()

    for path in ("/users/bert/sessions/s1", "/users/anna/sessions/s2"):
        assert 404 == (await client.get(path)).status


async def test_movement_is_seen_as_it_is_made(browse, site, store):
    """And only of whom is looked at; the look is audited before anything is shown."""
    await kept(store)
    watching = site.subjects.watching
    client = await browse()
    assert 'data-stream="/users/anna/live/stream"' in await page(client, "/users/anna/live")
    answer = await client.get("/users/anna/live/stream")
    assert "text/event-stream" == answer.content_type
    assert [("boss1", "anna", True)] * 2 == await looks(client)

    watching.moved(brought("bert", movement(1, 3)))
    watching.moved(brought("anna", movement(2, 3)))
    told = await asyncio.wait_for(_event(answer), 10)
    assert "moved" == told["kind"] and len(told["points"]) > 20
    assert [0, *map(int, movement(2, 3)[0][3:5])] == told["points"][0][:3]
    watching.close()
    assert b"" == await asyncio.wait_for(_rest(answer), 10)


async def _event(answer):
    while not (line := await answer.content.readline()).startswith(b"data: "):
        assert line
    return json.loads(line[6:])


async def _rest(answer):
    while await answer.content.readline() != b"":
        continue
    return b""


async def test_nobody_is_no_page(browse):
    """404 rather than a stream that never says anything."""
    assert 404 == (await (await browse()).get("/users/nobody/live")).status


