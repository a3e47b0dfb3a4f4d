"""What goes through a tunnel at once is one piece of it."""

import pytest
from mitmproxy.connection import Client, Server
from mitmproxy.options import Options
from mitmproxy.proxy import commands, context, events, layer, server_hooks
from mitmproxy.proxy.tunnel import TunnelLayer, TunnelState

from proxy_addon.compat import joined_records

CLIENT = Client(peername=("a", 1), sockname=("b", 2))
SERVER = Server(address=("c", 3))
INNER = Server(address=("d", 4))


@pytest.fixture(autouse=True)
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """mitmproxy as it was, afterwards too."""
    monkeypatch.setattr(TunnelLayer, "event_to_child", TunnelLayer.event_to_child)


class Says(layer.Layer):
    """A layer that says what it was given."""

    said: tuple[commands.Command, ...] = ()

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from self.said


class Tunnel(TunnelLayer):
    """Puts each piece into brackets."""

    def send_data(self, data: bytes) -> layer.CommandGenerator[None]:
        yield commands.SendData(self.tunnel_connection, b"[" + data + b"]")


def tunnel(*said: commands.Command) -> Tunnel:
    """One that is open."""
    made = Tunnel(context.Context(CLIENT, Options()), SERVER, INNER)
    made.tunnel_state = TunnelState.OPEN
    made.child_layer = inner = Says(made.context)
    inner.said = said
    return made


def run(*said: commands.Command) -> list[bytes | str]:
    """What comes out: bytes for the tunnel's socket, and the names of all else."""
    out = tunnel(*said).handle_event(events.DataReceived(CLIENT, b""))
    return [e.data if isinstance(e, commands.SendData) else type(e).__name__ for e in out]


HOOK = server_hooks.ClientConnectedHook(CLIENT)
PIECES = (
    commands.SendData(INNER, b"a"),
    commands.Log("Streaming"),
    commands.SendData(INNER, b"b"),
    HOOK,
    commands.SendData(CLIENT, b"past"),
    commands.SendData(INNER, b"c"),
    commands.CloseConnection(INNER),
)


def test_pieces_are_joined_until_anything_else_is_done():
    """The log and hooks send nothing; what is for another socket, or closes this, comes behind."""
    joined_records.apply()
    joined_records.apply()

    expected = ["Log", "ClientConnectedHook", b"[ab]", b"past", b"[c]", "CloseConnection"]

    HOOK.blocking = False
    assert expected == run(*PIECES)


def test_without_the_patch_each_piece_is_one():
    """When this fails, mitmproxy does it itself: the row in the table goes."""
    assert [b"[a]", b"[b]"] == run(PIECES[0], PIECES[2])


def test_what_comes_before_the_tunnel_stands_waits():
    """As it does without the patch."""
    joined_records.apply()
    waiting = tunnel(PIECES[0])
    waiting.tunnel_state = TunnelState.ESTABLISHING

    assert [] == list(waiting.handle_event(events.DataReceived(CLIENT, b"")))
    assert 1 == len(waiting._event_queue)
