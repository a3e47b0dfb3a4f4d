"""Accounts: made once, changed by who may, never without somebody who keeps them."""

import asyncio

import pytest

from reauth.access import EVERYTHING, Role, acts_of
from reauth.accounts import INVITED, account_name
from reauth.errors import AccountError, Refused
from reauth.proof import _totp
from tests.people import PASSWORD, access_to


class Clock:
    """A clock that somebody turns."""

    def __init__(self, at=1_790_000_000.0):
        self.at = at

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def accounts(store, clock):
    """Of an empty store."""
    return access_to(store, clock)[0]


@pytest.mark.parametrize("wrong", ["", " ", "a b", "-a", "ä", "a/b", "<b>", "a" * 65, "а"])
def test_a_name_is_of_plain_letters(wrong):
    """Two that look alike would be two people to nobody; the last one is Cyrillic."""
    with pytest.raises(AccountError):
        account_name(wrong)


async def test_the_first_account_may_do_everything(accounts):
    """One person who tries it out has nobody else."""
    row = await accounts.accept(await accounts.invite(None), "Anna", PASSWORD)

    assert "anna" == row.name
    assert acts_of(row.roles) == EVERYTHING


async def test_there_is_one_first_account(accounts):
    """A second link is not given, and one that was given before is worth nothing."""
    early = await accounts.invite(None)
    await accounts.make("anna", [Role.ADMIN], PASSWORD)

    with pytest.raises(Refused, match="a first account already"):
        await accounts.accept(early, "eve", PASSWORD)
    with pytest.raises(AccountError, match="accounts already"):
        await accounts.invite(None)
    assert ["anna"] == [row.name for row in await accounts.all()]


async def test_of_two_who_take_up_the_first_link_one_is_first(accounts):
    """At the same moment."""
    secret = await accounts.invite(None)

    both = (accounts.accept(secret, name, PASSWORD) for name in ("anna", "eve"))
    results = await asyncio.gather(*both, return_exceptions=True)

    assert 1 == sum(isinstance(result, Refused) for result in results)
    assert 1 == len(await accounts.all())


async def test_an_invitation_holds_a_day_and_works_once(accounts, clock):
    """A new one takes the place of the old one."""
    await accounts.make("anna", [Role.ADMIN])
    old, secret = await accounts.invite("anna"), await accounts.invite("anna")

    for wrong in (old, "guessed", ""):
        with pytest.raises(Refused):
            await accounts.accept(wrong, "anna", PASSWORD)
    await accounts.accept(secret, "whatever", PASSWORD)
    with pytest.raises(Refused):
        await accounts.accept(secret, "anna", PASSWORD + "2")
    late = await accounts.invite("anna")
    clock.at += INVITED
    with pytest.raises(Refused, match="too old"):
        await accounts.invited(late)


async def test_a_bad_password_does_not_use_an_invitation_up(accounts):
    """Its owner tries again."""
    secret = await accounts.invite(None)

    with pytest.raises(AccountError, match="12 to 256"):
        await accounts.accept(secret, "anna", "short")

    assert "anna" == (await accounts.accept(secret, "anna", PASSWORD)).name


async def test_a_name_is_taken_once(accounts):
    """However it is written."""
    await accounts.make("anna", [Role.VIEWER])

    with pytest.raises(AccountError, match="already"):
        await accounts.make("ANNA", [Role.ADMIN])


async def test_an_account_has_a_role(accounts):
    """One that may do nothing is none."""
    with pytest.raises(AccountError, match="one role at least"):
        await accounts.make("anna", [])


@pytest.mark.parametrize(
    "how",
    [
        lambda accounts: accounts.set_roles("anna", [Role.ANALYST]),
        lambda accounts: accounts.disable("anna"),
        lambda accounts: accounts.remove("anna"),
    ],
)
async def test_the_last_keeper_of_accounts_stays(accounts, how):
    """Nobody could let anybody in any more; a disabled one is no keeper."""
    await accounts.make("anna", [Role.ADMIN], PASSWORD)
    await accounts.make("bert", [Role.ADMIN], PASSWORD)
    await accounts.disable("bert")

    with pytest.raises(AccountError, match="the last account"):
        await how(accounts)

    await accounts.enable("bert")
    await how(accounts)


@pytest.mark.parametrize("name", ["disable", "enable", "remove", "reset", "one", "begin_totp"])
async def test_an_account_that_is_not_there_is_told(accounts, name):
    """Rather than made."""
    with pytest.raises(AccountError, match="no account 'nobody'"):
        await getattr(accounts, name)("nobody")


async def test_a_second_factor_counts_once_its_first_code_has_come(accounts, clock):
    """Whoever mistook the picture is not locked out."""
    await accounts.make("anna", [Role.ADMIN], PASSWORD)
    with pytest.raises(AccountError, match="waits"):
        await accounts.confirm_totp("anna", "000000")
    await accounts.begin_totp("anna")
    secret = (await accounts.one("anna")).totp_next
    with pytest.raises(AccountError, match="does not fit"):
        await accounts.confirm_totp("anna", "x")
    assert (await accounts.one("anna")).totp is None

    await accounts.confirm_totp("anna", _totp(secret).generate(int(clock.at)).decode())

    row = await accounts.one("anna")
    assert (secret, None) == (row.totp, row.totp_next)


async def test_a_reset_takes_password_and_second_factor_away(accounts):
    """Whose phone is lost comes back by a link."""
    await accounts.make("anna", [Role.ADMIN], PASSWORD)
    await accounts.begin_totp("anna")

    assert await accounts.reset("anna")

    row = await accounts.one("anna")
    assert (None, None, None) == (row.password, row.totp, row.totp_next)
