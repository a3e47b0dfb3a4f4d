"""Clocks that are wrong or step, of pages and of the server: the stream must not care.

A whole engine on a real store; its clock is an argument. What was drawn is told from what it
looks like (its positions), as times are what these tests falsify.
"""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reauth.engine import Engine
from reauth.settings import Settings
from reauth.store import Options, open_store
from tests.live import EPOCH, accepted, identity_lane, movement, trajectories

YEAR = 365 * 86400.0
MOVEMENTS = 12
STEPS = [-YEAR, -3600.0, -20.0, 20.0, 3600.0, YEAR]


class Run:
    """An engine, a server clock that may step, and batches sent as the true time passes.

    `ahead` is what the server's clock, which the proxy shares, is ahead of the truth.
    """

    def __init__(self, store):
        self.store = store
        self.true = EPOCH
        self.ahead = 0.0
        self.engine = Engine(store, [identity_lane()], Settings(), lambda: self.true + self.ahead)

    async def send(self, batches):
        """Each when it was finished, by the true time, with a look at the clock in between."""
        for batch in batches:
            self.true = batch.claim.received
            shown = self.true + self.ahead
            claim = replace(batch.claim, received=shown, issued=shown)
            await self.engine.receive([replace(batch, claim=claim)])
            await self.engine.tick(shown)

    async def rest(self, seconds):
        """Nobody moves for a while."""
        for _ in range(4):
            self.true += seconds / 4
            await self.engine.tick(self.true + self.ahead)

    async def found(self):
        """Sessions and trajectories, having checked every rule that no clock may break."""
        reader = self.store.desk.reader
        names = await reader.execute_fetchall("SELECT id FROM session ORDER BY rowid")
        rows = []
        for (name,) in names:
            own = await self.store.trajectories_of(name, "identity", 1000)
            assert [row.number for row in own] == list(range(1, len(own) + 1))
            rows += own
        for row in rows:
            steps = np.diff(row.trajectory.t)
            assert 0 < steps.min()
            assert steps.max() < 0.5
        return len(names), drawn(row.trajectory for row in rows)


def drawn(trajectories):
    """Positions by page, each page's in order."""
    pages = {}
    for one in trajectories:
        pages.setdefault(one.page, []).append((one.x.tolist(), one.y.tolist()))
    return pages


def page(tab):
    """A tab's name as a number."""
    return int.from_bytes(tab, "big")


@pytest.fixture
async def run():
    """A fresh one."""
    async with open_store("sqlite://:memory:", None, Options(durable=False)) as store:
        made = Run(store)
        async with made.engine:
            yield made


FIRST, SECOND = movement(7, MOVEMENTS), movement(8, MOVEMENTS)
T, U = b"t" * 16, b"u" * 16
LATER = EPOCH + FIRST[-1].t + 2
EXPECTED = {
    page(tab): drawn(trajectories(events))[0] for tab, events in ((T, FIRST), (U, SECOND))
}
"""What is cut out when no clock is wrong."""


@pytest.mark.parametrize("step", STEPS)
async def test_a_server_clock_that_steps_changes_nothing_of_what_is_drawn(run, step):
    """In the middle of a page's stream and before another page; it begins one session at most."""
    batches = accepted(FIRST, tab=T, size=20)
    half = len(batches) // 2
    await run.send(batches[:half])
    run.ahead = step
    await run.send(batches[half:])
    await run.send(accepted(SECOND, tab=U, start=LATER, size=20))
    await run.rest(60)
    sessions, found = await run.found()
    assert sessions <= 2
    assert found[page(U)] == EXPECTED[page(U)]
    assert lost(found[page(T)], EXPECTED[page(T)]) <= 1


def lost(found, whole):
    """How many are missing, or another: a clock that is set anew cuts the movement under way.

    Thinning begins anew behind that cut, so its last ten points may be others; where the cut ends
    a session, what lies before it is judged too. The order holds.
    """
    assert len(found) <= len(whole) + 1
    kept = [one for one in found if one in whole]
    rest = iter(whole)
    assert all(one in rest for one in kept)
    return len(whole) - len(kept)


@pytest.mark.parametrize("step", STEPS)
async def test_a_pause_ends_the_session_whatever_the_clock_did(run, step):
    """A clock that was set back must not keep a session going for as long."""
    await run.send(accepted(FIRST, tab=T, size=20))
    run.ahead = step
    await run.rest(1000)
    start = run.true + 1
    await run.send(accepted(SECOND, tab=U, start=start, size=20))
    again = await run.store.session("alice", "10.0.0.1")
    await run.rest(1000)
    await run.send(accepted(FIRST, tab=b"v" * 16, start=run.true + 1, size=20))
    await run.rest(60)
    sessions, found = await run.found()
    assert sessions == 3
    assert [len(own) for own in found.values()] == [MOVEMENTS] * 3
    assert again is not None


@pytest.mark.parametrize("off", [-YEAR, -3600.0, -300.0, 300.0, 3600.0, YEAR])
async def test_a_page_whose_clock_is_wrong_is_in_the_session_of_now(run, off):
    """Its times are taken from receipt where they are further off than a clock may be."""
    right = accepted(FIRST, tab=T, size=20)
    page_of_wrong = accepted(SECOND, tab=U, start=LATER + off, size=20)
    wrong = [
        replace(batch, claim=replace(batch.claim, received=batch.claim.received - off))
        for batch in page_of_wrong
    ]
    await run.send([*right, *wrong])
    await run.rest(60)
    sessions, found = await run.found()
    assert sessions == 1
    assert found == EXPECTED
    row = await run.store.session("alice", "10.0.0.1")
    assert abs(row.last_t - run.true) < 600


async def test_a_hole_is_given_up_though_the_clock_was_set_back(run):
    """What is acknowledged behind it does not wait for that time to come again."""
    batches = accepted(FIRST, tab=T, size=20)
    await run.send([*batches[:3], *batches[4:8]])
    run.ahead = -3600.0
    await run.rest(40)
    await run.send(batches[8:])
    await run.rest(60)
    _, found = await run.found()
    assert 2 == run.engine.counters["ingest_gap_total"]  # the hole, and the step itself
    assert MOVEMENTS - 3 <= len(found[page(T)]) <= MOVEMENTS


async def test_the_last_movement_is_judged_though_the_clock_was_set_back(run):
    """Silence is silence by either clock."""
    await run.send(accepted(FIRST, tab=T, size=20))
    run.ahead = -YEAR
    await run.rest(40)
    _, found = await run.found()
    assert found == {page(T): EXPECTED[page(T)]}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.floats(-2e8, 2e8)), max_size=6))
def test_no_stepping_of_the_clock_makes_sessions_explode_or_times_run_back(steps):
    """A session a step, at the most; no time that does not increase; the engine goes on."""
    asyncio.run(_stepping(dict(steps)))


async def _stepping(steps):
    async with open_store("sqlite://:memory:", None, Options(durable=False)) as store:
        run = Run(store)
        async with run.engine:
            for place, batch in enumerate(accepted(FIRST, tab=T, size=20)):
                run.ahead = steps.get(place, run.ahead)
                await run.send([batch])
            await run.send(accepted(SECOND, tab=U, start=LATER, size=20))
            await run.rest(60)
            sessions, found = await run.found()
    assert sessions <= 2 + len(steps)
    assert len(found[page(U)]) >= MOVEMENTS - 1
