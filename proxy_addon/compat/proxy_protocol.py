"""Behind a load balancer the client is who the balancer says, by the PROXY protocol, version 2.

mitmproxy has no reader of it (https://github.com/mitmproxy/mitmproxy/issues/4776): all users would
have the balancer's address. What a connection begins with is believed from listed peers alone, and
a listed peer must begin with it: a connection that does not is closed and counted, as nobody could
tell whose it is (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, sections 2 and 2.2).
"""

import asyncio
import ipaddress
from collections.abc import Callable, Sequence
from typing import Any

from mitmproxy.proxy.mode_servers import ServerInstance

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PATIENCE = 5.0
"""s for a header, which a balancer sends at once (section 2 asks for at least 3)."""
LONGEST = 4096
"""Bytes behind the fixed part: the addresses, and what else a balancer tells, which is not read."""
_SIZES = {0x11: 4, 0x21: 16}
"""Bytes of an address of TCP over IPv4 and IPv6 (section 2.2)."""
_LOCAL, _PROXY = 0x20, 0x21
"""Version 2, and for whom the connection is: the balancer itself, or a client."""

_stock = ServerInstance.handle_stream
_peers: Sequence[Network] = ()
_refused: Callable[[], None] = lambda: None  # noqa: E731 - until somebody counts


class _Named(asyncio.StreamWriter):
    """A connection whose other end has a name of its own."""

    peername: tuple[str, int]

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Tell it instead of the socket's."""
        return self.peername if name == "peername" else super().get_extra_info(name, default)


def apply() -> None:
    """Read what connections of listed peers begin with; none is listed until `trust`."""
    ServerInstance.handle_stream = _handle_stream  # type: ignore[method-assign] # the patch


def trust(peers: Sequence[Network], refused: Callable[[], None]) -> None:
    """Say who is believed, and who counts the connections that are closed."""
    global _peers, _refused
    _peers, _refused = peers, refused


async def source(reader: asyncio.StreamReader) -> tuple[str, int] | None:
    """Read a header; the client's address, None where the balancer speaks for itself.

    Raises
    ------
    ValueError
        If it is none of version 2, or none that can be meant for us.
    """
    head = await reader.readexactly(16)
    size = int.from_bytes(head[14:])
    if head[:12] != SIGNATURE or head[12] not in (_LOCAL, _PROXY) or size > LONGEST:
        raise ValueError("no PROXY header of version 2")
    told = await reader.readexactly(size)
    if head[12] == _LOCAL:
        return None
    width = _SIZES.get(head[13], LONGEST)
    if size < 2 * width + 4:
        raise ValueError("no address of TCP")
    return str(ipaddress.ip_address(told[:width])), int.from_bytes(told[2 * width : 2 * width + 2])


async def _handle_stream(self: ServerInstance[Any], reader: Any, writer: Any = None) -> None:
    if isinstance(writer, asyncio.StreamWriter) and _is_listed(writer.get_extra_info("peername")):
        try:
            named = await asyncio.wait_for(source(reader), PATIENCE)
        except (ValueError, OSError, EOFError, TimeoutError):
            _refused()
            writer.close()
            return
        if named is not None:
            # In place: a second writer of one connection would close it when it is collected.
            writer.__class__ = _Named
            writer.__dict__["peername"] = named
    await _stock(self, reader, writer)


def _is_listed(peername: Any) -> bool:
    if not _peers or not peername:
        return False
    address = ipaddress.ip_address(peername[0].partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in _peers)
