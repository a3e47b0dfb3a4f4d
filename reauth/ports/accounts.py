"""Where the accounts of the console are kept, with their logins, tokens and failed tries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reauth.access import Act, Role


@dataclass(frozen=True, slots=True)
class AccountRow:
    """Somebody who may log in.

    `password` is an argon2id hash, None where only somebody else's word (`subject`: issuer and
    subject of OpenID Connect) lets them in, or nobody's yet. `totp` is the secret of the second
    factor, `totp_step` the last step whose code was used, `totp_next` a secret not yet confirmed.
    """

    name: str
    roles: frozenset[Role]
    password: str | None
    subject: str | None
    made: float
    totp: bytes | None = None
    totp_step: int = 0
    totp_next: bytes | None = None
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class LoginRow:
    """A browser that is logged in; `id` is the SHA-256 of its secret, in hexadecimal."""

    id: str
    account: str
    address: str
    made: float
    seen: float
    ends: float
    elevated_until: float = 0.0


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A program's key; `id` as of a login."""

    id: str
    account: str
    label: str
    scopes: frozenset[Act]
    made: float
    ends: float
    used: float | None = None


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """Leave to choose a password once; of nobody: to make the first account."""

    id: str
    account: str | None
    ends: float


@dataclass(frozen=True, slots=True)
class Attempts:
    """Tries that failed, until when no more is looked at, and when the last one came."""

    failures: int = 0
    until: float = 0.0
    seen: float = 0.0


Change = Callable[[AccountRow, Sequence[AccountRow]], AccountRow | None]
"""An account and all others to what becomes of it; None removes it. May raise: nothing changes."""


class AccountStore(Protocol):
    """Accounts and all that hangs on them. Each call is one transaction."""

    async def accounts(self) -> list[AccountRow]:
        """All of them, by name."""

    async def account(self, name: str) -> AccountRow | None:
        """One of them."""

    async def account_of(self, subject: str) -> AccountRow | None:
        """The one that an issuer's subject is."""

    async def add_account(self, row: AccountRow, *, first: bool = False) -> bool:
        """Keep a new one; False if the name is taken or, where it must be the first, it is not."""

    async def change_account(self, name: str, change: Change) -> AccountRow | None:
        """Change or remove one, with its logins, tokens and invitations; None if it is not there.

        What it returns is the account as it is afterwards, or as it was before it went.
        """

    async def logins(self, account: str | None = None) -> list[LoginRow]:
        """Everybody's logins, or one account's, newest first."""

    async def login(self, id: str) -> tuple[LoginRow, AccountRow] | None:
        """A login and whose it is."""

    async def keep_login(self, row: LoginRow) -> None:
        """Keep a new login."""

    async def touch_login(self, id: str, now: float) -> None:
        """Note that it is in use; one that has ended stays ended."""

    async def end_logins(self, *, id: str | None = None, account: str | None = None,
                         but: str = "") -> int:  # fmt: skip
        """End one login, or all of an account but one; how many there were."""

    async def tokens(self, account: str | None = None) -> list[TokenRow]:
        """Everybody's tokens, or one account's, newest first."""

    async def token(self, id: str) -> tuple[TokenRow, AccountRow] | None:
        """A token and whose it is."""

    async def keep_token(self, row: TokenRow) -> None:
        """Keep a new token."""

    async def touch_token(self, id: str, now: float) -> None:
        """Note that it is in use; one that has ended stays ended."""

    async def end_token(self, id: str, account: str | None = None) -> bool:
        """End a token, if it is there and, where an account is named, that one's."""

    async def invite(self, row: InvitationRow) -> None:
        """Keep an invitation, in the place of others of the same account."""

    async def invitation(self, id: str) -> InvitationRow | None:
        """An invitation."""

    async def end_invitation(self, id: str) -> bool:
        """Use it up; False if somebody was faster."""

    async def tried(
        self, ids: Sequence[str], work: Callable[[Mapping[str, Attempts]], Mapping[str, Attempts]]
    ) -> None:
        """Read tries and write what becomes of them; those without a failure are forgotten."""

    async def expire(self, now: float) -> None:
        """Delete logins, tokens and invitations that have ended, and tries of a day ago."""
