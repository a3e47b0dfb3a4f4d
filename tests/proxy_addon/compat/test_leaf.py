"""Leaves by our CA, judged by a foreign verifier; through a real mitmproxy, started both ways."""

import http.client
import http.server
import ipaddress
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from mitmproxy import certs

from proxy_addon.compat import leaf
from reauth import ca
from reauth.errors import CaError
from tests.proxy_addon.compat.host import READY, mitmdump, started
from tests.proxy_addon.harness import PATIENCE

NOW = datetime(2030, 1, 15, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)

STOCK = """
from pathlib import Path
from mitmproxy import ctx, version
from proxy_addon import compat
from proxy_addon.compat import leaf

def load(loader):
    compat.apply(version.VERSION)
    leaf.install(Path({ca!r}), ctx.master)
"""

OWN = """
import asyncio
from pathlib import Path
from mitmproxy import options, version
from mitmproxy.addons import core, next_layer, proxyserver, tlsconfig
from mitmproxy.master import Master
from proxy_addon import compat
from proxy_addon.compat import leaf

class Ready:
    def __init__(self, proxy):
        self.proxy = proxy

    def running(self):
        print("port", self.proxy.listen_addrs()[0][1], flush=True)

async def main():
    compat.apply(version.VERSION)
    leaf.install(Path({ca!r}))
    proxy = proxyserver.Proxyserver()
    opts = options.Options(listen_host="127.0.0.1", listen_port=0, confdir={confdir!r})
    master = Master(opts, asyncio.get_running_loop())
    master.addons.add(
        core.Core(), proxy, next_layer.NextLayer(), tlsconfig.TlsConfig(), Ready(proxy)
    )
    opts.update(ssl_verify_upstream_trusted_ca={trusted!r})
    await master.run()

asyncio.run(main())
"""


class Clock:
    """A time that a test turns."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ca.create(tmp_path / "ca", now=NOW)
    return tmp_path / "ca"


@pytest.fixture(autouse=True)
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test does to mitmproxy is undone after it."""
    monkeypatch.setattr(certs.CertStore, "from_store", leaf._STOCK)


def names(*hosts: str) -> x509.GeneralNames:
    return x509.GeneralNames([x509.DNSName(host) for host in hosts])


def cert_of(entry: certs.CertStoreEntry) -> x509.Certificate:
    return entry.cert._cert


def verifies(trusted: bytes, host: str, leaf: x509.Certificate, now: datetime, at: Path) -> bool:
    (at / "trusted").write_bytes(trusted)
    (at / "leaf").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    command = [
        "openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-no-CApath", "-no-CAstore",
        "-verify_hostname", host, "-attime", str(int(now.timestamp())), "-CAfile", "trusted",
        "leaf",
    ]  # fmt: skip
    return subprocess.run(command, cwd=at, capture_output=True, check=False).returncode == 0


def test_a_leaf_verifies_and_bears_a_key_of_its_own(folder: Path):
    """Strictly, by openssl, against `ca.pem`; the CA's key never serves."""
    store = leaf.LeafStore(folder, Clock())
    entry = store.get_cert("example.org", names("example.org", "www.example.org"))
    authority = ca.load(folder, now=NOW)

    assert verifies(ca.export(folder, now=NOW), "www.example.org", cert_of(entry), NOW, folder)
    assert not verifies(ca.export(folder, now=NOW), "example.com", cert_of(entry), NOW, folder)
    assert cert_of(entry).public_key() == entry.privatekey.public_key()
    assert cert_of(entry).public_key() != authority.key.public_key()
    assert isinstance(entry.privatekey.curve, ec.SECP256R1)


def test_a_leaf_lives_for_thirty_days_and_never_longer_than_its_ca(folder: Path, tmp_path: Path):
    """Backdating is part of the life."""
    ca.create(tmp_path / "short", days=10, now=NOW)
    usual = cert_of(leaf.LeafStore(folder, Clock()).get_cert("a.org", names("a.org")))
    short = leaf.LeafStore(tmp_path / "short", Clock())
    end = short.default_ca.notafter

    assert timedelta(days=30) == usual.not_valid_after_utc - usual.not_valid_before_utc
    assert NOW - DAY == usual.not_valid_before_utc
    assert end == cert_of(short.get_cert("a.org", names("a.org"))).not_valid_after_utc


