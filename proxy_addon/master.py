"""A trimmed mitmproxy: what a proxy needs of it, with hooks that are looked up once.

The stock manager walks some thirty addons for each of a dozen hooks of every request
(proxy-performance.md, 4); here are six of them and ours, whose methods are found at the start.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any

from mitmproxy import addonmanager, exceptions, hooks, master, options
from mitmproxy.addons import block, core, disable_h2c, next_layer, proxyserver, tlsconfig

from proxy_addon.addon import Addon
from proxy_addon.compat import farewell
from reauth.errors import SettingsError
from reauth.settings import Settings, address

log = logging.getLogger(__name__)

_DRAIN = 4.0
"""s of a stop's for answers that are under way."""
_LOOK = 0.2
"""s between two looks at who is still connected."""


def place(settings: Settings) -> tuple[str, int]:
    """Host and port that browsers connect to.

    Raises
    ------
    SettingsError
        If the settings name a Unix socket.
    """
    where = address(settings.proxy.listen)
    if isinstance(where, str):
        raise SettingsError("proxy.listen must be HOST:PORT: browsers know no Unix sockets")
    return where


Call = Callable[[Any], Any]


class Dispatch(addonmanager.AddonManager):
    """Calls hooks that were looked up once; none is told of updates, as nobody of us asks."""

    def freeze(self) -> None:
        """Look the hooks of all addons up; none may be added after this."""
        self._calls: dict[str, tuple[Call, ...]] = {
            name: tuple(call for addon in self.chain if (call := getattr(addon, name, None)))
            for name in hooks.all_hooks
        }
        # Each hook's one argument: `args()` would go through the fields of its class every time.
        self._data = {
            name: attrgetter(named[0].name)
            for name, kind in hooks.all_hooks.items()
            if (named := fields(kind))  # type: ignore[arg-type] # all of them are dataclasses
        }
        self._begun: dict[int, Awaitable[None]] = {}

    def begin(self, event: hooks.Hook) -> Awaitable[None] | None:
        """Call every addon's hook, in their order, up to one that waits; what is left, kept too."""
        calls = self._calls[event.name]
        if not calls:
            return None
        rest = self._call(iter(calls), event.name, self._data[event.name](event))
        if rest is not None:
            self._begun[id(event)] = rest
        return rest

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Call every addon's hook, or await what `begin` has left."""
        rest = self._begun.pop(id(event), None) or self.begin(event)
        if rest is not None:
            self._begun.pop(id(event), None)
            await rest

    def _call(self, calls: Iterator[Call], name: str, data: Any) -> Awaitable[None] | None:
        for call in calls:
            try:
                result = call(data)
            except exceptions.AddonHalt:
                return None
            except Exception:
                log.exception("addon_failed", extra={"fields": {"hook": name}})
                continue
            if result is not None and inspect.isawaitable(result):
                return self._wait(result, calls, name, data)
        return None

    async def _wait(
        self, result: Awaitable[Any], calls: Iterator[Call], name: str, data: Any
    ) -> None:
        try:
            await result
        except exceptions.AddonHalt:
            return
        except Exception:
            log.exception("addon_failed", extra={"fields": {"hook": name}})
        rest = self._call(calls, name, data)
        if rest is not None:
            await rest


class Master(master.Master):
    """mitmproxy with what a proxy needs, and no more.

    Parameters
    ----------
    settings
        With the port resolved.
    addon
        Ours, last in every chain: it sees what mitmproxy's have made of a connection.
    accepting
        Called when the listeners accept.
    """

    def __init__(self, settings: Settings, addon: Addon, accepting: Callable[[], None]) -> None:
        super().__init__(options.Options())
        self._legacy_log_events.uninstall()  # would format every record, wanted or not
        self.addons: Dispatch = Dispatch(self)  # type: ignore[no-untyped-call] # as published
        self.proxyserver = proxyserver.Proxyserver()  # type: ignore[no-untyped-call] # same
        self._addon = addon
        self._accepting = accepting
        self.addons.add(  # type: ignore[no-untyped-call] # same
            core.Core(),
            self.proxyserver,
            next_layer.NextLayer(),
            tlsconfig.TlsConfig(),
            block.Block(),
            disable_h2c.DisableH2C(),
            addon,
        )
        addon.configure(set())
        host, port = place(settings)
        self.options.update(  # type: ignore[no-untyped-call] # same
            mode=[settings.proxy.mode],
            listen_host=host,
            listen_port=port,
            confdir=settings.state.path,  # of a WireGuard key; our CA is not looked for there
        )
        self.addons.freeze()

    async def running(self) -> None:
        """All is up, or was not to be had."""
        await super().running()
        if not all(server.is_running for server in self.proxyserver.servers):
            raise SettingsError("proxy.listen: cannot listen there")
        self._accepting()

    async def drain(self) -> None:
        """Accept no more, let what is under way end, stop."""
        await self.proxyserver.servers.update([])
        await self._addon.rest(_DRAIN)
        self.shutdown()  # type: ignore[no-untyped-call] # as published

    async def leave(self, seconds: float) -> None:
        """Accept no more, end kept connections politely, wait until all are gone, stop."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        await self.proxyserver.servers.update([])
        farewell.leave()
        while self.proxyserver.connections and loop.time() < end:  # noqa: ASYNC110 - tells nobody
            await asyncio.sleep(_LOOK)
        self.shutdown()  # type: ignore[no-untyped-call] # as published
