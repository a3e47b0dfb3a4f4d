"""An origin that misbehaves on demand: it says exactly the bytes that a test gave it, piece by
piece, and keeps every request that reached it.

A piece may be an `asyncio.Event`: the origin waits for it, so that a test asserts on order, not on
milliseconds.
"""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import h11
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Piece = bytes | asyncio.Event
Headers = Sequence[tuple[str, str]]


@dataclass
class Seen:
    """A request as it came."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        """Values of all lines of that name."""
        return [value for found, value in self.headers if found.lower() == name.lower()]


@dataclass
class Page:
    """What is answered.

    `framing` is "length", "chunked" (a chunk a piece), "close" (the body ends with the connection)
    or "none"; `arrived` is set when the first byte of a request's body has come.
    """

    pieces: Sequence[Piece] = (b"",)
    headers: Headers = (("Content-Type", "text/html; charset=utf-8"),)
    status: int = 200
    framing: str = "chunked"
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def head(self) -> bytes:
        """The head of the answer."""
        lines = [f"HTTP/1.1 {self.status} Whatever", *(f"{k}: {v}" for k, v in self.headers)]
        if self.framing == "length":
            size = sum(len(piece) for piece in self.pieces if isinstance(piece, bytes))
            lines.append(f"Content-Length: {size}")
        elif self.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        elif self.framing == "close":
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode()


class Origin:
    """Serves `pages` by path, 404 for the others."""

    def __init__(
        self, context: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.pages: dict[str, Page] = {}
        self.seen: list[Seen] = []
        self.connections = 0
        self._context = context
        self._host = host
        self.port = port
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """scheme://host:port"""
        scheme = "https" if self._context else "http"
        return f"{scheme}://{self._host}:{self.port}"

    def put(self, path: str, *pieces: Piece, **fields: object) -> Page:
        """Say what a path answers."""
        self.pages[path] = Page(pieces or (b"",), **fields)
        return self.pages[path]

    async def __aenter__(self) -> "Origin":
        self._server = await asyncio.start_server(self._accept, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for _ in range(3):  # a connection may have been accepted whose task has not begun
            await asyncio.sleep(0)
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        raw = writer.transport
        try:
            if self._context:
                await writer.start_tls(self._context)
            while await self._answer(reader, writer):
                pass
        except (OSError, asyncio.CancelledError, h11.RemoteProtocolError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            raw.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        seen, page = None, Page(framing="length", status=404)
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Request):
                headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in event.headers]
                seen = Seen(event.method.decode(), event.target.decode("latin-1"), headers)
                self.seen.append(seen)
                page = self.pages.get(seen.target.partition("?")[0], page)
            elif isinstance(event, h11.Data):
                seen.body += event.data
                page.arrived.set()
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return False
        await self._say(page, writer, seen.method == "HEAD")
        return page.framing not in ("close",)

    async def _say(self, page: Page, writer: asyncio.StreamWriter, head_only: bool) -> None:
        writer.write(page.head())
        await writer.drain()
        if head_only or page.status in (204, 304):
            return
        for piece in page.pieces:
            if isinstance(piece, asyncio.Event):
                await piece.wait()
                continue
            if page.framing == "chunked" and piece:
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            else:
                writer.write(piece)
            await writer.drain()
        if page.framing == "chunked":
            writer.write(b"0\r\n\r\n")
        await writer.drain()


class H2Origin(Origin):
    """The same over HTTP/2: the pieces of a page are DATA frames. Its context is its own."""

    async def __aenter__(self) -> "H2Origin":
        self._context.set_alpn_protocols(["h2"])
        return await super().__aenter__()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        config = h2.config.H2Configuration(client_side=False, header_encoding="latin-1")
        http = h2.connection.H2Connection(config)
        http.initiate_connection()
        streams: dict[int, Seen] = {}
        while data := await self._flushed(http, reader, writer):
            for event in http.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    seen = Seen("", "", list(event.headers))
                    seen.method, seen.target = seen.values(":method")[0], seen.values(":path")[0]
                    streams[event.stream_id] = seen
                    self.seen.append(seen)
                elif isinstance(event, h2.events.DataReceived):
                    streams[event.stream_id].body += event.data
                    http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    self._say_by_frames(http, event.stream_id, streams[event.stream_id])
        return False

    async def _flushed(
        self, http: h2.connection.H2Connection, reader: asyncio.StreamReader, writer: object
    ) -> bytes:
        writer.write(http.data_to_send())
        return await reader.read(65536)

    def _say_by_frames(self, http: h2.connection.H2Connection, stream: int, seen: Seen) -> None:
        page = self.pages.get(seen.target.partition("?")[0], Page(status=404))
        headers = [(name.lower(), value) for name, value in page.headers]
        http.send_headers(stream, [(":status", str(page.status)), *headers])
        for piece in page.pieces:
            http.send_data(stream, piece)
        http.end_stream(stream)


_OTHER_USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
_CA_USES = x509.KeyUsage(key_cert_sign=True, **dict.fromkeys(_OTHER_USES, False))


def certificates(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """A test CA's file, and a server context with a certificate of it for names and addresses."""
    now = datetime.datetime.now(datetime.UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "origins' CA")])

    def builder(name: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )

    # With key identifiers and uses: Python 3.13 verifies strictly (RFC 5280).
    known = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    signer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known)
    ca = (
        builder(ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_CA_USES, critical=True)
        .add_extension(known, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    alternatives = [_alternative(name) for name in names]
    leaf = (
        builder(x509.Name([]), key.public_key())
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=True)
        .add_extension(signer, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    chain = folder / "origin.pem"
    chain.write_bytes(
        key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + leaf.public_bytes(pem)
    )
    (folder / "origin-ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "origin-ca.key").write_bytes(
        ca_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return folder / "origin-ca.pem", context


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
