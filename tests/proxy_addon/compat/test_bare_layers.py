"""Layers pause, go on and keep their order, with and without somebody who debugs them."""

from typing import Any

import pytest
from mitmproxy.connection import Client
from mitmproxy.options import Options
from mitmproxy.proxy import commands, context, events, layer, server_hooks
from mitmproxy.proxy.layers.http import DropStream, HttpLayer, HTTPMode, SendHttp
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import ResponseData

from proxy_addon.compat import bare_layers

CLIENT = Client(peername=("a", 1), sockname=("b", 2))


@pytest.fixture(autouse=True)
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """mitmproxy as it was, afterwards too."""
    monkeypatch.setattr(layer.Layer, "handle_event", bare_layers._stock)
    monkeypatch.setattr(context.Context, "fork", context.Context.fork)
    monkeypatch.setattr(HttpLayer, "event_to_child", HttpLayer.event_to_child)


class Asks(layer.Layer):
    """A layer that asks a hook about each event between two things that it does."""

    def __init__(self) -> None:
        super().__init__(context.Context(CLIENT, Options()))
        self.looks = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "debug":
            object.__setattr__(self, "looks", object.__getattribute__(self, "looks") + 1)
        return object.__getattribute__(self, name)

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield commands.SendData(CLIENT, b"before")
        yield server_hooks.ClientConnectedHook(CLIENT)
        yield commands.SendData(CLIENT, b"behind")


def played(debug: str | None = None) -> tuple[list[str], int]:
    """What a layer does for two events that come at once, and how often it looked at `debug`."""
    asks = Asks()
    asks.debug = debug
    asks.looks = 0
    done: list[str] = []
    hooks: list[commands.StartHook] = []
    coming: list[events.Event] = [events.Start(), events.Start()]
    while coming or hooks:
        event = coming.pop(0) if coming else events.HookCompleted(hooks.pop(0))
        for command in asks.handle_event(event):
            if isinstance(command, commands.SendData):
                done.append(command.data.decode())
            elif isinstance(command, commands.StartHook):
                assert command.blocking is asks
                hooks.append(command)
                done.append("hook")
            else:
                done.append("debug")
    return done, asks.looks


def looks_at_five_commands() -> int:
    """How often a layer looks at `debug` when it sends five things for an event."""

    def five(_: events.Event) -> layer.CommandGenerator[None]:
        yield from [commands.SendData(CLIENT, b"")] * 5

    sends = Asks()
    sends._handle_event = five  # type: ignore[method-assign] # of this one
    sends.looks = 0
    assert 5 == len(list(sends.handle_event(events.Start())))
    return sends.looks


def servers_of_a_fork(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many servers are made when a context is forked; the fork is as it should be."""
    made: list[dict[str, object]] = []
    first = context.Context(CLIENT, Options())
    first.layers = [Asks()]
    stock = context.connection.Server
    with monkeypatch.context() as patch:
        patch.setattr(
            context.connection, "Server", lambda **given: made.append(given) or stock(**given)
        )
        forked = first.fork()
    assert vars(first) == vars(forked)
    assert first.layers is not forked.layers
    return len(made)


def test_a_fork_makes_no_server(monkeypatch: pytest.MonkeyPatch):
    """Without the patch it does; when that fails, this part of it goes."""
    assert 1 == servers_of_a_fork(monkeypatch)

    bare_layers.apply()

    assert 0 == servers_of_a_fork(monkeypatch)


class Child:
    """A layer in an HTTP layer that does the same for each event, and notes what it is given."""

    def __init__(self, *does: commands.Command) -> None:
        self.does = does
        self.given: list[events.Event] = []

    def handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Do it."""
        self.given.append(event)
        yield from self.does


def routed(monkeypatch: pytest.MonkeyPatch) -> tuple[list[object], int]:
    """Where an HTTP layer sends what its layers do, and how often it asks what they send."""
    asked: list[object] = []
    http = HttpLayer(context.Context(CLIENT, Options()), HTTPMode.regular)
    stream, sink, server = Child(), Child(), context.connection.Server(address=("c", 3))
    http.streams = {1: stream, 2: stream}  # type: ignore[dict-item] # as good as
    http.connections = {server: sink}  # type: ignore[dict-item] # same
    came, late, sent = ResponseData(1, b"a"), ResponseData(5, b"b"), ResponseData(1, b"c")
    data, wakeup = commands.SendData(CLIENT, b"d"), commands.RequestWakeup(1)
    opens, hook = commands.OpenConnection(server), server_hooks.ClientConnectedHook(CLIENT)
    child = Child(
        ReceiveHttp(came), ReceiveHttp(late), SendHttp(sent, server), DropStream(2), DropStream(7),
        data, wakeup, opens, hook,
    )  # fmt: skip
    with monkeypatch.context() as patch:
        blocks = property(lambda self: bool(asked.append(self)))
        patch.setattr(commands.SendData, "blocking", blocks)
        out = list(http.event_to_child(child, events.Start()))  # type: ignore[arg-type] # same

    assert [data, wakeup, opens, hook] == out
    assert [[came], [sent]] == [stream.given, sink.given]
    assert {wakeup, opens, hook} == http.command_sources.keys()
    assert {child} == {*http.command_sources.values(), http.connections[server]}
    assert [1] == list(http.streams)
    return out, len(asked)


def test_what_is_sent_goes_out_of_an_http_layer_unasked(monkeypatch: pytest.MonkeyPatch):
    """All else goes where it goes without the patch; when that asks less, this part goes."""
    assert 0 < routed(monkeypatch)[1]

    bare_layers.apply()

    assert 0 == routed(monkeypatch)[1]


EXPECTED = ["before", "hook", "behind", "before", "hook", "behind"]


def test_a_layer_pauses_and_goes_on_as_mitmproxys():
    """A second event waits until the first is through."""
    before, _ = played()
    bare_layers.apply()
    bare_layers.apply()

    assert EXPECTED == before == played()[0]


def test_who_debugs_sees_all():
    """Then mitmproxy's own way is gone."""
    before, _ = played("> ")
    bare_layers.apply()

    assert "debug" in before
    assert before == played("> ")[0]


def test_without_the_patch_each_command_is_asked_about():
    """When this fails, mitmproxy has a quicker way: the row in the table goes."""
    assert 5 < looks_at_five_commands()

    bare_layers.apply()

    assert 1 == looks_at_five_commands()
