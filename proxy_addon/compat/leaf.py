"""Leaf certificates by our CA: a key of their own, made anew each day, never written anywhere.

mitmproxy gives every leaf the CA's own key and a life of most of a year, keeps 100, and makes
itself a CA for ten years where it finds none (https://github.com/mitmproxy/mitmproxy/issues/8142
and /8203 on the life, /8214 on the issuer's key identifier).

The launcher calls, before it builds its master and before it forks,

    compat.apply(mitmproxy.version.VERSION)
    leaf.install(Path(settings.ca.path))

and a script under `mitmdump -s`, where mitmproxy has set up TLS already, in its `load` hook

    leaf.install(Path(settings.ca.path), ctx.master)
"""

import os
import stat
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from mitmproxy import certs

from reauth.errors import CaError

if TYPE_CHECKING:  # it would import every addon of mitmproxy
    from mitmproxy.master import Master

CAPACITY = 10_000
"""Leaves kept, the least recently used go (transparency.md section 8)."""

KEY_LIFE = timedelta(days=1)
"""One leaf key, and all leaves with it (transparency.md section 8: rotated daily)."""

LEAF_LIFE = timedelta(days=30)
"""Whole life, backdating included; Chromium refuses above 200 days (mitmproxy #8142)."""

BACKDATE = timedelta(days=1)
"""A clock that takes local time for UTC is wrong by up to 14 hours (UTC+14 exists)."""

MAX_COMMON_NAME = 64
"""RFC 5280, appendix A.1 (ub-common-name). A longer name stands in the alternative names alone."""

