"""What is tunnelled undecrypted, and what may not be reached through us at all.

The guard decides after name resolution, and the connection is made to the very addresses that
were judged: a second resolution could answer otherwise (DNS rebinding). It pins them where asyncio
resolves, so that mitmproxy keeps the origin's name for TLS, for reuse and for the page.
"""

import asyncio
import errno
import ipaddress
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any

from mitmproxy import connection, tls
from mitmproxy.proxy import mode_specs, server_hooks

from reauth.errors import SettingsError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Found = Sequence[tuple[Any, ...]]
"""What getaddrinfo gives: family, type, protocol, canonical name, socket address."""
Resolve = Callable[[str, int], Awaitable[Found]]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
"""An IPv4 address in the last 32 bits: RFC 6052, and RFC 4291's deprecated form."""
_LAST_32 = 0xFFFFFFFF
_EXPLICIT = mode_specs.RegularMode | mode_specs.UpstreamMode | mode_specs.Socks5Mode
"""Modes in which clients name their goal to us; in the others they have gone there already."""

_BAD_PORTS = frozenset(
    map(
        int,
        "1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111"
        " 113 115 117 119 123 135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532"
        " 540 548 554 556 563 587 601 636 989 990 993 995 1719 1720 1723 2049 3659 4045 4190 5060"
        " 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080".split(),
    )
)
"""Where no browser goes (Fetch standard, 2.9, "bad port"): who asks us to is none."""

_judged: ContextVar[tuple[str, int, Found] | None] = ContextVar("judged", default=None)
"""What the guard found for the connection that this task is about to make."""


def host_matches(host: str, patterns: Iterable[str]) -> bool:
    """Whether a host is one of the patterns: `example.org`, or `*.example.org` for those below.

    Examples
    --------
    >>> patterns = ("example.org", "*.bank.example")
    >>> [host_matches(host, patterns) for host in ("Example.org.", "a.b.bank.example", "x.org")]
    [True, True, False]
    >>> host_matches("bank.example", patterns)
    False
    """
    name = host.lower().rstrip(".")
    return any(
        name.endswith(pattern[1:].lower()) if pattern.startswith("*.") else name == pattern.lower()
        for pattern in patterns
    )


