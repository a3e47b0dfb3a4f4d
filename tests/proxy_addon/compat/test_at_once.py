"""Hooks that wait for nothing, and writes to the same socket, in one go."""

from collections.abc import Awaitable
from typing import Any

import pytest
from mitmproxy.connection import Client, Server
from mitmproxy.options import Options
from mitmproxy.proxy import commands, context, events, layer, server_hooks
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler

from proxy_addon.compat import at_once
from proxy_addon.compat.at_once import AtOnce

CLIENT = Client(peername=("a", 1), sockname=("b", 2))
SERVER = Server(address=("c", 3))


class Says(layer.Layer):
    """A layer that says what it was given, and that it goes on."""

    def __init__(self, *said: commands.Command) -> None:
        super().__init__(context.Context(CLIENT, Options()))
        self._said = said

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from self._said
        yield commands.Log("on")


def hook(*, blocking: bool = True) -> commands.StartHook:
    """A hook that a layer waits for, or one that it does not."""
    made = server_hooks.ClientConnectedHook(CLIENT)
    made.blocking = blocking
    return made


def run(
    *said: commands.Command, waits: Awaitable[None] | None = None
) -> tuple[list[commands.Command], list[commands.StartHook]]:
    """What comes out for one event, and the hooks that were begun."""
    begun: list[commands.StartHook] = []

    def begin(hook: commands.StartHook) -> Any:
        begun.append(hook)
        return waits

    return list(AtOnce(Says(*said), begin).handle_event(events.Start())), begun


def test_a_hook_that_waits_for_nothing_is_over_at_once():
    """Its layer goes on in the same event; no task is made."""
    asked = hook()
    out, begun = run(asked)

    assert ["Log"] == [type(each).__name__ for each in out]
    assert [asked] == begun


def test_a_hook_that_waits_is_left_to_a_task():
    """It was begun, and its layer goes on when the task is through."""
    asked = hook()
    out, begun = run(asked, waits=object())  # type: ignore[arg-type] # only waited for

    assert ([asked], [asked]) == (out, begun)


def test_a_hook_that_nobody_waits_for_is_told_to_nobody():
    """A layer would take the answer for an event of its own."""
    out, begun = run(hook(blocking=False), hook(blocking=False))

    assert ["Log"] == [type(each).__name__ for each in out]
    assert 2 == len(begun)


def test_bytes_for_a_socket_are_written_once_and_before_anything_else():
    """Each socket's in their order; what closes one comes behind what is written to it."""
    out, _ = run(
        commands.SendData(CLIENT, b"a"),
        commands.SendData(SERVER, b"1"),
        commands.SendData(CLIENT, b"b"),
        commands.CloseConnection(CLIENT),
        commands.SendData(SERVER, b"2"),
    )
    said = [
        (each.connection, each.data) if isinstance(each, commands.SendData) else type(each).__name__
        for each in out
    ]

    assert [(CLIENT, b"ab"), (SERVER, b"1"), "CloseConnection", "Log", (SERVER, b"2")] == said


def test_a_line_of_the_log_parts_no_write():
    """mitmproxy has one between the head of a streamed answer and its body."""
    head, body = commands.SendData(CLIENT, b"head"), commands.SendData(CLIENT, b"body")
    out, _ = run(head, commands.Log("Streaming"), body)

    assert [b"headbody"] == [each.data for each in out if isinstance(each, commands.SendData)]


async def test_every_connection_of_the_launcher_is_wrapped(monkeypatch: pytest.MonkeyPatch):
    """Without the patch, its layers are mitmproxy's own."""
    seen: list[Any] = []

    async def stock(self: Any) -> None:
        seen.append(self.layer)

    monkeypatch.setattr(at_once, "_stock", stock)
    monkeypatch.setattr(
        ProxyConnectionHandler, "handle_client", ProxyConnectionHandler.handle_client
    )
    at_once.apply()
    at_once.apply()
    inner = Says()
    addons = type("Addons", (), {"begin": lambda *_: None})()
    master = type("Master", (), {"addons": addons})()
    handler = type("Handler", (), {"layer": inner, "master": master})()
    await ProxyConnectionHandler.handle_client(handler)  # type: ignore[arg-type] # what it needs

    assert isinstance(seen[0], AtOnce)
    assert inner.context is seen[0].context
