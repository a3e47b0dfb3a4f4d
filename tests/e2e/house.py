"""A house of real processes on fixed ports and one state folder, to be killed and started again;
and senders who, like an observer behind the proxy, send a batch until it is acknowledged.
"""

import asyncio
import json
import random
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import aiohttp

from reauth.app import load_settings, now, opened_store
from reauth.claim import keys_from_text, seal
from reauth.wire import decode

PATIENCE = 60.0
"""s; a loaded machine starts and stops slowly."""
CONFIG = """\
[state]
path = "state"
[proxy]
listen = "127.0.0.1:{proxy}"
processes = 1
allow_private = ["127.0.0.1/32"]
retry_after_s = 1
[ingest]
listen = "127.0.0.1:{ingest}"
batches_per_second = 5000
burst = 100000
bytes_per_second = 50000000
{more}
[console]
listen = "127.0.0.1:{console}"
[metrics]
listen = "127.0.0.1:{metrics}"
[sinks]
urls = ["jsonl:{alerts}"]
[identity_lane]
window = 5
"""


def free_ports(count):
    """Ports that nobody listens on, out of the range that clients are given theirs from.

    In that range a client that knocks where nobody is can be connected with itself.
    """
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()[0])
    found = []
    while len(found) < count:
        port = random.randrange(max(1024, first - 12_000), first)
        with closing(socket.socket()) as probe:
            if port not in found and probe.connect_ex(("127.0.0.1", port)):
                found.append(port)
    return found


class House:
    """Its folder and settings, and the process that runs, if any.

    Parameters
    ----------
    ingest
        More lines of [ingest].
    lane
        More lines of [identity_lane], which is the last section; other sections may follow.
    within
        Words in front of the command, such as those that enter a mount namespace.
    """

    def __init__(self, folder, ingest="", lane="", within=()):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.state = folder, folder / "state"
        self.alerts_file = folder / "alerts.jsonl"
        names = ("proxy", "ingest", "console", "metrics")
        self.ports = dict(zip(names, free_ports(4), strict=True))
        self.config = folder / "mitm.toml"
        text = CONFIG.format(**self.ports, alerts=self.alerts_file, more=ingest)
        self.config.write_text(text + lane, "utf-8")
        self.within = list(within)
        self.process = None
        self.starts = []

    @property
    def settings(self):
        """As the file has them."""
        return load_settings(self.config, environment={})

    @property
    def keys(self):
        """The proxy's secrets; there once the house has run."""
        return keys_from_text((self.state / "keys.json").read_text("utf-8"))

    @property
    def url(self):
        """Of the ingest."""
        return f"http://127.0.0.1:{self.ports['ingest']}"

    def command(self, *words):
        """A command line of ours on this folder."""
        return [*self.within, sys.executable, "-m", "reauth", *words, "--config", self.config]

    def begin(self, word="serve"):
        """Start it and do not wait; the time is taken."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(word), stdout=subprocess.PIPE, stderr=log, cwd=self.folder
            )
        self.starts.append(time.monotonic())

    def start(self, word="serve"):
        """Start it; its ready line."""
        self.begin(word)
        return self.ready()

    def ready(self):
        """Wait for the first line; None where the process ends without one."""
        assert select.select([self.process.stdout], [], [], PATIENCE)[0], self.log()[-2000:]
        line = self.process.stdout.readline()
        self.starts[-1] = time.monotonic() - self.starts[-1]
        return json.loads(line) if line else None

    def end(self, number=signal.SIGTERM):
        """Tell it to go; its exit code and how long it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return code, time.monotonic() - began

    def close(self):
        """See that nothing of it is left."""
        if self.process is not None and self.process.poll() is None:
            self.end(signal.SIGKILL)

    def log(self):
        """What was logged so far."""
        return (self.folder / "log").read_text("utf-8")

    async def enrol(self, *templates):
        """Keep templates in the store, which is made where it is missing."""
        async with opened_store(self.settings) as store:
            for template in templates:
                await store.save_template(template)

    async def found(self, *keys):
        """What the store has of these (user, client), the house being down: see `Found`."""
        async with opened_store(self.settings) as store:
            alerts = await store.alerts()
            scores = {}
            for user, client in keys:
                session = await store.session(user, client)
                rows = await store.trajectories_of(session.id, "identity", 100_000)
                scores[user] = [(row.number, row.trajectory.id, row.score) for row in rows]
        return Found(self.state, alerts, scores)

    def delivered(self):
        """How often the sink was told of each alert."""
        if not self.alerts_file.exists():
            return Counter()
        lines = self.alerts_file.read_text("utf-8").splitlines()
        return Counter(json.loads(line)["id"] for line in lines)


class Found:
    """What a store holds: alerts, scores by user, names of sessions, raw batches."""

    def __init__(self, folder, alerts, scores):
        self.alerts = [(a.id, a.user, a.session, [e.trajectory for e in a.evidence]) for a in alerts]
        self.scores = scores
        self.sessions = rows(folder / "store.db", "SELECT id, person, client FROM session ORDER BY 1")
        self.held = rows(folder / "store.db", "SELECT tab, seq FROM held")
        self.raw = Counter(
            row
            for file in sorted(folder.glob("raw-*.db"))
            for row in rows(file, "SELECT tab, seq FROM raw")
        )


def rows(file, query):
    """Rows of a database file."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


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
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))


async def until(true, seconds=PATIENCE):
    """Wait until something holds; ask often, so that a fast machine is fast."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)
