"""Deliveries from the store to the sinks: at least once, with patience, and aloud at the end."""

import asyncio
import logging

import numpy as np
import pytest

from reauth.errors import SettingsError, SinkError
from reauth.news import Event
from reauth.ports import Commit
from reauth.settings import Sinks, StoreSettings
from reauth.sinks import open_sink
from reauth.sinks import outbox as outbox_module
from reauth.sinks.outbox import JITTER, POLL, RETRIES, Outbox, SinkGone
from reauth.store import Options, open_store
from tests.rows import NOON, alarm

DAY = 86400.0


class Ear:
    """A sink that appends to a list, or fails as told."""

    def __init__(self, name="ear"):
        self.name = name
        self.events = frozenset({Event.RAISED})
        self.heard = []
        self.fault = None
        self.gate = None
        self.news = asyncio.Event()

    def render(self, news):
        return news.id.encode()

    async def deliver(self, news, payload, now):
        if self.gate:
            await self.gate.wait()
        if self.fault:
            raise self.fault
        self.heard.append((payload.decode(), now))
        self.news.set()

    async def until(self, count):
        """Wait until so many were heard; a test's time-out ends it."""
        while len(self.heard) < count:
            self.news.clear()
            await self.news.wait()


class Clock:
    """Time as an argument."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def store():
    options = Options(sinks=("ear", "other"), keep=StoreSettings())
    async with open_store("sqlite://:memory:", None, options) as opened:
        yield opened


async def raised(store, *names):
    """New alerts of these names, each of a session of its own."""
    await store.commit(Commit(alerts=[alarm(name, of=f"session of {name}") for name in names]))


def outbox(store, clock, *sinks):
    return Outbox(store, sinks, clock, np.random.default_rng(1))


async def test_every_sink_hears_of_every_alert_once(store, clock):
    """What was taken is not sent again."""
    ear, other = Ear(), Ear("other")
    box = outbox(store, clock, ear, other)
    await raised(store, "a1", "a2")
    clock.now = NOON + 2
    await box.deliver_due()
    await box.deliver_due()

    assert [("a1", NOON + 2), ("a2", NOON + 2)] == ear.heard == other.heard
    assert 2 == box.counters['delivery_total{sink="ear",result="delivered"}']
    assert (8.0, 4) == (
        box.counters["delivery_lag_seconds_sum"],
        box.counters['delivery_lag_seconds_bucket{le="5"}'],
    )


async def test_a_failure_is_tried_again_after_its_wait(store, clock):
    """At 0, 5 s, 5 min ... 24 h after the one before, drawn 20 % shorter or longer."""
    ear = Ear()
    ear.fault = SinkError("away")
    box = outbox(store, clock, ear, Ear("other"))
    await raised(store, "a1")
    for attempt, wait in enumerate(RETRIES[1:], 1):
        await box.deliver_due()
        assert attempt == box.counters['delivery_total{sink="ear",result="failed"}']
        clock.now += wait * (1 - JITTER) - 0.001
        await box.deliver_due()
        assert attempt == box.counters['delivery_total{sink="ear",result="failed"}']
        clock.now += wait * 2 * JITTER + 0.001
    ear.fault = None
    await box.deliver_due()

    assert ["a1"] == [name for name, _ in ear.heard]
    assert 1 == box.counters['delivery_total{sink="other",result="delivered"}']


async def test_after_the_last_attempt_it_gives_up_aloud(store, clock, caplog):
    """One line says which sink and which alert, a counter how often; it is not tried again."""
    ear = Ear()
    ear.fault = SinkError("away")
    box = outbox(store, clock, ear, Ear("other"))
    await raised(store, "a1")
    for _ in RETRIES:
        await box.deliver_due()
        clock.now += 2 * DAY
    ear.fault = None
    await box.deliver_due()

    assert [] == ear.heard
    assert 1 == box.counters['delivery_total{sink="ear",result="given_up"}']
    [told] = [record for record in caplog.records if record.message == "sink_failed"]
    assert (logging.ERROR, "ear", "a1", 10) == (
        told.levelno,
        told.sink,
        told.alert,
        told.attempts,
    )


async def test_a_sink_that_is_gone_is_not_tried_again(store, clock, caplog):
    """It said that it wants no more; so does one that is no longer configured."""
    ear = Ear()
    ear.fault = SinkGone("410")
    box = outbox(store, clock, ear)
    await raised(store, "a1")
    await box.deliver_due()
    ear.fault, clock.now = None, NOON + 9 * DAY
    await box.deliver_due()

    assert [] == ear.heard
    lost = sorted(record.sink for record in caplog.records if record.message == "sink_failed")
    assert ["ear", "other"] == lost


async def test_one_sink_that_fails_leaves_the_others_alone(store, clock):
    """Each is served apart."""
    ear, other = Ear(), Ear("other")
    ear.fault = SinkError("away")
    box = outbox(store, clock, ear, other)
    await raised(store, "a1")
    await box.deliver_due()

    assert [("a1", NOON)] == other.heard


async def test_a_sink_that_hangs_delays_no_other(store, clock):
    """Alerts raised meanwhile reach those that listen."""
    ear, other = Ear(), Ear("other")
    ear.gate = asyncio.Event()
    await raised(store, "a1")
    async with outbox(store, clock, ear, other) as box:
        await other.until(1)
        await raised(store, "a2")
        box.wake()
        await other.until(2)
        assert [] == ear.heard
        ear.gate.set()
        await ear.until(1)


async def test_thousands_that_wait_for_a_hanging_sink_hide_no_other(store, clock, monkeypatch):
    """The store is asked for what idle sinks can take."""
    monkeypatch.setattr(outbox_module, "_BATCH", 2)
    ear, other = Ear(), Ear("other")
    ear.gate, ear.fault = asyncio.Event(), SinkError("away")
    other.fault = SinkError("away")
    box = outbox(store, clock, ear, other)
    await raised(store, "a1", "a2")
    for delivery in await store.due(NOON, 9):
        if delivery.sink == "other":
            await store.postponed(delivery.id, NOON + 1, NOON, "away")
    clock.now, other.fault = NOON + 1, None
    async with box:
        await other.until(2)
        ear.gate.set()


@pytest.mark.parametrize("fault", [ValueError("year -6893 is out of range"), KeyError("x")])
async def test_a_fault_in_one_delivery_stops_no_other(store, clock, caplog, fault):
    """It is tried again like any that failed; the log names its kind, not its text."""
    ear, other = Ear(), Ear("other")
    ear.fault = fault
    box = outbox(store, clock, ear, other)
    await raised(store, "a1", "a2")
    await box.deliver_due()
    ear.fault, clock.now = None, NOON + 9
    await box.deliver_due()

    assert [2, 2] == [len(ear.heard), len(other.heard)]
    told = [record.fault for record in caplog.records if record.message == "delivery_failed"]
    assert [type(fault).__name__] * 2 == told


async def test_an_alert_that_cannot_be_read_ends_no_loop(store, clock, caplog):
    """The outbox says so and looks again."""
    ear = Ear()
    await raised(store, "a1")
    box = outbox(store, clock, ear, Ear("other"))
    await store.desk.write(lambda connection: connection.execute("UPDATE alert SET history = '?'"))
    await box.deliver_due()
    await store.desk.write(lambda connection: connection.execute("UPDATE alert SET history = '[]'"))
    await box.deliver_due()

    assert ["JSONDecodeError"] == [record.fault for record in caplog.records]
    assert 1 == len(ear.heard)


async def test_a_new_alert_does_not_wait_for_the_next_look(store, clock):
    """The engine wakes the outbox after its commit."""
    ear = Ear()
    async with outbox(store, clock, ear, Ear("other")) as box:
        await asyncio.sleep(0)
        began = asyncio.get_running_loop().time()
        await raised(store, "a1")
        box.wake([alarm("a1")])
        await ear.until(1)
        took = asyncio.get_running_loop().time() - began
    assert took < POLL / 2


async def test_what_goes_wrong_beside_it_comes_out_as_it_is(store, clock):
    """The outbox stops, and hides nobody else's error in one of its own."""
    with pytest.raises(SettingsError, match="beside"):
        async with outbox(store, clock, Ear()):
            raise SettingsError("beside")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), outbox(store, clock, Ear()):
            await asyncio.Event().wait()


