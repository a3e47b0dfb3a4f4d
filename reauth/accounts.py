"""Who may use the console: accounts, their roles, their passwords and second factors.

Nobody chooses a password for another: an account is made with an invitation, a link that works once
and lets its owner choose. The first account is made by an invitation that is nobody's.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from reauth.access import FIRST, Act, Role, acts_of
from reauth.errors import AccountError, Refused
from reauth.ports.accounts import AccountRow, AccountStore, InvitationRow
from reauth.proof import (
    Passwords,
    check_password,
    digest_of,
    new_secret,
    new_totp,
    totp_step,
)

NAME = r"[a-z0-9][a-z0-9._@+-]{0,63}"
"""Plain letters only: two names that look alike are two people to nobody."""
INVITED = 86_400.0
"""s that an invitation holds: long enough to be handed over, too short to be found in a log."""


def account_name(text: str) -> str:
    """A name as it is kept.

    Raises
    ------
    AccountError
        If it is none.

    Examples
    --------
    >>> account_name(" Anna.B ")
    'anna.b'
    """
    name = text.strip().lower()
    if not re.fullmatch(NAME, name):
        raise AccountError(
            "a name has 1 to 64 of a to z, digits and . _ @ + -, the first one a letter or digit"
        )
    return name


class Accounts:
    """What may be done with accounts; whether somebody may, who asks has seen to.

    Parameters
    ----------
    clock
        Seconds since 1970.
    """

    def __init__(
        self, store: AccountStore, clock: Callable[[], float], passwords: Passwords
    ) -> None:
        self._store = store
        self._clock = clock
        self._passwords = passwords

    async def all(self) -> list[AccountRow]:
        """Everybody, by name."""
        return await self._store.accounts()

    async def one(self, name: str) -> AccountRow:
        """An account.

        Raises
        ------
        AccountError
            If there is none.
        """
        found = await self._store.account(name)
        if found is None:
            raise _unknown(name)
        return found

    async def make(
        self, name: str, roles: Collection[Role], password: str | None = None
    ) -> AccountRow:
        """Make an account; without a password it waits for its invitation.

        Raises
        ------
        AccountError
            If the name is taken or none, or the password will not do.
        """
        name = account_name(name)
        row = AccountRow(name, _roles(roles), None, None, self._clock())
        if password is not None:
            check_password(password, name)
            row = replace(row, password=await self._passwords.hash(password))
        if not await self._store.add_account(row):
            raise AccountError(f"there is an account '{name}' already")
        return row

    async def set_roles(self, name: str, roles: Collection[Role]) -> AccountRow:
        """Give an account other roles; what it may do changes with its next request."""
        wanted = _roles(roles)
        return await self._change(name, lambda row: replace(row, roles=wanted))

    async def disable(self, name: str) -> AccountRow:
        """Let nobody in by this account; its logins end, its tokens sleep."""
        row = await self._change(name, lambda row: replace(row, disabled=True))
        await self._store.end_logins(account=name)
        return row

    async def enable(self, name: str) -> AccountRow:
        """Let its owner in again."""
        return await self._change(name, lambda row: replace(row, disabled=False))

    async def remove(self, name: str) -> AccountRow:
        """Take an account away, with its logins and tokens."""
        return await self._change(name, lambda row: None)

    async def _change(
        self, name: str, change: Callable[[AccountRow], AccountRow | None]
    ) -> AccountRow:
        def kept(row: AccountRow, others: Sequence[AccountRow]) -> AccountRow | None:
            changed = change(row)
            if not any(map(_keeps, [*others, *([changed] if changed else [])])):
                raise AccountError(
                    f"'{name}' is the last account that may keep accounts: give another one the"
                    " role admin first"
                )
            return changed

        found = await self._store.change_account(name, kept)
        if found is None:
            raise _unknown(name)
        return found

    # Passwords

    async def set_password(self, name: str, password: str) -> None:
        """Give an account a password; whoever is logged in by the old one is no more.

        Raises
        ------
        AccountError
            If it will not do, or there is no such account.
        """
        check_password(password, name)
        kept = await self._passwords.hash(password)
        await self._alter(name, lambda row: replace(row, password=kept))
        await self._store.end_logins(account=name)

    async def reset(self, name: str) -> str:
        """Forget password and second factor, and give an invitation to choose anew."""
        bare = {"password": None, "totp": None, "totp_next": None}
        await self._alter(name, lambda row: replace(row, **bare))  # type: ignore[arg-type] # as named
        await self._store.end_logins(account=name)
        return await self.invite(name)

    async def invite(self, name: str | None) -> str:
        """A secret by which the owner of an account, or the first one, chooses a password.

        Raises
        ------
        AccountError
            If there is no such account; of nobody: if there is any.
        """
        if name is not None:
            await self.one(name)
        elif await self._store.accounts():
            raise AccountError(
                "there are accounts: `reauth account password NAME` lets one of them in again"
            )
        secret = new_secret()
        row = InvitationRow(digest_of(secret), name, self._clock() + INVITED)
        await self._store.invite(row)
        return secret

    async def invited(self, secret: str) -> InvitationRow:
        """What a secret invites to.

        Raises
        ------
        Refused
            If it invites to nothing, or no more.
        """
        found = await self._store.invitation(digest_of(secret))
        if found is None or self._clock() >= found.ends:
            raise Refused(
                "this link has been used or is too old; ask who gave it to you for another, or"
                " type `reauth account first-token` where there is no account yet"
            )
        return found

    async def accept(self, secret: str, name: str, password: str) -> AccountRow:
        """Choose a password by an invitation, and a name where it is the first account.

        Raises
        ------
        AccountError
            If name or password will not do, or somebody was faster.
        """
        invitation = await self.invited(secret)
        name = account_name(name if invitation.account is None else invitation.account)
        check_password(password, name)
        kept = await self._passwords.hash(password)
        if not await self._store.end_invitation(invitation.id):
            raise Refused("this link has just been used")
        if invitation.account is None:
            row = AccountRow(name, frozenset(FIRST), kept, None, self._clock())
            if not await self._store.add_account(row, first=True):
                raise Refused("there is a first account already: log in, or ask who made it")
            return row
        await self._store.end_logins(account=name)
        return await self._alter(name, lambda row: replace(row, password=kept))

    # The second factor

    async def begin_totp(self, name: str) -> None:
        """Draw a secret for an authenticator app; it counts once a code of it has come."""
        secret = new_totp()
        await self._alter(name, lambda row: replace(row, totp_next=secret))

    async def confirm_totp(self, name: str, code: str) -> None:
        """Take up the secret that was drawn: its codes are asked for from now on.

        Raises
        ------
        AccountError
            If the code is not of it.
        """
        now = self._clock()

        def confirmed(row: AccountRow) -> AccountRow:
            if row.totp_next is None:
                raise AccountError("no second factor waits for its first code")
            step = totp_step(row.totp_next, code, now, 0)
            if step is None:
                raise AccountError("this code does not fit: is the clock of the device right?")
            return replace(row, totp=row.totp_next, totp_step=step, totp_next=None)

        await self._alter(name, confirmed)

    async def end_totp(self, name: str) -> None:
        """Ask for no code any more."""
        await self._alter(name, lambda row: replace(row, totp=None, totp_next=None))

    async def _alter(self, name: str, change: Callable[[AccountRow], AccountRow]) -> AccountRow:
        """Change what takes nobody's rights."""
        found = await self._store.change_account(name, lambda row, _: change(row))
        if found is None:
            raise _unknown(name)
        return found


def _keeps(row: AccountRow) -> bool:
    return not row.disabled and Act.KEEP_ACCOUNTS in acts_of(row.roles)


def _roles(roles: Collection[Role]) -> frozenset[Role]:
    if not roles:
        raise AccountError(f"an account has one role at least: {', '.join(Role)}")
    return frozenset(roles)


def _unknown(name: str) -> AccountError:
    return AccountError(f"there is no account '{name[:64]}'")
