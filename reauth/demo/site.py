"""A small HTTPS site of several pages, on loopback, with a certificate of its own."""

import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PAGES = ("accounts", "payments", "documents", "messages", "settings")

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} - Example Bank</title>
<style>
 body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0; color: #223; background: #f4f6fa }}
 header {{ background: #234; color: #fff; padding: 1rem 2rem }}
 main {{ max-width: 60rem; margin: 2rem auto; background: #fff; padding: 1rem 2rem }}
 button {{ margin: .3rem; padding: .5rem 1rem }} td {{ padding: .3rem 1.5rem }}
</style></head>
<body><header>Example Bank &middot; {title}</header>
<main><h1>{title}</h1><table>{rows}</table><p>{buttons}</p></main>
</body></html>
"""


@dataclass(slots=True)
class Site:
    """A running site: where it is, the certificate to trust, and the paths that it was asked."""

    url: str
    certificate: Path
    asked: list[str] = field(default_factory=list)


def make_certificate(folder: Path, now: datetime) -> tuple[Path, Path]:
    """Write a self-signed certificate for 127.0.0.1 and its key; their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "reauth demo site")])
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "site.pem", folder / "site.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].touch(0o600)
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def page(title: str) -> str:
    """One page: a table and buttons that do nothing, so that no click leaves it."""
    rows = "".join(f"<tr><td>{title} {n}</td><td>{n * 37}.00</td></tr>" for n in range(1, 9))
    buttons = "".join(f'<button type="button">Action {n}</button>' for n in range(1, 5))
    return _PAGE.format(title=title.capitalize(), rows=rows, buttons=buttons)


@asynccontextmanager
async def running_site(folder: Path) -> AsyncIterator[Site]:
    """A site on a free port of 127.0.0.1 for as long as the context lasts."""
    certificate, key = make_certificate(folder, datetime.now(UTC))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    site = Site("", certificate)

    async def get_page(request: web.Request) -> web.Response:
        site.asked.append(request.path)
        name = request.match_info["page"] or PAGES[0]
        if name not in PAGES:
            raise web.HTTPNotFound
        return web.Response(text=page(name), content_type="text/html")

    app = web.Application()
    app.router.add_get("/{page:.*}", get_page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        listener = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await listener.start()
        host, port = runner.addresses[0][:2]
        site.url = f"https://{host}:{port}"
        yield site
    finally:
        await runner.cleanup()
