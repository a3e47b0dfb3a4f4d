"""A house of real processes on fixed ports and one state folder, to be killed and started again."""

import asyncio
import json
import os
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

from reauth.app import load_settings, opened_store
from reauth.claim import keys_from_text
from reauth.wire import decode, encode
from tests.proxy_addon.harness import free_ports

PAGE = b"<!doctype html><html><head><title>t</title></head><body>as it was</body></html>"
"""A page that is as short as a page can be."""
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
        self.others = []

    @property
    def settings(self):
        """As the file has them."""
        return load_settings(self.config, [f"state.path={self.state}"], environment={})

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

    def said(self, *words):
        """Run a command to its end."""
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, check=False, timeout=PATIENCE
        )

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
        line = self.ready()
        assert line, self.log()[-2000:]
        return line

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

    def beside(self):
        """The same house, for another process of it."""
        other = copy(self)
        other.others, other.starts = [], []
        self.others.append(other)
        return other

    def close(self):
        """See that nothing of it is left."""
        for other in self.others:
            other.close()
        if self.process is not None:
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
        if self.within:  # SQLite resolves links, and so would end up out here
            self.state = Path(shutil.copytree(self.state, self.folder / "copy"))
        async with opened_store(self.settings) as store:
            alerts = await store.alerts()
            scores = {}
            for user, client in keys:
                session = await store.session(user, client)
                rows = await store.trajectories_of(session.id, "identity", 100_000)
                scores[user] = [(row.number, row.trajectory.id, row.score) for row in rows]
            raw = await store.desk.on(store.desk.writer, lambda _: raw_of(store._raw))
        return Found(self.state, alerts, scores, raw)

    def delivered(self):
        """How often the sink was told of each alert."""
        if not self.alerts_file.exists():
            return Counter()
        lines = self.alerts_file.read_text("utf-8").splitlines()
        return Counter(json.loads(line)["id"] for line in lines)


class Found:
    """What a store holds: alerts, scores by user, names of sessions, batches as they came."""

    def __init__(self, folder, alerts, scores, raw):
        main = folder / "store.db"
        self.alerts = [
            (alert.id, alert.user, alert.session, [item.trajectory for item in alert.evidence])
            for alert in alerts
        ]
        self.scores = scores
        self.sessions = rows(main, "SELECT id, person, client FROM session ORDER BY id")
        self.held = rows(main, "SELECT tab, seq FROM held")
        self.raw = Counter((row.tab, row.seq) for row in raw)
        self.batches = [decode(row.body) for row in raw]


def raw_of(days):
    """Every row of the day files."""
    return [row for day in days.days() for row in days.after(day, 0)]


def rows(file, query):
    """Rows of a database file."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


async def until(true, seconds=PATIENCE):
    """Wait until something holds; ask often, so that a fast machine is fast."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what it waits for is in another process
            await asyncio.sleep(0.02)


_TAG = re.compile(r'<script src="(/obs/[0-9a-f]+/)observer[^>]* data-k="?([\w-]+)"?></script>')


@dataclass(frozen=True)
class Page:
    """What came through the proxy: the text with our tag taken out, our path and the token."""

    text: str
    prefix: str
    token: bytes


async def visit(house, client, url):
    """Load a page through the proxy, as a browser does."""
    headers = {"Accept": "text/html", "Sec-Fetch-Dest": "document"}
    proxy = f"http://127.0.0.1:{house.ports['proxy']}"
    async with client.get(url, headers=headers, proxy=proxy) as answer:
        text = await answer.text()
    assert answer.status == 200
    [(prefix, token)] = _TAG.findall(text)
    return Page(_TAG.sub("", text), prefix, token.encode())


async def deliver(house, client, url, page, body):
    """Post a batch from a page through the proxy; status and headers."""
    origin = url.rpartition("/")[0]
    sent = encode(replace(decode(body), token=page.token))
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    proxy = f"http://127.0.0.1:{house.ports['proxy']}"
    where = f"{origin}{page.prefix}b"
    async with client.post(where, data=sent, headers=headers, proxy=proxy) as answer:
        return answer.status, answer.headers


class SmallDisk:
    """A disk of a few MiB at a folder, in a mount namespace that ends with this object.

    Parameters
    ----------
    inside
        The folder as it is seen from out here.
    within
        Words that run a command in the namespace.
    """

    def __init__(self, keeper, folder):
        self._pid = keeper.pid
        self._folder = folder
        self.inside = Path(f"/proc/{keeper.pid}/root{folder}")
        self.within = ["nsenter", f"--mount=/proc/{keeper.pid}/ns/mnt"]

    def fill(self):
        """Take up all the room that is left."""
        with (self.inside / "filler").open("ab", buffering=0) as file:
            for size in (65536, 4096, 512):
                try:
                    while True:
                        file.write(os.urandom(size))
                except OSError:
                    continue

    def make_room(self):
        """Give it back."""
        (self.inside / "filler").unlink()

    def remount(self, option):
        """Such as `ro`; nobody may have a file of it open for writing."""
        words = ["mount", "-o", f"remount,{option}", str(self._folder)]
        subprocess.run([*self.within, *words], check=True)


@contextmanager
def small_disk(folder, size="8m"):
    """A small disk; None where we may not have one."""
    folder.mkdir(parents=True)
    script = f"mount -t tmpfs -o size={size} tmpfs '{folder}' && echo there && exec cat"
    keeper = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield SmallDisk(keeper, folder) if keeper.stdout.readline() else None
    finally:
        keeper.communicate(timeout=PATIENCE)