def test_the_issuer_is_named_by_the_key_identifier_that_it_bears(folder: Path):
    """Copied, not computed anew: a company's CA may have derived its own otherwise (#8214)."""
    root = ca.load(folder, now=NOW)
    foreign = x509.SubjectKeyIdentifier(b"\x07" * 20)
    builder = x509.CertificateBuilder(
        root.certificate.issuer, root.certificate.subject, root.key.public_key(),
        root.certificate.serial_number, root.certificate.not_valid_before_utc,
        root.certificate.not_valid_after_utc,
    )  # fmt: skip
    changed = builder.add_extension(foreign, critical=False).sign(root.key, hashes.SHA256())
    (folder / "ca.pem").write_bytes(changed.public_bytes(serialization.Encoding.PEM))
    entry = leaf.LeafStore(folder, Clock()).get_cert("a.org", names("a.org"))
    issuer = cert_of(entry).extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value

    assert foreign.digest == issuer.key_identifier


def test_a_leaf_may_serve_and_nothing_else(folder: Path):
    """No CA, signatures only, TLS servers only; an empty subject makes the names critical."""
    store = leaf.LeafStore(folder, Clock())
    usual = cert_of(store.get_cert("a.org", names("a.org"), "Example"))
    longest = "x" * 60 + "." + "y" * 60 + ".org"
    nameless = cert_of(store.get_cert(longest, names(longest), "o" * 65))
    uses = usual.extensions.get_extension_for_class(x509.KeyUsage).value
    kind = x509.SubjectAlternativeName

    assert not usual.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert uses.digital_signature and not uses.key_cert_sign
    assert "O=Example,CN=a.org" == usual.subject.rfc4514_string()
    assert not usual.extensions.get_extension_for_class(kind).critical
    assert nameless.extensions.get_extension_for_class(kind).critical
    assert verifies(ca.export(folder, now=NOW), longest, nameless, NOW, folder)


def test_the_same_names_get_the_same_leaf_and_others_another(folder: Path):
    """Signed once; the organisation is part of what is asked for."""
    store = leaf.LeafStore(folder, Clock())
    first = store.get_cert("a.org", names("a.org"))

    assert first is store.get_cert("a.org", [x509.DNSName("a.org")], None, "http://a.org/crl")
    assert first is not store.get_cert("a.org", names("a.org"), "Example")
    assert first is not store.get_cert("a.org", names("a.org", "b.org"))


