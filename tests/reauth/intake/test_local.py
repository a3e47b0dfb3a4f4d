"""Rules of the way straight to the engine."""

import asyncio
from dataclasses import replace

import pytest

from reauth.engine import Engine
from reauth.errors import Overloaded, StoreError
from reauth.intake.local import LocalIntake
from reauth.ports import Receipt
from reauth.settings import Ingest, Settings
from reauth.store import Options, open_store
from tests.live import EPOCH, accepted, identity_lane, movement

QUICK = replace(Ingest(), commit_wait=0.0)


def apart(batches):
    """Each batch as a group of its own."""
    return [[batch] for batch in batches]


@pytest.fixture
async def store():
    async with open_store("sqlite://:memory:", None, Options(durable=False)) as store:
        yield store


@pytest.fixture
async def engine(store):
    async with Engine(store, [identity_lane()], Settings(), lambda: EPOCH) as engine:
        yield engine


async def test_batches_that_come_together_are_committed_together(engine, store, monkeypatch):
    """One commit serves as many as have come, and each is told when it is stored."""
    commits = []
    commit = store.commit

    async def counted(group):
        commits.append(len(group.raw))
        return await commit(group)

    monkeypatch.setattr(store, "commit", counted)
    batches = accepted(movement(7, 6))
    async with LocalIntake(engine, replace(QUICK, commit_wait=0.02)) as intake:
        receipts = await asyncio.gather(*map(intake.accept, apart(batches)))

    assert receipts == [[Receipt.STORED]] * len(batches)
    assert commits == [len(batches)]


async def test_a_store_that_fails_is_told_to_everyone_who_waits(engine, store, monkeypatch):
    """Their browsers keep what they sent and come again."""

    async def full(commit):
        raise StoreError("disk full")

    monkeypatch.setattr(store, "commit", full)
    async with LocalIntake(engine, QUICK) as intake:
        told = await asyncio.gather(
            *map(intake.accept, apart(accepted(movement(7, 3)))), return_exceptions=True
        )
        monkeypatch.undo()
        again = await intake.accept(accepted(movement(7, 3)))

    assert {type(error) for error in told} == {StoreError}
    assert set(again) == {Receipt.STORED}


async def test_a_fault_of_ours_costs_the_one_sender_that_has_it(engine, store, monkeypatch):
    """What else was in the group is stored; nobody is told "stored" for it, or waits for ever."""
    one, other = accepted(movement(7, 1))[:1], accepted(movement(8, 1), tab=b"u" * 16)[:1]
    commit = store.commit

    async def broken(group):
        if any(row.tab == b"u" * 16 for row in group.raw):
            raise RuntimeError("a bug")
        return await commit(group)

    monkeypatch.setattr(store, "commit", broken)
    async with LocalIntake(engine, replace(QUICK, commit_wait=0.02)) as intake:
        told = await asyncio.gather(
            intake.accept(one), intake.accept(other), return_exceptions=True
        )
        monkeypatch.undo()
        again = await intake.accept(other)

    assert told[0] == again == [Receipt.STORED]
    assert isinstance(told[1], StoreError)


async def test_a_writer_that_is_ended_leaves_nobody_waiting(engine, store, monkeypatch):
    """Its senders are told, whatever ends it."""

    async def ended(commit):
        raise asyncio.CancelledError

    monkeypatch.setattr(store, "commit", ended)
    intake = LocalIntake(engine, QUICK)
    await intake.__aenter__()
    with pytest.raises(asyncio.CancelledError):
        await intake.accept(accepted(movement(7, 1))[:1])
    with pytest.raises(asyncio.CancelledError):
        await intake.__aexit__(None, None, None)


async def test_a_full_queue_slows_down_first_and_then_refuses(engine):
    """429 from 80 % on, 503 when nothing more fits."""
    batches = accepted(movement(7, 12))
    async with LocalIntake(engine, replace(QUICK, commit_wait=0.2, queue=5)) as intake:
        waiting = [asyncio.ensure_future(intake.accept(batches[:4]))]
        await asyncio.sleep(0)
        assert intake.depth == 4
        with pytest.raises(Overloaded) as high:
            await intake.accept(batches[4:5])
        await asyncio.gather(*waiting)
        waiting = [asyncio.ensure_future(intake.accept(batches[:3])),
                   asyncio.ensure_future(intake.accept(batches[3:6]))]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as full:
            await intake.accept(batches[6:7])
        await asyncio.gather(*waiting)

    assert (high.value.status, full.value.status) == (429, 503)


async def test_closing_writes_what_waits_and_takes_nothing_more(engine):
    """Nothing that is waited for is dropped on the way out."""
    batches = accepted(movement(7, 3))
    intake = LocalIntake(engine, QUICK)
    await intake.__aenter__()
    waiting = asyncio.ensure_future(intake.accept(batches[:1]))
    await asyncio.sleep(0)
    await intake.__aexit__(None, None, None)

    assert await waiting == [Receipt.STORED]
    with pytest.raises(Overloaded, match="queue_full"):
        await intake.accept(batches[1:2])


async def test_a_sender_that_has_gone_does_not_disturb_the_others(engine):
    """Its batch is stored all the same."""
    batches = accepted(movement(7, 3))
    async with LocalIntake(engine, replace(QUICK, commit_wait=0.05)) as intake:
        gone = asyncio.ensure_future(intake.accept(batches[:1]))
        stays = asyncio.ensure_future(intake.accept(batches[1:2]))
        await asyncio.sleep(0)
        gone.cancel()
        assert await stays == [Receipt.STORED]


async def test_a_group_stays_whole_and_in_order(engine, store, monkeypatch):
    """Its receipts are for its own batches, in their order; the next group waits its turn."""
    monkeypatch.setattr("reauth.intake.local.GROUP", 4)
    batches = accepted(movement(7, 12))
    async with LocalIntake(engine, replace(QUICK, commit_wait=0.02)) as intake:
        first, second, twice = await asyncio.gather(
            intake.accept(batches[:3]), intake.accept(batches[3:8]), intake.accept(batches[2:4])
        )

    assert (first, second) == ([Receipt.STORED] * 3, [Receipt.STORED] * 5)
    assert twice == [Receipt.DUPLICATE] * 2
