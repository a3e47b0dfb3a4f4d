"""Passwords and codes: kept as what nobody can use, compared in the same time, good once."""

import pytest
from argon2 import PasswordHasher, extract_parameters

from reauth.errors import AccountError
from reauth.proof import (
    Cost,
    Passwords,
    check_password,
    digest_of,
    new_secret,
    new_totp,
    totp_step,
    totp_uri,
)
from tests.people import CHEAP, PASSWORD

RFC_6238 = b"12345678901234567890"
"""Of appendix B, with its times and the last six digits of its codes for SHA-1."""
VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]


async def test_a_password_is_kept_as_an_argon2id_hash_that_another_library_reads():
    """With RFC 9106's cost, unless a test is in a hurry."""
    kept = await Passwords().hash(PASSWORD)

    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PasswordHasher().verify(kept, PASSWORD)
    assert PASSWORD not in kept


@pytest.mark.parametrize("given", ["", PASSWORD + " ", PASSWORD.upper(), "x" * 100_000])
async def test_another_password_does_not_fit(given):
    """However like it is, however long."""
    passwords = Passwords(CHEAP)
    kept = await passwords.hash(PASSWORD)

    assert await passwords.fits(kept, PASSWORD)
    assert not await passwords.fits(kept, given)


async def test_one_password_has_one_spelling():
    """Keyboards write an accent as one letter or as two."""
    passwords = Passwords(CHEAP)

    assert await passwords.fits(await passwords.hash("caf\u00e9 of twelve"), "cafe\u0301 of twelve")


async def test_nobody_has_a_password_and_costs_as_much():
    """The work for a name that nobody has is the work for one that somebody has."""
    cost = Cost(memory=64, passes=2, lanes=2)
    passwords = Passwords(cost)

    assert not await passwords.fits(None, PASSWORD)
    real = extract_parameters(await passwords.hash(PASSWORD))
    assert real == extract_parameters(passwords._nobody)


@pytest.mark.parametrize(
    "wrong", ["short", "x" * 257, "anna.b anna.b", "aaaaaaaaaaaaaaa", "reauth" * 3]
)
def test_passwords_that_will_not_do_are_refused(wrong):
    """Too short, too long, the name, one letter, our own name."""
    with pytest.raises(AccountError):
        check_password(wrong, "anna.b")


def test_a_secret_is_new_each_time_and_kept_as_its_hash():
    """256 bits, fit for a cookie."""
    secrets = {new_secret() for _ in range(100)}

    assert 100 == len(secrets)
    assert all(len(secret) == 43 for secret in secrets)
    assert 64 == len(digest_of(secrets.pop()))


@pytest.mark.parametrize(("at", "code"), VECTORS)
def test_codes_are_those_of_the_rfc(at, code):
    """As every authenticator app reckons them."""
    assert at // 30 == totp_step(RFC_6238, code, float(at), 0)


def test_a_code_counts_once_and_its_neighbours_in_time_too():
    """A clock may be half a minute wrong; a code that was overseen is worth nothing."""
    assert 1 == totp_step(RFC_6238, "287082", 59 + 30, 0)
    assert 1 == totp_step(RFC_6238, "287082", 59 - 30, 0)
    assert totp_step(RFC_6238, "287082", 59 + 60, 0) is None
    assert totp_step(RFC_6238, "287082", 59, 1) is None
    assert totp_step(RFC_6238, "", 59, 0) is None
    assert totp_step(RFC_6238, "²87082", 59, 0) is None


def test_an_app_reads_the_secret_from_a_uri():
    """With our name and the account's."""
    assert totp_uri(new_totp(), "anna").startswith("otpauth://totp/reauth:anna?")
