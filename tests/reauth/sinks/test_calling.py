"""Calls to web addresses: where they may lead, and what an answer means."""

import ipaddress
import socket
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from reauth.errors import SinkError
from reauth.settings import Sinks
from reauth.sinks.calling import LONGEST_ANSWER, Guard, caller, taken
from reauth.sinks.outbox import SinkGone
from tests.reauth.sinks.receivers import certified, serving

HERE = socket.gethostname()


@asynccontextmanager
async def answering(body=b"ok", tls=None):
    """A server on all addresses of this machine; its port."""

    async def take(_):
        return web.Response(body=body)

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", 0, ssl_context=tls).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


def private(name):
    """Whether this machine's name leads to a private address, as it nearly always does."""
    try:
        return not ipaddress.ip_address(socket.gethostbyname(name)).is_global
    except OSError:
        return False


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("9.9.9.9", True),
        ("2620:fe::fe", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("::1", False),
        ("fe80::1%2", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:9.9.9.9", True),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
    ],
)
def test_only_public_addresses_are_called_unless_listed(address, good):
    """Loopback, private, link-local (a cloud's secrets), multicast, and mapped ones are not."""
    listed = Guard([ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")])

    assert good == Guard([]).allows(address)
    assert (good or "10.0.0.1" in address or address == "fd00::1") == listed.allows(address)


@pytest.mark.skipif(not private(HERE), reason="this machine's name leads nowhere, or to the world")
async def test_a_name_that_leads_to_a_private_address_is_not_called():
    """Whoever answers for the name cannot send us to a machine of ours; listed, it is called."""
    found = socket.gethostbyname(HERE)
    async with answering() as port:
        with pytest.raises(SinkError, match="private address"):
            await caller(Sinks()).post(f"http://{HERE}:{port}/", {}, b"")
        listed = caller(Sinks(allow_private=(f"{found}/32",)))

        assert (200, b"ok") == await listed.post(f"http://{HERE}:{port}/", {}, b"")


async def test_an_address_and_localhost_are_what_the_operator_has_written():
    """No name server had a say."""
    async with answering() as port:
        for host in ("127.0.0.1", "localhost"):
            status, _ = await caller(Sinks()).post(f"http://{host}:{port}/", {}, b"")
            assert 200 == status


async def test_a_name_that_there_is_not_says_its_kind_only():
    """The address may have a secret in it."""
    with pytest.raises(SinkError, match="no answer: ") as error:
        await caller(Sinks()).post("http://geheim.invalid/", {}, b"")
    assert "geheim" not in str(error.value)


async def test_a_long_answer_is_not_read_to_its_end():
    """It may be of any size."""
    async with answering(b"x" * 9 * LONGEST_ANSWER) as port:
        _, body = await caller(Sinks()).post(f"http://127.0.0.1:{port}/", {}, b"")
    assert len(body) <= LONGEST_ANSWER


async def test_over_tls_somebody_must_vouch(tmp_path):
    """The system, or the file of the setting."""
    pair = certified(tmp_path)
    async with answering(tls=serving(*pair)) as port:
        url = f"https://127.0.0.1:{port}/"
        with pytest.raises(SinkError, match="Certificate"):
            await caller(Sinks()).post(url, {}, b"")
        status, _ = await caller(Sinks(ca_file=pair[0])).post(url, {}, b"")
    assert 200 == status


def test_only_the_200s_are_taken():
    """410 is for ever."""
    taken(200)
    taken(299)
    for status in (199, 302, 404, 500):
        with pytest.raises(SinkError, match=str(status)):
            taken(status)
    with pytest.raises(SinkGone):
        taken(410)
