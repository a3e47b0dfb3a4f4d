"""The main job, end to end: one person is learnt, another sits down, and people are told.

Every part is the real one and a process of its own: the command line, the house, the browser, a
site with TLS, a receiver of webhooks. The people are generated; movements are played at true speed.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import bcrypt
import numpy as np
import pytest
from aiohttp import web
from playwright.async_api import Error, async_playwright

from reauth.app import now, opened_store
from reauth.demo.movement import movements
from reauth.demo.show import sit
from reauth.demo.site import PAGES, running_site
from reauth.lab.bot import browser_page
from reauth.lab.synth import Person, draw_person, recording
from reauth.recording import write_recording
from tests.e2e.house import deliver, until, visit
from tests.e2e.watched_site import CHROMIUM, wander
from tests.live import bodies, movement
from tests.people import make_account, opener

pytestmark = [pytest.mark.browser, pytest.mark.alone]

ROOT = Path(__file__).parents[2]
SCREEN = (2000, 1160)
"""CSS px; people are generated on a screen of 1920 by 1080."""

PERIOD = 0.016
"""s between events: an office mouse, and half the work for a machine that may be slow."""
OWNER = Person(0.32, 0.09, bend=0.25, overshoot=0.0, tremor=0.4, period=PERIOD, skew=0.8)
INTRUDER = Person(0.3, 0.12, bend=-0.2, overshoot=0.1, tremor=1.2, period=PERIOD, skew=1.1)
"""They bend to different sides, the surest of differences: with eight scores to go by the story
must end the same way every time."""

CONFIG = """\
[state]
path = "state"
[proxy]
listen = "127.0.0.1:{proxy}"
processes = 1
allow_private = ["127.0.0.0/8"]
[ingest]
listen = "127.0.0.1:{ingest}"
[console]
listen = "127.0.0.1:{console}"
[metrics]
listen = "127.0.0.1:{metrics}"
"""
STORY = """
[identity]
default_user = "alice"
[identity_lane]
window = 8
[enrolment]
min_trajectories = 100
automatic = false
[sinks]
urls = ["jsonl:{alerts}", "webhook+{hook}"]
webhook_secret_file = "webhook.secret"
"""


def moved(person, count, *seed):
    """Events of a person, drawn by a seed."""
    return recording(person, count, np.random.default_rng(seed))


def configured(house, more=""):
    """Give a house the settings of a story: the defaults, and more sections."""
    house.config.write_text(CONFIG.format(**house.ports) + more, "utf-8")


def enrolled(house):
    """Import six people and train alice, as an operator does; what `enrol train` said."""
    people = {"alice": OWNER}
    for seed in range(1, 6):
        drawn = draw_person(np.random.default_rng(seed))
        people[f"other{seed}"] = replace(drawn, period=PERIOD)
    for number, (name, person) in enumerate(people.items()):
        files = [house.folder / f"{name}-{session}.csv" for session in (1, 2, 3)]
        for session, file in enumerate(files, 1):
            file.write_text(write_recording(moved(person, 60, 10 * number + session)), "utf-8")
        said = house.said("import", "--json", "--user", name, *map(str, files))
        assert 0 == said.returncode, said.stderr
        counts = [json.loads(line)["trajectories"] for line in said.stdout.splitlines()]
        assert 3 == len(counts) and min(counts) > 50
    said = house.said("enrol", "train", "alice", "--json")
    assert 0 == said.returncode, said.stderr
    return json.loads(said.stdout)


class Receiver:
    """Takes webhooks: headers and body of each."""

    def __init__(self):
        self.secret = secrets.token_bytes(32)
        self.taken = []

    @property
    def key(self):
        """The secret as the standard writes it."""
        return "whsec_" + base64.b64encode(self.secret).decode()

    async def take(self, request):
        """Answer as a receiver should."""
        self.taken.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    def signed(self, headers, body):
        """Whether the signature is of this secret (Standard Webhooks, "Signature scheme")."""
        text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = hmac.digest(self.secret, text, hashlib.sha256)
        return headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()


@asynccontextmanager
async def receiving():
    """A receiver on a free port, and its URL."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield receiver, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    finally:
        await runner.cleanup()


async def sessions_of(house, people):
    """Wait until everyone has a session, and return them."""
    async with opened_store(house.settings) as store, asyncio.timeout(60):
        while True:
            found = [await store.session(*one) for one in people]
            if all(found):
                return found
            await asyncio.sleep(0.1)


async def judged(house, count):
    """Wait until so many movements of alice's session have a score."""
    [session] = await sessions_of(house, [("alice", "127.0.0.1")])
    async with opened_store(house.settings) as store, asyncio.timeout(60):
        while True:
            rows = await store.trajectories_of(session.id, "identity", 1000)
            if len(rows) >= count:
                return
            await asyncio.sleep(0.1)


