"""The launcher: what it refuses, what its processes share, how they drain and what they log."""

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from proxy_addon.launcher import Generation, JsonLines, Listeners, hold
from reauth.errors import SettingsError
from tests.origin import Origin
from tests.proxy_addon.harness import (
    KINDS,
    OBS,
    ROOT,
    House,
    Running,
    ask,
    command,
    connected,
    running,
    until,
)


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


async def test_a_stop_lets_what_is_under_way_end(proxy: Running, house: House):
    """No connection is taken any more, the answer comes whole, and the status is 0."""
    more = asyncio.Event()
    async with Origin() as origin:
        origin.put("/", b"first", more, b"last", headers=(("Content-Type", "text/plain"),))
        async with connected(proxy, origin.url, house) as client:
            await client.send(target="/")
            await client.head()
            pieces = client.pieces()
            assert b"first" == await anext(pieces)
            proxy.process.terminate()

            def refused() -> bool:
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", proxy.port)) != 0

            await until(refused)
            more.set()
            assert b"last" == b"".join([piece async for piece in pieces])

    assert 0 == await asyncio.to_thread(proxy.process.wait, 10)
    assert "" == proxy.process.stdout.read()


async def test_requests_are_spread_over_the_processes(proxy: Running, house: House):
    """The kernel gives a connection to either; all of them know the same token key."""
    served = {child.pid: child.num_fds() for child in children(proxy)}
    writers = []
    for _ in range(40):
        _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writers.append(writer)
    await until(lambda: all(psutil.Process(pid).num_fds() > was for pid, was in served.items()))
    for writer in writers:
        writer.close()


async def test_the_log_is_json_and_names_no_page(proxy: Running, house: House):
    """Whatever is asked for and however it fails."""
    for url in ("http://127.0.0.1:1/private-path?q=secret", "http://10.9.8.7/private-path"):
        await ask(proxy, url, house, target="/private-path?q=secret")
    await ask(proxy, "http://127.0.0.1:1", house, target=OBS + "nothing?q=secret")
    proxy.process.terminate()
    proxy.process.wait(10)
    lines = [json.loads(line) for line in proxy.log]

    assert lines
    assert all({"t", "level", "event"} <= line.keys() for line in lines)
    assert not any(word in str(lines) for word in ("private-path", "secret", "10.9.8.7"))


def start(house: House, **environment: str) -> tuple[int, str]:
    """Status and words of a start that fails."""
    asked = [sys.executable, "-m", "proxy_addon", "--config", house.config]
    given = {**os.environ, **environment}
    done = subprocess.run(
        asked, capture_output=True, check=False, text=True, cwd=ROOT, env=given, timeout=60
    )
    assert "" == done.stdout
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", ["SSLKEYLOGFILE", "MITMPROXY_SSLKEYLOGFILE"])
def test_an_environment_that_writes_secrets_down_is_refused(house: House, name: str):
    """It would hold the keys of everybody's connections."""
    status, said = start(house, **{name: str(house.folder / "keys.log")})

    assert (2, 1) == (status, said.count("\n"))
    assert name in said


