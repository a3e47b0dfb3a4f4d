"""A connection can still be tunnelled after the origin was asked, until its client is answered.

mitmproxy lets a connection be tunnelled when its client has greeted, before the origin is spoken
to (https://github.com/mitmproxy/mitmproxy/issues/4702). What only the origin tells, that it asks
for a certificate of the client's own, then comes too late: we have none to show. The client has
heard nothing yet, so its greeting goes to the origin anew, over a connection that nobody reads.
"""

from collections.abc import Generator
from typing import Any
from weakref import WeakSet

from mitmproxy import connection
from mitmproxy.proxy import commands, events, layers, tunnel
from mitmproxy.proxy.layers import tls

_wanted: WeakSet[connection.Server] = WeakSet()
_STOCK = tls.ClientTLSLayer.receive_handshake_data
Steps = Generator[Any, Any, tuple[bool, str | None]]


def ask(server: connection.Server) -> None:
    """Let the connection of which this is the origin's side be tunnelled, if it still can be."""
    _wanted.add(server)


def apply() -> None:
    """Look, before the client is answered, whether somebody has asked for a tunnel."""
    tls.ClientTLSLayer.receive_handshake_data = _receive  # type: ignore[method-assign, assignment] # the patch


def _receive(layer: tls.ClientTLSLayer, data: bytes) -> Steps:
    steps = _STOCK(layer, data)
    answer = None
    while True:
        try:
            command = steps.send(answer)
        except StopIteration as ended:
            done: tuple[bool, str | None] = ended.value
            return done
        if isinstance(command, tls.TlsStartClientHook) and _can_be_tunnelled(layer):
            steps.close()
            yield from _tunnelled(layer)
            return True, None
        answer = yield command


def _can_be_tunnelled(layer: tls.ClientTLSLayer) -> bool:
    server = layer.context.server
    direct = server.via is None and isinstance(_above(layer), tls.ServerTLSLayer)
    return server in _wanted and direct


def _above(layer: tls.ClientTLSLayer) -> Any:
    return layer.context.layers[layer.context.layers.index(layer) - 1]


def _tunnelled(layer: tls.ClientTLSLayer) -> Generator[Any, Any, None]:
    """Begin anew with the origin, as mitmproxy does where it is told to ignore a connection."""
    context, above = layer.context, _above(layer)
    if context.server.connected:
        yield commands.CloseConnection(context.server)
    above.tunnel_state = tunnel.TunnelState.CLOSED  # the end of that connection is nobody's news
    context.server = connection.Server(address=context.server.address)
    layer.conn = layer.tunnel_connection = connection.Client(
        peername=("ignore-conn", 0), sockname=("ignore-conn", 0)
    )
    layer.child_layer = layers.TCPLayer(context, ignore=True)
    yield from layer.event_to_child(events.DataReceived(context.client, bytes(layer.recv_buffer)))
    layer.recv_buffer.clear()
