"""A certificate that is as bad as the origin's, so that the browser warns as it would without us.

The proxy checks origins and will not speak to one that fails. Its users are to see why in the
words that their browser has for it, and not on a page of ours: so the names and dates of what the
origin showed are kept. Whom the origin's issuer is unknown to, ours is unknown to as well; the CA
signs where the fault is in the names or dates themselves, which still are those of the origin.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DATES, _NAMES, _SELF_SIGNED = {9, 10}, {62, 64}, {18}
"""Not yet valid, expired; another name, another address; its own issuer: X509_V_ERR_* of OpenSSL's
x509_vfy.h. The rest is in the chain above it."""
_ITSELF, _STRANGER = (
    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    for name in ("Stands for the site's own certificate", "An issuer that is not trusted")
)
_KEPT = 256
"""A browser that was told to go on asks for the same certificate again."""
_ANY_LIFE = timedelta(days=1)


class StandIns:
    """Makes them, each once.

    Parameters
    ----------
    issuer
        The certificate of our CA.
    issuer_key
        Its key.
    clock
        Gives the time, aware.
    """

    def __init__(
        self,
        issuer: x509.Certificate,
        issuer_key: ec.EllipticCurvePrivateKey,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        """Of all of them."""
        self._issuer = issuer
        self._issuer_key = issuer_key
        self._clock = clock
        self._stranger = ec.generate_private_key(ec.SECP256R1())
        self._made: dict[tuple[bytes, int], x509.Certificate] = {}

    def certificate(self, shown: bytes, fault: int) -> x509.Certificate:
        """What the client is shown.

        Parameters
        ----------
        shown
            The origin's certificate (DER); one that cannot be read is as good as self-signed.
        fault
            OpenSSL's number of what is wrong with it.
        """
        wanted = (hashlib.sha256(shown).digest(), fault)
        if wanted not in self._made:
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[wanted] = self._make(_read(shown), fault)
        return self._made[wanted]

    def _make(self, origin: x509.Certificate | None, fault: int) -> x509.Certificate:
        now = self._clock()
        names = _names(origin)
        start = origin.not_valid_before_utc if origin else now - _ANY_LIFE
        end = origin.not_valid_after_utc if origin else now + _ANY_LIFE
        issuer, signer = _STRANGER, self._stranger
        if origin is None or fault in _SELF_SIGNED:
            issuer, signer = _ITSELF, self.key
        elif fault in _NAMES or (fault in _DATES and not start <= now <= end):
            # An issuer of the origin's may have expired instead: then its own dates are no fault.
            issuer, signer = self._issuer.subject, self._issuer_key
        builder = (
            x509.CertificateBuilder()
            .subject_name(_ITSELF)
            .issuer_name(issuer)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        known = _key_id(self._issuer) if signer is self._issuer_key else None
        if known is not None:
            builder = builder.add_extension(known, critical=False)
        return builder.sign(signer, hashes.SHA256())


def _read(shown: bytes) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(shown)
    except ValueError:
        return None


def _key_id(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier | None:
    """What a strict reader misses before it finds the origin's fault (RFC 5280, 4.2.1.1)."""
    try:
        found = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return None
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(found)


def _names(origin: x509.Certificate | None) -> x509.SubjectAlternativeName | None:
    try:
        found = origin and origin.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return found.value if found else None
    except (x509.ExtensionNotFound, ValueError):
        return None
