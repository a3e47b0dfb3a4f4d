"""Kept connections are ended politely by a process that leaves, and not without the patch."""

import asyncio
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.events
import pytest
from mitmproxy import connection, http, options
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy import commands, context, events
from mitmproxy.proxy.layers.http import _http1, _http2
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    RequestHeaders,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
)
from mitmproxy.proxy.server import ConnectionHandler

from proxy_addon.compat import farewell
from proxy_addon.compat.farewell import Farewell

ASKED = b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(autouse=True)
def patched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a process of the launcher; mitmproxy as it was afterwards."""
    for place, name in (
        (_http1.Http1Server, "_handle_event"), (_http1.Http1Server, "send"),
        (_http2.Http2Server, "_handle_event"), (ConnectionHandler, "wakeup"),
        (farewell, "_leaving"),
    ):  # fmt: skip
        monkeypatch.setattr(place, name, getattr(place, name))
    farewell._leaving = asyncio.Event()
    farewell.apply()
    yield


class Served:
    """mitmproxy's end of a browser's connection, without a socket."""

    def __init__(self, kind: type) -> None:
        given = options.Options()
        Proxyserver().load(given)
        client = connection.Client(peername=("a", 1), sockname=("b", 2))
        client.state = connection.ConnectionState.OPEN
        self.conn = client
        self.layer = kind(context.Context(client, given))
        self.asked: list[Farewell] = []
        self.closed = False
        self.heard: list[object] = []
        self.sent = b""
        self.give(events.Start())

    def give(self, event: events.Event) -> None:
        """Hand an event over, and note what is done about it."""
        for command in self.layer.handle_event(event):
            if isinstance(command, Farewell):
                self.asked.append(command)
            elif isinstance(command, commands.SendData):
                self.sent += command.data
            elif isinstance(command, commands.CloseConnection):
                self.closed = True
            elif isinstance(command, ReceiveHttp):
                self.heard.append(command.event)

    def receive(self, data: bytes) -> None:
        self.give(events.DataReceived(self.conn, data))

    def wake(self) -> None:
        """Let the last farewell that was asked for come."""
        self.give(events.Wakeup(self.asked.pop()))

    def answer(self, response: http.Response) -> None:
        stream = self.layer.stream_id
        self.give(ResponseHeaders(stream, response))
        self.give(ResponseData(stream, response.content))
        self.give(ResponseEndOfMessage(stream))


def leave() -> None:
    farewell.leave()


def test_the_next_answer_over_http1_is_the_last_and_says_so():
    """A browser then sends nothing more on this connection, and is told before it might."""
    served = Served(_http1.Http1Server)
    leave()
    served.wake()
    served.receive(ASKED)
    served.answer(http.Response.make(200, b"ok", {"Connection": "keep-alive"}))

    assert b"connection: close\r\n" in served.sent.lower()
    assert b"keep-alive" not in served.sent
    assert served.sent.endswith(b"ok") and served.closed


def test_a_tunnel_that_is_opened_is_not_closed():
    """Its 200 says nothing of the connection; what is inside is told by its own layer."""
    served = Served(_http1.Http1Server)
    leave()
    served.receive(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")
    served.answer(http.Response.make(200, b"", {}))
    served.wake()

    assert b"close" not in served.sent.lower()
    assert (False, []) == (served.closed, served.asked)


def test_an_idle_connection_over_http1_is_closed_once_it_has_been_idle_for_long():
    """Not at once: a request may be on its way."""
    served = Served(_http1.Http1Server)
    assert 0 == served.asked[-1].delay
    leave()
    served.wake()
    assert (False, farewell.LINGER) == (served.closed, served.asked[-1].delay)
    served.wake()

    assert served.closed


def test_an_answer_whose_head_is_out_comes_whole():
    """It kept the connection; the one after it, or silence, ends it."""
    served = Served(_http1.Http1Server)
    served.receive(ASKED)
    response = http.Response.make(200, b"long", {})
    served.give(ResponseHeaders(1, response))
    leave()
    for _ in range(3):
        served.wake()
    assert not served.closed
    served.give(ResponseData(1, b"long"))
    served.give(ResponseEndOfMessage(1))
    served.wake()
    assert not served.closed
    served.wake()

    assert served.closed and served.sent.endswith(b"long")


def over_http2() -> tuple[Served, h2.connection.H2Connection]:
    served = Served(_http2.Http2Server)
    browser = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    browser.initiate_connection()
    served.receive(browser.data_to_send())
    browser.receive_data(served.sent)
    served.sent = b""
    return served, browser


HEAD = [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/")]


def test_a_connection_over_http2_is_told_once_and_what_is_on_its_way_is_answered():
    """The GOAWAY refuses no stream, and mitmproxy takes one that begins after it."""
    served, browser = over_http2()
    leave()
    served.wake()
    (told,) = [e for e in browser.receive_data(served.sent) if hasattr(e, "last_stream_id")]
    assert (2**31 - 1, 0) == (told.last_stream_id, int(told.error_code))
    late = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    late.initiate_connection()
    late.send_headers(1, HEAD, end_stream=True)
    served.receive(late.data_to_send().partition(b"SM\r\n\r\n")[2])

    assert [RequestHeaders] == [type(e) for e in served.heard if isinstance(e, RequestHeaders)]
    served.wake()
    assert not served.closed  # its stream is open


def test_an_idle_connection_over_http2_is_closed_after_its_goaway():
    """Browsers close it themselves; whoever does not is not waited for."""
    served, _ = over_http2()
    leave()
    served.wake()
    assert not served.closed
    served.wake()

    assert served.closed


async def test_nobody_is_woken_before_the_process_leaves():
    """The task that waits costs nothing until then."""
    woken: list[object] = []

    class Handler:
        async def server_event(self, event: events.Event) -> None:
            woken.append(event)

        wakeup_timer: set = set()  # noqa: RUF012 - the handler's attribute

    asked = asyncio.ensure_future(ConnectionHandler.wakeup(Handler(), Farewell(0)))
    other = asyncio.ensure_future(ConnectionHandler.wakeup(Handler(), commands.RequestWakeup(0)))
    await other
    assert (1, False) == (len(woken), asked.done())
    leave()
    await asked

    assert isinstance(woken[-1].command, Farewell)
