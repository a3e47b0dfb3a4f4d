"""What asyncio reads of a socket at once."""

import asyncio
import socket
from asyncio import selector_events

import pytest

from proxy_addon.compat import small_reads

SENT = 1 << 18


@pytest.fixture(autouse=True)
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio as it was, afterwards too."""
    transport = selector_events._SelectorTransport  # type: ignore[attr-defined] # not in typeshed
    monkeypatch.setattr(transport, "max_size", 256 * 1024)


class Reads(asyncio.Protocol):
    """Notes the size of each read."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.over = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.sizes.append(len(data))

    def connection_lost(self, error: Exception | None) -> None:
        self.over.set_result(None)


async def largest_read() -> int:
    """The largest of a socket that holds more than one."""
    near, far = socket.socketpair()
    far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT)
    far.setblocking(False)
    sent = far.send(bytes(SENT))
    far.close()
    loop = asyncio.get_running_loop()
    _, reads = await loop.create_connection(Reads, sock=near)
    await reads.over
    assert sent == sum(reads.sizes) > small_reads.SIZE
    return max(reads.sizes)


async def test_no_read_brings_more_than_mitmproxy_takes():
    """So that nothing is left to be moved."""
    small_reads.apply()
    small_reads.apply()

    assert small_reads.SIZE == await largest_read()


async def test_without_the_patch_one_does():
    """When this fails, asyncio reads less: the row in the table goes."""
    assert small_reads.SIZE < await largest_read()
