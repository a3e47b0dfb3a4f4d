"""The log of attempts, deliveries that begin anew, and what more than raising is told."""

from dataclasses import replace

import pytest

from reauth.alert import State, Step, move
from reauth.news import Event
from reauth.ports import Commit
from reauth.ports.deliveries import Backlog
from reauth.settings import StoreSettings
from reauth.store import Options, open_store
from reauth.store.alerts import LONGEST_FAULT
from reauth.store.deliveries import SqliteDeliveries
from tests.rows import DAY, NOON, alarm

OPTIONS = Options(
    ("ear", "other"),
    StoreSettings(),
    followers={Event.ACKNOWLEDGED: ("other",), Event.CLOSED: ("ear", "other")},
)


@pytest.fixture
async def store():
    async with open_store("sqlite://:memory:", None, OPTIONS) as opened:
        yield opened


@pytest.fixture
def deliveries(store):
    return SqliteDeliveries(store.desk)


async def moved(store, alert, action, at):
    """The alert after an action, kept."""
    after = move(alert, action, Step(at, action, "eva", ""))
    assert await store.update_alert(after, alert.state)
    return after


async def told(store, at=NOON + DAY):
    """(sink, event) of what is due."""
    return [(due.sink, due.event) for due in await store.due(at, 99)]


async def test_who_asks_for_it_is_told_that_an_alert_moves(store):
    """Once each; `confirm` and `dismiss` are both that it is closed."""
    await store.commit(Commit(alerts=[alarm()]))
    for due in await store.due(NOON, 9):
        await store.delivered(due.id, NOON)
    acknowledged = await moved(store, alarm(), "ack", NOON + 1)
    await moved(store, acknowledged, "confirm", NOON + 2)

    assert [("other", Event.ACKNOWLEDGED), ("ear", Event.CLOSED)] == await told(store)
    [first, _] = await store.due(NOON + 3, 9)
    await store.delivered(first.id, NOON + 3)
    assert [("ear", Event.CLOSED), ("other", Event.CLOSED)] == await told(store)


async def test_nobody_hears_the_end_before_the_beginning(store):
    """What follows waits while what came before is tried again."""
    await store.commit(Commit(alerts=[alarm()]))
    for due in await store.due(NOON, 9):
        await store.postponed(due.id, NOON + 300, NOON, "away")
    await moved(store, alarm(), "ack", NOON + 1)

    assert [] == await told(store, NOON + 1)
    assert [("ear", Event.RAISED), ("other", Event.RAISED)] == await told(store, NOON + 300)


async def test_of_one_that_is_suppressed_nobody_is_told_anything(store):
    """They know nothing of it."""
    await store.commit(Commit(alerts=[alarm(suppressed=True)]))
    await moved(store, alarm(suppressed=True), "ack", NOON + 1)

    assert [] == await told(store)


async def test_a_change_that_moves_nothing_is_told_to_nobody(store):
    """A note, or an alarm that comes again."""
    await store.commit(Commit(alerts=[alarm()]))
    await store.update_alert(replace(alarm(), note="asking her"), State.OPEN)

    assert {Event.RAISED} == {event for _, event in await told(store)}


async def test_one_that_expires_is_closed(store):
    """Nobody acknowledged it, and those outside need not wait any longer."""
    await store.commit(Commit(alerts=[alarm()]))
    for due in await store.due(NOON, 9):
        await store.delivered(due.id, NOON)
    await store.expire(NOON + 91 * DAY)

    assert {("ear", Event.CLOSED), ("other", Event.CLOSED)} == {*await told(store, NOON + 92 * DAY)}


async def test_every_attempt_is_kept(store, deliveries):
    """When, the how manyth, how it ended; a fault is one line."""
    await store.commit(Commit(alerts=[alarm()]))
    ear, other = await store.due(NOON, 9)
    await store.postponed(ear.id, NOON + 5, NOON + 1, "away" * 999)
    await store.delivered(other.id, NOON + 2)
    await store.postponed(ear.id, None, NOON + 6, "gone")
    newest, middle, oldest = await deliveries.attempts()

    assert ("ear", "given_up", 2, NOON + 6, "gone") == (
        newest.sink, newest.result, newest.number, newest.at, newest.fault,
    )  # fmt: skip
    assert ("other", "delivered", Event.RAISED, "a1", other.id) == (
        middle.sink, middle.result, middle.event, middle.alert, middle.delivery,
    )  # fmt: skip
    assert ("failed", 1, LONGEST_FAULT) == (oldest.result, oldest.number, len(oldest.fault))
    assert [newest, oldest] == await deliveries.attempts("ear")
    assert [middle] == await deliveries.attempts(limit=1, before=newest.id)


async def test_what_waits_is_counted_by_sink(store, deliveries):
    """With how the last attempt ended."""
    assert {} == await deliveries.backlog()
    await store.commit(Commit(alerts=[alarm("a1"), alarm("a2", of="s2")]))
    first, *_ = await store.due(NOON, 9)
    await store.postponed(first.id, None, NOON, "gone")
    found = await deliveries.backlog()

    assert (1, 1, "gone") == (
        found[first.sink].waiting,
        found[first.sink].given_up,
        found[first.sink].last.fault,
    )
    assert Backlog(2, 0, None) == found["other"]


async def test_a_delivery_begins_anew(store, deliveries):
    """One that was given up, or one that was taken and that the receiver has lost."""
    await store.commit(Commit(alerts=[alarm()]))
    first, second = await store.due(NOON, 9)
    await store.postponed(first.id, None, NOON, "gone")
    await store.delivered(second.id, NOON)
    assert [] == await store.due(NOON, 9)
    assert await deliveries.again(first.id) and await deliveries.again(second.id)

    assert [(first.id, 0), (second.id, 0)] == [
        (due.id, due.attempts) for due in await store.due(NOON, 9)
    ]
    assert not await deliveries.again(999)


async def test_a_test_is_in_the_log_and_nowhere_else(deliveries):
    """It is nobody's alert."""
    await deliveries.noted("ear", Event.RAISED, NOON, None)
    await deliveries.noted("ear", Event.RAISED, NOON + 1, "away")
    failed, arrived = await deliveries.attempts()

    assert ("failed", "away", None, None) == (
        failed.result, failed.fault, failed.delivery, failed.alert,
    )  # fmt: skip
    assert "delivered" == arrived.result
    assert Backlog(0, 0, failed) == (await deliveries.backlog())["ear"]


async def test_the_log_ends_after_its_time(store, deliveries):
    """Thirty days, unless the settings say otherwise."""
    await deliveries.noted("ear", Event.RAISED, NOON, None)
    await deliveries.noted("ear", Event.RAISED, NOON + 2 * DAY, None)
    gone = await store.expire(NOON + 31 * DAY)

    assert 1 == gone["delivery_attempt"]
    assert [NOON + 2 * DAY] == [attempt.at for attempt in await deliveries.attempts()]
