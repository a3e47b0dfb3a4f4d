"""The site that everything is measured on: nginx with files that never change, and one slow page.

A page of 129 kB as text, as gzip -6 and as Brotli 5, a script of 640 B, 2 MB that cannot be
compressed, and 600 MB that take no room. The slow server sends a page's head at once and the rest
later, or a piece every 50 ms.
"""

import asyncio
import datetime
import gzip
import ipaddress
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import brotli
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Process: TypeAlias = "subprocess.Popen[bytes]"

_PAGE = 129_408
_HUGE = 600_000_000
REST = 0.02
"""s until the rest of the page whose head comes at once."""
PIECES, PAUSE = 20, 0.05
"""Of the page that comes piece by piece, and s between them."""
_NGINX = """
{user}daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/octet-stream;
    types {{ text/html html; text/javascript js; }}
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    sendfile on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {rest}
}}
"""
_SITE = """
    ssl_certificate {folder}/origin.pem;
    ssl_certificate_key {folder}/origin.key;
    gzip_static on;
    gzip_proxied any;
    root {folder}/files;
    server {{ listen 127.0.0.1:{plain} backlog=4096; {br} }}
    server {{ listen 127.0.0.1:{secure} ssl backlog=4096; {br} }}
    server {{ listen 127.0.0.1:{second} ssl http2 backlog=4096; {br} }}
"""
_BR = """location /br.html { gzip_static off; add_header Content-Encoding br; }"""
_SUBSTITUTED = """
    upstream site {{ server 127.0.0.1:{plain}; keepalive 64; }}
    gzip {gzip};
    gzip_comp_level 1;
    gzip_proxied any;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://site;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            {substitution}
        }}
    }}
"""
_SUBSTITUTION = """
            proxy_set_header Accept-Encoding "";
            sub_filter '<head>' '<head>{tag}';
            sub_filter_once on;
"""


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int, process: Process, seconds: float = 30.0) -> None:
    """Wait until a process accepts on its port."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args!r} has died") from None
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not accept")


@contextmanager
def started(command: list[str], core: int, **environment: str) -> Iterator[Process]:
    """A process on one core, ended afterwards; what it complains of is shown where we fail."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *command],
            stdout=subprocess.PIPE,
            stderr=said,
            env={**os.environ, "PYTHONWARNINGS": "ignore", **environment},
        )
        try:
            yield process
        except Exception:
            said.seek(0)
            sys.stderr.write(said.read().decode("utf-8", "replace")[-2000:])
            raise
        finally:
            _end(process)


def _end(process: Process) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _nginx(folder: Path, rest: str) -> Path:
    user = "user root;\n" if os.getuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, user=user, rest=rest))
    return config


def nginx_command(config: Path) -> list[str]:
    """How it is started."""
    folder = str(config.parent)
    return ["nginx", "-c", str(config), "-e", f"{folder}/error.log", "-p", folder]


def substituting(folder: Path, plain: int, port: int, tag: str, packed: bool) -> Path:
    """Settings of an nginx in front of the site; without a tag it changes nothing."""
    folder.mkdir()
    rest = _SUBSTITUTED.format(
        plain=plain,
        port=port,
        gzip="on" if packed else "off",
        substitution=_SUBSTITUTION.format(tag=tag) if tag else "",
    )
    return _nginx(folder, rest)


def page() -> bytes:
    """A page that compresses as text does: its words are drawn from four thousand, always alike."""
    rng = random.Random(7)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    vocabulary = [
        "".join(rng.choices(letters, range(26, 0, -1), k=rng.randint(2, 11))) for _ in range(4000)
    ]
    often = [1 / (place + 60) for place in range(len(vocabulary))]
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>A page</title>'
        '<link rel="stylesheet" href="/style.css"></head><body>\n'
    ]
    size = 0
    while size < _PAGE:
        words = " ".join(rng.choices(vocabulary, often, k=40))
        parts.append(f'<div class="card"><h2>{words[:24]}</h2><p>{words}</p></div>\n')
        size += len(parts[-1])
    return "".join(parts).encode()[: _PAGE - 16] + b"\n</body></html>\n"


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the site")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "origin.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "origin.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@dataclass(frozen=True)
class Site:
    """Where it is, and the files that must come."""

    folder: Path
    plain: str
    secure: str
    second: str
    slow: str

    @property
    def ca(self) -> str:
        """Its certificate, which signs itself."""
        return str(self.folder / "origin.pem")

    def file(self, name: str) -> str:
        """Path of a file as it was served, or as it reads: `page.html`, `page.html.gz`..."""
        return str(self.folder / "files" / name)


@contextmanager
def site(folder: Path, core: int) -> Iterator[Site]:
    """Serve it in a folder, on one core."""
    files = folder / "files"
    files.mkdir(parents=True)
    folder.chmod(0o755)
    text = page()
    (files / "page.html").write_bytes(text)
    (files / "page.html.gz").write_bytes(gzip.compress(text, 6))
    (files / "br.html").write_bytes(brotli.compress(text, quality=5))
    (files / "small.js").write_bytes(b"let a = 1;\n" * 58 + b"//")
    (files / "large.bin").write_bytes(os.urandom(2_000_000))
    with (files / "huge.bin").open("wb") as huge:
        huge.truncate(_HUGE)
    _certificate(folder)
    ports = {name: free_port() for name in ("plain", "secure", "second", "slow")}
    config = _nginx(folder, _SITE.format(folder=folder, br=_BR, **ports))
    slow = [sys.executable, __file__, str(ports["slow"]), str(files / "page.html")]
    with started(nginx_command(config), core) as one, started(slow, core) as other:
        wait_for(ports["plain"], one)
        wait_for(ports["slow"], other)
        schemes = {"secure": "https", "second": "https"}
        urls = {n: f"{schemes.get(n, 'http')}://127.0.0.1:{port}" for n, port in ports.items()}
        yield Site(folder, **urls)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(text)
    try:
        while request := await reader.readuntil(b"\r\n\r\n"):
            early = b" /early.html " in request.split(b"\r\n")[0]
            step = len(text) // PIECES + 1
            writer.write(head + text[:step])
            if early:
                await asyncio.sleep(REST)
                writer.write(text[step:])
                continue
            for start in range(step, len(text), step):
                await asyncio.sleep(PAUSE)
                writer.write(text[start : start + step])
    except (OSError, EOFError):
        writer.close()


async def _serve(port: int, text: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _answer(reader, writer, text)

    async with await asyncio.start_server(answer, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
