"""Bodies that break off, through a real mitmproxy whose stream holds something back."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.proxy_addon.compat.host import READY, asked, mitmdump, started

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
LAST = b"0\r\n\r\n"
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
        thread.join(20)


@pytest.mark.parametrize(("script", "last"), [(PATCHED, b"4\r\nheld\r\n"), ("", b"")])
def test_what_is_held_goes_out_when_the_origin_breaks_off(
    tmp_path: Path, script: str, last: bytes
):
    """The browser shows as much as it would without us; without the patch it is lost."""
    with (
        origin(HEAD, PIECES[0], leaves=True) as (port, _),
        started(mitmdump(tmp_path, script + HOLDS + READY)) as proxy,
    ):
        [answer] = asked(proxy, REQUEST % port, until=LAST)

    assert answer.endswith(b"\r\n\r\n" + last)


@pytest.mark.parametrize("script", [PATCHED, ""])
def test_a_stream_can_break_off_its_body(tmp_path: Path, script: str):
    """Both sides learn it; without the patch the browser waits for what will not come."""
    with (
        origin(HEAD, PIECES[1], leaves=False) as (port, gone),
        started(mitmdump(tmp_path, script + HOLDS + READY)) as proxy,
    ):
        [answer] = asked(proxy, REQUEST % port, until=LAST, patience=20 if script else 1)
        came = gone.wait(10) if script else gone.is_set()

    assert answer.endswith(b"\r\n\r\na\r\nuntil here\r\n")
    assert came is bool(script)
