"""Rules of what systemd is told, by a socket as it has one."""

import asyncio
import os
import socket

import pytest

from reauth.notify import READY, live, notify, watchdog


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """A socket as systemd's, and the environment of a unit."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        name = str(tmp_path / "notify")
        place = name if request.param == "path" else f"\0{name}"
        door.bind(place)
        door.settimeout(10)
        yield door, {"NOTIFY_SOCKET": place.replace("\0", "@")}


def test_a_message_is_a_datagram(manager):
    """sd_notify(3)."""
    door, environment = manager
    notify(READY, environment)

    assert b"READY=1" == door.recv(64)


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}])
def test_without_a_manager_nothing_happens(environment):
    """Nor where it has gone."""
    notify(READY, environment)


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "10000000"}, 10.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}, 10.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_signs_of_life_are_of_this_process(environment, wanted):
    """sd_watchdog_enabled(3)."""
    assert wanted == watchdog(environment)


async def test_signs_of_life_come_from_the_loop(manager):
    """Twice as often as wanted; one that hangs gives none."""
    door, environment = manager
    living = asyncio.ensure_future(live({**environment, "WATCHDOG_USEC": "40000"}))
    await asyncio.sleep(0.1)
    living.cancel()
    door.setblocking(False)
    heard = []
    try:
        while True:
            heard.append(door.recv(64))
    except BlockingIOError:
        pass

    assert {b"WATCHDOG=1"} == set(heard) and 2 <= len(heard) <= 6
    assert await live(environment) is None