@pytest.mark.timeout(240)
async def test_a_takeover_is_noticed_and_told(houses, tmp_path, monkeypatch):
    """The owner raises no alert; another person at the same account does, one, told everywhere."""
    async with running_site(tmp_path) as site, receiving() as (receiver, hook):
        house = houses("house")
        secret = house.folder / "webhook.secret"
        secret.touch(0o600)
        secret.write_text(receiver.key, "ascii")
        configured(house, STORY.format(alerts=house.alerts_file, hook=hook))
        monkeypatch.setenv("REAUTH_PROXY__UPSTREAM_CA", str(site.certificate))
        status = await asyncio.to_thread(enrolled, house)
        assert ("active", 8) == (status["state"], status["quality"]["window"])
        ready = await asyncio.to_thread(house.start, "run")
        async with browser_page(ready["proxy"], SCREEN, Path(ready["ca"])) as (page, hand):
            owner = movements(moved(OWNER, 12, 101))
            await sit(page, hand, owner, site.url, lambda: False)
            await page.goto(site.url)  # the last movement ends with its page
            await judged(house, 10)  # a slow machine may make one movement of two
            # were it played too late, it would be somebody else's movement
            timing = hand.timing.summary()
            assert [] == json.loads(house.said("alerts", "list", "--json").stdout), timing
            assert ({}, []) == (house.delivered(), receiver.taken)

            taken = datetime.now(UTC)
            intruder = movements(moved(INTRUDER, 16, 101))
            await sit(page, hand, intruder, site.url, house.delivered)
            await page.goto(site.url)
            await until(house.delivered)
            await until(lambda: receiver.taken)

        [alert] = json.loads(house.said("alerts", "list", "--json").stdout)
        assert ("alice", "127.0.0.1", "identity", "impostor", "open", 8) == tuple(
            alert[key] for key in ("user", "client", "lane", "kind", "state", "window")
        )
        assert taken < datetime.fromisoformat(alert["raised_at"])
        [line] = [json.loads(line) for line in house.alerts_file.read_text("utf-8").splitlines()]
        assert (alert["id"], "alice") == (line["id"], line["user"])
        [(headers, body)] = receiver.taken
        assert receiver.signed(headers, body)
        assert (headers["webhook-id"], json.loads(body)["id"]) == (alert["id"], alert["id"])
        await asyncio.to_thread(make_account, house.config)
        boss = await asyncio.to_thread(opener, ready["console"])
        listed = await asyncio.to_thread(got, boss, f"{ready['console']}/alerts")
        assert f'href="/alerts/{alert["id"]}"' in listed
        shown = await asyncio.to_thread(got, boss, f"{ready['console']}/alerts/{alert['id']}")
        assert "Impostor: alice" in shown and "<svg" in shown

        for step, state in (("ack", "acknowledged"), ("confirm", "confirmed")):
            assert 0 == house.said("alerts", step, alert["id"], "--note", "seen").returncode
            now = json.loads(house.said("alerts", "show", alert["id"], "--json").stdout)
            assert state == now["state"]
        assert "true_positive" == now["verdict"]
        assert [] == [path for path in site.asked if path.startswith(ready["obs"])]
        assert set(site.asked) <= {"/", "/favicon.ico", *(f"/{name}" for name in PAGES)}
        assert 0 == house.end()[0]


def got(client, url):
    """The text of a page, beside the proxy."""
    with client.open(url) as answer:
        return answer.read().decode()


# Who is who

PASSWORDS = {"ann": "pässword", "bob": "b:o b"}
PEOPLE = (("ann", "127.0.0.1"), ("bob", "127.0.0.1"), ("carol", "127.0.0.2"))


