"""Bodies that break off, through a real mitmproxy whose stream holds something back."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.proxy_addon.compat.host import READY, mitmdump, started
from tests.proxy_addon.harness import PATIENCE

PATCHED = """
from proxy_addon.compat import cut_bodies
cut_bodies.apply()
cut_bodies.apply()
"""
HOLDS = """
class Holds:
    patience = 0.2
    cut = False
    held = b""

    def __call__(self, data):
        self.cut = b"corrupt" in data
        if self.cut:
            return [b"until here"]
        out, self.held = self.held, data
        return [out] if out else []

    def break_off(self):
        return [self.held]

def responseheaders(flow):
    flow.response.stream = Holds()

"""
REQUEST = b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CUT = b"a\r\nuntil here\r\n"
PIECES = (b"4\r\nheld\r\n", b"7\r\ncorrupt\r\n")


@contextmanager
def origin(*pieces: bytes, leaves: bool) -> Iterator[tuple[int, threading.Event]]:
    """Its port, and whether its client has gone while it still had something to say."""
    gone = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            for piece in pieces:
                connection.sendall(piece)
            if not leaves and not connection.recv(1):
                gone.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], gone
        thread.join(PATIENCE)


def said(proxy: int, port: int, until: bytes = b"", after: float = 0.0) -> tuple[bytes, bool]:
    """All that a client gets, and whether its connection was ended.

    A client that waits for something leaves, once that has come, after so many s of silence.
    """
    got = b""
    with socket.create_connection(("127.0.0.1", proxy), timeout=PATIENCE) as client:
        client.sendall(REQUEST % port)
        try:
            while piece := client.recv(65536):
                got += piece
                if until and until in got:
                    client.settimeout(after)
        except (TimeoutError, BlockingIOError):
            return got, False
    return got, True


@pytest.mark.parametrize(("script", "last"), [(PATCHED, b"4\r\nheld\r\n"), ("", b"")])
def test_what_is_held_goes_out_when_the_origin_breaks_off(tmp_path: Path, script: str, last: bytes):
    """The browser shows as much as it would without us; without the patch it is lost."""
    with (
        origin(HEAD, PIECES[0], leaves=True) as (port, _),
        started(mitmdump(tmp_path, script + HOLDS + READY)) as proxy,
    ):
        answer, ended = said(proxy, port)

    assert answer.endswith(b"\r\n\r\n" + last)
    assert ended


@pytest.mark.parametrize("script", [PATCHED, ""])
def test_a_stream_can_break_off_its_body(tmp_path: Path, script: str):
    """Both sides learn it; without the patch the browser waits for what will not come."""
    with (
        origin(HEAD, PIECES[1], leaves=False) as (port, gone),
        started(mitmdump(tmp_path, script + HOLDS + READY)) as proxy,
    ):
        answer, ended = said(proxy, port, *(() if script else (CUT, 1)))
        left = gone.wait(PATIENCE) if script else gone.is_set()

    assert answer.endswith(b"\r\n\r\n" + CUT)
    assert ended is left is bool(script)


def test_a_client_that_leaves_while_it_is_not_told_leaves_nothing_behind(tmp_path: Path):
    """The origin hears of it at once, and the next client is served."""
    slow = HOLDS.replace("patience = 0.2", "patience = 3")
    with (
        origin(HEAD, PIECES[1], leaves=False) as (port, gone),
        started(mitmdump(tmp_path, PATCHED + slow + READY)) as proxy,
    ):
        assert not said(proxy, port, CUT)[1]
        assert gone.wait(20)
        with origin(HEAD, PIECES[0], leaves=True) as (other, _):
            assert said(proxy, other)[1]
