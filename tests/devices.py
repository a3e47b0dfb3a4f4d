"""An authority that signs certificates of devices and their users."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENTS = (ExtendedKeyUsageOID.CLIENT_AUTH,)
DAY = datetime.timedelta(days=1)
PEM = serialization.Encoding.PEM


def _name(*common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each) for each in common])


class Authority:
    """A root, or what `intermediate` gives."""

    def __init__(self, above: "Authority | None" = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name("devices" if above is None else "some devices")
        basic = x509.BasicConstraints(ca=True, path_length=None)
        builder = self._builder(self.name, self.key.public_key(), above or self, 5)
        known = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        builder = builder.add_extension(basic, critical=True).add_extension(known, critical=False)
        self.certificate = builder.sign((above or self).key, hashes.SHA256())
        self.pem = self.certificate.public_bytes(PEM)

    def _builder(self, name, key, issuer, days) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 9 * DAY)
            .not_valid_after(now + days * DAY)
        )

    def intermediate(self) -> "Authority":
        """Another, signed by this one."""
        return Authority(self)

    def device(self, name, email=None, days=1, uses=CLIENTS):
        """A device's certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = (name,) if isinstance(name, str) else name or ()
        builder = self._builder(_name(*names), key.public_key(), self, days)
        if email:
            alternatives = x509.SubjectAlternativeName([x509.RFC822Name(email)])
            builder = builder.add_extension(alternatives, critical=False)
        if uses is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        return builder.sign(self.key, hashes.SHA256()), key

    def write_device(self, path, name, **options) -> None:
        """A PEM file of a device's certificate and key."""
        certificate, key = self.device(name, **options)
        plain = serialization.NoEncryption()
        secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, plain)
        path.write_bytes(secret + certificate.public_bytes(PEM))
