"""Requests of HTTP/2 on their way to an origin of HTTP/1."""

import pytest
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.http import Request
from mitmproxy.options import Options
from mitmproxy.proxy import commands, context, events
from mitmproxy.proxy.layers.http import _events as http_events
from mitmproxy.proxy.layers.http._http1 import Http1Client

from proxy_addon.compat import h1_uploads

DATA = [http_events.RequestData(1, b"body"), http_events.RequestEndOfMessage(1)]


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patch, in this process, until the test is over."""
    monkeypatch.setattr(Http1Client, "send", Http1Client.send)
    h1_uploads.apply()
    h1_uploads.apply()


def sent(version: str, *then: object, **headers: str) -> tuple[bytes, bytes]:
    """Head and body that reach the origin."""
    place = context.Context(Client(peername=("a", 1), sockname=("b", 2)), Options())
    place.server.state = ConnectionState.OPEN
    layer = Http1Client(place)
    request = Request.make("POST", "http://a/", headers=headers)
    request.headers.pop("content-length", None)
    request.headers.update(headers)
    request.http_version = version
    out = [*layer.handle_event(events.Start())]
    for event in (http_events.RequestHeaders(1, request, not then), *then):
        out += layer.handle_event(event)
    said = b"".join(each.data for each in out if isinstance(each, commands.SendData))
    head, _, body = said.partition(b"\r\n\r\n")
    assert "transfer-encoding" not in request.headers or headers
    return head.lower(), body


@pytest.mark.usefixtures("patched")
def test_an_upload_of_unknown_length_goes_in_chunks():
    """The flow that hooks see is left as it was."""
    head, body = sent("HTTP/2.0", *DATA)

    assert b"transfer-encoding: chunked" in head
    assert b"4\r\nbody\r\n0\r\n\r\n" == body


@pytest.mark.usefixtures("patched")
@pytest.mark.parametrize(
    ("version", "then", "headers"),
    [("HTTP/2.0", DATA, {"content-length": "4"}), ("HTTP/2.0", [], {}), ("HTTP/1.1", DATA, {})],
)
def test_other_requests_go_as_ever(version: str, then: list, headers: dict[str, str]):
    """Where a length is told, where no body follows, and where HTTP/1 had no frame itself."""
    head, body = sent(version, *then, **headers)

    assert b"transfer-encoding" not in head
    assert (b"body" if then else b"") == body


def test_without_the_patch_the_body_is_taken_for_the_next_request():
    """When this fails, mitmproxy has closed the hole: the row in the table goes."""
    head, body = sent("HTTP/2.0", *DATA)

    assert (b"transfer-encoding" in head, body) == (False, b"body")
