"""What ours is compared with: addons of a stock mitmdump, the one that `BASELINE` names.

`naive` is how injectors are written: decode, put the tag in, let mitmproxy encode it as it came.
`streamed` changes nothing and buffers nothing. `rewritten` sends batches to another server by
putting its address in place of the site's.
"""

import os
from pathlib import Path

from mitmproxy import http


class Naive:
    """Puts the tag behind <head> of a buffered page."""

    def __init__(self) -> None:
        self._tag = Path(os.environ["BASELINE_TAG"]).read_bytes()

    def response(self, flow: http.HTTPFlow) -> None:
        """Change a page that has come whole."""
        if flow.response and "text/html" in flow.response.headers.get("content-type", ""):
            page = flow.response.content or b""
            flow.response.content = page.replace(b"<head>", b"<head>" + self._tag, 1)


class Streamed:
    """Passes bodies on as they come."""

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Let mitmproxy not wait for the body."""
        if flow.response:
            flow.response.stream = True


class Rewritten:
    """Sends what is under /obs/ to a server beside the proxy."""

    def __init__(self) -> None:
        self._port = int(os.environ["BASELINE_PORT"])

    def request(self, flow: http.HTTPFlow) -> None:
        """Name another server."""
        if flow.request.path.startswith("/obs/"):
            flow.request.scheme, flow.request.host = "http", "127.0.0.1"
            flow.request.port, flow.request.path = self._port, "/v1/batches"


_KINDS = {"naive": Naive, "streamed": Streamed, "rewritten": Rewritten}
addons = [_KINDS[os.environ["BASELINE"]]()]
