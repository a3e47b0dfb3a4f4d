"""Children are replaced when they die, told what their parent is told, and end with it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from proxy_addon.supervisor import ACCEPTS, PAUSES, Supervisor
from tests.origin import Origin
from tests.proxy_addon.harness import PATIENCE, ROOT, House, Running, ask, running, until


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.write('allow_private = ["127.0.0.0/8"]')
    house.config.write_text(house.config.read_text().replace("processes = 1", "processes = 2"))
    return house


@pytest.fixture
def proxy(house: House) -> Iterator[Running]:
    with running("launcher", house) as proxy:
        yield proxy


def children(proxy: Running) -> list[psutil.Process]:
    return psutil.Process(proxy.process.pid).children()


async def test_a_process_that_dies_is_replaced_and_the_others_serve(proxy: Running, house: House):
    """However it died; what was not under way in it is not even late."""
    first, second = children(proxy)
    async with Origin() as origin:
        origin.put("/", b"here", headers=())
        for victim in (first, second):
            victim.kill()
            await until(lambda v=victim: not v.is_running() or v.status() == "zombie")
            await until(lambda v=victim: v.pid not in {c.pid for c in children(proxy)})
            await until(lambda: len(children(proxy)) == 2)
            assert 200 == (await ask(proxy, origin.url, house, target="/")).status

    assert {first.pid, second.pid}.isdisjoint(child.pid for child in children(proxy))
    assert 2 == len(proxy.events("process_died"))


async def test_children_end_when_their_parent_is_killed(proxy: Running):
    """Nobody is left on the port whom no one can stop."""
    left = children(proxy)
    proxy.process.kill()
    await until(lambda: not any(child.is_running() for child in left))


def test_with_a_stdin_guard_it_ends_with_its_standard_input(house: House):
    """`reauth run` may be killed as well."""
    command = [sys.executable, "-m", "proxy_addon", "--config", house.config, "--stdin-guard"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    ) as process:
        ready = json.loads(process.stdout.readline())
        process.stdin.close()

        assert 0 == process.wait(PATIENCE)
        assert b"" == process.stdout.read()
    assert {"ready", "proxy"} == set(ready)


async def test_a_hangup_reaches_every_process(proxy: Running):
    """Both read their files anew."""
    proxy.process.send_signal(signal.SIGHUP)
    await until(lambda: len(proxy.events("reloaded")) == 2)


async def test_a_process_that_is_due_is_replaced_and_the_others_wait_for_their_turn(house: House):
    """The old one leaves once the new one accepts; no two are new at once."""
    settings = house.config.read_text()
    house.config.write_text(settings.replace("[proxy]", "[proxy]\nrecycle_requests = 5"))
    async with Origin() as origin:
        origin.put("/", b"here", headers=())
        with running("launcher", house) as proxy:
            old = {child.pid for child in children(proxy)}

            async def asked_until_all_are_new() -> set[int]:
                counts = set()
                while old & {child.pid for child in children(proxy)}:
                    assert 200 == (await ask(proxy, origin.url, house, target="/")).status
                    counts.add(len(children(proxy)))
                return counts

            counts = await asyncio.wait_for(asked_until_all_are_new(), 2 * PATIENCE)
            assert [] == proxy.events("process_died")

    assert max(counts) <= 4
    assert 2 in counts or 3 in counts


async def test_a_new_generation_takes_over_with_new_settings(proxy: Running, house: House):
    """The parent stays, and says nothing on standard output, where one line was promised."""
    before = children(proxy)
    house.config.write_text(
        house.config.read_text().replace("processes = 2", 'processes = 3\nclosed = ["127.0.0.1"]')
    )
    async with Origin() as origin:
        origin.put("/", b"<html>", headers=(("Content-Type", "text/html"),), framing="length")
        for url in (origin.url, "http://127.0.0.1:1"):
            await ask(proxy, url, house, target="/")
        proxy.process.send_signal(signal.SIGUSR2)
        await until(lambda: proxy.events("renewed"), 60)
        await until(lambda: not any(child.is_running() for child in before))

    assert 3 == len(children(proxy))
    proxy.process.terminate()
    assert (0, "") == (proxy.process.wait(10), proxy.process.stdout.read())


@pytest.mark.parametrize("fault", ["a settings file", "a CA"])
async def test_a_generation_that_would_not_come_up_is_refused(
    proxy: Running, house: House, fault: str
):
    """The one that serves goes on, and the log says why, in the words of a start."""
    before = {child.pid for child in children(proxy)}
    if fault == "a CA":
        (house.folder / "state" / "ca" / "ca.pem").unlink()
    else:
        house.config.write_text(house.config.read_text() + "\n[proxi]\n")
    proxy.process.send_signal(signal.SIGUSR2)
    await until(lambda: proxy.events("renewal_refused"), 60)
    async with Origin() as origin:
        origin.put("/", b"here", headers=())
        assert 200 == (await ask(proxy, origin.url, house, target="/")).status

    (said,) = proxy.events("renewal_refused")
    assert ("ca" if fault == "a CA" else "proxi") in said["error"]
    assert before == {child.pid for child in children(proxy)}


class Doors:
    """A port that notes what is opened and closed."""

    slots = 1

    def __init__(self) -> None:
        self.told: list[str] = []

    def open(self, slot: int) -> None:
        self.told.append("open")

    def close(self, slot: int) -> None:
        self.told.append("close")


def test_who_dies_young_again_and_again_is_waited_for_longer_each_time():
    """And nobody is left waiting in its queue meanwhile; the first time may be anybody's fault."""

    def dies(slot: int, channel: int, life: int) -> None:
        os.write(channel, ACCEPTS)
        os._exit(3)

    doors, waits = Doors(), []
    supervisor = Supervisor(doors, dies, lambda: None, lambda: None, None, 1.0)
    supervisor._accepted = True
    for _ in range(8):
        supervisor._not_before.clear()
        supervisor._spawn_missing()
        (pid,) = supervisor._children
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        supervisor._reap()
        waits.append(supervisor._pauses[0])

    assert [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] == waits
    assert PAUSES == (waits[1], waits[-1])
    assert ["open"] + ["open", "close"] * 7 == doors.told
