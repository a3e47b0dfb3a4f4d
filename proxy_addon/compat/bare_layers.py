"""A layer hands its commands on without asking at each whether somebody debugs it.

mitmproxy resumes each layer's generator by hand, and looks before and after each command whether it
is to be printed; some seventy layers are gone through for a request
(https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/proxy/layer.py). Where the option
`proxy_debug` is set, all is as it was. And a stream's context is a fork of its connection's: with
it a server is made, with an identity of its own, that is thrown away at once.
"""

from collections.abc import Generator
from typing import Any

from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import Layer, Paused

_Commands = Generator[commands.Command, Any, None]
_stock = Layer.handle_event
_go_on = Layer._Layer__continue  # type: ignore[attr-defined] # its name in the class


def apply() -> None:
    """Let layers be gone through quickly."""
    Layer.handle_event = _handle_event  # type: ignore[method-assign] # the patch
    Context.fork = _fork  # type: ignore[method-assign] # the patch


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