def test_the_least_recently_used_leaf_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Memory is bounded, and a site that is in use keeps its leaf."""
    monkeypatch.setattr(leaf, "CAPACITY", 3)
    store = leaf.LeafStore(folder, Clock())
    a, b, c = (store.get_cert(host, names(host)) for host in ("a.org", "b.org", "c.org"))
    store.get_cert("a.org", names("a.org"))
    store.get_cert("d.org", names("d.org"))

    assert a is store.get_cert("a.org", names("a.org"))
    assert c is store.get_cert("c.org", names("c.org"))
    assert b is not store.get_cert("b.org", names("b.org"))
    assert 3 == len(store._leaves)


def test_ten_thousand_leaves_are_kept():
    """mitmproxy keeps a hundred: a busy gateway signs the same ones all day."""
    assert (100, 10_000) == (certs.CertStore.STORE_CAP, leaf.CAPACITY)


@pytest.mark.parametrize("step", [DAY, -timedelta(seconds=1)], ids=["a day on", "a step back"])
def test_the_key_is_made_anew_each_day_and_after_a_step_back(folder: Path, step: timedelta):
    """A leaf is thus never near its end, nor before its start when a wrong clock is set right."""
    clock = Clock()
    store = leaf.LeafStore(folder, clock)
    first = store.get_cert("a.org", names("a.org"))
    clock.now += DAY - timedelta(seconds=1)
    same = store.get_cert("a.org", names("a.org"))
    clock.now = NOW + step
    second = store.get_cert("a.org", names("a.org"))

    assert first is same
    assert first.privatekey.public_key() != second.privatekey.public_key()
    assert 1 == len(store._leaves)


def test_two_processes_share_no_leaf_key(folder: Path):
    """The key is made at first use, so that it is made after the fork."""
    store = leaf.LeafStore(folder, Clock())

    assert not hasattr(store, "_key")
    keys = [leaf.LeafStore(folder, Clock()).get_cert("a.org", names("a.org")) for _ in range(2)]
    assert keys[0].privatekey.public_key() != keys[1].privatekey.public_key()


def test_a_name_that_the_ca_may_not_sign_is_left_out(tmp_path: Path):
    """Origins share certificates: one excluded name would break the page of its neighbours."""
    permitted, excluded = ["example.org"], ["bank.example.org"]
    ca.create(tmp_path / "ca", permitted=permitted, excluded=excluded, now=NOW)
    store = leaf.LeafStore(tmp_path / "ca", Clock())
    asked = [
        x509.DNSName("www.example.org"), x509.DNSName("my.bank.example.org"),
        x509.DNSName("notexample.org"), x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
    ]  # fmt: skip
    mixed = cert_of(store.get_cert("www.example.org", asked))
    alone = cert_of(store.get_cert("bank.example.org", names("bank.example.org")))
    trusted = ca.export(tmp_path / "ca", now=NOW)
    kept = mixed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert [x509.DNSName("www.example.org")] == list(kept)
    assert verifies(trusted, "www.example.org", mixed, NOW, tmp_path)
    assert not verifies(trusted, "bank.example.org", alone, NOW, tmp_path)


def test_an_address_is_signed_where_only_names_are_excluded(tmp_path: Path):
    """Constraints bind names of their own kind (RFC 5280, section 4.2.1.10)."""
    ca.create(tmp_path / "ca", excluded=["bank.example"], now=NOW)
    address = x509.IPAddress(ipaddress.ip_address("192.0.2.1"))
    entry = leaf.LeafStore(tmp_path / "ca", Clock()).get_cert("192.0.2.1", [address])

    assert [address] == list(
        cert_of(entry).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    )


def intermediate(tmp_path: Path) -> Path:
    """A CA folder as a company's own PKI would fill it: not self-signed, its issuer behind it."""
    root = ca.create(tmp_path / "root", name="Root", now=NOW)
    ca.create(tmp_path / "mid", name="Middle", now=NOW)
    mid = ca.load(tmp_path / "mid", now=NOW)
    builder = x509.CertificateBuilder(
        root.certificate.subject, mid.certificate.subject, mid.key.public_key(),
        x509.random_serial_number(), NOW - DAY, NOW + 300 * DAY, list(mid.certificate.extensions),
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    signed = builder.sign(root.key, hashes.SHA256()).public_bytes(pem)
    (tmp_path / "mid" / "ca.pem").write_bytes(signed + root.certificate.public_bytes(pem))
    return tmp_path / "mid"


def test_an_intermediate_is_sent_along_and_a_root_is_not(folder: Path, tmp_path: Path):
    """A device has its roots; what lies between it cannot know."""
    mid = intermediate(tmp_path)

    assert leaf.LeafStore(folder, Clock()).default_chain_file is None
    assert mid / "ca.pem" == leaf.LeafStore(mid, Clock()).default_chain_file
    assert 2 == len(leaf.LeafStore(mid, Clock()).default_chain_certs)


def pem(key, lock=None) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    lock = lock or serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, lock)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("ca.key", None, r"cannot read .*ca\.key.*`reauth ca create`"),
        ("ca.pem", None, r"cannot read .*ca\.pem.*`reauth ca create`"),
        ("ca.pem", b"nothing", "no CA of ours"),
        ("ca.key", b"nothing", "no CA of ours"),
        ("ca.key", pem(rsa.generate_private_key(65537, 2048)), "is not the key of"),
        ("ca.key", pem(ec.generate_private_key(ec.SECP256R1())), "is not the key of"),
    ],
)
def test_a_folder_without_a_ca_is_refused(
    folder: Path, file: str, content: bytes | None, said: str
):
    """At the start, and with the next step."""
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
        (folder / file).chmod(0o600)

    with pytest.raises(CaError, match=said):
        leaf.install(folder)


def test_a_key_that_others_may_read_is_refused(folder: Path):
    """The same rule as in `reauth ca`: the message holds the remedy."""
    (folder / "ca.key").chmod(0o640)

    with pytest.raises(CaError, match="run `chmod 600"):
        leaf.install(folder)


def test_an_expired_ca_and_one_without_key_identifier_are_refused(folder: Path):
    """Both would give pages that no browser opens."""
    root = ca.load(folder, now=NOW)

    with pytest.raises(CaError, match="has expired"):
        leaf.LeafStore(folder, Clock(NOW + 364 * DAY))
    bare = x509.CertificateBuilder(
        root.certificate.issuer, root.certificate.subject, root.key.public_key(), 1, NOW, NOW + DAY
    ).sign(root.key, hashes.SHA256())
    (folder / "ca.pem").write_bytes(bare.public_bytes(serialization.Encoding.PEM))
    with pytest.raises(CaError, match="no subject key identifier"):
        leaf.LeafStore(folder, Clock())


def test_the_hole_is_there_without_the_patch(tmp_path: Path):
    """When this fails, mitmproxy has closed it: the row in the table goes."""
    store = certs.CertStore.from_store(tmp_path, "mitmproxy", 2048)
    entry = store.get_cert("a.org", names("a.org"))
    life = entry.cert.notafter - entry.cert.notbefore

    assert entry.cert.public_key() == store.default_ca.public_key()
    assert life > leaf.LEAF_LIFE
    assert store.default_ca.notafter - store.default_ca.notbefore > timedelta(days=3000)


def test_patched_and_not_installed_makes_no_ca(tmp_path: Path):
    """mitmproxy's own ten years never come about by a forgotten call; again does no harm."""
    leaf.apply()
    leaf.apply()

    with pytest.raises(CaError, match=r"leaf\.install comes before"):
        certs.CertStore.from_store(path=tmp_path, basename="mitmproxy", key_size=2048)
    assert [] == list(tmp_path.iterdir())


