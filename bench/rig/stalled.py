"""An HTTP/2 client that reads its socket and opens no window: what a paused video does.

The proxy is asked for 600 MB; what its memory grows by while nobody takes them is what it keeps.
"""

import asyncio
import ssl
import time
from urllib.parse import urlsplit

import h2.config
import h2.connection

from rig.proxies import Proxy

SECONDS = 3.0


async def _stall(proxy: Proxy, url: str, seconds: float) -> int:
    """Ask for a file, read for so long; bytes of it that came."""
    place = urlsplit(url)
    where = urlsplit(proxy.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(f"CONNECT {place.netloc} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n")[0], head
    context = ssl.create_default_context(cafile=proxy.ca)
    context.set_alpn_protocols(["h2"])
    await writer.start_tls(context, server_hostname=place.hostname)
    http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    http.initiate_connection()
    names = {":method": "GET", ":scheme": "https", ":authority": place.netloc, ":path": place.path}
    http.send_headers(1, list(names.items()), end_stream=True)
    writer.write(http.data_to_send())
    ends, came = time.monotonic() + seconds, 0
    while (left := ends - time.monotonic()) > 0:
        try:
            async with asyncio.timeout(left):
                data = await reader.read(65536)
        except TimeoutError:
            break
        assert data, "the proxy hung up"
        came += sum(len(getattr(event, "data", b"") or b"") for event in http.receive_data(data))
        writer.write(http.data_to_send())
    writer.transport.abort()
    return came


def growth(proxy: Proxy, url: str, seconds: float = SECONDS) -> float:
    """MB that a proxy's memory peaks above what it had before.

    Raises
    ------
    RuntimeError
        If the file did not begin to come.
    """
    proxy.forget_peak()
    before = proxy.peak_mb()
    if not asyncio.run(_stall(proxy, url, seconds)):
        raise RuntimeError("nothing came of the stalled stream")
    return proxy.peak_mb() - before
