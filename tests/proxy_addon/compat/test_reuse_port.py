"""Two processes on one port: possible with the patch, and not without it."""

import asyncio

import pytest
from mitmproxy.proxy import mode_servers, mode_specs

from proxy_addon.compat import reuse_port


class Nobody:
    """Manages no connections, as none is made."""

    connections: dict = {}  # noqa: RUF012 - the protocol's attribute, never filled


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """mitmproxy as it was, afterwards too."""
    place = mode_servers.AsyncioServerInstance
    monkeypatch.setattr(place, "listen", reuse_port._STOCK)


async def listeners(mode: str) -> list:
    """What two instances of a mode listen with on the same port."""
    instances = [mode_servers.ServerInstance.make(mode, Nobody()) for _ in range(2)]
    first = await instances[0].listen("127.0.0.1", 0)
    port = first[0].sockets[0].getsockname()[1]
    try:
        return first + await instances[1].listen("127.0.0.1", port)
    except OSError:
        return first


@pytest.mark.parametrize("mode", ["regular", "transparent", "socks5", "upstream:http://a:1"])
@pytest.mark.usefixtures("stock")
async def test_a_port_is_shared_with_the_patch_alone(mode: str):
    """mitmproxy has no option for it."""
    without = await listeners(mode)
    reuse_port.apply()
    shared = await listeners(mode)
    for listener in without + shared:
        listener.close()
        await asyncio.sleep(0)

    assert (1, 2) == (len(without), len(shared))


@pytest.mark.usefixtures("stock")
async def test_datagrams_are_left_to_mitmproxy():
    """Its sockets for them are made elsewhere."""
    reuse_port.apply()
    instance = mode_servers.ServerInstance.make("dns", Nobody())
    servers = await instance.listen("127.0.0.1", 0)
    try:
        assert isinstance(instance.mode, mode_specs.DnsMode)
        assert len(servers) >= 1
    finally:
        for server in servers:
            server.close()
            await server.wait_closed()
