"""Long headers pass over HTTP/2 as they do over HTTP/1.

h2 takes no list of headers beyond 64 KiB (`DEFAULT_MAX_HEADER_LIST_SIZE` in
https://github.com/python-hyper/h2/blob/v4.1.0/src/h2/connection.py), and mitmproxy leaves it at
that: one long cookie or policy ends the whole connection, with all of its streams. Browsers take
`LIMIT`, and so do we.
"""

from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

LIMIT = 1 << 18
"""Bytes of one list of headers: what Chromium takes (net/http/http_stream_parser.h,
`kMaxHeaderBufSize`; the same for HTTP/2)."""


def apply() -> None:
    """Let HTTP/2 connections take longer lists of headers, and say so."""
    BufferedH2Connection.DEFAULT_MAX_HEADER_LIST_SIZE = LIMIT
