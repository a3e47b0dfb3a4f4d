"""What the house survives: being killed, a full disk, wrong clocks, an ingest that is away.

Real processes, real SQLite. What was acknowledged must be there afterwards, once; what was not is
sent again by whoever sent it; nobody's browsing notices.
"""

import asyncio
import random
import resource
import signal
import subprocess
from contextlib import ExitStack
from statistics import median

import pytest

from reauth.app import now
from tests.e2e.house import PAGE, PATIENCE, deliver, small_disk, visit
from tests.e2e.senders import (
    KEYS,
    LANE,
    Acknowledgements,
    Sender,
    client,
    identity,
    load,
    of,
    post,
    senders,
)

KILLS = 30


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
    how = {"ingest": "reorder_s = 120", "lane": LANE}
    whole, killed = houses("whole", **how), houses("killed", **how)
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




def immutable(house, yes):
    """Let the store's files refuse to be written, even by root and even where they are open.

    All but the index of the log, which is memory with a name: to write to it would be SIGBUS.
    """
    files = [str(file) for file in house.state.glob("*.db*") if not file.match("*-shm")]
    command = ["chattr", "+i" if yes else "-i", *files]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def limited(house, yes):
    """No file may be written by the process; the same without root's help."""
    size = 0 if yes else resource.RLIM_INFINITY
    resource.prlimit(house.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    return True


@pytest.mark.parametrize("how", ["full disk", "read-only files", "no file may be written"])
@pytest.mark.timeout(180)
async def test_a_store_that_cannot_keep_is_503_until_it_can(houses, tmp_path, origin, how):
    """Nothing acknowledged is lost, pages load as before, and the service goes on by itself."""
    with ExitStack() as stack:
        house = houses("house")
        if how == "full disk":
            disk = stack.enter_context(small_disk(house.state))
            if disk is None:
                pytest.skip("only root may mount a small disk")
            house.within, house.state = disk.within, disk.inside
            ends = (lambda: disk.fill() or True), (lambda: disk.make_room() or True)
        else:
            change = immutable if how == "read-only files" else limited
            ends = (lambda: change(house, True)), (lambda: change(house, False))
            stack.callback(immutable, house, False)
        house.start("run")
        async with client() as http:
            await cannot_keep_for_a_while(house, http, origin.url + "/", ends)
        if how != "no file may be written":  # nor may the log
            assert '"event": "store_failed", "fault": "the store cannot go on: ' in house.log()


async def readiness(house, http, wanted):
    """Wait until `/readyz` says so; it may answer from memory for a few seconds."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with http.get(f"http://127.0.0.1:{house.ports['console']}/readyz") as answer:
                if answer.status == wanted:
                    return
            await asyncio.sleep(0.1)


async def cannot_keep_for_a_while(house, http, url, ends):
    """Send, take the room away, send in vain, give it back, and see that all is there."""
    before, after = ends
    batches = of("anna", 6, 20, b"x" * 16)
    page = await visit(house, http, url)
    sender = Sender(house, batches[:8])
    await sender.run(http)
    if not before():
        pytest.skip("this file system has no immutable files")
    place, refused = 8, 0
    while refused < 5:
        [result] = await post(house, http, [batches[place]])
        assert result["status"] in (204, 503)
        if result["status"] == 204:
            sender.acknowledged.add(identity(batches[place]))
            place += 1
        else:
            assert result["retry_after"] >= 1
            refused += 1
    body = of(None, 5, 2, b"p" * 16)[0].body
    assert (await visit(house, http, url)).text == page.text == PAGE.decode()
    status, headers = await deliver(house, http, url, page, body)
    assert (status, headers["Retry-After"].isdecimal()) == (503, True)
    await readiness(house, http, 503)
    assert after()
    sender.batches = batches[place:]
    await asyncio.wait_for(sender.run(http), PATIENCE)
    assert (await deliver(house, http, url, page, body))[0] == 204
    await readiness(house, http, 200)
    assert house.end()[0] == 0
    assert '"event": "store_back"' in house.log()
    found = await house.found(("anna", "10.0.0.1"))
    assert {identity(batch) for batch in batches} == sender.acknowledged <= set(found.raw)
    assert list(range(1, 21)) == [number for number, *_ in found.scores["anna"]]


def test_a_read_only_state_folder_is_told_at_the_start(houses):
    """In one line that names the setting; a later start on the same folder is as if nothing was."""
    house = houses("house")
    with small_disk(house.state) as disk:
        if disk is None:
            pytest.skip("only root may mount a small disk")
        house.within, house.state = disk.within, disk.inside
        house.start()
        assert house.end()[0] == 0
        disk.remount("ro")
        house.begin()
        assert house.ready() is None
        assert house.end()[0] == 2
        line = house.log().splitlines()[-1]
        assert line.startswith("reauth: state.path: ")
        disk.remount("rw")
        assert house.start()["ready"]
        assert house.end()[0] == 0


async def test_sigterm_under_load_ends_within_ten_seconds_and_keeps_its_word(
    houses, template, origin
):
    """Whatever was acknowledged is stored, though batches and a page were under way."""
    house = houses("house", ingest="reorder_s = 120", lane=LANE)
    await house.enrol(template)
    house.start("run")
    origin.put("/endless", PAGE, asyncio.Event())
    batches, acknowledged = load(float(int(now()))), Acknowledgements()
    sent = senders(house, batches)
    everything = {identity(batch) for own in batches.values() for batch in own}
    async with client() as http:
        headers, proxy = {"Accept": "text/html"}, f"http://127.0.0.1:{house.ports['proxy']}"
        endless = await http.get(origin.url + "/endless", headers=headers, proxy=proxy)
        sending = asyncio.ensure_future(asyncio.gather(*(s.run(http, acknowledged) for s in sent)))
        await acknowledged.more(100, sending.done)
        code, seconds = await asyncio.to_thread(house.end)
        endless.close()
        assert code == 0
        assert seconds < 10
        told = set.union(*(sender.acknowledged for sender in sent))
        found = await house.found()
        assert 100 <= len(told) < len(everything)
        assert told <= set(found.raw)
        await asyncio.to_thread(house.start)
        await asyncio.wait_for(sending, PATIENCE)
    assert house.end()[0] == 0
    found = await house.found(*KEYS)
    assert everything == set(found.raw)
    assert [user for _, user, *_ in found.alerts] == ["alice"]


