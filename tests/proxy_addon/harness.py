"""Real proxies in processes of their own, a real ingest, and a client that says what it is told."""

import asyncio
import json
import os
import random
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import h11
from aiohttp import web

from reauth import ca
from reauth.claim import Claim, Keys, keys_to_text
from reauth.errors import StoreError
from reauth.ingest import RECEIVER, Control, application
from reauth.ports import Accepted, Receipt
from reauth.settings import Ingest

ROOT = Path(__file__).resolve().parents[2]
INSTALLATION = "ab12cd34ef56"
KEYS = Keys(INSTALLATION, (b"k" * 32,))
OBS = f"/obs/{INSTALLATION}/"
DOCUMENT = {"Accept": "text/html", "Sec-Fetch-Dest": "document"}
KINDS = ("launcher", "stock")
PATIENCE = 40.0
"""s to wait for what must happen; a loaded machine is slow."""


def now() -> float:
    return datetime.now(UTC).timestamp()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, out of the range that clients are given theirs from.

    In that range somebody else may be given one before it is used, and a client that knocks where
    nobody is can be connected with itself.
    """
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()[0])
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(max(1024, first - 12_000), first)
        with socket.socket() as probe:
            if port not in found and probe.connect_ex(("127.0.0.1", port)):
                found.append(port)
    return found


def free_port() -> int:
    """One of them."""
    return free_ports(1)[0]


class House:
    """A folder with all that a proxy needs, and the text of its settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ingest_socket = str(folder / "i.sock")
        ca.create(folder / "state" / "ca")
        keys = folder / "state" / "keys.json"
        keys.write_text(keys_to_text(KEYS))
        keys.chmod(0o600)
        self.config = folder / "mitm.toml"
        self.trust = ssl.create_default_context(cafile=str(folder / "state" / "ca" / "ca.pem"))

    def write(self, proxy: str = "", rest: str = "") -> None:
        """Write mitm.toml; `proxy` is added to its [proxy], `rest` stands at its end."""
        processes = "" if "processes = " in proxy else "processes = 1\n"
        self.config.write_text(
            f'[state]\npath = "state"\n[ingest]\nlisten = "unix:{self.ingest_socket}"\n'
            f'[proxy]\nlisten = "127.0.0.1:0"\n{processes}{proxy}\n{rest}\n'
        )


@dataclass
class Running:
    """A proxy that accepts."""

    port: int
    process: subprocess.Popen[str]
    log: deque[str] = field(default_factory=lambda: deque(maxlen=500))

    def events(self, name: str) -> list[dict[str, object]]:
        """Lines of our log with that event."""
        lines = (json.loads(line) for line in list(self.log) if line.startswith("{"))
        return [line for line in lines if line["event"] == name]


def command(kind: str, house: House, port: int, script: Path | None = None) -> list[str]:
    """The command of a launcher, or of a stock mitmdump on a port.

    `script` is Python that runs first, in the same process, to plant a defect.
    """
    first = script.read_text() + "\n" if script else ""
    if kind == "launcher":
        start = "import sys; from proxy_addon.__main__ import main; sys.exit(main(sys.argv[1:]))"
        return [sys.executable, "-c", first + start, "--config", str(house.config)]
    options = {
        "confdir": house.folder / "confdir",
        "listen_host": "127.0.0.1",
        "listen_port": port,
        "reauth_config": house.config,
    }
    start = "from mitmproxy.tools.main import mitmdump; mitmdump()"
    given = [f"--set={name}={value}" for name, value in options.items()]
    addon = str(ROOT / "proxy_addon" / "addon.py")
    return [sys.executable, "-c", first + start, "-s", addon, *given]


@contextmanager
def running(kind: str, house: House, script: Path | None = None) -> Iterator[Running]:
    """A proxy of that kind, ended afterwards."""
    port = free_port()
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(
        command(kind, house, port, script),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if kind == "launcher" else subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    proxy = Running(port, process)
    output = process.stderr if kind == "launcher" else process.stdout
    reader = threading.Thread(target=lambda: proxy.log.extend(output), daemon=True)
    reader.start()
    try:
        if kind == "launcher":
            line = process.stdout.readline()
            assert line, list(proxy.log)
            proxy.port = urlsplit(json.loads(line)["proxy"]).port
        else:
            _wait_for(proxy)
        yield proxy
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(2)
        process.stdout.close()
        output.close()


def _wait_for(proxy: Running) -> None:
    """Wait until a stock mitmdump has our addon: until it answers what is ours."""
    ask = f"GET http://127.0.0.1:9{OBS}privacy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", proxy.port), 1) as client:
                client.sendall(ask.encode())
                if client.recv(64).startswith((b"HTTP/1.1 200", b"HTTP/1.1 407")):
                    return
        except OSError:
            pass
        assert proxy.process.poll() is None, list(proxy.log)
        time.sleep(0.1)
    raise AssertionError(list(proxy.log))


