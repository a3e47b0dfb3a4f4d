"""What every intake does, wherever accepted batches go from it.

A further implementation is one more line in `INTAKES`.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from reauth.engine import Engine
from reauth.errors import Overloaded, StoreError
from reauth.intake import LocalIntake
from reauth.ports import Accepted, Receipt
from reauth.settings import Ingest, Settings
from reauth.store import Options, open_store
from tests.live import EPOCH, accepted, claim, identity_lane, movement

TAB = b"t" * 16
QUICK = replace(Ingest(), commit_wait=0.0)
SLOW = replace(Ingest(), commit_wait=0.05, queue=5)
BAD = [claim(token="bad")] * Settings().ingest.bad_tokens


@asynccontextmanager
async def local(store, settings):
    """The engine of this process behind it."""
    async with Engine(store, [identity_lane()], Settings(), lambda: EPOCH) as engine:
        async with LocalIntake(engine, settings) as intake:
            yield intake


INTAKES = {"local": local}


@pytest.fixture(params=INTAKES)
def door(request):
    """Opens an intake of a kind before a store; leaving it closes the intake."""
    return INTAKES[request.param]


@pytest.fixture
async def store(tmp_path):
    async with open_store(f"sqlite://{tmp_path}/store.db", None, Options()) as store:
        yield store


@pytest.fixture
def full(store, monkeypatch):
    """The store's disk is full until this is called."""

    async def fail(commit):
        raise StoreError("disk full")

    monkeypatch.setattr(store, "commit", fail)
    return monkeypatch.undo


async def test_what_it_gave_a_receipt_for_is_durable(door, store):
    """A browser drops a batch at its receipt, so it is in the store by then, not soon."""
    batches = accepted(movement(7, 6))
    async with door(store, QUICK) as intake:
        for number, batch in enumerate(batches, start=1):
            assert [Receipt.STORED] == await intake.accept([batch])
            assert number == (await store.tab(TAB)).next_seq


async def test_receipts_are_in_the_order_of_the_batches(door, store):
    """Each tells of its own; one that is refused for good costs the others nothing."""
    first, second, *_ = accepted(movement(7, 6))
    other, *_ = accepted(movement(8, 6))
    batches = [first, Accepted(claim(), b"\x01junk"), second, first, other]
    async with door(store, QUICK) as intake:
        receipts = await intake.accept(batches)

    assert receipts == [
        Receipt.STORED, Receipt.MALFORMED, Receipt.STORED, Receipt.DUPLICATE, Receipt.FORKED,
    ]  # fmt: skip


async def test_groups_that_come_together_get_their_own_receipts(door, store):
    """However they are put together on the way."""
    batches = accepted(movement(7, 12))
    async with door(store, SLOW) as intake:
        told = await asyncio.gather(
            intake.accept(batches[:2]), intake.accept(batches[2:3]), intake.accept(batches[:1])
        )

    assert told == [[Receipt.STORED] * 2, [Receipt.STORED], [Receipt.DUPLICATE]]


async def test_nothing_is_no_batch(door, store):
    """A group of none has no receipts."""
    async with door(store, QUICK) as intake:
        assert [] == await intake.accept([])


async def test_a_batch_that_comes_again_after_a_restart_is_known(door, store):
    """Its receipt was lost on the way to the browser; it does not count twice."""
    batches = accepted(movement(7, 6))
    async with door(store, QUICK) as intake:
        await intake.accept(batches)
    async with door(store, QUICK) as intake:
        assert [Receipt.DUPLICATE] * len(batches) == await intake.accept(batches)


async def test_what_cannot_be_kept_is_a_store_error_and_comes_again(door, store, full):
    """No receipt is given for it; once the store works it is new."""
    batches = accepted(movement(7, 6))
    async with door(store, QUICK) as intake:
        with pytest.raises(StoreError):
            await intake.accept(batches)
        full()
        assert [Receipt.STORED] * len(batches) == await intake.accept(batches)


async def test_more_than_it_takes_is_refused_at_once(door, store):
    """With a time to wait; what it had taken is stored, and afterwards there is room again."""
    batches = accepted(movement(7, 12))
    async with door(store, SLOW) as intake:
        waiting = asyncio.ensure_future(intake.accept(batches[:5]))
        await asyncio.sleep(0)
        assert 5 == intake.depth
        with pytest.raises(Overloaded) as refused:
            await intake.accept(batches[5:6])
        assert [Receipt.STORED] * 5 == await waiting
        assert 0 == intake.depth
        assert [Receipt.STORED] == await intake.accept(batches[5:6])

    assert refused.value.status in (429, 503)
    assert refused.value.retry_after > 0


async def test_closing_stores_what_was_taken_and_refuses_what_comes(door, store):
    """Nobody waits for ever, and nobody is told "stored" by an intake that has gone."""
    batches = accepted(movement(7, 6))
    async with door(store, SLOW) as intake:
        waiting = asyncio.ensure_future(intake.accept(batches[:2]))
        await asyncio.sleep(0)

    assert [Receipt.STORED] * 2 == await waiting
    with pytest.raises(Overloaded) as refused:
        await intake.accept(batches[2:3])
    assert 503 == refused.value.status


async def test_senders_of_bad_tokens_are_an_alert_and_nothing_else(door, store):
    """They are noted durably; no session begins by them."""
    async with door(store, QUICK) as intake:
        await intake.refused(BAD)
        assert ["tokens"] == [alert.kind for alert in await store.alerts()]

    assert await store.session("alice", "10.0.0.1") is None


async def test_pages_of_which_none_says_a_word_are_an_alert_and_nothing_else(door, store):
    """They are noted durably; no session begins by them."""
    async with door(store, QUICK) as intake:
        await intake.noted([claim(at=EPOCH + 6 * n, token="page") for n in range(10)])
        assert ["absence"] == [alert.kind for alert in await store.alerts()]

    assert await store.session("alice", "10.0.0.1") is None


async def test_an_alert_that_cannot_be_kept_is_a_store_error(door, store, full):
    """Whoever reported it hears that it was not kept."""
    async with door(store, QUICK) as intake:
        with pytest.raises(StoreError):
            await intake.refused(BAD)