_EPOCH = datetime.min.replace(tzinfo=UTC)
_OTHER_USES = (
    "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)
_LEAF_USES = x509.KeyUsage(digital_signature=True, **dict.fromkeys(_OTHER_USES, False))
_STOCK = certs.CertStore.__dict__["from_store"]
_installed: "list[LeafStore]" = []
"""The one that signs, once there is one."""


def apply() -> None:
    """Keep mitmproxy from making or using a CA of its own; `install` says which one it is."""
    if certs.CertStore.__dict__["from_store"] is _STOCK:
        certs.CertStore.from_store = staticmethod(_refuse)  # type: ignore[method-assign] # the patch


def install(ca: Path, master: "Master | None" = None) -> "LeafStore":
    """Let mitmproxy sign with the CA in the folder `ca`, read once, here.

    Parameters
    ----------
    ca
        Folder of `ca.pem` and `ca.key`, as `reauth ca create` makes it.
    master
        One that has set up TLS already; not needed where TLS is set up after this call.

    Raises
    ------
    CaError
        Where the key is missing, open to others or not the certificate's, or the CA has expired.
    """
    store = LeafStore(ca)
    certs.CertStore.from_store = staticmethod(  # type: ignore[method-assign] # the patch
        lambda *_, **__: store  # mitmproxy asks again whenever it is configured, `running` included
    )
    _installed[:] = [store]
    # The listeners open before mitmproxy configures TLS anew: a gap with the wrong CA.
    if master is not None:
        master.addons.get("tlsconfig").certstore = store  # type: ignore[no-untyped-call] # as published
    return store


def renew() -> None:
    """Read the CA anew where it was installed from; connections that are open keep their leaf.

    Raises
    ------
    CaError
        As `install`; then the one that was read before goes on signing.
    """
    for store in _installed:
        store.take()


def _refuse(*_: object, **__: object) -> NoReturn:
    raise CaError("no CA was given: compat.leaf.install comes before TLS is set up")


class LeafStore(certs.CertStore):
    """Signs a leaf for each set of names, once.

    Takes the place of mitmproxy's store, whose attributes it therefore bears: `default_ca`,
    `default_chain_file`, `default_chain_certs`, `default_privatekey`, `dhparams`, `certs`,
    `default_crl`. The leaf key is made at first use, so that forked processes do not share it.

    Parameters
    ----------
    ca
        Folder of `ca.pem` and `ca.key`.
    clock
        Gives the time, aware.

    Raises
    ------
    CaError
        As `install`.
    """

    def __init__(self, ca: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.dhparams = None  # type: ignore[assignment]  # no client lacks ECDHE any more
        self.default_crl = b""
        self.certs = {}
        self._ca = ca
        self._clock = clock
        self._leaves: OrderedDict[object, certs.CertStoreEntry] = OrderedDict()
        self.take()

    def take(self) -> None:
        """Read the CA, and forget what another has signed."""
        ca = self._ca
        chain, key = _read(ca)
        if chain[0].not_valid_after_utc <= self._clock():
            raise CaError(f"{ca / 'ca.pem'} has expired: run `reauth ca rotate`, then `--finish`")
        self.default_ca = certs.Cert(chain[0])
        # An intermediate is sent along with the leaf; a root is on the device or is of no use.
        self.default_chain_file = ca / "ca.pem" if chain[0].issuer != chain[0].subject else None
        self.default_chain_certs = [certs.Cert(each) for each in chain]
        self.default_privatekey = key  # type: ignore[assignment]  # typed for RSA, used for both
        self._issuer = _Issuer(chain[0], key)
        self._since = _EPOCH

    def get_cert(
        self,
        commonname: str | None,
        sans: Iterable[x509.GeneralName],
        organization: str | None = None,
        crl_url: str | None = None,
    ) -> certs.CertStoreEntry:
        """Give the leaf for these names and its key.

        The signature is mitmproxy's. 12.2 gives the `crl_url` of a list that it would answer for
        the origin; it is left out, as a leaf that lives for a month needs no revocation.
        """
        now = self._clock()
        if not self._since <= now < self._since + KEY_LIFE:  # both ways: a clock may step back
            self._since, self._key = now, ec.generate_private_key(ec.SECP256R1())
            self._leaves.clear()
        names = x509.GeneralNames(sans)
        wanted = (commonname, names, organization)
        if wanted in self._leaves:
            self._leaves.move_to_end(wanted)
            return self._leaves[wanted]
        subject = _subject(commonname, organization)
        entry = certs.CertStoreEntry(
            certs.Cert(self._issuer.sign(self._key.public_key(), subject, names, now)),
            self._key,  # type: ignore[arg-type]  # typed for RSA, used for both
            self.default_chain_file,
            self.default_chain_certs,
        )
        self._leaves[wanted] = entry
        if len(self._leaves) > CAPACITY:
            self._leaves.popitem(last=False)
        return entry


class _Issuer:
    """The CA's certificate and key, and what it may sign."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key
        self._key_id = _authority_key_id(certificate)
        self._permitted, self._excluded = _subtrees(certificate)

    def sign(
        self,
        public_key: ec.EllipticCurvePublicKey,
        subject: x509.Name,
        names: x509.GeneralNames,
        now: datetime,
    ) -> x509.Certificate:
        """Make a leaf; it ends with its issuer at the latest."""
        # One name that we may not sign for would spoil the certificate for all its others, and
        # origins share certificates. Where none is left it goes out whole, and browsers refuse it.
        allowed = [name for name in names if self._may_sign(name)] or list(names)
        start = now.replace(microsecond=0) - BACKDATE
        end = min(start + LEAF_LIFE, self._certificate.not_valid_after_utc)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName(allowed), critical=not list(subject))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_LEAF_USES, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(self._key_id, critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _may_sign(self, name: x509.GeneralName) -> bool:
        if any(_within(name, tree) for tree in self._excluded):
            return False
        same_kind = [tree for tree in self._permitted if type(tree) is type(name)]
        return not same_kind or any(_within(name, tree) for tree in same_kind)


def _within(name: x509.GeneralName, tree: x509.GeneralName) -> bool:
    if isinstance(name, x509.DNSName) and isinstance(tree, x509.DNSName):
        return f".{name.value.lower()}".endswith(f".{tree.value.lower()}")
    if isinstance(name, x509.IPAddress) and isinstance(tree, x509.IPAddress):
        # The network of a constraint holds addresses of its own version only.
        return name.value in tree.value  # type: ignore[operator] # address in network
    return False


def _subtrees(
    certificate: x509.Certificate,
) -> tuple[list[x509.GeneralName], list[x509.GeneralName]]:
    try:
        limits = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return [], []
    return list(limits.permitted_subtrees or ()), list(limits.excluded_subtrees or ())


def _authority_key_id(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        key_id = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound as error:
        raise CaError("the CA has no subject key identifier (RFC 5280, 4.2.1.2)") from error
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id)


def _subject(common_name: str | None, organization: str | None) -> x509.Name:
    parts = []
    if common_name and len(common_name) <= MAX_COMMON_NAME:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    if organization and len(organization) <= MAX_COMMON_NAME:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _read(ca: Path) -> tuple[list[x509.Certificate], ec.EllipticCurvePrivateKey]:
    """Read what `reauth/ca.py` wrote, with its rules; the proxy process may not import it."""
    try:
        chain = x509.load_pem_x509_certificates((ca / "ca.pem").read_bytes())
        with (ca / "ca.key").open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            key = serialization.load_pem_private_key(stream.read(), password=None)
    except OSError as error:
        raise CaError(
            f"cannot read {error.filename}: {error.strerror}; a CA is made by `reauth ca create`"
        ) from error
    except (ValueError, TypeError) as error:
        raise CaError(f"{ca} holds no CA of ours: see `reauth ca show`") from error
    if mode & 0o077:
        file = ca / "ca.key"
        raise CaError(f"{file} is open to others (mode {mode:04o}): run `chmod 600 {file}`")
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != chain[0].public_key():
        raise CaError(f"{ca / 'ca.key'} is not the key of {ca / 'ca.pem'}: see `reauth ca show`")
    return chain, key
