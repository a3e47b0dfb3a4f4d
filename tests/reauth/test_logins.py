"""Logins: by all that is asked for, for as long as they hold, and not by trying."""

import asyncio
from collections import Counter

import pytest

from reauth.access import FIRST, SCOPES, Act, Role, Who
from reauth.errors import AccountError, Locked, Refused
from reauth.logins import ELEVATED, Claimed, Life
from reauth.proof import Passwords, _totp
from tests.people import PASSWORD, access_to
from tests.reauth.test_accounts import Clock

HERE, THERE = "192.0.2.1", "192.0.2.2"


class Access:
    """Accounts and logins on a store, a clock that is turned, and what was noted."""

    def __init__(self, store):
        self.clock = Clock()
        self.noted = []
        self.accounts, self.logins = access_to(
            store, self.clock, self._note, life=Life(idle=600.0, whole=3600.0)
        )

    async def _note(self, *told):
        self.noted.append(told)

    async def log_in(self, name="anna", password=PASSWORD, code="", address=HERE):
        """The secret of a login."""
        return await self.logins.log_in(Claimed(name, password, code, address))

    async def refused(self, times=1, **how):
        """Fail so often; the messages."""
        told = Counter()
        for _ in range(times):
            with pytest.raises((Refused, Locked)) as error:
                await self.log_in(**how)
            told[type(error.value)] += 1
        return told

    async def second(self, name="anna"):
        """Give an account a second factor; what reckons its codes."""
        await self.accounts.begin_totp(name)
        secret = (await self.accounts.one(name)).totp_next

        def code():
            return _totp(secret).generate(int(self.clock.at)).decode()

        await self.accounts.confirm_totp(name, code())
        self.clock.at += 60
        return code


@pytest.fixture
async def access(store):
    """In which anna has an account."""
    made = Access(store)
    await made.accounts.make("anna", FIRST, PASSWORD)
    return made


async def test_a_password_lets_in_and_is_noted(access):
    """Under the account's own name, however it was typed; the id is the secret's hash."""
    secret = await access.log_in(" ANNA ")

    who = await access.logins.who(secret, HERE)
    assert ("anna", False) == (who.name, who.elevated)
    assert secret not in repr(who)
    assert [("anna", "login", "anna", True, HERE)] == access.noted


@pytest.mark.parametrize(
    "how",
    [{"password": "wrong"}, {"name": "nobody"}, {"name": "<b>"}, {"name": ""}, {"password": ""}],
)
async def test_whatever_was_wrong_the_words_are_the_same(access, how):
    """Nobody learns which names there are; what was typed as one is not kept."""
    with pytest.raises(Refused) as error:
        await access.log_in(**how)

    assert "name, password or code are not right" == str(error.value)
    [(who, action, _, done, address)] = access.noted
    assert who in ("anna", "somebody unknown")
    assert ("login", False, HERE) == (action, done, address)


async def test_a_name_that_nobody_has_costs_a_hash_too(access, monkeypatch):
    """The time would tell."""
    asked = []
    fits = Passwords.fits

    async def counted(self, kept, password):
        asked.append(kept)
        return await fits(self, kept, password)

    monkeypatch.setattr(Passwords, "fits", counted)
    await access.refused(name="nobody")

    assert [None] == asked


async def test_disabled_and_invited_accounts_let_nobody_in(access):
    """With the same words."""
    await access.accounts.make("bert", [Role.VIEWER])
    await access.accounts.make("carl", [Role.VIEWER], PASSWORD)
    await access.accounts.disable("carl")

    for name in ("bert", "carl"):
        assert {Refused: 1} == await access.refused(name=name)


# Trying


@pytest.mark.parametrize("name", ["anna", "nobody"])
async def test_a_name_is_locked_after_some_tries_whether_anybody_has_it_or_not(access, name):
    """From wherever they come; then even the right password waits."""
    told = Counter()
    for number in range(12):
        told += await access.refused(name=name, password="guess", address=f"198.51.100.{number}")

    assert {Refused: 6, Locked: 6} == told
    with pytest.raises(Locked):
        await access.log_in(name, address="203.0.113.1")


async def test_who_waits_may_try_again(access):
    """And is as new once it was right."""
    await access.refused(6, password="guess")
    access.clock.at += 6.0

    assert await access.log_in()
    assert {Refused: 6} == await access.refused(6, password="guess", address=THERE)


