"""A layer hands its commands on without asking at each whether somebody debugs it.

mitmproxy resumes each layer's generator by hand, and looks before and after each command whether it
is to be printed; some seventy layers are gone through for a request
(https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/proxy/layer.py). Where the option
`proxy_debug` is set, all is as it was. And a stream's context is a fork of its connection's: with
it a server is made, with an identity of its own, that is thrown away at once. The HTTP layer, by
which everything goes twice in a CONNECT, looks first for what is most frequent.
"""

from collections.abc import Generator
from typing import Any

from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import Layer, Paused
from mitmproxy.proxy.layers.http import (
    DropStream,
    GetHttpConnection,
    HttpLayer,
    RegisterHttpConnection,
    SendHttp,
)
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import RequestHeaders

_Commands = Generator[commands.Command, Any, None]
_stock = Layer.handle_event
_go_on = Layer._Layer__continue  # type: ignore[attr-defined] # its name in the class


def apply() -> None:
    """Let layers be gone through quickly."""
    Layer.handle_event = _handle_event  # type: ignore[method-assign] # the patch
    Context.fork = _fork  # type: ignore[method-assign] # the patch
    HttpLayer.event_to_child = _event_to_child  # type: ignore[method-assign] # the patch


def _fork(self: Context) -> Context:
    forked = Context.__new__(Context)
    forked.client, forked.options = self.client, self.options
    forked.server, forked.layers = self.server, self.layers.copy()
    return forked


def _handle_event(self: Layer, event: events.Event) -> _Commands:
    """As mitmproxy does it: a command that blocks pauses this layer, and no other."""
    if self.debug is not None:
        yield from _stock(self, event)
    elif self._paused is None:
        generator = self._handle_event(event)
        for command in generator:
            if command.blocking is True:
                command.blocking = self  # what is further out sees that it is taken care of
                self._paused = Paused(command, generator)
                yield command
                return
            yield command
    elif isinstance(event, events.CommandCompleted) and event.command is self._paused.command:
        yield from _go_on(self, event)
    else:
        self._paused_event_queue.append(event)


def _event_to_child(self: HttpLayer, child: Any, event: events.Event) -> _Commands:
    """As mitmproxy does it: HTTP's commands are for another layer in here, all others go out."""
    for command in child.handle_event(event):
        kind = type(command)
        if kind is commands.SendData or kind is commands.Log:
            yield command
        elif kind is ReceiveHttp:
            if isinstance(command.event, RequestHeaders):
                yield from self.make_stream(command.event.stream_id)
            stream = self.streams.get(command.event.stream_id)
            if stream is not None:  # else it is over, and this came too late
                yield from self.event_to_child(stream, command.event)
        elif kind is SendHttp:
            connection = self.connections[command.connection]
            yield from self.event_to_child(connection, command.event)
        elif kind is DropStream:
            self.streams.pop(command.stream_id, None)
        else:
            yield from _seldom(self, child, command)


def _seldom(self: HttpLayer, child: Any, command: commands.Command) -> _Commands:
    """What may have an answer, which is for the layer that asked."""
    if command.blocking or isinstance(command, commands.RequestWakeup):
        self.command_sources[command] = child
    if isinstance(command, GetHttpConnection):
        yield from self.get_connection(command)
    elif isinstance(command, RegisterHttpConnection):
        yield from self.register_connection(command)
    else:
        if isinstance(command, commands.OpenConnection):
            self.connections[command.connection] = child
        yield command