def test_a_port_that_somebody_has_is_said_so(house: House):
    """SO_REUSEPORT alone would share it with a stranger in silence."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
        port = other.getsockname()[1]
        status, said = start(house, REAUTH_PROXY__LISTEN=f"127.0.0.1:{port}")

    assert (2, True) == (status, f"127.0.0.1:{port}" in said)


@pytest.mark.parametrize(
    ("file", "remedy", "status"),
    [("keys.json", "reauth serve", 2), ("ca/ca.pem", "reauth ca create", 1)],
)
def test_what_is_missing_is_named_with_the_next_step(
    house: House, file: str, remedy: str, status: int
):
    """One line, for the person who started it."""
    (house.folder / "state" / file).unlink()
    got, said = start(house)

    assert (status, 1) == (got, said.count("\n"))
    assert remedy in said


def test_an_open_key_file_is_refused(house: House):
    """Whoever reads it can claim to be the proxy."""
    (house.folder / "state" / "keys.json").chmod(0o644)
    status, said = start(house)

    assert (2, True) == (status, "chmod 600" in said)


def test_a_port_is_held_without_being_listened_on():
    """Connections are for the children; another instance is told that it is taken."""
    with hold("127.0.0.1", 0) as held, socket.socket() as client:
        port = held.getsockname()[1]
        assert client.connect_ex(("127.0.0.1", port)) != 0
        with pytest.raises(SettingsError, match=str(port)):
            hold("127.0.0.1", port)


def test_a_record_of_another_library_is_reduced_to_its_place():
    """Its text may name hosts and addresses of pages."""
    record = logging.LogRecord(
        "mitmproxy.proxy", logging.ERROR, "x.py", 7, "GET http://a.example/?q=1", (), None
    )
    line = json.loads(JsonLines().format(record))

    assert ("mitmproxy", "mitmproxy.proxy:7", "error") == (line["event"], line["at"], line["level"])
    assert "example" not in str(line)


def test_a_record_of_ours_has_its_event_and_its_fields():
    """And of an exception its kind and place, never its words."""
    try:
        raise ValueError("http://a.example/")
    except ValueError:
        record = logging.LogRecord(
            "proxy_addon.page", logging.WARNING, "x.py", 7, "unwatched", (), sys.exc_info()
        )
    record.fields = {"reason": "bomb"}
    line = json.loads(JsonLines().format(record))

    assert ("unwatched", "bomb", "ValueError") == (line["event"], line["reason"], line["error"])
    assert line["at"].startswith("test_launcher.py:")
    assert "example" not in str(line)


def test_a_listener_outlives_the_process_that_accepts_from_it():
    """What waits in its queue when that one goes is there for the next."""
    with hold("127.0.0.1", 0) as held:
        parent = Listeners(held, 2)
        for slot in (0, 1):
            parent.open(slot)
        (mine,) = parent.keep(0)
        assert [mine] == parent.all
        with mine.dup() as lent, socket.create_connection(held.getsockname(), 5):
            parent.open(0)
            assert [mine] == parent.keep(0)
            mine.setblocking(True)
            lent.close()
            mine.accept()[0].close()
        parent.close(0)
        with socket.socket() as client:
            assert client.connect_ex(held.getsockname()) != 0


@pytest.mark.parametrize(("slots", "shares"), [(1, [3]), (2, [2, 1]), (4, [1, 1, 1, 1])])
def test_no_listener_of_the_generation_before_is_closed(slots: int, shares: list[int]):
    """However many processes there are now: connections may wait in each."""
    with hold("127.0.0.1", 0) as held:
        before = Listeners(held, 3)
        for slot in range(3):
            before.open(slot)
        now = Listeners(held, slots, before.all)
        for slot in range(slots):
            now.open(slot)
        assert set(before.all) <= set(now.all)
        assert shares == [len(now._open[slot]) for slot in range(slots)]
        for listener in now.all:
            listener.close()


def test_what_is_handed_over_is_taken_once(monkeypatch: pytest.MonkeyPatch):
    """Nobody whom the new generation starts may take itself for its successor."""
    said = '{"held": 3, "listeners": [4], "life": [5, 6], "elders": [[7, null]]}'
    monkeypatch.setenv("_REAUTH_HANDED_OVER", said)

    assert Generation(3, [4], [5, 6], [[7, None]]) == Generation.before()
    assert Generation.before() is None


def test_a_check_says_whether_it_would_start_and_starts_nothing(house: House):
    """Before a reload, by hand too; in the words in which a start would fail."""
    asked = [sys.executable, "-m", "proxy_addon", "--check", "--config", house.config]
    done = [subprocess.run(asked, capture_output=True, check=False, text=True, cwd=ROOT)]
    house.write("procesess = 2")
    done.append(subprocess.run(asked, capture_output=True, check=False, text=True, cwd=ROOT))

    assert [(0, ""), (2, "")] == [(each.returncode, each.stdout) for each in done]
    assert "processes" in done[1].stderr


@pytest.mark.parametrize("kind", KINDS)
def test_an_untested_mitmproxy_is_refused_at_start(house: House, kind: str):
    """In one line; under mitmdump, which shows where as well, in its last."""
    script = house.folder / "newer.py"
    script.write_text("from mitmproxy import version\nversion.VERSION = '13.0.0'\n")
    done = subprocess.run(
        command(kind, house, 0, script), capture_output=True, text=True, check=False, cwd=ROOT
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if "untested" in line]

    assert done.returncode != 0
    assert "mitmproxy 13.0.0 is untested here: install 11.0.2 or 12.2.x" in said[-1]
    assert kind == "stock" or 1 == len(said)
