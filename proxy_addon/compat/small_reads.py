"""A socket is read by as much as mitmproxy takes at a time.

asyncio reads up to 256 KiB, of which mitmproxy takes 65,535 bytes at a time
(`handle_connection` in https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/proxy/server.py):
the rest waits in a buffer that grows and shrinks by whole pages of memory, and is moved down each
time. That was a quarter of a download's processor time (measured, bench/proxy.py).
"""

from asyncio import selector_events

SIZE = 65535
"""Bytes: what mitmproxy asks a reader for."""


def apply() -> None:
    """Let all sockets of this process be read by so much."""
    selector_events._SelectorTransport.max_size = SIZE  # type: ignore[attr-defined] # not in typeshed
