"""Senders who, like an observer behind the proxy, send a batch until it is acknowledged; and what
they send: whole people on their tabs, a takeover among them.
"""

import asyncio
import random
from collections import Counter

import aiohttp

from reauth.app import now
from reauth.claim import seal
from reauth.event import Event, Kind, Mark
from reauth.wire import decode
from tests.e2e.house import PATIENCE
from tests.live import accepted, movement

KEYS = [("alice", "10.0.0.1"), ("bob", "10.0.0.2"), ("carol", "10.0.0.3")]
LANE = "rest_s = 3600\n[enrolment]\nautomatic = false\n"
"""Nothing but its own events ends a movement, so that two runs of one stream can be compared."""


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
        "bob": sorted(tabs[0] + tabs[1], key=lambda batch: batch.claim.received),
        "carol": accepted(then(movement(6, 30)), "carol", "10.0.0.3", tab=b"c" * 16, **size),
        None: accepted(then(movement(5, 30)), None, "10.0.0.4", tab=b"n" * 16, **size),
    }


def of(user, seed, movements, tab, **where):
    """A sender's batches, from now on."""
    events = then(movement(seed, movements))
    return accepted(events, user, tab=tab, start=float(int(now())), **where)


def identity(batch):
    """(tab, number) of an accepted batch in wire format v1 without a token."""
    found = decode(batch.body)
    return found.tab, found.seq


class Sender:
    """One observer and its proxy: what is not acknowledged is sent again.

    Parameters
    ----------
    batches
        In order; each is sent in a group of its own.
    together
        How many may be under way at once; they overtake each other then.
    """

    def __init__(self, house, batches, together=1, seed=0):
        self.house = house
        self.batches = batches
        self.together = together
        self.rng = random.Random(seed)
        self.acknowledged = set()
        self.repeated = 0
        self.refusals = Counter()

    async def run(self, client, told=lambda: None):
        """Send everything; `told` is called at each acknowledgement."""
        for place in range(0, len(self.batches), self.together):
            group = self.batches[place : place + self.together]
            self.rng.shuffle(group)
            await asyncio.gather(*(self._insist(client, batch, told) for batch in group))

    async def _insist(self, client, batch, told):
        wait = 0.02
        while (result := await post(self.house, client, [batch]))[0]["status"] != 204:
            self.refusals[result[0]["status"]] += 1
            self.repeated += 1
            await asyncio.sleep(self.rng.uniform(wait / 2, wait))
            wait = min(0.2, 2 * wait)
        self.acknowledged.add(identity(batch))
        told()


async def post(house, client, batches):
    """Send a sealed group as the proxy does; results, status 0 where nothing answered."""
    group = seal(house.keys, [(batch.claim, batch.body) for batch in batches], {}, now())
    try:
        async with client.post(house.url + "/v1/batches", data=group) as answer:
            if answer.status != 200:
                return [{"status": answer.status}] * len(batches)
            return (await answer.json())["results"]
    except (aiohttp.ClientError, TimeoutError, OSError):
        return [{"status": 0}] * len(batches)


def client():
    """An HTTP client with a deadline for each request."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))


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


