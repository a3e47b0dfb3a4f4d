"""What may be reached, and to which addresses the connection is then made; what is tunnelled."""

import asyncio
import ipaddress
import socket
from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.connection import Server
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from proxy_addon.tls import (
    Guard,
    host_matches,
    is_local,
    is_public,
    networks,
    pin,
    port_ranges,
    readings,
    resolve,
    tunnelled_host,
)
from reauth.errors import SettingsError

OWN_PORT = 8081


def infos(port: int, *addresses: str) -> list[tuple]:
    families = {True: socket.AF_INET6, False: socket.AF_INET}
    return [
        (families[":" in each], socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses
    ]


def connection(host: str, port: int = 80, mode: str = "regular", protocol: str = "tcp"):
    server = Server(address=(host, port), transport_protocol=protocol)
    client = SimpleNamespace(proxy_mode=ProxyMode.parse(mode))
    return ServerConnectionHookData(server=server, client=client)


async def judged(
    *addresses: str, allow: tuple[str, ...] = (), ports: tuple[str, ...] = (), **asked
) -> str | None:
    """The error of a connection to a name that has these addresses."""
    data = connection("name.example", **asked)

    async def lookup(host: str, port: int) -> list[tuple]:
        return infos(port, *addresses)

    guard = Guard(networks(allow, ""), port_ranges(ports), lambda: {OWN_PORT}, Counter(), lookup)
    await guard.server_connect(data)
    return data.server.error


REFUSED = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "169.254.1.1", "224.0.0.1", "255.255.255.255", "192.0.2.1",
    "::", "::1", "fe80::1", "fec0::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::1", "2002:a00:1::", "2001:0:7f00:1::",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
async def test_what_is_not_on_the_open_internet_is_refused(address: str):
    """In every spelling that leads there, and counted."""
    assert "private" in (await judged(address) or "")


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1", "::ffff:8.8.8.8"])
async def test_what_is_public_is_reached(address: str):
    """The guard is no filter of sites."""
    assert await judged(address) is None


@given(st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address))
def test_no_way_to_write_an_address_into_ipv6_makes_it_public(address: ipaddress.IPv4Address):
    """NAT64, 6to4, mapped and compatible: what is refused stays refused."""
    number = int(address)
    written = [
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address(number),
        ipaddress.IPv6Address((0x0064FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
    ]

    for each in written:
        assert is_public(address) or not all(is_public(reading) for reading in readings(each))


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "::ffff:10.1.2.3"])
async def test_a_listed_private_network_is_reached(address: str):
    """Its own services stay refused on any address of this machine."""
    allow = ("10.0.0.0/8", "127.0.0.0/8", "::1/128")

    assert await judged(address, allow=allow) is None
    assert await judged("::1", allow=allow) is None
    assert "own" in (await judged("127.0.0.1", allow=allow, port=OWN_PORT) or "")
    assert "own" in (await judged("::1", allow=allow, port=OWN_PORT) or "")
    assert "private" in (await judged("0.0.0.0", allow=("0.0.0.0/0",), port=OWN_PORT) or "")


async def test_our_port_on_another_machine_is_somebody_elses():
    """Only an address of ours leads to our listeners."""
    assert await judged("93.184.216.34", port=OWN_PORT) is None


async def test_of_a_names_addresses_only_those_that_may_be_reached_are():
    """The connection is made to what was judged, however the name resolves the second time."""
    loop = asyncio.get_running_loop()
    data = connection("name.example", 4711)
    answers = [infos(4711, "10.0.0.1", "93.184.216.34"), infos(4711, "127.0.0.1")]

    async def lookup(*_: object, **__: object) -> list[tuple]:
        return answers.pop(0)

    loop.getaddrinfo = lookup
    pin(loop)
    await Guard((), (), set, Counter(), resolve).server_connect(data)
    again = await loop.getaddrinfo("name.example", 4711, type=socket.SOCK_STREAM)

    assert data.server.error is None
    assert ("name.example", 4711) == data.server.address
    assert [("93.184.216.34", 4711)] == [info[4] for info in again]
    assert [("127.0.0.1", 4711)] == [info[4] for info in await loop.getaddrinfo("other", 1)]


