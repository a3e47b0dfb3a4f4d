"""The user or device in the certificate that a client shows to the proxy itself.

It is asked for where a browser speaks TLS to us (`HTTPS` in a PAC file), once a connection: asked
for inside, in the name of each site, it would be the site's question to the user. It is asked for
and not demanded; who shows none, or one that our authority did not sign, is who the other sources
say. What is managed by a directory of devices bears the user's name or the machine's.
"""

from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL import SSL, crypto

from proxy_addon.identity import UNKNOWN, Identity, Peer
from reauth.errors import SettingsError

CONFIDENCE = 0.7
"""It knows a machine's store: who sits at that machine is what this product asks."""
_CONTEXT = b"reauth"
FIELDS = ("common_name", "email")


class ClientCertificates:
    """Users by certificate.

    Parameters
    ----------
    authority
        PEM of those who may sign.
    field
        Where the user stands in it, one of `FIELDS`.
    clock
        Seconds since 1970.

    Raises
    ------
    SettingsError
        If there is no certificate in the file.
    """

    name = "client_certificate"

    def __init__(self, authority: bytes, field: str, clock: Callable[[], float]) -> None:
        try:
            signers = x509.load_pem_x509_certificates(authority)
        except ValueError:
            raise SettingsError("identity.client_ca holds no certificate") from None
        self._store = crypto.X509Store()
        self._store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)  # one may be an intermediate
        for signer in signers:
            self._store.add_cert(crypto.X509.from_cryptography(signer))
        self._read = {"common_name": _common_name, "email": _email}[field]
        self._clock = clock
        self._shown: dict[str, Identity] = {}

    def ask(self, conn: SSL.Connection) -> None:
        """Have a client asked for a certificate in the handshake that is about to begin."""
        conn.set_verify(SSL.VERIFY_PEER, lambda *_: True)  # judged in `take`, which refuses nobody
        # Or OpenSSL resumes no session; by hand, as pyOpenSSL lets no used context be changed.
        context = conn.get_context()._context
        SSL._lib.SSL_CTX_set_session_id_context(context, _CONTEXT, len(_CONTEXT))  # type: ignore[union-attr, attr-defined] # only there

    def take(self, peer: Peer, chain: Sequence[x509.Certificate]) -> None:
        """Take what was shown, the client's own certificate first."""
        user = self._read(chain[0]) if chain and self._is_signed(chain) else None
        if user:
            self._shown[peer.id] = Identity(user, self.name, CONFIDENCE, self._clock())

    def _is_signed(self, chain: Sequence[x509.Certificate]) -> bool:
        own, *between = (crypto.X509.from_cryptography(each) for each in chain)
        try:
            crypto.X509StoreContext(self._store, own, between).verify_certificate()
        except crypto.X509StoreContextError:
            return False
        return _is_for_clients(chain[0])

    def forget(self, peer: Peer) -> None:
        """Forget a connection that has ended."""
        self._shown.pop(peer.id, None)

    def identify(self, peer: Peer) -> Identity:
        """Whom the certificate names that this connection began with."""
        return self._shown.get(peer.id, UNKNOWN)


def _is_for_clients(certificate: x509.Certificate) -> bool:
    """Whether it may be shown by a client (RFC 5280, 4.2.1.12); a server's may not."""
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in uses


def _common_name(certificate: x509.Certificate) -> str | None:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else None


def _email(certificate: x509.Certificate) -> str | None:
    try:
        kind = x509.SubjectAlternativeName
        names = certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    found = names.get_values_for_type(x509.RFC822Name)
    return found[0].lower() if len(found) == 1 else None
