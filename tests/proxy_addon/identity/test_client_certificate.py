"""Whom a client's certificate names, if our authority signed it for clients."""


import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from proxy_addon.identity import UNKNOWN, Peer
from proxy_addon.identity.client_certificate import ClientCertificates
from reauth.errors import SettingsError
from tests.devices import Authority

HERE = Peer("1", "10.0.0.1")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def identity(authority: Authority, chain, field: str = "common_name"):
    shown = ClientCertificates(authority.pem, field, lambda: 7.0)
    shown.take(HERE, chain)
    return shown.identify(HERE)


def test_the_user_stands_in_the_certificate(authority: Authority):
    """By common name, or by the address among the alternative names, in lower case."""
    known = identity(authority, [authority.device("ann")[0]])
    by_email = identity(authority, [authority.device("x", email="Ann@Example")[0]], "email")

    assert ("ann", "client_certificate", 7.0) == (known.user, known.source, known.since)
    assert "ann@example" == by_email.user


def test_an_intermediate_may_stand_between(authority: Authority):
    """It is shown along; alone, the device's certificate proves nothing."""
    between = authority.intermediate()
    device, _ = between.device("ann")

    assert "ann" == identity(authority, [device, between.certificate]).user
    assert identity(authority, [device]) is UNKNOWN
    assert "ann" == identity(between, [device]).user  # an intermediate may be the authority


@pytest.mark.parametrize(
    "changes",
    [{"days": -1}, {"uses": [ExtendedKeyUsageOID.SERVER_AUTH]}, {"name": ()}, {"name": ("a", "b")}],
)
def test_what_is_not_good_for_a_client_names_nobody(authority: Authority, changes: dict):
    """Expired, a server's, without a name, with two."""
    assert identity(authority, [authority.device(**{"name": "ann", **changes})[0]]) is UNKNOWN


def test_anothers_word_is_nobodys(authority: Authority):
    """Of the same name, by another key; and no certificate at all."""
    assert identity(authority, [Authority().device("ann")[0]]) is UNKNOWN
    assert identity(authority, []) is UNKNOWN
    assert identity(authority, [authority.device("ann")[0]], "email") is UNKNOWN


def test_a_use_that_is_not_told_is_any(authority: Authority):
    """RFC 5280, 4.2.1.12."""
    assert "ann" == identity(authority, [authority.device("ann", uses=None)[0]]).user


def test_a_connection_that_ended_names_nobody(authority: Authority):
    """Nothing outlives its reason."""
    shown = ClientCertificates(authority.pem, "common_name", lambda: 0.0)
    shown.take(HERE, [authority.device("ann")[0]])
    shown.forget(HERE)

    assert shown.identify(HERE) is UNKNOWN


def test_a_file_without_certificates_is_the_operators_error():
    """Else nobody would ever be known by one."""
    with pytest.raises(SettingsError, match="client_ca"):
        ClientCertificates(b"none", "common_name", lambda: 0.0)