async def test_an_address_is_locked_after_more_tries_at_any_names(access):
    """One password at a thousand names; others come in from elsewhere."""
    for number in range(21):
        await access.refused(name=f"name{number}")

    with pytest.raises(Locked):
        await access.log_in()
    assert await access.log_in(address=THERE)


async def test_of_ipv6_a_whole_network_is_one_address(access):
    """Its owner has as many addresses as they like."""
    for number in range(21):
        await access.refused(name=f"name{number}", address=f"2001:db8::{number}")

    with pytest.raises(Locked):
        await access.log_in(address="2001:db8::ffff:1")
    assert await access.log_in(address="2001:db8:0:1::1")


async def test_own_logins_do_not_wash_away_guesses_at_others(access):
    """An account of one's own is no key to trying for ever."""
    for number in range(20):
        await access.refused(name=f"name{number}")
        await access.log_in()
    await access.refused(name="name20")

    with pytest.raises(Locked):
        await access.log_in()


async def test_a_hundred_tries_at_once_are_a_hundred(access):
    """They are counted before they are compared."""
    tries = (access.log_in(password=f"guess {number}") for number in range(100))

    told = Counter(map(type, await asyncio.gather(*tries, return_exceptions=True)))

    assert {Refused: 6, Locked: 94} == told


async def test_who_was_locked_is_unlocked_by_who_may(access):
    """An office need not wait for a quarter of an hour."""
    await access.refused(7, password="guess")

    await access.logins.unlock("anna")

    assert await access.log_in(address=THERE)


# The second factor


async def test_a_second_factor_is_asked_for_and_counts_once(access):
    """Without it, with another, with one that was used: the same words."""
    code = await access.second()

    assert {Refused: 2} == await access.refused() + await access.refused(code="000000")
    used = code()
    assert await access.log_in(code=f"{used[:3]} {used[3:]}")
    assert {Refused: 1} == await access.refused(code=used)
    access.clock.at += 30
    assert await access.log_in(code=code())


async def test_codes_cannot_be_tried_through(access):
    """A known password gives no more tries than an unknown one."""
    await access.second()

    told = await access.refused(12, code="123456")

    assert {Refused: 6, Locked: 6} == told


# How long


async def test_a_login_ends_when_nobody_uses_it_and_at_last(access):
    """An hour at most, ten minutes unused."""
    secret = await access.log_in()
    for _ in range(7):
        access.clock.at += 500.0
        assert await access.logins.who(secret, HERE)
    access.clock.at += 100.0
    assert await access.logins.who(secret, HERE) is None

    idle = await access.log_in()
    access.clock.at += 600.0
    assert await access.logins.who(idle, HERE) is None
    assert [] == await access.logins.logins()


@pytest.mark.parametrize("secret", ["", "guess", "\udcff", "x" * 5000])
async def test_a_guess_is_nobodys(access, secret):
    """Whatever it is made of."""
    assert await access.logins.who(secret, HERE) is None
    assert await access.logins.program(secret) is None


@pytest.mark.parametrize(
    "ended",
    [
        lambda access: access.accounts.disable("anna"),
        lambda access: access.accounts.remove("anna"),
        lambda access: access.accounts.set_password("anna", PASSWORD + "!"),
        lambda access: access.accounts.reset("anna"),
        lambda access: access.logins.end(account="anna"),
    ],
)
async def test_a_login_ends_at_once_with_what_let_it_in(access, ended):
    """Not after its time."""
    await access.accounts.make("bert", [Role.ADMIN], PASSWORD)
    secret = await access.log_in()

    await ended(access)

    assert await access.logins.who(secret, HERE) is None


async def test_other_roles_count_with_the_next_request(access):
    """Whoever is no admin any more need not log out first."""
    await access.accounts.make("bert", [Role.ADMIN], PASSWORD)
    secret = await access.log_in()

    await access.accounts.set_roles("anna", [Role.VIEWER])

    assert not (await access.logins.who(secret, HERE)).may(Act.KEEP_ACCOUNTS)


async def test_a_login_that_was_ended_is_not_brought_back_by_its_use(access):
    """A request that is under way notes that it was seen."""
    secret = await access.log_in()
    who = await access.logins.who(secret, HERE)
    await access.logins.log_out(who, HERE)

    await access.logins._store.touch_login(who.login, access.clock.at)

    assert await access.logins.who(secret, HERE) is None