def test_installed_stays_installed(tmp_path: Path):
    """mitmproxy asks for its store at every configuration, and a script may be loaded again."""
    ca.create(tmp_path / "ca")
    store = leaf.install(tmp_path / "ca")
    leaf.apply()

    assert store is certs.CertStore.from_store(path=tmp_path, basename="x", key_size=2048)


class Page(http.server.BaseHTTPRequestHandler):
    """One short page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """An HTTPS server on 127.0.0.1: its port, and the file of the CA that it is certified by."""
    ca.create(tmp_path / "origin", name="Origin")
    entry = leaf.LeafStore(tmp_path / "origin").get_cert("localhost", names("localhost"))
    (tmp_path / "origin.pem").write_bytes(entry.cert.to_pem() + pem(entry.privatekey))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "origin.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_address[1], tmp_path / "origin" / "ca.pem"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def proxy(kind: str, tmp_path: Path, trusted: Path) -> Iterator[int]:
    """A real mitmproxy, in a process of its own; gives its port."""
    text = {"own": OWN, "mitmdump": STOCK + READY, "unpatched": READY}[kind]
    places = {"ca": tmp_path / "ca", "trusted": trusted, "confdir": tmp_path / "confdir"}
    text = text.format(**{name: str(place) for name, place in places.items()})
    command = mitmdump(tmp_path, text, f"ssl_verify_upstream_trusted_ca={trusted}")
    if kind == "own":
        command = [sys.executable, str(tmp_path / "script.py")]
    with started(command) as port:
        yield port


def fetch(port: int, origin_port: int, trusted: str) -> tuple[bytes, x509.Certificate]:
    """Load the page as a strict client does; gives its body and the leaf it came with."""
    context = ssl.create_default_context(cadata=trusted)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    client = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=PATIENCE)
    client.set_tunnel("localhost", origin_port)
    try:
        client.request("GET", "/")
        seen = client.sock.getpeercert(binary_form=True)
        return client.getresponse().read(), x509.load_der_x509_certificate(seen)
    finally:
        client.close()


@pytest.mark.parametrize("kind", ["own", "mitmdump"])
def test_a_real_mitmproxy_shows_our_leaves(
    kind: str, tmp_path: Path, origin: tuple[int, Path]
):
    """In our own launcher's way and under stock mitmdump, where TLS was set up before us."""
    authority = ca.create(tmp_path / "ca")
    with proxy(kind, tmp_path, origin[1]) as port:
        body, seen = fetch(port, origin[0], (tmp_path / "ca" / "ca.pem").read_text())

    assert b"hello" == body
    assert seen.public_key() != authority.key.public_key()
    assert seen.not_valid_after_utc - seen.not_valid_before_utc <= timedelta(days=30)
    assert verifies(ca.export(tmp_path / "ca"), "localhost", seen, datetime.now(UTC), tmp_path)
    if kind == "own":
        assert [] == list((tmp_path / "confdir").iterdir())


def test_an_unpatched_mitmproxy_shows_its_cas_own_key(tmp_path: Path, origin: tuple[int, Path]):
    """What the two tests above would see without the patch: this one says that they can fail."""
    with proxy("unpatched", tmp_path, origin[1]) as port:
        trusted = (tmp_path / "confdir" / "mitmproxy-ca-cert.pem").read_text()
        _, seen = fetch(port, origin[0], trusted)
    root = x509.load_pem_x509_certificate(trusted.encode())

    assert seen.public_key() == root.public_key()
    assert seen.not_valid_after_utc - seen.not_valid_before_utc > timedelta(days=30)


def test_a_rotated_ca_signs_once_it_is_read_anew(tmp_path: Path):
    """What it signed before goes with it; what cannot be read leaves the old one signing."""
    folder = tmp_path / "ca"
    ca.create(folder)
    store = leaf.LeafStore(folder)
    names = [x509.DNSName("a.example")]
    old = store.get_cert("a.example", names).cert
    ca.rotate(folder)
    ca.finish(folder)
    assert store.get_cert("a.example", names).cert is old
    store.take()
    new = store.get_cert("a.example", names).cert
    pem = (folder / "ca.pem").read_bytes()
    (folder / "ca.pem").write_bytes(b"nonsense")
    with pytest.raises(CaError):
        store.take()

    present = x509.load_pem_x509_certificates(pem)[0]
    x509.load_pem_x509_certificate(new.to_pem()).verify_directly_issued_by(present)
    with pytest.raises((ValueError, InvalidSignature)):
        x509.load_pem_x509_certificate(old.to_pem()).verify_directly_issued_by(present)
    assert store.get_cert("a.example", names).cert is new
