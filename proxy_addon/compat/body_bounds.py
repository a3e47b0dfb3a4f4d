"""A body that mitmproxy holds in memory is held up to a bound that its flow names.

mitmproxy buffers what is not streamed, to its end, and no hook sees it grow: a flow cannot be
ended meanwhile (https://github.com/mitmproxy/mitmproxy/issues/4711), and its one limit,
`body_size_limit`, is for all flows and would refuse downloads. A head cannot tell: over HTTP/2 no
length need be said, and with chunks there is none. Here a `Bound` in the flow's metadata is asked
at each piece. Beyond it what was held is dropped, and `over` says what becomes of the flow: it may
kill it, or, as no byte of the answer has left, put another answer in its place.
"""

from collections.abc import Generator
from typing import Any

from mitmproxy.proxy.commands import Command
from mitmproxy.proxy.layers.http import HttpStream

from proxy_addon.compat import REQUEST_BOUND, RESPONSE_BOUND

_stock = HttpStream.check_body_size


def apply() -> None:
    """Let streams ask their flow how much they may hold."""
    HttpStream.check_body_size = _check_body_size  # type: ignore[method-assign] # the patch


def _check_body_size(self: HttpStream, request: bool) -> Generator[Command, Any, bool]:
    """Called by mitmproxy for each piece that it has put into one of the two buffers."""
    bound = self.flow.metadata.get(REQUEST_BOUND if request else RESPONSE_BOUND)
    held = self.request_body_buf if request else self.response_body_buf
    if bound is None or len(held) <= bound.limit:
        return (yield from _stock(self, request))
    held.clear()  # type: ignore[no-untyped-call] # as published
    bound.over(self.flow)
    if not (yield from self.check_killed(True)) and not request:
        yield from self.start_response_stream()
    return True
