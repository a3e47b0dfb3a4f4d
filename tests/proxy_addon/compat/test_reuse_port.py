"""Several processes on one port: possible with the patch, and not without it."""

import asyncio
import socket

import pytest
from mitmproxy.proxy import mode_servers, mode_specs

from proxy_addon.compat import reuse_port


class Nobody:
    """Manages no connections, as none is made."""

    connections: dict = {}  # noqa: RUF012 - the protocol's attribute, never filled


@pytest.fixture(autouse=True)
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """mitmproxy as it was, afterwards too."""
    place = mode_servers.AsyncioServerInstance
    monkeypatch.setattr(place, "listen", reuse_port._STOCK)


MODES = ("regular", "transparent", "socks5", "upstream:http://a:1", "reverse:https://a:1")


@pytest.mark.parametrize("mode", MODES)
async def test_without_the_patch_a_port_is_for_one(mode: str):
    """mitmproxy has no option for it."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
        instance = mode_servers.ServerInstance.make(mode, Nobody())
        with pytest.raises(OSError, match="in use"):
            await instance.listen("127.0.0.1", other.getsockname()[1])


@pytest.mark.parametrize("mode", MODES)
async def test_what_is_listened_on_is_what_the_parent_has_lent(mode: str):
    """Two on one port; one of them closed here goes on in the parent, with all in its queue."""
    first = reuse_port.bound("127.0.0.1", 0)
    port = first.getsockname()[1]
    second = reuse_port.bound("127.0.0.1", port)
    kept = first.dup()
    reuse_port.apply([first, second])
    servers = await mode_servers.ServerInstance.make(mode, Nobody()).listen("ignored", 1)
    assert [port, port] == [server.sockets[0].getsockname()[1] for server in servers]
    for server in servers:
        server.close()
        await server.wait_closed()

    with socket.create_connection(("127.0.0.1", port), 5), kept:
        kept.accept()[0].close()


async def test_datagrams_are_left_to_mitmproxy():
    """Its sockets for them are made elsewhere."""
    reuse_port.apply([])
    instance = mode_servers.ServerInstance.make("reverse:udp://127.0.0.1:1", Nobody())
    (server,) = await instance.listen("127.0.0.1", 0)
    try:
        assert isinstance(instance.mode, mode_specs.ReverseMode)
        assert server.getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def test_answers_do_not_wait_for_acknowledgements():
    """Nagle's algorithm is off where it accepts: with it a short answer takes 40 ms."""
    accepted: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
    listener = reuse_port.bound("127.0.0.1", 0)
    server = await asyncio.start_server(lambda _, made: accepted.set_result(made), sock=listener)
    _, near = await asyncio.open_connection(*listener.getsockname())
    far = await accepted
    try:
        own = far.get_extra_info("socket")
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    finally:
        for writer in (near, far):
            writer.close()
        server.close()
