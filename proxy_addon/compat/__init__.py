"""Closes mitmproxy's own holes: one small file a patch, applied to the versions that have it.

The one idea: the table below. Outside its range a patch is not even imported, a mitmproxy that
nobody tested is refused, and the test of each patch fails without it, so that the day on which a
release closes a hole is the day on which its row goes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from reauth.errors import SettingsError

if TYPE_CHECKING:
    from mitmproxy import http

TESTED = {"11.0.2": r"11\.0\.2", "12.2": r"12\.2\.\d+"}
"""The two lines of releases that are tested on every change, and the versions that belong to each:
11.0.2 is the newest for Python 3.11, 12.2.x runs on 3.13 (transparency.md, first lines)."""


REQUEST_BOUND = "reauth.request_bound"
RESPONSE_BOUND = "reauth.response_bound"
"""Keys of a flow's `Bound`s in its metadata, for the bodies that are not streamed."""


class Bound(NamedTuple):
    """How much of a body may be held, and what is done about one that is larger.

    Parameters
    ----------
    limit
        Bytes.
    over
        Called once, beyond them: kills the flow, or sets `flow.response` to an answer whose
        `stream` swallows the rest of the body.
    """

    limit: int
    over: "Callable[[http.HTTPFlow], None]"


@dataclass(frozen=True)
class Patch:
    """A row of the table.

    Parameters
    ----------
    name
        The module in this package; its `apply()` may be called again without harm.
    lines
        Lines of releases that have the hole.
    upstream
        Issue or advisory; the place in the source where it costs time only.
    hole
        What goes wrong without it.
    by_launcher
        The launcher alone wants it, and applies it itself: stock mitmdump goes without.
    """

    name: str
    lines: tuple[str, ...]
    upstream: str
    hole: str
    by_launcher: bool = False


PATCHES = (
    Patch(
        "at_once",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/proxy/server.py",
        "each hook is a task of its own, and each piece a write",
        by_launcher=True,
    ),
    Patch(
        "bare_layers",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/proxy/layer.py",
        "each layer asks at each command whether somebody debugs it",
    ),
    Patch(
        "bare_messages",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/http.py",
        "the fields of each message are compared with their annotations",
    ),
    Patch(
        "body_bounds",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/issues/4711",
        "a body without a length that is not streamed is held in memory, however large",
    ),
    Patch(
        "coalesced_data",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/proxy/layers/http/_http2.py",
        "each DATA frame goes through all layers by itself",
    ),
    Patch(
        "cut_bodies",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/issues/4711",
        "what a stream holds is lost when the origin breaks off, and it cannot break off itself",
    ),
    Patch(
        "farewell",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/issues/3895",
        "kept connections are cut under a request when a process ends",
        by_launcher=True,
    ),
    Patch(
        "h1_informational",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/issues/2229",
        "103 Early Hints are taken for the final response: the page never comes",
    ),
    Patch(
        "h1_trailers",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/issues/2474",
        "trailers raise NotImplementedError: the client hangs",
    ),
    Patch(
        "h1_uploads",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/blob/v12.2.3/mitmproxy/proxy/layers/http/_http1.py",
        "an upload by HTTP/2 without a length is taken for the next request by HTTP/1",
    ),
    Patch(
        "h2_empty_data",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/pull/8242",
        "an empty DATA frame ends a chunked body before its end, or twice",
    ),
    Patch(
        "h2_flow_control",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/pull/7317",
        "of a body that its receiver does not read, all is taken and kept",
    ),
    Patch(
        "h2_header_check",
        ("11.0.2",),
        "https://github.com/python-hyper/h2/security/advisories/GHSA-847f-9342-265h",
        "a line end in an HTTP/2 header becomes a header, or a request, of HTTP/1",
    ),
    Patch(
        "h2_informational",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/blob/v12.2.3/mitmproxy/proxy/layers/http/_http2.py",
        "103 Early Hints are dropped: pages come later than their sites mean them to",
    ),
    Patch(
        "h2_long_headers",
        ("11.0.2", "12.2"),
        "https://github.com/python-hyper/h2/blob/v4.1.0/src/h2/connection.py",
        "a list of headers of 64 KiB ends an HTTP/2 connection with all its streams",
    ),
    Patch(
        "h2_windows",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/pull/7317",
        "every HTTP/2 stream is promised a window of two gigabytes",
    ),
    Patch(
        "idle_clock",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/issues/7909",
        "a clock that is set ahead cuts connections that wait for an answer",
    ),
    Patch(
        "idle_timeout",
        ("11.0.2",),
        "https://github.com/mitmproxy/mitmproxy/issues/7909",
        "the time that a connection may be silent is fixed",
    ),
    Patch(
        "joined_records",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/proxy/layers/tls.py",
        "each piece of a message is encrypted by itself",
    ),
    Patch(
        "known_hosts",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/net/http/url.py",
        "the host of each request is taken apart and checked four times",
    ),
    Patch(
        "late_tunnel",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/issues/4702",
        "what only the origin tells comes too late for a tunnel: client certificates are lost",
    ),
    Patch(
        "leaf",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/issues/8203",
        "leaves bear the CA's own key, live for most of a year, and 100 of them are kept",
    ),
    Patch(
        "proxy_protocol",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/issues/4776",
        "behind a load balancer all users have its address",
    ),
    Patch(
        "quiet_frames",
        ("11.0.2", "12.2"),
        "https://github.com/python-hyper/h2/blob/v4.1.0/src/h2/connection.py",
        "every frame of HTTP/2 is written out for a logger that drops it",
    ),
    Patch(
        "quick_headers",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/coretypes/multidict.py",
        "each look at a header goes through four layers of conversion",
    ),
    Patch(
        "reuse_port",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/issues/3409",
        "a second process cannot listen on the port of the first",
        by_launcher=True,
    ),
    Patch(
        "small_reads",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/proxy/server.py",
        "sockets are read by four times what is taken, and the rest is moved about",
    ),
    Patch(
        "socket_waits",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/issues/5034",
        "one origin that does not read an upload stops all streams of its browser",
    ),
    Patch(
        "upstream_ipv6",
        ("11.0.2", "12.2"),
        "https://github.com/mitmproxy/mitmproxy/issues/8326",
        "another proxy is asked for an IPv6 address without its brackets",
    ),
)


def apply(version: str) -> list[str]:
    """Apply the patches that mitmproxy `version` needs; before anything is served, once a process.

    Returns
    -------
    list
        Names of those applied, for the log.

    Raises
    ------
    SettingsError
        For a mitmproxy that is not tested: its internals may differ in silence.

    Examples
    --------
    >>> apply("13.0.0")
    Traceback (most recent call last):
        ...
    reauth.errors.SettingsError: mitmproxy 13.0.0 is untested here: install 11.0.2 or 12.2.x
    """
    line = next((line for line, form in TESTED.items() if re.fullmatch(form, version)), None)
    if line is None:
        raise SettingsError(f"mitmproxy {version} is untested here: install 11.0.2 or 12.2.x")
    wanted = [patch for patch in PATCHES if line in patch.lines and not patch.by_launcher]
    names = [patch.name for patch in wanted]
    for name in names:
        import_module(f"{__name__}.{name}").apply()
    return names
