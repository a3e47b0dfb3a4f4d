"""A certificate that is as bad as the origin's: judged by OpenSSL, as a browser would."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

from proxy_addon.stand_in import StandIns
from tests.devices import Authority

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
EXPIRED, EARLY, SELF_SIGNED, UNKNOWN, NAME = 10, 9, 18, 20, 62


def certificate(names, start=NOW - DAY, end=NOW + DAY, ca=False):
    """One that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
        .public_key(key.public_key()).not_valid_before(start).not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )  # fmt: skip
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(key, hashes.SHA256()), key


CA, CA_KEY = certificate((), ca=True)


def stand_in(names=("site.example",), fault=UNKNOWN, clock=lambda: NOW, **dates):
    shown = certificate(names, **dates)[0].public_bytes(Encoding.DER)
    return StandIns(CA, CA_KEY, clock).certificate(shown, fault)


def verdict(found):
    """OpenSSL's number of what is wrong with it, 0 for nothing, where our CA is trusted."""
    store = crypto.X509Store()
    store.add_cert(crypto.X509.from_cryptography(CA))
    try:
        checked = crypto.X509.from_cryptography(found)
        crypto.X509StoreContext(store, checked).verify_certificate()
    except crypto.X509StoreContextError as error:
        return error.errors[0]
    return 0


def names_of(found):
    kind = x509.SubjectAlternativeName
    return found.extensions.get_extension_for_class(kind).value.get_values_for_type(x509.DNSName)


@pytest.mark.parametrize(("days", "fault"), [(-3, EXPIRED), (3, EARLY)])
def test_dates_that_do_not_hold_are_the_origins(days, fault):
    """Signed by us, whom the browser trusts: the dates are all that is wrong."""
    start, end = NOW + (days - 1) * DAY, NOW + (days + 1) * DAY
    found = stand_in(fault=fault, start=start, end=end)

    assert fault == verdict(found)
    assert (start, end) == (found.not_valid_before_utc, found.not_valid_after_utc)
    assert ["site.example"] == names_of(found)


def test_names_that_are_anothers_are_kept():
    """The browser compares them itself."""
    found = stand_in(("other.example",), NAME)

    assert 0 == verdict(found)
    assert ["other.example"] == names_of(found)


def test_one_that_has_no_names_gets_none():
    """The common name counts for no browser."""
    with pytest.raises(x509.ExtensionNotFound):
        names_of(stand_in((), NAME))


def test_an_issuer_that_nobody_knows_stays_unknown():
    """Neither the CA nor the certificate itself signs it."""
    assert UNKNOWN == verdict(stand_in(fault=UNKNOWN))
    assert SELF_SIGNED == verdict(stand_in(fault=SELF_SIGNED))


def test_what_is_wrong_above_the_certificate_never_makes_ours_good():
    """An issuer of the origin's has expired: its own dates hold, and so must not be all we copy."""
    assert UNKNOWN == verdict(stand_in(fault=EXPIRED))


def test_what_cannot_be_read_is_nobodys_word():
    """Names and dates of ours, and no issuer."""
    found = StandIns(CA, CA_KEY, lambda: NOW).certificate(b"what?", NAME)

    assert SELF_SIGNED == verdict(found)


def test_the_same_fault_is_shown_by_the_same_certificate():
    """A browser that was told to go on compares; another origin's is another."""
    makes = StandIns(CA, CA_KEY, lambda: NOW)
    shown = [certificate(("a.example",))[0].public_bytes(Encoding.DER) for _ in range(300)]
    first = makes.certificate(shown[0], UNKNOWN)

    assert first is makes.certificate(shown[0], UNKNOWN)
    assert first != makes.certificate(shown[0], SELF_SIGNED)
    assert first != makes.certificate(shown[1], UNKNOWN)
    for each in shown:
        makes.certificate(each, UNKNOWN)
    assert first is not makes.certificate(shown[0], UNKNOWN)  # what is kept is bounded


def test_the_cas_key_is_named_where_the_ca_names_it():
    """Strict readers look for it first, and would find another fault than the origin's."""
    authority = Authority()
    shown = certificate(("a.example",))[0].public_bytes(Encoding.DER)
    found = StandIns(authority.certificate, authority.key).certificate(shown, NAME)
    kind = x509.AuthorityKeyIdentifier
    known = x509.SubjectKeyIdentifier.from_public_key(authority.key.public_key())

    assert known.digest == found.extensions.get_extension_for_class(kind).value.key_identifier


def test_its_key_is_not_the_cas():
    """It is in memory only, and of all of them."""
    makes = StandIns(CA, CA_KEY)

    assert makes.key.public_key() == makes.certificate(b"", NAME).public_key()
    assert makes.key.public_key() != CA.public_key()
