"""What the house survives: being killed, a full disk, wrong clocks, an ingest that is away.

Real processes, real SQLite. What was acknowledged must be there afterwards, once; what was not is
sent again by whoever sent it; nobody's browsing notices.
"""

import asyncio
import random
import signal
from statistics import median

import pytest

from reauth.app import now
from reauth.event import Event, Kind, Mark
from tests.e2e.house import PATIENCE, House, Sender, client, identity
from tests.live import accepted, movement, template_of

KILLS = 30


@pytest.fixture(scope="module")
def template():
    """Of person 0, as alice."""
    return template_of()


@pytest.fixture
def houses(tmp_path):
    """Makes houses; none of them outlives the test."""
    made = []

    def make(name, **settings):
        made.append(House(tmp_path / name, **settings))
        return made[-1]

    yield make
    for house in made:
        house.close()


def then(*parts, pause=1.0):
    """Recordings one after the other, and the page goes: the last movement ends there."""
    events = []
    for part in parts:
        shift = events[-1].t + pause if events else 0.0
        events += [event._replace(t=event.t + shift) for event in part]
    last = events[-1]
    mark = Event(Kind.MARKER, last.page, last.t + 0.1, last.x, last.y, int(Mark.PAGEHIDE))
    return [*events, mark]


TAKEOVER = then(movement(0, 22, 9), movement(28, 12))
"""Person 28 is easily told from person 0, who is enrolled as alice."""


def load(start):
    """Batches by user: a takeover, two tabs at once, one that overtakes, one of nobody known."""
    size = {"size": 12, "start": start}
    tabs = [
        accepted(then(movement(seed, 12)), "bob", "10.0.0.2", tab=tab * 16, **size)
        for seed, tab in ((7, b"b"), (8, b"B"))
    ]
    return {
        "alice": accepted(TAKEOVER, "alice", tab=b"a" * 16, **size),
        "bob": sorted(sum(tabs, []), key=lambda batch: batch.claim.received),
        "carol": accepted(then(movement(6, 30)), "carol", "10.0.0.3", tab=b"c" * 16, **size),
        None: accepted(then(movement(5, 30)), None, "10.0.0.4", tab=b"n" * 16, **size),
    }


KEYS = [("alice", "10.0.0.1"), ("bob", "10.0.0.2"), ("carol", "10.0.0.3")]
LANE = "rest_s = 3600\n[enrolment]\nautomatic = false\n"
"""Nothing but its own events ends a movement, so that two runs of one stream can be compared."""


def senders(house, batches):
    """One a user; carol's batches overtake each other."""
    return [
        Sender(house, own, together=4 if user == "carol" else 1, seed=place)
        for place, (user, own) in enumerate(batches.items())
    ]


class Acknowledgements:
    """Counts them, and lets somebody wait for the next few."""

    def __init__(self):
        self.count = 0
        self._told = asyncio.Event()

    def __call__(self):
        self.count += 1
        self._told.set()

    async def more(self, amount, done):
        """Until so many more have come; an end of the load before that is an error."""
        wanted = self.count + amount
        async with asyncio.timeout(PATIENCE):
            while self.count < wanted:
                assert not done(), "the load was over before the last kill"
                self._told.clear()
                await asyncio.wait([asyncio.ensure_future(self._told.wait())], timeout=1)


async def in_one_go(house, batches):
    """The same stream without a crash: what the store holds."""
    house.start()
    async with client() as http:
        await asyncio.gather(*(sender.run(http) for sender in senders(house, batches)))
    assert house.end()[0] == 0
    return await house.found(*KEYS)


async def kill_at_random(house, sending, acknowledged, moments):
    """Kill it under load, again and again: now and then before it is ready, once amid a commit."""
    for number in range(KILLS):
        house.begin()
        if number % 6 == 5:
            await asyncio.sleep(moments.uniform(0.0, median(house.starts[:-1])))
        else:
            assert await asyncio.to_thread(house.ready), house.log()[-2000:]
            await acknowledged.more(moments.randrange(1, 30), sending.done)
            await asyncio.sleep(moments.uniform(0.0, 0.03))
        assert house.end(signal.SIGKILL)[0] == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_thirty_kills_at_random_moments_change_nothing(houses, template, record_property):
    """No acknowledged batch is lost, no alert comes twice, sessions and scores go on as if nothing
    had happened; the sink may be told again, under the same id.
    """
    whole, killed = (houses(name, ingest="reorder_s = 120", lane=LANE) for name in ("whole", "killed"))
    batches = load(float(int(now())))
    for house in (whole, killed):
        await house.enrol(template)
    expected = await in_one_go(whole, batches)
    killed.start()
    killed.end()  # its keys are there now

    acknowledged, sent = Acknowledgements(), senders(killed, batches)
    async with client() as http:
        runs = [sender.run(http, acknowledged) for sender in sent]
        sending = asyncio.ensure_future(asyncio.gather(*runs))
        await kill_at_random(killed, sending, acknowledged, random.Random(30))
        under_load = acknowledged.count
        await asyncio.to_thread(killed.start)
        await asyncio.wait_for(sending, 2 * PATIENCE)
    assert killed.end()[0] == 0

    found = await killed.found(*KEYS)
    everything = {identity(batch) for own in batches.values() for batch in own}
    assert everything == set.union(*(sender.acknowledged for sender in sent)) == set(found.raw)
    assert found.held == []
    assert found.sessions == expected.sessions
    assert found.scores == expected.scores
    assert found.alerts == expected.alerts
    assert [user for _, user, *_ in found.alerts] == ["alice"]
    told = killed.delivered()
    assert set(told) == {alert for alert, *_ in found.alerts}
    figures = {
        "acknowledged between kills": under_load,
        "sent again": sum(sender.repeated for sender in sent),
        "rows held twice in the day file": sum(found.raw.values()) - len(found.raw),
        "deliveries of the one alert": sum(told.values()),
        "start in s, median": round(median(killed.starts), 2),
    }
    record_property("figures", figures)
    print(figures)
