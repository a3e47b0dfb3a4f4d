"""What a hook does at once is done at once, and what is sent at once is written once.

mitmproxy runs each hook in a task of its own, however little it does, and writes each piece of a
message by itself: some ten tasks and five writes a request. Here a connection's outermost layer is
wrapped. It runs the hooks when all that comes before them is done, as a task would, and leaves to a
task what has to wait; bytes for the same socket are joined until anything else is to be done, but
for the log.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layer import Layer
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler

_Commands = Generator[commands.Command, Any, None]
Begin = Callable[[commands.StartHook], Awaitable[None] | None]
_stock = ProxyConnectionHandler.handle_client


def apply() -> None:
    """Wrap the layers of all connections; their master's `addons` must have a `begin`."""
    ProxyConnectionHandler.handle_client = _handle_client  # type: ignore[method-assign,assignment] # the patch


async def _handle_client(self: ProxyConnectionHandler) -> None:
    begin: Begin = self.master.addons.begin  # type: ignore[attr-defined] # of our master's
    self.layer = AtOnce(self.layer, begin)  # type: ignore[assignment] # has all that is asked of it
    await _stock(self)


class AtOnce:
    """The outermost layer of a connection.

    Parameters
    ----------
    layer
        mitmproxy's.
    begin
        Runs a hook up to where it has to wait, and keeps what is left for the hook's task; None
        where nothing is left.
    """

    __slots__ = ("_begin", "_layer")

    def __init__(self, layer: Layer, begin: Begin) -> None:
        self._layer = layer
        self._begin = begin

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)

    def handle_event(self, event: events.Event) -> _Commands:
        """Handle an event and what follows from it without waiting."""
        coming = deque([event])
        unsent: dict[Connection, list[bytes]] = {}
        while coming:
            hooks: list[commands.StartHook] = []
            for command in self._layer.handle_event(coming.popleft()):
                if isinstance(command, commands.SendData):
                    unsent.setdefault(command.connection, []).append(command.data)
                elif isinstance(command, commands.StartHook):
                    hooks.append(command)
                else:
                    yield from _written(unsent, command)
                    yield command
            for hook in hooks:
                if self._begin(hook) is not None:
                    yield from _written(unsent)
                    yield hook  # its task awaits what is left
                elif hook.blocking:
                    coming.append(events.HookCompleted(hook))
        yield from _written(unsent)


def _written(
    unsent: dict[Connection, list[bytes]], before: commands.Command | None = None
) -> _Commands:
    if isinstance(before, commands.Log):
        return  # there is one between the head of a streamed body and its first bytes
    for connection, pieces in unsent.items():
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        yield commands.SendData(connection, data)
    unsent.clear()
