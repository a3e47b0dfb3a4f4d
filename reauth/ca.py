"""The certificate authority that browsers are asked to trust: made, shown, exported, rotated.

The one idea: a folder whose every step is either done or not done. A file appears whole or not at
all and never over another, and what a broken-off rotation leaves is finished by the same command.

    ca.pem        the certificate that signs; no key in it       0644
    ca.key        its key, PKCS #8                               0600, refused otherwise
    next.pem      while rotating: distributed, not yet signing
    next.key
    previous.pem  certificates that signed before and have not expired yet
"""

import ipaddress
import os
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reauth.errors import CaError

T = TypeVar("T", bound=x509.ExtensionType)

CERTIFICATE, KEY = "ca.pem", "ca.key"
NEXT_CERTIFICATE, NEXT_KEY = "next.pem", "next.key"
PREVIOUS = "previous.pem"

MAX_DAYS = 365
"""Longest life of a CA (transparency.md section 8): what one stolen key is worth, bounded."""

BACKDATE = timedelta(days=1)
"""A clock that takes local time for UTC is wrong by up to 14 hours (UTC+14 exists); mitmproxy
backdates by two days for the same reason. Part of the life, not added to it."""

MIN_DAYS = 2
"""The day that `BACKDATE` takes, and one to live."""

MAX_NAME = 55
"""A common name has at most 64 letters (RFC 5280, appendix A.1), and ours ends in nine more."""

_OTHER_USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "encipher_only", "decipher_only",
)
_MADE_BY = "a CA is made by `reauth ca create`"
_CA_USES = x509.KeyUsage(**dict.fromkeys(_OTHER_USES, False), key_cert_sign=True, crl_sign=True)


