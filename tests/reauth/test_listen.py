"""Listeners tell where they are, jobs tell when they die, and both end with their context."""

import asyncio
import contextlib
import gc
import ssl
import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reauth.errors import ReauthError, SettingsError
from reauth.listen import jobs, listening, rare_collections, tls_of
from reauth.settings import Console, Settings


def hello():
    """An application that says hello."""

    async def greet(_):
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", greet)
    return app


async def asked(url, **how):
    """What is there."""
    async with aiohttp.ClientSession(**how) as session, session.get(url, ssl=False) as answer:
        return await answer.text()


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:0"])
async def test_any_free_port_is_told(listen):
    """Once the context is entered, it answers; afterwards it does not."""
    try:
        async with listening("console", hello(), listen, None) as (taken, url):
            assert f"http://{taken}" == url
            assert not taken.endswith(":0")
            assert "hello" == await asked(url)
    except ReauthError:
        assert listen == "[::1]:0", "only a machine without IPv6 may refuse"
        return
    with pytest.raises(aiohttp.ClientError):
        await asked(url)


async def test_a_unix_socket_is_for_our_group(tmp_path):
    """0660 (privacy-ops.md §7), and gone afterwards."""
    path = tmp_path / "ingest.sock"
    async with listening("ingest", hello(), f"unix:{path}", None) as (taken, url):
        assert (f"unix:{path}",) * 2 == (taken, url)
        assert 0o660 == stat.S_IMODE(path.stat().st_mode)
        connector = aiohttp.UnixConnector(str(path))
        assert "hello" == await asked("http://x/", connector=connector)

    assert not path.exists()


async def test_a_port_that_is_taken_is_named(unused_tcp_port):
    """With the setting, and what to do."""
    listen = f"127.0.0.1:{unused_tcp_port}"
    async with listening("console", hello(), listen, None):
        with pytest.raises(ReauthError, match=f"console.listen: cannot listen on {listen}: "):
            async with listening("console", hello(), listen, None):
                pass


async def test_an_address_that_is_none_of_ours_is_named():
    """Reserved for documentation, so nobody's."""
    with pytest.raises(ReauthError, match=r"metrics\.listen: cannot listen on 192\.0\.2\.1:0"):
        async with listening("metrics", hello(), "192.0.2.1:0", None):
            pass


def self_signed(folder):
    """A certificate for 127.0.0.1 and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "console")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Settings(console=Console(tls_cert=str(cert), tls_key=str(secret)))


async def test_the_console_speaks_tls_where_it_has_a_certificate(tmp_path):
    """Plain http is for loopback."""
    context = tls_of(self_signed(tmp_path))
    async with listening("console", hello(), "127.0.0.1:0", context) as (_, url):
        assert url.startswith("https://")
        assert "hello" == await asked(url)

    assert ssl.TLSVersion.TLSv1_2 == context.minimum_version
    assert tls_of(Settings()) is None


@pytest.mark.parametrize("broken", ["missing", "garbage"])
def test_a_certificate_that_cannot_be_used_is_named(tmp_path, broken):
    """At the start, not at the first visitor."""
    settings = self_signed(tmp_path)
    if broken == "missing":
        Path(settings.console.tls_cert).unlink()
    else:
        Path(settings.console.tls_cert).write_text("garbage", "ascii")

    with pytest.raises(SettingsError, match=r"console\.tls_cert: cannot use"):
        tls_of(settings)


async def test_jobs_end_with_their_context():
    """Nobody is left behind."""
    ended = []

    async def endless():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async with jobs(endless(), endless()) as broken:
        await asyncio.sleep(0)
        assert not broken.done()

    assert [True, True] == ended
    assert broken.cancelled()


async def test_a_job_that_dies_is_told():
    """A house whose retention has stopped must not look healthy."""

    async def dies():
        raise ZeroDivisionError("bug")

    async with jobs(dies(), dies()) as broken:
        with pytest.raises(ZeroDivisionError):
            await broken


async def test_a_job_that_is_done_is_no_failure():
    """As when nothing was wanted of it."""

    async def done():
        return None

    async with jobs(done()) as broken:
        await asyncio.sleep(0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(broken), 0.01)
        assert not broken.done()


def test_garbage_is_looked_for_less_often_while_the_house_stands():
    """And as before when it is closed."""
    usual = gc.get_threshold()
    with rare_collections():
        assert gc.get_threshold() > usual
        assert gc.get_freeze_count() > 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == (usual, 0)
