"""What a layer sends at once through TLS is encrypted at once.

mitmproxy encrypts each piece of a message by itself: the head, the first bytes of the body and each
frame of HTTP/2 are a record each, with two calls of OpenSSL and a read of its buffer
(`send_data` in https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/proxy/layers/tls.py).
Here what one event makes a layer send is joined until it does anything else.
"""

from collections.abc import Generator
from typing import Any

from mitmproxy.proxy import commands, events
from mitmproxy.proxy.tunnel import TunnelLayer, TunnelState

_Commands = Generator[commands.Command, Any, None]


def apply() -> None:
    """Let tunnels join what goes through them."""
    TunnelLayer.event_to_child = _event_to_child  # type: ignore[method-assign] # the patch


def _event_to_child(self: TunnelLayer, event: events.Event) -> _Commands:
    if self.tunnel_state is TunnelState.ESTABLISHING and not self.command_to_reply_to:
        self._event_queue.append(event)
        return
    unsent: list[bytes] = []
    for command in self.child_layer.handle_event(event):
        if isinstance(command, commands.SendData) and command.connection == self.conn:
            unsent.append(command.data)
        elif isinstance(command, commands.Log | commands.StartHook):
            yield command  # an outer layer's business, which sends nothing
        else:
            yield from _sent(self, unsent)
            yield from self._handle_command(command)
    yield from _sent(self, unsent)


def _sent(tunnel: TunnelLayer, unsent: list[bytes]) -> _Commands:
    if unsent:
        yield from tunnel.send_data(unsent[0] if len(unsent) == 1 else b"".join(unsent))
        unsent.clear()
