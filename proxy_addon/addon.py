"""The composition root of the proxy: the ordered list of hooks is its architecture.

    tls (tunnel? may it be reached?) -> route (ours?) -> identity -> policy -> headers, request side
    -> origin -> policy -> headers + csp -> inject, or stream through

Every hook is wrapped once, by `guarded`: mitmproxy would serve the page when an addon raises, and
tell nobody. Runs under `reauth proxy`, and under a stock `mitmdump -s proxy_addon/addon.py`.
"""

import asyncio
import functools
import logging
import os
import signal
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from mitmproxy import addonmanager, connection, ctx, http, tcp, tls, udp
from mitmproxy.net.http import url
from mitmproxy.proxy import mode_specs, server_hooks

from proxy_addon.compat import REQUEST_BOUND, Bound, idle_timeout
from proxy_addon.entrance import peer_of
from proxy_addon.page import Visit
from proxy_addon.parts import Parts, prepare, read_settings
from proxy_addon.policy import RequestHead, Standing, combine
from proxy_addon.route import MAX_BODY, Sender
from proxy_addon.tls import pin
from reauth.errors import ReauthError

log = logging.getLogger(__name__)

VISIT = "reauth"
"""Key of a flow's `Visit` in its metadata."""
_LAST_WORDS = 3.0
"""s in which the batches that wait are still sent when we are told to stop."""
_OPTIONS = {
    "connection_strategy": "eager",  # ALPN as the origin speaks it (transparency.md, 6)
    "http2": True,
    "websocket": False,  # frames pass as they are, through the raw relay
    "rawtcp": True,
    "ssl_insecure": False,
    "validate_inbound_headers": True,
    "keep_host_header": True,  # of a reverse proxy: the origin that the browser shows
    "onboarding": False,
    "stream_large_bodies": None,
    "body_size_limit": None,
    "store_streamed_bodies": False,
    "flow_detail": 0,  # stock mitmdump would print addresses of pages
    "termlog_verbosity": "warn",
}
_PORTS = {"http": 80, "https": 443}

Then = Callable[[http.HTTPFlow], Awaitable[None] | None]
T = TypeVar("T")
Hook = Callable[["Addon", T], Any]


def guarded(hook: Hook[T]) -> Hook[T]:
    """Turn what a hook raises into the site's choice: open, the page is served; closed, 503."""
    name = hook.__name__

    @functools.wraps(hook)
    def call(self: "Addon", data: T) -> Any:
        try:
            result = hook(self, data)
            return result and wait(self, data, result)
        except Exception as error:
            self.failed(name, data, error)

    async def wait(self: "Addon", data: T, result: Awaitable[None]) -> None:
        try:
            await result
        except Exception as error:
            self.failed(name, data, error)

    return call