@dataclass
class Answer:
    """What a client got."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        """Values of all lines of that name."""
        return [value for found, value in self.headers if found.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        """The one value of that name."""
        return next(iter(self.values(name)), None)


class Client:
    """One HTTP/1.1 connection through a proxy; `target` is sent as it stands."""

    def __init__(self, port: int, url: str, trust: ssl.SSLContext | None = None) -> None:
        self._port = port
        self._url = urlsplit(url)
        self._trust = trust
        self._http = h11.Connection(h11.CLIENT)
        self.connect_status = 0
        self.connect_headers: list[tuple[str, str]] = []

    async def open(self, headers: dict[str, str] | None = None) -> bool:
        """Connect, and CONNECT where it is https; whether that was let in."""
        self._reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        if self._url.scheme != "https":
            return True
        place = self._url.netloc
        lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
        lines += [f"{k}: {v}" for k, v in (headers or {}).items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.connect_status = int(head[0].split()[1])
        self.connect_headers = [tuple(line.split(": ", 1)) for line in head[1:] if line]
        if self.connect_status == 200:
            await self.writer.start_tls(self._trust, server_hostname=self._url.hostname)
        return self.connect_status == 200

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (OSError, ssl.SSLError):
            pass

    async def send(
        self,
        method: str = "GET",
        target: str | None = None,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> None:
        """Send a request; its body has a Content-Length unless the headers say otherwise."""
        path = target if target is not None else (self._url.path or "/")
        absolute = self._url.scheme == "http" and not path.startswith("http")
        shown = f"http://{self._url.netloc}{path}" if absolute else path
        lines = {"Host": self._url.netloc, **(headers or {})}
        if body is not None and "Transfer-Encoding" not in lines:
            lines.setdefault("Content-Length", str(len(body)))
        head = h11.Request(method=method, target=shown, headers=list(lines.items()))
        self.writer.write(self._http.send(head))
        if body is not None:
            self.writer.write(self._http.send(h11.Data(body)))
            self.writer.write(self._http.send(h11.EndOfMessage()))
        elif "Transfer-Encoding" not in lines and "Content-Length" not in lines:
            self.writer.write(self._http.send(h11.EndOfMessage()))
        await self.writer.drain()

    async def send_more(self, piece: bytes, last: bool = False) -> None:
        """Send more of a body."""
        self.writer.write(self._http.send(h11.Data(piece)))
        if last:
            self.writer.write(self._http.send(h11.EndOfMessage()))
        await self.writer.drain()

    async def head(self) -> Answer:
        """Read an answer's head."""
        async for event in self._events():
            if isinstance(event, h11.Response):
                headers = [(k.decode(), v.decode("latin-1")) for k, v in event.headers]
                return Answer(event.status_code, headers)
        raise ConnectionError

    async def pieces(self) -> AsyncIterator[bytes]:
        """Read a body, as it comes."""
        async for event in self._events():
            if isinstance(event, h11.Data):
                yield bytes(event.data)

    async def _events(self) -> AsyncIterator[object]:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await asyncio.wait_for(self._reader.read(65536), PATIENCE))
                continue
            yield event
            if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return

    async def ask(self, *args: object, **named: object) -> Answer:
        """Send a request and read its whole answer."""
        await self.send(*args, **named)
        answer = await self.head()
        answer.body = b"".join([piece async for piece in self.pieces()])
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        return answer


@asynccontextmanager
async def connected(
    proxy: Running, url: str, house: House, **options: object
) -> AsyncIterator[Client]:
    """A client that is connected, and let in where it asks for a tunnel."""
    async with Client(proxy.port, url, house.trust) as client:
        assert await client.open(**options), client.connect_status
        yield client


async def ask(proxy: Running, url: str, house: House, **request: object) -> Answer:
    """One request over a connection of its own."""
    async with connected(proxy, url, house) as client:
        return await client.ask(**request)


class Kept:
    """An intake that keeps batches in a list; refuses while `broken`."""

    def __init__(self) -> None:
        self.accepted: list[Accepted] = []
        self.senders: list[Claim] = []
        self.notes: list[Claim] = []
        self.broken = False

    depth = 0

    async def refused(self, claims: Sequence[Claim]) -> None:
        """Note who presented bad tokens."""
        self.senders += claims

    async def noted(self, claims: Sequence[Claim]) -> None:
        """Note what was told beside batches."""
        self.notes += claims

    async def accept(self, batches: Sequence[Accepted]) -> list[Receipt]:
        if self.broken:
            raise StoreError("broken")
        self.accepted += batches
        return [Receipt.STORED] * len(batches)


@dataclass
class IngestHouse:
    """A real ingest and what it was told."""

    intake: Kept
    control: Control
    app: web.Application

    @property
    def counters(self) -> dict[str, int]:
        """What the proxy processes counted."""
        return self.app[RECEIVER].proxy_counters


@asynccontextmanager
async def ingest(house: House, **snapshot: object) -> AsyncIterator[IngestHouse]:
    """A real ingest on the house's socket."""
    intake = Kept()
    told = {"address_map": [], "exclude": [], "closed": [], "default_user": None, "observe": True}
    control = Control(told | snapshot, int(now() * 1000))
    app = application(intake, KEYS, Ingest(listen=f"unix:{house.ingest_socket}"), control, now)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.UnixSite(runner, house.ingest_socket).start()
    try:
        yield IngestHouse(intake, control, app)
    finally:
        app[RECEIVER].stopping = True
        control.stop()
        await runner.cleanup()


async def until(true: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for what another process is about to do; the time is a bound, not an assertion."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - another process has no event to wait for
            await asyncio.sleep(0.02)