@dataclass(frozen=True)
class Authority:
    """A CA that can sign: what devices trust, and its key, which nothing here ever prints."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)


def create(
    path: Path,
    *,
    name: str = "reauth",
    days: int = MAX_DAYS,
    permitted: Iterable[str] = (),
    excluded: Iterable[str] = (),
    now: datetime | None = None,
) -> Authority:
    """Make a CA in the folder `path`.

    Parameters
    ----------
    path
        Folder; made where it is missing.
    name
        Organisation that people see in their trust store; 1 to 55 letters.
    days
        Life, 2 to 365.
    permitted, excluded
        DNS names with all that is below them: the only ones that it may sign for, the ones it may
        not. With `permitted`, addresses are excluded altogether: a list of names would not bind
        them (RFC 5280, section 4.2.1.10).
    now
        Aware; the clock where absent.

    Raises
    ------
    CaError
        Where `path` holds a CA already, or a value is out of its range.
    """
    for file in (path / CERTIFICATE, path / KEY):
        if file.exists():
            raise CaError(f"{file} is there and was left as it is; `reauth ca rotate` replaces it")
    authority = _issue(name, days, _constraints(permitted, excluded), now or datetime.now(UTC))
    _keep(authority, path / CERTIFICATE, path / KEY)
    return authority


def load(path: Path, *, now: datetime | None = None) -> Authority:
    """Read the CA that signs.

    Raises
    ------
    CaError
        A file that is missing, readable by others or no key of ours; a key of another
        certificate; a CA that has expired.
    """
    authority = _authority(path / CERTIFICATE, path / KEY)
    end = authority.certificate.not_valid_after_utc
    if end <= (now or datetime.now(UTC)):
        raise CaError(
            f"{path / CERTIFICATE} expired on {end:%Y-%m-%d}: run `reauth ca rotate` and `reauth "
            "ca rotate --finish`, then install it on the devices"
        )
    return authority


def show(path: Path) -> dict[str, Any]:
    """Describe the CA for a person and, as JSON, for a script. The key file is not opened.

    Returns
    -------
    dict
        `subject`, `sha256` (of the certificate, as trust stores print it), `not_before` and
        `not_after` (RFC 3339, UTC), `path_length`, `name_constraints` (`permitted` and `excluded`,
        or None), `key`; `next`, the same of the CA to come or None; `previous`, a list of it.

    Raises
    ------
    CaError
        Where there is no CA.
    """
    coming = _optional(path / NEXT_CERTIFICATE)
    return {
        **_describe(_certificates(path / CERTIFICATE)[0]),
        "next": _describe(coming[0]) if coming else None,
        "previous": [_describe(each) for each in _optional(path / PREVIOUS)],
    }


def export(
    path: Path, form: str = "pem", *, coming: bool = False, now: datetime | None = None
) -> bytes:
    """Give what a device is to trust; certificates only.

    `pem` holds all: the one that signs, the next, earlier ones until they expire. `der` holds the
    one that signs or, with `coming`, the next one.

    Raises
    ------
    CaError
        Where there is no CA, none to come, or no such form.
    """
    if form == "der":
        file = path / (NEXT_CERTIFICATE if coming else CERTIFICATE)
        return _certificates(file)[0].public_bytes(serialization.Encoding.DER)
    if form != "pem":
        raise CaError(f"no form {form!r}: there are pem and der")
    trusted = _certificates(path / CERTIFICATE) + _optional(path / NEXT_CERTIFICATE)
    return _pem(trusted + _valid(_optional(path / PREVIOUS), now or datetime.now(UTC)))


def rotate(path: Path, *, days: int | None = None, now: datetime | None = None) -> Authority:
    """Make the next CA beside the one that goes on signing: its name, its constraints, a new key.

    `export` gives both from here on. When every device has the new one, `finish` lets it sign.
    It lives for `days`, or as long as the present one.

    Raises
    ------
    CaError
        Where there is no CA, another authority made it, or a rotation is under way.
    """
    for file in (path / NEXT_CERTIFICATE, path / NEXT_KEY):
        if file.exists():
            raise CaError(
                f"{file} is there: a rotation is under way; end it with `reauth ca rotate "
                "--finish`, or remove the file to start it again"
            )
    present = _certificates(path / CERTIFICATE)[0]
    if present.subject != present.issuer:
        raise CaError(f"{path / CERTIFICATE} comes from another authority: ask it for the next one")
    life = present.not_valid_after_utc - present.not_valid_before_utc
    names = present.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    authority = _issue(
        str(names[0].value) if names else "reauth",
        min(life.days, MAX_DAYS) if days is None else days,
        _extension(present, x509.NameConstraints),
        now or datetime.now(UTC),
    )
    _keep(authority, path / NEXT_CERTIFICATE, path / NEXT_KEY)
    return authority


def finish(path: Path, *, now: datetime | None = None) -> Authority:
    """Let the next CA sign. The old certificate stays in the bundle until it expires; its key goes.

    Broken off between two of its steps, it is finished by being called again. Proxy processes take
    up the new CA when they are started anew; until then the old one, trusted still, signs.

    Raises
    ------
    CaError
        Where no rotation is under way, or the next key is not the next certificate's.
    """
    coming, key = path / NEXT_CERTIFICATE, path / NEXT_KEY
    if not coming.exists():
        raise CaError(f"no rotation is under way in {path}: run `reauth ca rotate` first")
    # Without next.key an earlier call got as far as moving it.
    authority = _authority(coming, key if key.exists() else path / KEY)
    present, previous = _certificates(path / CERTIFICATE)[0], path / PREVIOUS
    known = [present, *(each for each in _optional(previous) if each != present)]
    earlier = _valid(known, now or datetime.now(UTC))
    try:
        if earlier:
            _write(previous, _pem(earlier), 0o644, over=True)
        else:
            previous.unlink(missing_ok=True)
        if key.exists():
            key.replace(path / KEY)
        coming.replace(path / CERTIFICATE)
    except OSError as error:
        raise CaError(f"cannot finish the rotation in {path}: {error.strerror}") from error
    return authority


def _issue(
    name: str, days: int, constraints: x509.NameConstraints | None, now: datetime
) -> Authority:
    if not MIN_DAYS <= days <= MAX_DAYS:
        raise CaError(f"a CA lives for {MIN_DAYS} to {MAX_DAYS} days, not {days}")
    if not 1 <= len(name) <= MAX_NAME:
        raise CaError(f"a CA's name has 1 to {MAX_NAME} letters, not {len(name)}")
    key = ec.generate_private_key(ec.SECP256R1())
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # Two generations under one subject confuse NSS, which files certificates by it.
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{name} {key_id.digest[:4].hex()}"),
        ]
    )
    start = now.astimezone(UTC).replace(microsecond=0) - BACKDATE
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_CA_USES, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(key_id, critical=False)
    )
    if constraints is not None:
        builder = builder.add_extension(constraints, critical=True)
    return Authority(builder.sign(key, hashes.SHA256()), key)


def _constraints(permitted: Iterable[str], excluded: Iterable[str]) -> x509.NameConstraints | None:
    allowed = [_dns_name(name) for name in permitted]
    refused: list[x509.GeneralName] = [_dns_name(name) for name in excluded]
    if allowed:
        everywhere = ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")
        refused += [x509.IPAddress(network) for network in everywhere]
    if not allowed and not refused:
        return None
    return x509.NameConstraints(allowed or None, refused or None)


def _dns_name(name: str) -> x509.DNSName:
    """Read `example.org`, `.example.org` and `*.example.org` alike: a constraint is a subtree."""
    try:
        host = name.removeprefix("*").removeprefix(".").encode("idna").decode().lower()
    except UnicodeError as error:
        raise CaError(f"{name!r} is no DNS name") from error
    labels = host.split(".")
    if not all(label.replace("-", "").replace("_", "").isalnum() for label in labels):
        raise CaError(f"{name!r} is no DNS name")
    return x509.DNSName(host)


def _authority(certificate_file: Path, key_file: Path) -> Authority:
    certificate, key = _certificates(certificate_file)[0], _read_key(key_file)
    if certificate.public_key() != key.public_key():
        raise CaError(
            f"{key_file} is not the key of {certificate_file}; where `reauth ca rotate --finish` "
            "was broken off, run it again"
        )
    return Authority(certificate, key)


def _read_key(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        with file.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            data = stream.read()
    except OSError as error:
        raise CaError(f"cannot read {file}: {error.strerror}; {_MADE_BY}") from error
    if mode & 0o077:
        raise CaError(f"{file} is open to others (mode {mode:04o}): run `chmod 600 {file}`")
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise CaError(f"{file} holds no private key in plain PEM") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CaError(f"{file} holds no elliptic-curve key")
    return key


def _certificates(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise CaError(f"cannot read {file}: {error.strerror}; {_MADE_BY}") from error
    except ValueError as error:
        raise CaError(f"{file} holds no certificate in PEM") from error


def _optional(file: Path) -> list[x509.Certificate]:
    return _certificates(file) if file.exists() else []


def _valid(certificates: Iterable[x509.Certificate], now: datetime) -> list[x509.Certificate]:
    return [each for each in certificates if each.not_valid_after_utc > now]


def _pem(certificates: Iterable[x509.Certificate]) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def _keep(authority: Authority, certificate_file: Path, key_file: Path) -> None:
    """Write the key first: a certificate in the folder means that its key is there as well."""
    key = authority.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(key_file, key, 0o600)
    _write(certificate_file, _pem([authority.certificate]), 0o644)


def _write(file: Path, data: bytes, mode: int, *, over: bool = False) -> None:
    """Write `file` whole or not at all; over another only where asked."""
    scratch = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            os.fchmod(stream.fileno(), mode)  # whatever the umask says
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if over:
            scratch.replace(file)
        else:
            os.link(scratch, file)  # a rename would replace; a link refuses
    except FileExistsError as error:
        raise CaError(f"{file} is already there and was left as it is") from error
    except OSError as error:
        raise CaError(f"cannot write {file}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            scratch.unlink()


def _describe(certificate: x509.Certificate) -> dict[str, Any]:
    limits = _extension(certificate, x509.BasicConstraints)
    named = _extension(certificate, x509.NameConstraints)
    key = certificate.public_key()
    curve = key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else "other"
    return {
        "subject": certificate.subject.rfc4514_string(),
        "sha256": certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "path_length": limits.path_length if limits else None,
        "name_constraints": named
        and {
            "permitted": [str(each.value) for each in named.permitted_subtrees or ()],
            "excluded": [str(each.value) for each in named.excluded_subtrees or ()],
        },
        "key": f"EC {curve}",
    }


def _extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
