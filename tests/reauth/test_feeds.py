"""What a network tells reaches the control stream: by UDP and by files, as a proxy sees it."""

import asyncio
import os
import socket
import struct
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reauth import feeds, radius
from reauth.errors import ReauthError, SettingsError
from reauth.feeds import Addresses, accounting, fed, follow_leases
from reauth.ingest import Control
from reauth.settings import Identity
from tests.reauth.test_leases import HEAD, row

SECRET = b"shared"
START, STOP, OFF = (struct.pack("!I", status) for status in (radius.START, radius.STOP, radius.OFF))


def addresses(written=(), clock=lambda: 0.0) -> Addresses:
    return Addresses([list(each) for each in written], Control({"address_map": []}, 1), clock)


def told(found: Addresses) -> dict[str, str]:
    return dict(found._control.snapshot()["address_map"])


def packet(status: bytes, user: bytes = b"ann", last: int = 1) -> bytes:
    attributes = [(40, status), (1, user), (8, bytes([10, 0, 0, last])), (44, b"s" + user)]
    return radius.request(attributes, SECRET)


@asynccontextmanager
async def listening(found: Addresses, folder: Path, clock=lambda: 0.0, **settings):
    """A socket of a gateway, whose packets are taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret = folder / "secret"
    secret.write_bytes(SECRET + b"\n")
    secret.chmod(0o600)
    identity = Identity(
        radius_listen=f"127.0.0.1:{port}", radius_secret_file=str(secret), **settings
    )
    loop = asyncio.get_running_loop()
    async with accounting(identity, found, clock):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
            gateway.setblocking(False)
            gateway.connect(("127.0.0.1", port))

            async def say(text: bytes) -> bytes:
                gateway.send(text)
                return await asyncio.wait_for(loop.sock_recv(gateway, 4096), 10)

            yield say, gateway


async def test_a_session_of_a_gateway_reaches_the_proxies_and_ends(tmp_path: Path):
    """Acknowledged, or the gateway would repeat it."""
    found = addresses([("10.0.0.9", "written")])
    async with listening(found, tmp_path) as (say, _):
        assert radius.answer(packet(START), SECRET) == await say(packet(START))
        assert {"10.0.0.9": "written", "10.0.0.1": "ann"} == told(found)
        await say(packet(STOP))
        assert {"10.0.0.9": "written"} == told(found)
        await say(packet(START))
        await say(radius.request([(40, OFF)], SECRET))

    assert {"10.0.0.9": "written"} == told(found)
    assert 4 == found.counters['radius_total{result="taken"}']


async def test_a_forgers_packet_is_counted_and_not_answered(tmp_path: Path):
    """One that says nothing of use is answered, so that it does not come again."""
    found = addresses()
    async with listening(found, tmp_path) as (say, gateway):
        gateway.send(radius.request([(40, START), (1, b"eve")], b"other"))
        useless = radius.request([(40, START)], SECRET, number=9)
        assert radius.answer(useless, SECRET) == await say(useless)

    assert {} == told(found)
    counted = {'radius_total{result="forged"}': 1, 'radius_total{result="useless"}': 1}
    assert counted == found.counters


async def test_a_session_of_which_nothing_is_heard_has_ended(tmp_path: Path):
    """The gateway may be gone, and its last word lost."""
    now = [0.0]
    found = addresses(clock=lambda: now[0])
    async with listening(found, tmp_path, lambda: now[0], radius_idle=60.0) as (say, _):
        await say(packet(START))
        now[0] = 59.0
        found.tell()
        assert {"10.0.0.1": "ann"} == told(found)
        now[0] = 60.0
        found.tell()

    assert {} == told(found)


async def test_leases_are_followed_as_their_file_changes(tmp_path: Path, monkeypatch):
    """By whoever writes it; a fault is counted, and what was known stays."""
    monkeypatch.setattr(feeds, "_LOOK", 0.01)
    file, devices = tmp_path / "leases.csv", tmp_path / "devices.csv"
    devices.write_text("00:1b:44:11:3a:b7,ann\n00:1b:44:11:3a:b8,bob\n")
    found = addresses()
    job = asyncio.create_task(follow_leases(found, str(file), str(devices)))

    async def until(user):
        async with asyncio.timeout(10):
            while found.leases.at(0.0).get("10.0.0.1") != user:  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.01)

    file.write_text(HEAD + row())
    await until("ann")
    file.write_text(HEAD + row() + row(hardware="00:1b:44:11:3a:b8"))
    await until("bob")
    devices.write_text("nonsense\n")
    async with asyncio.timeout(10):
        while not found.counters["leases_failed_total"]:  # noqa: ASYNC110 - nor has a counter
            await asyncio.sleep(0.01)
    assert "bob" == found.leases.at(0.0)["10.0.0.1"]
    job.cancel()


async def test_what_is_written_and_what_has_run_out_are_told(monkeypatch):
    """A new map of the operator's; a lease's own end, of which nobody speaks."""
    monkeypatch.setattr(feeds, "_TOLD", 0.01)
    now = [0.0]
    found = addresses(clock=lambda: now[0])
    found.leases.begin("10.0.0.1", feeds.Lease("ann", "s", 5.0))
    found.write([["10.0.0.2", "bob"]])
    assert {"10.0.0.1": "ann", "10.0.0.2": "bob"} == told(found)
    job = asyncio.create_task(found.run())
    now[0] = 5.0
    async with asyncio.timeout(10):
        while "10.0.0.1" in told(found):  # noqa: ASYNC110 - the clock is ours
            await asyncio.sleep(0.01)
    job.cancel()


async def test_only_what_is_asked_for_runs(tmp_path: Path):
    """A house without feeds has no jobs of theirs."""
    found = addresses()
    assert [] == list(fed(Identity(), found))
    jobs = list(fed(Identity(leases="a", devices="b"), found))
    for job in jobs:
        job.close()
    assert 2 == len(jobs)
    with pytest.raises(SettingsError, match=r"needs identity\.devices"):
        list(fed(Identity(leases="a"), found))
    async with accounting(Identity(), found, lambda: 0.0):
        pass


async def test_a_listener_that_cannot_be_is_the_operators_error(tmp_path: Path):
    """Named by its key."""
    secret = tmp_path / "secret"
    for identity, why in (
        (Identity(radius_listen="127.0.0.1:1"), "needs identity.radius_secret_file"),
        (Identity(radius_listen="127.0.0.1:1", radius_secret_file=str(secret)), "No such file"),
    ):
        with pytest.raises(SettingsError, match=why):
            async with accounting(identity, addresses(), lambda: 0.0):
                pass
    secret.write_text("")
    asked = Identity(radius_listen="192.0.2.1:1813", radius_secret_file=str(secret))
    for mode, text, error, why in (
        (0o644, "x", SettingsError, "open to others"),
        (0o600, " ", SettingsError, "is empty"),
        (0o600, "x", ReauthError, "cannot listen"),
    ):
        secret.write_text(text)
        os.chmod(secret, mode)
        with pytest.raises(error, match=why):
            async with accounting(asked, addresses(), lambda: 0.0):
                pass