async def test_a_name_that_does_not_resolve_is_an_error_of_its_own():
    """And one that resolves to nothing is refused."""
    data = connection("no.example")

    async def lookup(host: str, port: int) -> list[tuple]:
        raise socket.gaierror

    await Guard((), (), set, Counter(), lookup).server_connect(data)
    assert "resolved" in data.server.error
    assert "unresolved" in (await judged() or "")


async def test_a_datagram_goes_to_the_address_that_was_judged():
    """It is resolved where nothing can be pinned."""
    data = connection("name.example", 443, protocol="udp")

    async def lookup(host: str, port: int) -> list[tuple]:
        return infos(port, "93.184.216.34")

    await Guard((), (), set, Counter(), lookup).server_connect(data)
    assert ("93.184.216.34", 443) == data.server.address


@pytest.mark.parametrize("mode", ["upstream:http://name.example:80", "reverse:http://name.example"])
async def test_the_origin_that_the_operator_named_may_be_private(mode: str):
    """A reverse proxy's origin, or the proxy before us, is in the settings already."""
    assert await judged("10.0.0.1", mode=mode) is None
    assert "private" in (await judged("10.0.0.1", mode=mode, port=81) or "")


@pytest.mark.parametrize("port", [22, 25, 6667])
async def test_nobody_is_led_to_a_port_where_no_browser_goes(port: int):
    """A shell or a mail server is no page; counted, and before the name is even resolved."""
    assert "port" in (await judged("93.184.216.34", port=port) or "")
    assert "port" in (await judged("93.184.216.34", port=port, mode="socks5") or "")
    assert await judged("93.184.216.34", port=port, mode="transparent") is None
    assert await judged("10.0.0.1", port=port, mode=f"upstream:http://name.example:{port}") is None


async def test_an_operator_names_the_ports_to_be_asked_for():
    """Then there are no others; what they name is theirs to answer for."""
    ports = ("22", "8000-8999")

    assert [None, None, None] == [
        await judged("93.184.216.34", port=port, ports=ports) for port in (22, 8000, 8999)
    ]
    assert "port" in (await judged("93.184.216.34", port=443, ports=ports) or "")


@pytest.mark.parametrize("text", ["http", "1-x", ""])
def test_a_port_that_is_none_is_the_operators_error(text: str):
    """Named with its key."""
    with pytest.raises(SettingsError, match="connect_ports"):
        port_ranges([text])


@pytest.mark.parametrize("text", ["10.0.0.1/8", "host.example", ""])
def test_a_network_that_is_none_is_the_operators_error(text: str):
    """Named with its key."""
    with pytest.raises(SettingsError, match="allow_private"):
        networks([text], "proxy.allow_private")


def test_an_address_is_local_where_a_socket_binds():
    """Asked of the machine, as interfaces come and go."""
    assert [True, True, False] == [
        is_local(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1", "93.184.216.34")
    ]


@pytest.mark.parametrize(
    ("host", "pattern", "matches"),
    [
        ("example.org", "example.org", True),
        ("EXAMPLE.org.", "example.ORG", True),
        ("www.example.org", "example.org", False),
        ("www.example.org", "*.example.org", True),
        ("a.b.example.org", "*.example.org", True),
        ("example.org", "*.example.org", False),
        ("badexample.org", "*.example.org", False),
    ],
)
def test_a_pattern_is_a_name_or_all_names_below_one(host: str, pattern: str, matches: bool):
    """Not a glob: what a line means can be seen."""
    assert matches is host_matches(host, [pattern])


@pytest.mark.parametrize(
    ("asked", "sni", "decides"),
    [
        ("site.example", "bank.example", "site.example"),
        ("93.184.216.34", "bank.example", "bank.example"),
        ("93.184.216.34", None, "93.184.216.34"),
        (None, "bank.example", "bank.example"),
        (None, None, None),
    ],
)
def test_a_server_name_in_the_greeting_does_not_outweigh_the_name_asked_for(asked, sni, decides):
    """Else anybody could tunnel anywhere by naming an excluded site."""
    server = SimpleNamespace(address=(asked, 443) if asked else None)
    data = SimpleNamespace(
        context=SimpleNamespace(server=server), client_hello=SimpleNamespace(sni=sni)
    )

    assert decides == tunnelled_host(data)
