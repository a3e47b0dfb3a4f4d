"""Who is asking: logging in, what a browser's cookie and a program's token stand for.

Everything is looked up anew for each request: a login that was ended, an account that was disabled
or has other roles now, counts at once, whichever process did it.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace

from reauth.access import SCOPES, Act, Who, acts_of
from reauth.accounts import account_name
from reauth.errors import AccountError, Refused
from reauth.lockout import ACCOUNT, ADDRESS, begun, taken_back
from reauth.ports.accounts import AccountRow, AccountStore, Attempts, LoginRow, TokenRow
from reauth.proof import Passwords, digest_of, new_secret, totp_step

ELEVATED = 600.0
"""s for which a fresh proof lets somebody do sensitive acts (alerts-console.md section 6)."""
_TOUCH = 60.0
"""s after which the use of a login or token is written down again: not with every request."""
LONGEST_TOKEN = 365 * 86_400.0
_WRONG = "name, password or code are not right"

Note = Callable[[str, str, str, bool, str], Awaitable[None]]
"""Keeps who, action, subject, whether it was done, and the address, for the audit."""


@dataclass(frozen=True, slots=True)
class Life:
    """s that a login lives without a request, and at all."""

    idle: float = 3600.0
    whole: float = 43_200.0


@dataclass(frozen=True, slots=True)
class Claimed:
    """What somebody says of themselves, and from where."""

    name: str
    password: str
    code: str
    address: str


class Logins:
    """One for a house.

    Parameters
    ----------
    clock
        Seconds since 1970.
    note
        Told of each login, and of each that was refused.
    """

    def __init__(
        self,
        store: AccountStore,
        clock: Callable[[], float],
        passwords: Passwords,
        note: Note,
        life: Life = Life(),
    ) -> None:
        self._store = store
        self._clock = clock
        self._passwords = passwords
        self._note = note
        self._life = life

    # Browsers

    async def log_in(self, claimed: Claimed) -> str:
        """Let somebody in by name, password and, where the account has one, a code.

        Returns
        -------
        str
            The secret of the login, for the cookie.

        Raises
        ------
        Refused
            If any of them is wrong; the same words, after the same work, whatever it was.
        Locked
            If there were too many tries of this name, or from this address.
        """
        row = await self._proven(claimed)
        return await self.begin(row.name, claimed.address)

    async def begin(self, account: str, address: str, *, elevated: bool = False) -> str:
        """A new login of somebody who has proved who they are; its secret."""
        secret, now = new_secret(), self._clock()
        until = now + ELEVATED if elevated else 0.0
        ends = now + self._life.whole
        await self._store.expire(now)
        row = LoginRow(digest_of(secret), account, address, now, now, ends, until)
        await self._store.keep_login(row)
        await self._note(account, "login.again" if elevated else "login", account, True, address)
        return secret

    async def again(self, who: Who, claimed: Claimed) -> str:
        """Prove anew who one is: a login in the place of the old one, elevated for a while.

        Raises
        ------
        Refused, Locked
            As `log_in`, and if it is somebody else.
        """
        row = await self._proven(replace(claimed, name=who.name))
        return await self.renewed(who, row.name, claimed.address)

    async def renewed(self, who: Who, account: str, address: str) -> str:
        """The elevated login of somebody who has proved anew who they are.

        Raises
        ------
        Refused
            If it is somebody else.
        """
        if account != who.name:
            await self._note(who.name, "login.again", account, False, address)
            raise Refused(f"this is '{account}'; log in as '{who.name}', or log out first")
        secret = await self.begin(account, address, elevated=True)
        await self._store.end_logins(id=who.login, account=account)
        return secret

    async def _proven(self, claimed: Claimed) -> AccountRow:
        """The account of somebody whose password and code are right; the order hides which is not.

        The try is counted before anything is compared, so that many at once are many.
        """
        ids = _tries(claimed)
        now = self._clock()
        await self._store.tried(list(ids), lambda was: _begun(was, now, ids))
        row = await self._named(claimed.name)
        kept = None if row is None or row.disabled else row.password
        right = await self._passwords.fits(kept, claimed.password)
        if row is None or not right or not await self._second(row, claimed.code, now):
            name = row.name if row else "somebody unknown"
            await self._note(name, "login", name, False, claimed.address)
            raise Refused(_WRONG)
        await self._store.tried(list(ids), lambda was: _succeeded(was, ids))
        return row

    async def _named(self, name: str) -> AccountRow | None:
        try:
            return await self._store.account(account_name(name))
        except AccountError:
            return None

    async def _second(self, row: AccountRow, code: str, now: float) -> bool:
        """Whether the code is right, or none is needed; a code counts once, whoever is faster."""
        if row.totp is None:
            return True

        def used(row: AccountRow, _: Collection[AccountRow]) -> AccountRow:
            step = totp_step(row.totp or b"", code.replace(" ", ""), now, row.totp_step)
            if step is None:
                raise Refused(_WRONG)
            return replace(row, totp_step=step)

        try:
            return await self._store.change_account(row.name, used) is not None
        except Refused:
            return False

    async def unlock(self, name: str) -> None:
        """Forget that somebody tried in vain to be this account."""
        await self._store.tried([_id("account", account_name(name))], lambda was: dict.fromkeys(
            was, Attempts()
        ))  # fmt: skip

    async def who(self, secret: str, address: str) -> Who | None:
        """Whose cookie it is; None if nobody's, or no more."""
        found = await self._store.login(digest_of(secret))
        if found is None:
            return None
        login, account = found
        now = self._clock()
        over = now >= min(login.ends, login.seen + self._life.idle)
        if over or account.disabled:
            return None
        if now - login.seen >= min(_TOUCH, self._life.idle / 4):
            await self._store.touch_login(login.id, now)
        elevated = now < login.elevated_until and address == login.address
        return Who(account.name, acts_of(account.roles), elevated, login.id)

    async def log_out(self, who: Who, address: str) -> None:
        """End a login."""
        await self._store.end_logins(id=who.login, account=who.name)
        await self._note(who.name, "logout", who.name, True, address)

    async def logins(self, account: str | None = None) -> list[LoginRow]:
        """Who is logged in, newest first."""
        now = self._clock()
        rows = await self._store.logins(account)
        return [row for row in rows if now < min(row.ends, row.seen + self._life.idle)]

    async def end(self, *, id: str | None = None, account: str | None = None, but: str = "") -> int:
        """End one login, or all of an account but one; how many there were."""
        return await self._store.end_logins(id=id, account=account, but=but)

    async def check(self, who: Who, password: str, address: str) -> None:
        """See that somebody who is logged in knows their password.

        Raises
        ------
        Refused, Locked
            As `log_in`; no code is asked for.
        """
        ids = _tries(Claimed(who.name, password, "", address))
        now = self._clock()
        await self._store.tried(list(ids), lambda was: _begun(was, now, ids))
        row = await self._named(who.name)
        if not await self._passwords.fits(row.password if row else None, password):
            raise Refused("the old password is not right")
        await self._store.tried(list(ids), lambda was: _succeeded(was, ids))

    # Programs

    async def make_token(
        self, account: AccountRow, label: str, scopes: Collection[Act], days: int
    ) -> tuple[TokenRow, str]:
        """A key for a program, of some of its owner's acts; the row and the secret, told once.

        Raises
        ------
        AccountError
            If its owner may not do all of it, or it has no scope.
        """
        wanted = frozenset(scopes)
        lacking = wanted - (acts_of(account.roles) & SCOPES)
        if lacking or not wanted:
            told = f"not of {', '.join(sorted(lacking))}" if lacking else "with one scope at least"
            raise AccountError(f"'{account.name}' may have a token {told}")
        secret, now = new_secret(), self._clock()
        ends = now + min(days * 86_400.0, LONGEST_TOKEN)
        row = TokenRow(digest_of(secret), account.name, label, wanted, now, ends)
        await self._store.keep_token(row)
        return row, secret

    async def tokens(self, account: str | None = None) -> list[TokenRow]:
        """Keys of programs, newest first."""
        now = self._clock()
        return [row for row in await self._store.tokens(account) if now < row.ends]

    async def end_token(self, id: str, account: str | None = None) -> None:
        """End a token.

        Raises
        ------
        AccountError
            If there is none, or it is somebody else's.
        """
        if not await self._store.end_token(id, account):
            raise AccountError("there is no such token")

    async def program(self, secret: str) -> Who | None:
        """Whose token it is; it never may more than its owner.

        It is elevated by itself: to make one was the sensitive act.
        """
        found = await self._store.token(digest_of(secret))
        if found is None:
            return None
        token, owner = found
        now = self._clock()
        if now >= token.ends or owner.disabled:
            return None
        if now - (token.used or 0.0) >= _TOUCH:
            await self._store.touch_token(token.id, now)
        return Who(owner.name, token.scopes & acts_of(owner.roles) & SCOPES, elevated=True)


def _begun(
    was: Mapping[str, Attempts], now: float, ids: Mapping[str, int]
) -> Mapping[str, Attempts]:
    return {id: begun(tries, now, ids[id]) for id, tries in was.items()}


def _succeeded(was: Mapping[str, Attempts], ids: Mapping[str, int]) -> Mapping[str, Attempts]:
    """Who has proved who they are has no failures; their address has those of the others."""
    return {
        id: Attempts() if ids[id] == ACCOUNT else taken_back(tries) for id, tries in was.items()
    }


def _tries(claimed: Claimed) -> dict[str, int]:
    """What a try is counted under, and how many each has free; a Unix socket has no address."""
    ids = {_id("account", claimed.name.strip().lower()): ACCOUNT}
    if claimed.address:
        ids[_id("address", _network(claimed.address))] = ADDRESS
    return ids


def _network(address: str) -> str:
    """An address, of IPv6 the network of one customer: its owner has 2**64 others."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False))


def _id(kind: str, text: str) -> str:
    """Hashed: people type passwords where a name belongs."""
    return digest_of(f"{kind} {text}")
