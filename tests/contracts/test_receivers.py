"""Real receivers go away and come back: nothing is lost, and nothing comes under another id.

The alerts go through the real store and outbox; time is an argument, so that nobody waits for a
retry. What stands for Splunk is our own reading of its reference (`Strict`).
"""

import email
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import numpy as np
import pytest
import standardwebhooks
from aiohttp import web

from reauth.alert import Step, move
from reauth.news import Event
from reauth.ports import Commit
from reauth.settings import Sinks, StoreSettings
from reauth.sinks import open_sink
from reauth.sinks.outbox import RETRIES, Outbox
from reauth.store import Options, open_store
from reauth.store.deliveries import SqliteDeliveries
from tests.contracts.test_sink import HEAD, SECRET, secret
from tests.reauth.sinks.receivers import Letters, Rsyslog, Strict, certified, free
from tests.rows import NOON, alarm

EXPECTED = ["a1", "a2", "a3", "a1-acknowledged", "a1-closed", "a4"]


class Log:
    """rsyslogd over a transport."""

    def __init__(self, transport, folder, pair):
        self.server = Rsyslog(folder, transport, free(), pair)
        self.url = f"syslog+{transport}://127.0.0.1:{self.server.port}?format=json"
        self.come, self.go = self.server.come, self.server.go

    async def ids(self, count):
        found = await self.server.taken(count)
        return [one["structured-data"].split('"')[1] for one in found]


class Post:
    """aiosmtpd."""

    def __init__(self, pair):
        self.server = Letters(pair, port=free())
        self.url = f"smtp://127.0.0.1:{self.server.port}"

    async def come(self):
        self.server.come()

    async def go(self):
        self.server.go()

    async def ids(self, _):
        found = [email.message_from_bytes(text)["message-id"] for text in self.server.contents]
        return [told[1:].partition("@")[0] for told in found]


class Web:
    """An HTTP server with a handler that is the receiver."""

    def __init__(self, scheme, take, ids):
        self.port, self.take, self._ids = free(), take, ids
        self.url = f"{scheme}+http://127.0.0.1:{self.port}" + ("/hook" if scheme != "hec" else "")
        self.runner = None

    async def come(self):
        app = web.Application()
        app.router.add_post("/{path:.*}", self.take)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def go(self):
        if self.runner:
            await self.runner.cleanup()
            self.runner = None

    async def ids(self, _):
        return self._ids()


def hook():
    """A receiver that verifies with the standard's own library."""
    taken, library = [], standardwebhooks.Webhook(SECRET)

    async def take(request):
        # By its `sign`, as its `verify` asks the clock on the wall, and ours is the test's.
        name, stamp = request.headers["webhook-id"], int(request.headers["webhook-timestamp"])
        signed = library.sign(name, datetime.fromtimestamp(stamp, UTC), await request.text())
        if signed != request.headers["webhook-signature"]:
            return web.Response(status=401)
        taken.append(name)
        return web.Response(status=204)

    return Web("webhook", take, lambda: taken)


def collector():
    """Splunk's collector, strictly."""
    strict = Strict("geheim-token")
    ids = lambda: [event["fields"]["message_id"] for event in strict.events]  # noqa: E731 - short
    return Web("hec", strict.take, ids)


@pytest.fixture(params=["syslog+tcp", "syslog+tls", "smtp", "webhook", "hec"])
async def receiver(request, tmp_path):
    pair = certified(tmp_path)
    kind = request.param
    if kind.startswith("syslog"):
        found = Log(kind.partition("+")[2], tmp_path, pair)
    else:
        found = {"smtp": lambda: Post(pair), "webhook": hook, "hec": collector}[kind]()
    found.settings = Sinks(
        webhook_secret_file=secret(tmp_path, "webhook.secret", SECRET),
        hec_token_file=secret(tmp_path, "hec.token", "geheim-token"),
        mail_from="reauth@example.org",
        mail_to=("night@example.org",),
        ca_file=pair[0],
        timeout=10.0,
        pseudonyms="none",
    )
    yield found
    await found.go()


@asynccontextmanager
async def told(receiver):
    """A store and an outbox with this receiver as their only sink, and a clock to be set."""
    sink = open_sink(
        receiver.url + ("&" if "?" in receiver.url else "?") + "events=raised,acknowledged,closed",
        receiver.settings,
        HEAD,
    )
    followers = {Event.ACKNOWLEDGED: (sink.name,), Event.CLOSED: (sink.name,)}
    options = Options((sink.name,), StoreSettings(), followers=followers)
    async with open_store("sqlite://:memory:", None, options) as store:
        clock = [NOON]
        box = Outbox(store, [sink], lambda: clock[0], np.random.default_rng(1))
        yield store, box, clock


async def raised(store, *names):
    await store.commit(Commit(alerts=[alarm(name, of=f"of {name}") for name in names]))


async def moved(store, name, *actions):
    for action in actions:
        alert = await store.alert(name)
        await store.update_alert(
            move(alert, action, Step(NOON + 9, action, "eva", "")), alert.state
        )


async def test_a_receiver_that_goes_and_comes_back_hears_all_of_it_once(receiver):
    """Up, away for two retries while people go on working, up again; in the order of each alert."""
    async with told(receiver) as (store, box, clock):
        await receiver.come()
        await raised(store, "a1")
        await box.deliver_due()
        await receiver.go()
        await raised(store, "a2", "a3")
        await moved(store, "a1", "ack", "confirm")
        for wait in RETRIES[1:3]:
            await box.deliver_due()
            clock[0] += 2 * wait
        await receiver.come()
        await box.deliver_due()  # what follows waits for what came before it
        await box.deliver_due()
        await raised(store, "a4")
        await box.deliver_due()
        ids = await receiver.ids(len(EXPECTED))
        log = await SqliteDeliveries(store.desk).attempts()

    assert sorted(EXPECTED) == sorted(ids)
    assert ids.index("a1") < ids.index("a1-acknowledged") < ids.index("a1-closed")
    assert {"delivered", "failed"} == {attempt.result for attempt in log}


async def test_what_is_delivered_again_comes_under_the_id_that_it_had(receiver):
    """By hand, or as we were killed before the store knew: the receiver knows it again."""
    async with told(receiver) as (store, box, _):
        await receiver.come()
        await raised(store, "a1")
        [delivery] = await store.due(NOON, 9)
        await box.deliver_due()
        assert await SqliteDeliveries(store.desk).again(delivery.id)
        await box.deliver_due()
        ids = await receiver.ids(2)

    assert ["a1", "a1"] == ids