async def send_from(house, address, url):
    """Load a page from an address of this machine, send a movement on it; what it is answered."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    async with aiohttp.ClientSession(connector=connector) as client:
        page = await visit(house, client, url)
        start = float(int(now()) - 60)
        sent = bodies(movement(0, 3), start=start, tab=secrets.token_bytes(16))
        return {(await deliver(house, client, url, page, body))[0] for _, body in sent}


@pytest.mark.timeout(120)
async def test_two_people_behind_one_address_are_two_sessions(houses, origin):
    """By their passwords at the proxy; without one nobody comes in whom the map does not name."""
    house = houses("house")
    hashed = {user: bcrypt.hashpw(w.encode(), bcrypt.gensalt(4)) for user, w in PASSWORDS.items()}
    lines = [f"{user}:{made.decode()}" for user, made in hashed.items()]
    (house.folder / "htpasswd").write_text("\n".join(lines), "utf-8")
    (house.folder / "map.csv").write_text("address_or_cidr,user\n127.0.0.2,carol\n", "utf-8")
    configured(house, '[identity]\nhtpasswd = "htpasswd"\naddress_map = "map.csv"\n')
    ready = await asyncio.to_thread(house.start, "run")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**CHROMIUM)

        async def opened(**credentials):
            proxy = {"server": ready["proxy"], **credentials}
            page = await (await browser.new_context(proxy=proxy)).new_page()
            return page, await page.goto(f"{origin.url}/")

        for user, word in PASSWORDS.items():
            page, answer = await opened(username=user, password=word)
            assert 200 == answer.status
            await wander(page, 20)
            await page.goto("about:blank")
        asked = len(origin.seen)
        for nobody in ({}, {"username": "ann", "password": "wrong"}):
            with pytest.raises(Error, match=r"net::ERR_(INVALID_AUTH|HTTP_RESPONSE_CODE)"):
                await opened(**nobody)
        assert asked == len(origin.seen)
        await browser.close()
    assert {204} == await send_from(house, "127.0.0.2", f"{origin.url}/")

    found = await sessions_of(house, PEOPLE)
    assert 3 == len({session.id for session in found})
    assert ["proxy_auth", "proxy_auth", "address_map"] == [session.source for session in found]
    assert [] == [seen for seen in origin.seen if seen.values("proxy-authorization")]


@pytest.mark.timeout(120)
async def test_whom_nobody_knows_is_observed_as_unknown(houses, origin):
    """By address, and never as the one who is known; a new map is taken up while it runs."""
    house = houses("house")
    people = house.folder / "map.csv"
    people.write_text("127.0.0.2,carol\n", "utf-8")
    configured(house, '[identity]\naddress_map = "map.csv"\n')
    await asyncio.to_thread(house.start, "run")
    for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        assert {204} == await send_from(house, address, f"{origin.url}/")
    known = [(None, "127.0.0.1"), ("carol", "127.0.0.2"), (None, "127.0.0.3")]
    found = await sessions_of(house, known)
    assert ["unknown", "address_map", "unknown"] == [session.source for session in found]

    people.write_text("127.0.0.2,carol\n127.0.0.0/30,dora\n", "utf-8")
    house.process.send_signal(signal.SIGHUP)
    async with opened_store(house.settings) as store, asyncio.timeout(30):
        while await store.session("dora", "127.0.0.3") is None:
            # A page that was opened before the change is refused after it: its token was unknown's.
            assert {204, 403} >= await send_from(house, "127.0.0.3", f"{origin.url}/")
        assert await store.session("dora", "127.0.0.2") is None


# The first day


def trial(folder):
    """A copy of the trial's settings, on free ports and a state folder of its own."""
    text = (ROOT / "config" / "trial.toml").read_text("utf-8")
    file = folder / "config" / "trial.toml"
    file.parent.mkdir(parents=True)
    file.write_text(re.sub(r'"127\.0\.0\.1:\d+"', '"127.0.0.1:0"', text), "utf-8")
    return file


@pytest.mark.timeout(120)
async def test_a_newcomer_types_run_and_is_watched(tmp_path, monkeypatch):
    """What `make run` starts: curl through the proxy shows our tag, and doctor is content."""
    async with running_site(tmp_path) as site:
        monkeypatch.setenv("REAUTH_PROXY__UPSTREAM_CA", str(site.certificate))
        monkeypatch.setenv("REAUTH_PROXY__ALLOW_PRIVATE", '["127.0.0.0/8"]')
        config = trial(tmp_path)
        house = Running(config, tmp_path / "log")
        try:
            ready = await house.ready()
            assert ready["ca"].endswith("/state/ca/ca.pem")
            curl = ["curl", "-sS", "-x", ready["proxy"], "--cacert", ready["ca"]]
            page = await said(*curl, "-H", "Accept: text/html", f"{site.url}/accounts")
            assert re.search(rf'<head><script src="{ready["obs"]}observer[^>]+></script>', page)
            assert ready["obs"] not in await said(*curl, f"{site.url}/accounts")
            notice = await said(*curl, f"{site.url}{ready['obs']}privacy")
            assert "How your pointer is observed" in notice

            monkeypatch.setenv("SSL_CERT_FILE", ready["ca"])  # as a device that was set up
            doctor = (sys.executable, "-m", "reauth", "doctor", "--json", "--config", config)
            checks = json.loads(await said(*doctor))
            assert [] == [check for check in checks if not check["ok"]]
        finally:
            await house.end()
        assert 0 == house.process.returncode
        assert {"/accounts"} == set(site.asked)


class Running:
    """`reauth run` on a settings file."""

    def __init__(self, config, log):
        words = [sys.executable, "-m", "reauth", "run", "--config", str(config)]
        with log.open("wb") as errors:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors)

    async def ready(self):
        """Its first line."""
        line = await asyncio.wait_for(asyncio.to_thread(self.process.stdout.readline), 60)
        return json.loads(line)

    async def end(self):
        """Stop it as an operator does."""
        self.process.terminate()
        await asyncio.to_thread(self.process.wait, 30)
        self.process.stdout.close()


async def said(*words):
    """What a command says; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        *map(str, words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told, errors = await asyncio.wait_for(process.communicate(), 60)
    assert 0 == process.returncode, (told, errors)
    return told.decode()
