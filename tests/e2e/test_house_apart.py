"""A house of several processes: what one does while another is away, told anew, or there twice."""

import asyncio
import json
import signal
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import async_playwright

from reauth.app import now
from reauth.claim import seal
from reauth.event import Kind
from reauth.recording import write_recording
from tests.e2e.house import PAGE, PATIENCE, deliver, rows, until, visit
from tests.e2e.senders import KEYS, TAKEOVER, Sender, client, of
from tests.e2e.watched_site import CHROMIUM, steps, wander
from tests.live import accepted, movement


async def test_with_the_ingest_away_pages_load_and_the_same_batch_is_taken_later(houses, origin):
    """503 with Retry-After for the batch alone; 204 once the ingest is back, and nothing twice."""
    house, url = houses("house"), origin.url + "/"
    proxy = house.beside()
    house.start()
    house.end()
    assert proxy.start("proxy")["ready"]
    bodies = [batch.body for batch in of(None, 5, 8, b"p" * 16)]
    async with client() as http:
        page = await visit(house, http, url)
        assert page.text == PAGE.decode()
        status, headers = await deliver(house, http, url, page, bodies[0])
        assert (status, headers["Retry-After"].isdecimal()) == (503, True)
        house.start()
        assert (await deliver(house, http, url, page, bodies[0]))[0] == 204
        assert house.end(signal.SIGKILL)[0] == -signal.SIGKILL
        assert (await deliver(house, http, url, page, bodies[1]))[0] == 503
        assert await visit(house, http, url)
        house.start()
        for body in bodies:
            assert (await deliver(house, http, url, page, body))[0] == 204
    assert proxy.end()[0] == house.end()[0] == 0
    found = await house.found()
    assert sorted(found.raw.values()) == [1] * len(bodies)
    assert not [seen for seen in origin.seen if "obs" in seen.target]


async def test_sighup_reads_the_address_map_anew(houses, origin):
    """Who was unknown is named from then on; a page from before is told so and gets a new token."""
    house, url = houses("house"), origin.url + "/"
    file = house.folder / "addresses.csv"
    file.write_text("10.9.9.9,somebody\n", "utf-8")
    house.config.write_text(
        house.config.read_text("utf-8") + '[identity]\naddress_map = "addresses.csv"\n', "utf-8"
    )
    house.start("run")
    first, second = (of(None, 5, 4, tab * 16)[0].body for tab in (b"p", b"q"))
    async with client() as http:
        page = await visit(house, http, url)
        assert (await deliver(house, http, url, page, first))[0] == 204
        file.write_text("127.0.0.0/8,newcomer\n", "utf-8")
        house.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(PATIENCE):
            while (await deliver(house, http, url, page, first))[0] == 204:
                pass
        page = await visit(house, http, url)
        assert (await deliver(house, http, url, page, second))[0] == 204
    assert house.end()[0] == 0
    found = await house.found(("newcomer", "127.0.0.1"))
    assert [user for _, user, _ in found.sessions].count("newcomer") == 1
    assert {user for _, user, _ in found.sessions} == {None, "newcomer"}


async def test_a_second_run_on_the_same_state_is_refused_in_one_line(houses):
    """Two engines would each see half of a session. The first goes on."""
    house = houses("house")
    ready = house.start("run")
    second = house.said("run")
    assert (second.returncode, second.stdout) == (1, "")
    [line] = second.stderr.splitlines()
    assert "another reauth works on" in line
    async with client() as http, http.get(ready["console"] + "/livez") as answer:
        assert answer.status == 200
    assert house.end()[0] == 0


