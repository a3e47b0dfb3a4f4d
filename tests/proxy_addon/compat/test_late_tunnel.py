"""An origin that asks for the client's own certificate, behind a real mitmproxy."""

import asyncio
import ssl
from pathlib import Path

import pytest

from tests.origin import Origin, certificates
from tests.proxy_addon.compat.host import READY, mitmdump, started
from tests.proxy_addon.harness import PATIENCE, Client

PATCHED = """
from proxy_addon.compat import late_tunnel
late_tunnel.apply()
late_tunnel.apply()
"""
ASKING = """
from proxy_addon.compat import late_tunnel

def tls_established_server(data):
    late_tunnel.ask(data.conn)

def tls_failed_server(data):
    late_tunnel.ask(data.conn)
"""


@pytest.fixture
def origin(tmp_path: Path) -> ssl.SSLContext:
    """A server's context that demands a certificate."""
    ca, context = certificates(tmp_path, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca)
    return context


async def asked(folder: Path, context: ssl.SSLContext, script: str) -> tuple[int, int]:
    """Status of a request of a client who has a certificate; connections that the origin saw."""
    trust = ssl.create_default_context(cafile=str(folder / "origin-ca.pem"))
    trust.load_cert_chain(folder / "origin.pem")
    option = f"ssl_verify_upstream_trusted_ca={folder / 'origin-ca.pem'}"
    async with Origin(context) as origin:
        origin.put("/", b"page", framing="length")
        with started(mitmdump(folder, script + READY, option)) as port:
            async with Client(port, origin.url, trust) as client:
                assert await client.open()
                answer = await asyncio.wait_for(client.ask(), PATIENCE)
        return answer.status, origin.connections


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_the_origin_sees_the_clients_own_certificate(
    tmp_path: Path, origin: ssl.SSLContext, newest: ssl.TLSVersion
):
    """On the very first connection: what we learn from the origin is not too late."""
    origin.maximum_version = newest

    assert (200, 2) == await asked(tmp_path, origin, PATCHED + ASKING)


async def test_without_the_patch_the_certificate_is_lost(tmp_path: Path, origin: ssl.SSLContext):
    """When this fails, mitmproxy can be told at last: the row in the table goes."""
    with pytest.raises((ssl.SSLError, OSError)):
        await asked(tmp_path, origin, ASKING)


async def test_what_nobody_asked_a_tunnel_for_is_decrypted(tmp_path: Path, origin: ssl.SSLContext):
    """The patch by itself changes nothing."""
    origin.verify_mode = ssl.CERT_NONE
    with pytest.raises(ssl.SSLCertVerificationError):
        await asked(tmp_path, origin, PATCHED)
