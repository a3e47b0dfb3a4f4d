"""Several processes on one port: mitmproxy binds its listeners without SO_REUSEPORT.

No option asks for it, and the second process fails to bind. The launcher calls `apply` in each of
its processes; a stock mitmdump, alone on its port, keeps the error that tells it so.
"""

import asyncio
from typing import Any

from mitmproxy.proxy.mode_servers import AsyncioServerInstance

_STOCK = AsyncioServerInstance.listen


def apply() -> None:
    """Let TCP listeners share their port; UDP ones are mitmproxy_rs's and cannot."""
    AsyncioServerInstance.listen = _listen  # type: ignore[method-assign] # the patch


async def _listen(self: AsyncioServerInstance[Any], host: str, port: int) -> list[Any]:
    if self.mode.transport_protocol != "tcp":
        return await _STOCK(self, host, port)
    return [await asyncio.start_server(self.handle_stream, host, port, reuse_port=True)]