async def test_live_and_replay_of_the_same_events_score_the_same(houses, template):
    """One engine, two drivers: trajectory by trajectory, through HTTP and from a file."""
    house = houses("house")
    await house.enrol(template)
    events = [event._replace(t=round(event.t, 4)) for event in TAKEOVER]
    file = house.folder / "recording.csv"
    file.write_text(write_recording(events), "utf-8")
    said = house.said("replay", "--user", "alice", file).stdout
    replayed = [line for line in map(json.loads, said.splitlines()) if line["kind"] == "scored"]
    house.start()
    async with client() as http:
        sender = Sender(house, accepted(events, tab=b"a" * 16, start=float(int(now())), size=60))
        await sender.run(http)
    assert house.end()[0] == 0
    found = await house.found(KEYS[0])
    live = [score for *_, score in found.scores["alice"]]
    assert len(found.alerts) == 1
    # Seconds since 1970 have a grain of 2.4e-7 s in a float64, seconds of a recording a finer one.
    assert live == pytest.approx([line["score"] for line in replayed], abs=1e-3)


@pytest.mark.parametrize("off", [-3600.0, 3600.0])
async def test_a_group_whose_seal_is_stale_is_refused_whole(houses, off):
    """A clock that is off between proxy and ingest: nothing is stored, nothing breaks."""
    house = houses("house")
    house.start()
    batches = of("anna", 6, 4, b"x" * 16)
    group = seal(house.keys, [(batch.claim, batch.body) for batch in batches], {}, now() + off)
    async with client() as http:
        async with http.post(house.url + "/v1/batches", data=group) as answer:
            assert (answer.status, await answer.json()) == (403, {"reason": "stale"})
        await Sender(house, batches[1:]).run(http)
        await Sender(house, batches[:1]).run(http)
    assert house.end()[0] == 0
    found = await house.found(("anna", "10.0.0.1"))
    assert len(found.scores["anna"]) == 4


async def test_the_last_movement_before_a_crash_is_judged_after_it(houses):
    """Though nobody ever moves again: what was acknowledged has its effect."""
    house = houses("house", lane="rest_s = 2\n")
    house.start()
    async with client() as http:
        await Sender(house, of("anna", 6, 5, b"x" * 16)[:-1], together=1).run(http)
        events = movement(6, 5)
        await Sender(house, accepted(events, "bob", start=now())).run(http)
    house.end(signal.SIGKILL)
    house.start()
    query = "SELECT COUNT(*) FROM trajectory JOIN session ON id = session"
    query += " WHERE person = 'bob' AND lane = 'identity'"
    await until(lambda: rows(house.state / "store.db", query) == [(5,)])
    assert house.end()[0] == 0


@asynccontextmanager
async def chromium_behind(house):
    """A page of a Chromium that goes through the proxy."""
    proxy = {"server": f"http://127.0.0.1:{house.ports['proxy']}"}
    options = CHROMIUM | {"args": [*CHROMIUM["args"], "--proxy-bypass-list=<-loopback>"]}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options, proxy=proxy)
        try:
            yield await browser.new_page()
        finally:
            await browser.close()


@pytest.mark.browser
async def test_what_was_drawn_while_the_ingest_was_away_arrives_once_it_is_back(houses, origin):
    """On the same page, without a reload: the observer keeps its ring and comes again."""
    house = houses("house")
    proxy = house.beside()
    house.start()
    house.end()
    proxy.start("proxy")
    async with chromium_behind(house) as page:
        answers = []
        page.on("response", lambda answer: answers.append((answer.url, answer.status)))
        await page.goto(origin.url + "/")
        assert await page.inner_text("body") == "as it was"
        moved = await wander(page, 30)
        await until(lambda: 503 in [status for url, status in answers if url.endswith("/b")])
        house.start()
        await until(lambda: 204 in [status for url, status in answers if url.endswith("/b")])
        assert len([seen for seen in origin.seen if seen.target == "/"]) == 1
    assert proxy.end()[0] == house.end()[0] == 0
    assert not [seen for seen in origin.seen if "/obs/" in seen.target]
    stored = (await house.found()).batches
    found = [
        (x, y)
        for batch in sorted(stored, key=lambda batch: batch.seq)
        for kind, x, y in zip(batch.kinds, batch.xs, batch.ys, strict=True)
        if kind == Kind.MOVE
    ]
    assert moved == steps(found)