def readings(address: Address) -> list[Address]:
    """The addresses that an address may mean to somebody on the way: itself, and one inside it."""
    if address.version == 4 or address.is_loopback:  # ::1 is no address of the deprecated form
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    inside = [address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or address in _COMPATIBLE:
        inside.append(ipaddress.IPv4Address(int(address) & _LAST_32))
    return [address, *(each for each in inside if each)]


def is_public(address: Address) -> bool:
    """Whether an address is one host's on the open Internet; loopback, private, link-local (cloud
    metadata among them), shared, reserved and group addresses are not."""
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not address.is_multicast and not site_local


def is_local(address: Address) -> bool:
    """Whether an address is this machine's own: then, and only then, a socket binds to it."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError as error:
            return error.errno != errno.EADDRNOTAVAIL
    return True


def networks(texts: Iterable[str], key: str) -> tuple[Network, ...]:
    """The CIDRs that a key of the settings holds.

    Raises
    ------
    SettingsError
        If one is none, or has bits beyond its prefix.
    """
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError:
            raise SettingsError(f"{key}: '{text}' is no network") from None
    return tuple(found)


def port_ranges(texts: Iterable[str]) -> tuple[range, ...]:
    """The ports of `[proxy] connect_ports`: "443", or "8000-8999".

    Raises
    ------
    SettingsError
        If one is neither.

    Examples
    --------
    >>> port_ranges(["443", "8000-8999"])
    (range(443, 444), range(8000, 9000))
    """
    found = []
    for text in texts:
        first, _, last = text.partition("-")
        try:
            found.append(range(int(first), int(last or first) + 1))
        except ValueError:
            raise SettingsError(f"proxy.connect_ports: '{text}' is no port") from None
    return tuple(found)


async def resolve(host: str, port: int) -> Found:
    """Resolve as asyncio does when it connects."""
    loop = asyncio.get_running_loop()
    return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def pin(loop: asyncio.AbstractEventLoop) -> None:
    """Let connections of this loop be made to what the guard judged, and to nothing else."""
    lookup = loop.getaddrinfo

    async def pinned(host: Any, port: Any, **options: Any) -> Any:
        judged = _judged.get()
        if judged is not None and judged[:2] == (host, port):
            return list(judged[2])
        return await lookup(host, port, **options)

    loop.getaddrinfo = pinned  # type: ignore[method-assign] # asyncio passes options by name


class Guard:
    """Refuses what must not be reached through the proxy.

    Parameters
    ----------
    allowed
        Private networks that may be reached.
    ports
        Ports that clients who name their goal to us may ask for; with none, all that browsers use.
    own_ports
        Gives the ports of our own listeners, which stay refused on every address of this machine.
    """

    def __init__(
        self,
        allowed: Sequence[Network],
        ports: Sequence[range],
        own_ports: Callable[[], set[int]],
        counters: Counter[str],
        lookup: Resolve = resolve,
    ) -> None:
        self._allowed = allowed
        self._ports = ports
        self._own_ports = own_ports
        self._counters = counters
        self._lookup = lookup

    async def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Judge a connection that is about to be made."""
        assert data.server.address is not None
        host, port = data.server.address[:2]
        mode = data.client.proxy_mode
        chosen = _configured(mode) == (host, port)
        if not chosen and isinstance(mode, _EXPLICIT) and not self._may_ask_for(port):
            return self._refuse(data.server, "port")
        try:
            found = await self._lookup(host, port)
        except OSError:
            data.server.error = "the name could not be resolved"
            return None
        judged = [info for info in found if not self._refusal(info[4], chosen)]
        if not judged:
            reason = self._refusal(found[0][4], chosen) if found else "unresolved"
            return self._refuse(data.server, f"{reason} address")
        if data.server.transport_protocol == "udp":  # resolved elsewhere: no way to pin a name
            data.server.address = (judged[0][4][0], port)
        _judged.set((host, port, judged))
        return None

    def _refuse(self, server: connection.Server, why: str) -> None:
        self._counters[f'outbound_refused_total{{reason="{why.partition(" ")[0]}"}}'] += 1
        server.error = f"refused by the proxy ({why})"

    def _may_ask_for(self, port: int) -> bool:
        if self._ports:
            return any(port in ports for ports in self._ports)
        return port not in _BAD_PORTS

    def _refusal(self, place: Sequence[Any], chosen: bool) -> str:
        """Why an address is refused, "" where it is not; `chosen` by the operator as our origin."""
        meant = readings(ipaddress.ip_address(place[0].partition("%")[0]))
        if any(each.is_unspecified for each in meant):
            return "private"
        if place[1] in self._own_ports() and any(is_local(each) for each in meant):
            return "own"
        if chosen or all(is_public(each) or self._is_allowed(each) for each in meant):
            return ""
        return "private"

    def _is_allowed(self, address: Address) -> bool:
        return any(address in network for network in self._allowed)


def _configured(mode: mode_specs.ProxyMode) -> tuple[str, int] | None:
    """The one address that the operator's own mode names."""
    if isinstance(mode, mode_specs.UpstreamMode | mode_specs.ReverseMode):
        return mode.address
    return None


def tunnelled_host(data: tls.ClientHelloData) -> str | None:
    """The name that decides whether a TLS connection is tunnelled.

    The name that the client asked us to connect to, as a server name in its greeting could be that
    of an excluded site while it goes elsewhere; that one counts where no name was asked for.
    """
    address = data.context.server.address
    asked = address[0] if address else ""
    try:
        ipaddress.ip_address(asked or "0.0.0.0")  # noqa: S104 - stands for "no name"
    except ValueError:
        return asked
    return data.client_hello.sni or asked or None
