"""A real mitmproxy in a process of its own, and an origin that says exactly what it is told."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.proxy_addon.harness import PATIENCE

READY = """
from mitmproxy import ctx

def running():
    print("port", ctx.master.addons.get("proxyserver").listen_addrs()[0][1], flush=True)
"""
"""What a script for `mitmdump` ends with: it tells the port."""


@contextmanager
def started(command: list[str]) -> Iterator[int]:
    """Start a proxy that prints `port N`; gives N, and ends it afterwards."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = next(line for line in process.stdout if line.startswith("port "))
            yield int(line.split()[1])
        finally:
            process.kill()


def mitmdump(folder: Path, text: str, *options: str) -> list[str]:
    """The command that runs stock mitmdump with the script `text` on any free port."""
    script, confdir = folder / "script.py", folder / "confdir"
    script.write_text(text)
    confdir.mkdir(exist_ok=True)
    command = [str(Path(sys.executable).with_name("mitmdump")), "-q", "-s", str(script)]
    command += ["--listen-host", "127.0.0.1", "--listen-port", "0"]
    for option in (f"confdir={confdir}", *options):
        command += ["--set", option]
    return command


class Origin:
    """Answers every request of a connection with the next of `answers`; keeps what it was sent.

    A request ends where `end` stands in it.
    """

    def __init__(self, *answers: bytes, end: bytes = b"\r\n\r\n") -> None:
        self._answers = answers
        self._end = end
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self.port = self._listener.getsockname()[1]
        self.received = b""

    def __enter__(self) -> "Origin":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A thread in accept is not woken by close; by a connection it is.
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(PATIENCE)
            for answer in self._answers:
                seen = b""
                while self._end not in seen:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    seen += piece
                self.received += seen
                connection.sendall(answer)


def asked(proxy: int, *requests: bytes, until: bytes, patience: float = PATIENCE) -> list[bytes]:
    """Send the requests one after another over one connection; what came back, each up to `until`.

    What has not come after `patience` seconds does not come.
    """
    answers = []
    with socket.create_connection(("127.0.0.1", proxy), timeout=patience) as connection:
        for request in requests:
            connection.sendall(request)
            answer = b""
            try:
                while until not in answer:
                    piece = connection.recv(65536)
                    if not piece:
                        break
                    answer += piece
            except TimeoutError:
                pass
            answers.append(answer)
    return answers
