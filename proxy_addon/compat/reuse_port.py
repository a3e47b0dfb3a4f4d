"""Several processes on one port: mitmproxy binds its listeners itself, and not to be shared.

No option asks for SO_REUSEPORT, and the second process fails to bind. Nor would a listener of the
process's own do: one that is closed resets the connections that wait in its queue. So the parent
holds the listeners, a process is lent some, and whoever comes after it accepts what it has left.
The launcher calls `apply` in each of its processes; a stock mitmdump, alone on its port, keeps the
error that tells it so.
"""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

from mitmproxy.proxy.mode_servers import AsyncioServerInstance

BACKLOG = 1024
"""Connections that may wait while a process is replaced; the kernel's own limit holds too."""

_STOCK = AsyncioServerInstance.listen


def bound(host: str, port: int) -> socket.socket:
    """A socket on a port that others may be bound to as well."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on, and answers wait for acknowledgements.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((host, port))
    return made


def apply(listeners: Sequence[socket.socket] = ()) -> None:
    """Let TCP listeners be these; UDP ones are mitmproxy_rs's and cannot be shared.

    A reverse proxy would have both. HTTP/3 is left out: no browser is told of it.
    """

    async def listen(self: AsyncioServerInstance[Any], host: str, port: int) -> list[Any]:
        if self.mode.transport_protocol == "udp":
            return await _STOCK(self, host, port)
        return [
            await asyncio.start_server(self.handle_stream, sock=each, backlog=BACKLOG)
            for each in listeners
        ]

    AsyncioServerInstance.listen = listen  # type: ignore[method-assign] # the patch