async def test_what_is_not_delivered_is_there_after_a_restart(clock, tmp_path):
    """At least once: a crash between delivery and note sends it again, under the same id."""
    options = Options(sinks=("ear",), keep=StoreSettings())
    url = f"sqlite://{tmp_path}/store.db"
    ear = Ear()
    async with open_store(url, None, options) as store:
        await raised(store, "a1")
        [delivery] = await store.due(NOON, 9)
        await ear.deliver(delivery.alert, ear.render(delivery.alert), NOON)
    async with open_store(url, None, options) as store:
        await outbox(store, clock, ear).deliver_due()
        assert [] == await store.due(NOON, 9)

    assert ["a1", "a1"] == [name for name, _ in ear.heard]


async def test_a_store_that_fails_stops_nothing(clock, tmp_path, caplog):
    """The outbox says so and looks again later."""
    options = Options(sinks=("ear",), keep=StoreSettings())
    ear = Ear()
    async with open_store(f"sqlite://{tmp_path}/store.db", None, options) as store:
        box = outbox(store, clock, ear)
        await raised(store, "a1")
        await store.desk.on(store.desk.writer, lambda opened: opened.execute("DROP TABLE outbox"))
        await box.deliver_due()
    assert ["outbox_unreadable"] == [record.message for record in caplog.records]


async def test_a_delivery_that_cannot_be_noted_is_made_again(clock, tmp_path, caplog):
    """The sink has it twice, the receiver knows it by its id."""
    options = Options(sinks=("ear",), keep=StoreSettings())
    ear = Ear()
    async with open_store(f"sqlite://{tmp_path}/store.db", None, options) as store:
        box = outbox(store, clock, ear)
        await raised(store, "a1")

        def writable(connection, yes):
            connection.execute(f"PRAGMA query_only = {0 if yes else 1}")

        await store.desk.on(store.desk.writer, writable, False)
        await box.deliver_due()
        await store.desk.on(store.desk.writer, writable, True)
        await box.deliver_due()
    assert ["a1", "a1"] == [name for name, _ in ear.heard]
    assert "outbox_unwritable" in [record.message for record in caplog.records]


def test_two_sinks_of_one_name_are_refused(clock):
    """Nobody could tell their deliveries apart."""
    with pytest.raises(SettingsError, match="credentials"):
        Outbox(None, [open_sink("jsonl:stderr", Sinks())] * 2, clock)


async def test_an_awkward_name_is_a_proper_label(store, clock):
    """Quotes and backslashes are escaped as Prometheus' text format wants."""
    box = outbox(store, clock)
    await raised(store, "a1")
    [delivery, _] = await store.due(NOON, 9)
    box._count(type(delivery)(1, delivery.alert, 'a"b\\c', 0), "failed")

    assert ['delivery_total{sink="a\\"b\\\\c",result="failed"}'] == list(box.counters)