class Addon:
    """Our hooks, in the order in which a connection meets them.

    Parameters
    ----------
    parts
        What the hooks work with, from the launcher. Without it we are in a stock mitmdump, and the
        option `reauth_config` or the variable `REAUTH_CONFIG` names the settings' file.
    """

    name = "reauth"
    parts: Parts
    """There once `configure` was called, which mitmproxy does before any hook."""
    served = 0
    """Requests so far."""

    def __init__(self, parts: Parts | None = None) -> None:
        self._given = parts
        self._tasks: list[asyncio.Task[None]] = []
        self._active: set[str] = set()
        """Flows under way, which a stop waits for."""
        self._rest = asyncio.Event()

    # --- life

    def load(self, loader: addonmanager.Loader) -> None:
        """Add our options."""
        idle_timeout.offer(loader)
        path = os.environ.get("REAUTH_CONFIG", "mitm.toml")
        loader.add_option("reauth_config", str, path, "Settings of reauth.")

    def configure(self, updated: set[str]) -> None:
        """Build all parts, once; raises `ReauthError`, at which a stock mitmdump stops."""
        if hasattr(self, "parts"):
            return
        if self._given is None:
            path = ctx.options.reauth_config
            prepare(read_settings(path), stock=True)
            self._given = Parts(path)
        self.parts = self._given
        options = {**_OPTIONS, "ssl_verify_upstream_trusted_ca": self.parts.trust}
        options[idle_timeout.OPTION] = int(self.parts.settings.proxy.idle_timeout)
        ctx.options.update_known(**options)  # type: ignore[no-untyped-call] # as published

    def running(self) -> None:
        """Start what runs beside the hooks."""
        loop = asyncio.get_running_loop()
        pin(loop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        parts = (self.parts.forward, self.parts.control)
        self._tasks = [
            asyncio.create_task(part.run()) for part in parts  # noqa: TID251 - held until `done`
        ]

    async def rest(self, seconds: float) -> None:
        """Wait until no flow is under way, or so long."""
        if self._active:
            self._rest.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._rest.wait(), seconds)

    def reload(self) -> None:
        """Read the address map, passwords and lists anew; what cannot be read changes nothing."""
        try:
            self.parts.reload()
        except (ReauthError, OSError) as error:
            self.parts.counters["reload_failed_total"] += 1
            log.error("reload_failed", extra={"fields": {"error": type(error).__name__}})
        else:
            log.warning("reloaded")

    async def done(self) -> None:
        """Send what waits, and stop."""
        if not self._tasks:
            return
        forward, control = self._tasks
        self.parts.forward.close()
        control.cancel()
        await asyncio.wait({forward}, timeout=_LAST_WORDS)
        forward.cancel()

    # --- connections

    @guarded
    async def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """May it be reached?"""
        await self.parts.guard.server_connect(data)
        self.parts.handshakes.connecting(data.client, data.server)

    @guarded
    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        """Is it tunnelled?"""
        reason = self.parts.tunnelled(data)
        if reason:
            data.ignore_connection = True
            self.parts.counters[f'tunnelled_total{{reason="{reason}"}}'] += 1
        else:
            self.parts.handshakes.greeted(data)

    @guarded
    def tls_start_server(self, data: tls.TlsData) -> None:
        """What does the origin ask for?"""
        self.parts.handshakes.starting(data)

    @guarded
    def tls_established_server(self, data: tls.TlsData) -> None:
        """It asked for nothing that we have not, or for a certificate."""
        self.parts.handshakes.ended(data, self.parts.is_closed(data))

    @guarded
    def tls_failed_server(self, data: tls.TlsData) -> None:
        """It is not who it says, or wants a certificate."""
        self.parts.handshakes.ended(data, self.parts.is_closed(data))

    @guarded
    def tls_start_client(self, data: tls.TlsData) -> None:
        """Is the client shown our certificate, or a bad one?"""
        self.parts.handshakes.answering(data)
        self.parts.entrance.asking(data)

    @guarded
    def tls_established_client(self, data: tls.TlsData) -> None:
        """Has it shown us who it is?"""
        self.parts.entrance.shown(data)
        self.parts.tunnels.holds(data.context.client)

    @guarded
    def tls_failed_client(self, data: tls.TlsData) -> None:
        """Does it not trust us? Where the origin's certificate is bad it is right not to."""
        if not self.parts.handshakes.is_untrue(data.context.server):
            self.parts.tunnels.fails(data.context.client)

    @guarded
    def http_connect(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """Who asks for a tunnel?"""
        return self._admit(flow, lambda flow: self.parts.entrance.opened(flow.client_conn))

    @guarded
    def client_disconnected(self, client: connection.Client) -> None:
        """Forget who it was."""
        self.parts.entrance.left(client)

    # --- requests and answers

    @guarded
    def requestheaders(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """Whose request is it, and is it for us?"""
        self._active.add(flow.id)
        self.served += 1
        return self._admit(flow, self._admitted)

    def _admitted(self, flow: http.HTTPFlow) -> None:
        visit = flow.metadata[VISIT] = self._visit(flow)
        self.parts.tunnels.speaks(flow.client_conn, flow.request.headers)
        if visit.ours is None:
            self.parts.pages.request(flow, visit)
        elif self._takes(flow):
            visit.answered = True
            flow.response = self.parts.route.answer(visit.ours, flow.request)

    @guarded
    def request(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """A batch has come whole, or has passed what is for the origin."""
        visit = flow.metadata.get(VISIT)
        if visit is not None and flow.response is None:
            if visit.answered:
                return self._receive(flow, visit)
            self.parts.pages.report(flow, visit)
        return None

    async def _receive(self, flow: http.HTTPFlow, visit: Visit) -> None:
        route = self.parts.route
        if visit.standing is Standing.CLEAR and not visit.site.excluded:
            flow.response = await route.receive(flow.request, visit.sender)
        else:  # a page from before; its observer falls silent after a few of these
            flow.response = route.refused("stopped", 403)

    @guarded
    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """What is done with this answer?"""
        visit = flow.metadata.get(VISIT)
        if visit is None:  # a hook failed before, or nobody was let in
            assert flow.response is not None
            flow.response.stream = True
        elif not visit.answered:
            self.parts.pages.response(flow, visit)

    @guarded
    def response(self, flow: http.HTTPFlow) -> None:
        """An answer has come whole, or has passed."""
        self._ended(flow)
        if visit := flow.metadata.get(VISIT):
            self.parts.pages.finish(flow, visit)

    def error(self, flow: http.HTTPFlow) -> None:
        """An answer broke off, or never came."""
        if _is_away(flow):
            flow.kill()  # type: ignore[no-untyped-call] # as published
        self._ended(flow)

    def _ended(self, flow: http.HTTPFlow) -> None:
        self._active.discard(flow.id)
        if not self._active:
            self._rest.set()

    def tcp_message(self, flow: tcp.TCPFlow | udp.UDPFlow) -> None:
        """Keep nothing of what is relayed raw; mitmproxy would keep it as long as it lasts."""
        flow.messages.clear()

    udp_message = tcp_message

    # --- who, and for whom

    def _admit(self, flow: http.HTTPFlow, then: Then) -> Awaitable[None] | None:
        """Go on with who is let in, at once where nobody is asked; answer 407 to the others."""
        asked = self.parts.entrance.refusal(flow)
        return then(flow) if asked is None else self._ask(flow, asked, then)

    async def _ask(self, flow: http.HTTPFlow, asked: Awaitable[Any], then: Then) -> None:
        refusal = await asked
        if refusal is None:
            then(flow)
        elif flow.request.method == "CONNECT" or self._takes(flow):
            flow.response = refusal

    def _takes(self, flow: http.HTTPFlow) -> bool:
        """Whether a request that we answer may have its body read; else the flow is killed.

        Over HTTP/2 a body may come that no head tells of: it ends the flow when it is too large.
        """

        def kill(flow: http.HTTPFlow) -> None:
            self.parts.counters["oversize_total"] += 1
            if flow.killable:
                flow.kill()  # type: ignore[no-untyped-call] # as published

        if not self.parts.route.takes(flow.request):
            flow.kill()  # type: ignore[no-untyped-call] # as published
            return False
        flow.metadata[REQUEST_BOUND] = Bound(MAX_BODY, kill)
        return True

    def _visit(self, flow: http.HTTPFlow) -> Visit:
        request, peer = flow.request, peer_of(flow.client_conn)
        ours = self.parts.route.name(request.path)
        head = RequestHead(
            request.method,
            request.path,
            request.pretty_host,
            combine(request.headers.fields),
            ours is not None,
        )
        sender = Sender(self.parts.entrance.identify(peer), peer.address, _origin(flow))
        return Visit(head, sender, self.parts.site_of(request), self.parts.standing, ours)

    # --- what fails

    def failed(self, hook: str, data: Any, error: Exception) -> None:
        """A hook raised: count it, say so, and let the site's choice stand."""
        self.parts.counters[f'hook_errors_total{{hook="{hook}"}}'] += 1
        log.error("hook_failed", extra={"fields": {"hook": hook, **failure(error)}})
        if isinstance(data, server_hooks.ServerConnectionHookData):
            data.server.error = "the proxy could not judge this address"
        elif isinstance(data, http.HTTPFlow):
            self._choose(hook, data)

    def _choose(self, hook: str, flow: http.HTTPFlow) -> None:
        if flow.request.method == "CONNECT":
            return
        ours = self.parts.route.name(flow.request.path) is not None
        if hook in ("requestheaders", "request") and ours:
            flow.response = self.parts.pages.refusal()
        elif not ours and self.parts.site_of(flow.request).closed:
            self._close(hook, flow)
        elif hook == "responseheaders" and flow.response is not None:
            flow.response.stream = True

    def _close(self, hook: str, flow: http.HTTPFlow) -> None:
        if hook == "responseheaders":
            self.parts.pages.refuse(flow)
        else:
            flow.request.stream = False
            flow.response = self.parts.pages.refusal()


def failure(error: BaseException) -> dict[str, str]:
    """What a log may say of an exception: its kind and place; its text may hold anything."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return {"error": type(error).__name__, "at": at}


def _is_away(flow: http.HTTPFlow) -> bool:
    """Whether an HTTPS origin was not reached, or said nothing; not one that failed our check.

    The browser is then let down as by the origin itself: it has a page for that, and scripts have a
    rule, such as showing what they stored. They would take an answer of ours for the site's.
    """
    server = flow.server_conn
    untrue = server.timestamp_tcp_setup and server.tls and not server.tls_established
    return bool(
        flow.killable and not flow.response and flow.client_conn.tls_established and not untrue
    )


def _origin(flow: http.HTTPFlow) -> str:
    """The page's origin as its browser writes it (RFC 6454, 6.1)."""
    request, scheme = flow.request, flow.request.scheme
    if isinstance(flow.client_conn.proxy_mode, mode_specs.ReverseMode):
        scheme = "https" if flow.client_conn.tls_established else "http"
    try:
        host, port = url.parse_authority(request.host_header or "", check=True)
    except ValueError:
        host, port = request.host, request.port
    host = f"[{host}]" if ":" in host else host.lower()
    return f"{scheme}://{host}" + (f":{port}" if port and port != _PORTS.get(scheme) else "")


addons = [Addon()]
