"""DATA frames of a stream that come in one read go on as one piece.

mitmproxy hands each on by itself, through a dozen layers, its own TLS record and its own write; a
page has several, and nobody sees it sooner (proxy-performance.md, 6).
"""

from typing import Any

from h2.events import DataReceived  # type: ignore[import-untyped] # as published
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

_stock = BufferedH2Connection.receive_data


def apply() -> None:
    """Let frames that follow each other in a read be one."""
    BufferedH2Connection.receive_data = _receive_data  # type: ignore[method-assign] # the patch


def _receive_data(self: BufferedH2Connection, data: bytes) -> list[Any]:
    found: list[Any] = []
    runs: list[tuple[DataReceived, list[bytes]]] = []
    for event in _stock(self, data):
        last = found[-1] if found else None
        if not isinstance(event, DataReceived):
            found.append(event)
        elif isinstance(last, DataReceived) and last.stream_id == event.stream_id:
            runs[-1][1].append(event.data)
            last.flow_controlled_length += event.flow_controlled_length
            last.stream_ended = event.stream_ended
        else:
            found.append(event)
            runs.append((event, [event.data]))
    for first, pieces in runs:
        first.data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    return found