# Proving anew


async def test_a_fresh_proof_lifts_a_login_for_ten_minutes_at_one_address(access):
    """Under a new secret; the old one is worth nothing."""
    old = await access.log_in()
    who = await access.logins.who(old, HERE)

    secret = await access.logins.again(who, Claimed("", PASSWORD, "", HERE))

    assert await access.logins.who(old, HERE) is None
    assert (await access.logins.who(secret, HERE)).elevated
    assert not (await access.logins.who(secret, THERE)).elevated
    access.clock.at += ELEVATED - 120.0
    assert (await access.logins.who(secret, HERE)).elevated
    access.clock.at += 120.0
    assert not (await access.logins.who(secret, HERE)).elevated


async def test_a_fresh_proof_is_ones_own(access):
    """Whatever name comes along; and it is locked as logging in is."""
    await access.accounts.make("bert", [Role.ADMIN], PASSWORD + "b")
    who = await access.logins.who(await access.log_in(), HERE)

    for _ in range(6):
        with pytest.raises(Refused):
            await access.logins.again(who, Claimed("bert", PASSWORD + "b", "", HERE))
    with pytest.raises(Locked):
        await access.logins.again(who, Claimed("anna", PASSWORD, "", HERE))
    with pytest.raises(Refused, match="this is 'bert'"):
        await access.logins.renewed(who, "bert", HERE)


async def test_the_old_password_is_compared_before_a_new_one_is_taken(access):
    """And tried as often as at the door."""
    who = await access.logins.who(await access.log_in(), HERE)

    await access.logins.check(who, PASSWORD, HERE)
    for _ in range(6):
        with pytest.raises(Refused):
            await access.logins.check(who, "guess", HERE)
    with pytest.raises(Locked):
        await access.logins.check(who, PASSWORD, HERE)


# Programs


async def make_token(access, scopes, days=30, name="anna"):
    """A token of an account."""
    owner = await access.accounts.one(name)
    return await access.logins.make_token(owner, "siem", scopes, days)


async def test_a_token_may_what_its_scopes_and_its_owner_may(access):
    """And less once its owner may less."""
    await access.accounts.make("bert", [Role.ADMIN], PASSWORD)
    _, secret = await make_token(access, [Act.SEE_ALERTS, Act.WORK_ALERTS])

    assert {Act.SEE_ALERTS, Act.WORK_ALERTS} == (await access.logins.program(secret)).acts
    await access.accounts.set_roles("anna", [Role.VIEWER])
    assert {Act.SEE_ALERTS} == (await access.logins.program(secret)).acts
    await access.accounts.disable("anna")
    assert await access.logins.program(secret) is None
    await access.accounts.enable("anna")
    assert await access.logins.program(secret)
    await access.accounts.remove("anna")
    assert await access.logins.program(secret) is None


async def test_a_token_cannot_have_what_its_owner_has_not_or_change_them(access):
    """Nor nothing."""
    await access.accounts.make("eve", [Role.VIEWER], PASSWORD)

    for scopes in ([Act.WORK_ALERTS], [Act.KEEP_SELF], []):
        with pytest.raises(AccountError):
            await make_token(access, scopes, name="eve")
    assert Act.KEEP_SELF not in SCOPES


async def test_a_token_ends_with_its_days_and_by_its_owner_only(access):
    """Its use is noted."""
    row, secret = await make_token(access, [Act.LOOK], days=1)
    assert await access.logins.program(secret)
    [seen] = await access.logins.tokens("anna")
    assert access.clock.at == seen.used
    assert secret not in repr(seen)

    with pytest.raises(AccountError):
        await access.logins.end_token(row.id, "bert")
    access.clock.at += 86_400.0
    assert await access.logins.program(secret) is None
    row, secret = await make_token(access, [Act.LOOK])
    await access.logins.end_token(row.id, "anna")
    assert await access.logins.program(secret) is None


async def test_a_secret_of_one_kind_is_none_of_the_other(access):
    """A cookie is no token, a token no cookie."""
    cookie = await access.log_in()
    _, token = await make_token(access, [Act.LOOK])

    assert await access.logins.program(cookie) is None
    assert await access.logins.who(token, HERE) is None
    assert isinstance(await access.logins.program(token), Who)
