"""Children are replaced when they die, told what their parent is told, and end with it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.origin import Origin
from tests.proxy_addon.harness import ROOT, House, Running, ask, running, until


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

        assert 0 == process.wait(15)
        assert b"" == process.stdout.read()
    assert {"ready", "proxy"} == set(ready)


async def test_a_hangup_reaches_every_process(proxy: Running):
    """Both read their files anew."""
    proxy.process.send_signal(signal.SIGHUP)
    await until(lambda: len(proxy.events("reloaded")) == 2)
