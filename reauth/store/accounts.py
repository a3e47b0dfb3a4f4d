"""Accounts of the console, their logins, tokens and failed tries, in the store's file."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reauth.access import Act, Role
from reauth.ports.accounts import (
    AccountRow,
    Attempts,
    Change,
    InvitationRow,
    LoginRow,
    TokenRow,
)
from reauth.store.desk import Desk
from reauth.store.seal import Sealer

DAY = 86_400.0
_ACCOUNT = "name, roles, password, subject, made, totp, totp_step, totp_next, disabled"
_LOGIN = "id, account, address, made, seen, ends, elevated_until"
_TOKEN = "id, account, label, scopes, made, ends, used"  # noqa: S105 - names of columns
_PURPOSE = "second factor"


class SqliteAccounts:
    """See `reauth.ports.AccountStore`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sealer = desk.sealer

    async def accounts(self) -> list[AccountRow]:
        """All of them, by name."""
        return await self._desk.read(_accounts, self._sealer)

    async def account(self, name: str) -> AccountRow | None:
        """One of them."""
        return await self._desk.read(_account, self._sealer, "name", name)

    async def account_of(self, subject: str) -> AccountRow | None:
        """The one that an issuer's subject is."""
        return await self._desk.read(_account, self._sealer, "subject", subject)

    async def add_account(self, row: AccountRow, *, first: bool = False) -> bool:
        """Keep a new one; False if the name is taken or, where it must be the first, it is not."""
        return await self._desk.write(_add, self._sealer, row, first)

    async def change_account(self, name: str, change: Change) -> AccountRow | None:
        """Change or remove one; None if it is not there."""
        return await self._desk.write(_change, self._sealer, name, change)

    async def logins(self, account: str | None = None) -> list[LoginRow]:
        """Everybody's logins, or one account's, newest first."""
        rows = await self._desk.read(_of, _LOGIN, "login", account)
        return [LoginRow(*row) for row in rows]

    async def login(self, id: str) -> tuple[LoginRow, AccountRow] | None:
        """A login and whose it is."""
        found = await self._desk.read(_owned, self._sealer, _LOGIN, "login", id)
        return (LoginRow(*found[0]), found[1]) if found else None

    async def keep_login(self, row: LoginRow) -> None:
        """Keep a new login."""
        await self._desk.write(_keep_login, row)

    async def touch_login(self, id: str, now: float) -> None:
        """Note that it is in use; one that has ended stays ended."""
        await self._desk.write(_touch, "UPDATE login SET seen = ? WHERE id = ?", id, now)

    async def end_logins(
        self, *, id: str | None = None, account: str | None = None, but: str = ""
    ) -> int:
        """End one login, or all of an account but one; how many there were."""
        return await self._desk.write(_end_logins, id, account, but)

    async def tokens(self, account: str | None = None) -> list[TokenRow]:
        """Everybody's tokens, or one account's, newest first."""
        return [_token(row) for row in await self._desk.read(_of, _TOKEN, "token", account)]

    async def token(self, id: str) -> tuple[TokenRow, AccountRow] | None:
        """A token and whose it is."""
        found = await self._desk.read(_owned, self._sealer, _TOKEN, "token", id)
        return (_token(found[0]), found[1]) if found else None

    async def keep_token(self, row: TokenRow) -> None:
        """Keep a new token."""
        await self._desk.write(_keep_token, row)

    async def touch_token(self, id: str, now: float) -> None:
        """Note that it is in use; one that has ended stays ended."""
        await self._desk.write(_touch, "UPDATE token SET used = ? WHERE id = ?", id, now)

    async def end_token(self, id: str, account: str | None = None) -> bool:
        """End a token, if it is there and, where an account is named, that one's."""
        return await self._desk.write(_end_token, id, account)

    async def invite(self, row: InvitationRow) -> None:
        """Keep an invitation, in the place of others of the same account."""
        await self._desk.write(_invite, row)

    async def invitation(self, id: str) -> InvitationRow | None:
        """An invitation."""
        return await self._desk.read(_invitation, id)

    async def end_invitation(self, id: str) -> bool:
        """Use it up; False if somebody was faster."""
        return await self._desk.write(_end_invitation, id)

    async def tried(
        self, ids: Sequence[str], work: Callable[[Mapping[str, Attempts]], Mapping[str, Attempts]]
    ) -> None:
        """Read tries and write what becomes of them; those without a failure are forgotten."""
        await self._desk.write(_tried, ids, work)

    async def expire(self, now: float) -> None:
        """Delete what has ended, and tries of a day ago."""
        await self._desk.write(_expire, now)


def _row(sealer: Sealer, values: Sequence[Any]) -> AccountRow:
    name, roles, password, subject, made, totp, step, following, disabled = values
    known = frozenset(Role(role) for role in json.loads(roles))
    secrets = [
        None if blob is None else sealer.open(_PURPOSE, name.encode(), blob)
        for blob in (totp, following)
    ]
    return AccountRow(
        name, known, password, subject, made, secrets[0], step, secrets[1], bool(disabled)
    )


def _values(sealer: Sealer, row: AccountRow) -> tuple[Any, ...]:
    secrets = [
        None if secret is None else sealer.seal(_PURPOSE, row.name.encode(), secret)
        for secret in (row.totp, row.totp_next)
    ]
    told = row.name, json.dumps(sorted(row.roles)), row.password, row.subject, row.made
    return (*told, secrets[0], row.totp_step, secrets[1], int(row.disabled))


def _accounts(connection: sqlite3.Connection, sealer: Sealer) -> list[AccountRow]:
    found = connection.execute(f"SELECT {_ACCOUNT} FROM account ORDER BY name")  # noqa: S608 - ours
    return [_row(sealer, values) for values in found]


def _account(
    connection: sqlite3.Connection, sealer: Sealer, column: str, value: str
) -> AccountRow | None:
    found = connection.execute(
        f"SELECT {_ACCOUNT} FROM account WHERE {column} = ?",  # noqa: S608 - our own names
        (value,),
    ).fetchone()
    return _row(sealer, found) if found else None


def _add(connection: sqlite3.Connection, sealer: Sealer, row: AccountRow, first: bool) -> bool:
    taken = "SELECT 1 FROM account" if first else "SELECT 1 FROM account WHERE name = :name"
    if connection.execute(taken, {"name": row.name}).fetchone():
        return False
    _write(connection, sealer, row)
    return True


def _write(connection: sqlite3.Connection, sealer: Sealer, row: AccountRow) -> None:
    """Insert or update, never replace: replacing would take what hangs on it along."""
    connection.execute(
        f"INSERT INTO account ({_ACCOUNT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - ours
        " ON CONFLICT (name) DO UPDATE SET roles = excluded.roles, password = excluded.password,"
        " subject = excluded.subject, totp = excluded.totp, totp_step = excluded.totp_step,"
        " totp_next = excluded.totp_next, disabled = excluded.disabled",
        _values(sealer, row),
    )


def _change(
    connection: sqlite3.Connection, sealer: Sealer, name: str, change: Change
) -> AccountRow | None:
    everybody = _accounts(connection, sealer)
    found = next((row for row in everybody if row.name == name), None)
    if found is None:
        return None
    changed = change(found, [row for row in everybody if row is not found])
    if changed is None:
        connection.execute("DELETE FROM account WHERE name = ?", (name,))
        return found
    _write(connection, sealer, changed)
    return changed


def _of(
    connection: sqlite3.Connection, columns: str, table: str, account: str | None
) -> list[tuple[Any, ...]]:
    return connection.execute(
        f"SELECT {columns} FROM {table} WHERE account = coalesce(?, account)"  # noqa: S608 - ours
        " ORDER BY made DESC, id",
        (account,),
    ).fetchall()


def _owned(
    connection: sqlite3.Connection, sealer: Sealer, columns: str, table: str, id: str
) -> tuple[tuple[Any, ...], AccountRow] | None:
    found = connection.execute(
        f"SELECT {columns} FROM {table} WHERE id = ?",  # noqa: S608 - our own names
        (id,),
    ).fetchone()
    if found is None:
        return None
    owner = _account(connection, sealer, "name", found[1])
    assert owner is not None  # the schema holds them together
    return found, owner


def _token(values: Sequence[Any]) -> TokenRow:
    id, account, label, scopes, made, ends, used = values
    known = frozenset(Act(scope) for scope in json.loads(scopes))
    return TokenRow(id, account, label, known, made, ends, used)


def _touch(connection: sqlite3.Connection, statement: str, id: str, now: float) -> None:
    connection.execute(statement, (now, id))


def _keep_login(connection: sqlite3.Connection, row: LoginRow) -> None:
    told = row.id, row.account, row.address, row.made, row.seen, row.ends, row.elevated_until
    connection.execute(
        f"INSERT INTO login ({_LOGIN}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - ours
        told,
    )


def _keep_token(connection: sqlite3.Connection, row: TokenRow) -> None:
    scopes = json.dumps(sorted(row.scopes))
    told = row.id, row.account, row.label, scopes, row.made, row.ends, row.used
    connection.execute(
        f"INSERT INTO token ({_TOKEN}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - ours
        told,
    )


def _end_logins(
    connection: sqlite3.Connection, id: str | None, account: str | None, but: str
) -> int:
    return connection.execute(
        "DELETE FROM login WHERE id = coalesce(?, id) AND account = coalesce(?, account)"
        " AND id <> ?",
        (id, account, but),
    ).rowcount


def _end_token(connection: sqlite3.Connection, id: str, account: str | None) -> bool:
    ended = connection.execute(
        "DELETE FROM token WHERE id = ? AND account = coalesce(?, account)", (id, account)
    )
    return ended.rowcount > 0


def _invite(connection: sqlite3.Connection, row: InvitationRow) -> None:
    connection.execute("DELETE FROM invitation WHERE account IS ?", (row.account,))
    connection.execute(
        "INSERT INTO invitation (id, account, ends) VALUES (?, ?, ?)",
        (row.id, row.account, row.ends),
    )


def _invitation(connection: sqlite3.Connection, id: str) -> InvitationRow | None:
    found = connection.execute(
        "SELECT id, account, ends FROM invitation WHERE id = ?", (id,)
    ).fetchone()
    return InvitationRow(*found) if found else None


def _end_invitation(connection: sqlite3.Connection, id: str) -> bool:
    return connection.execute("DELETE FROM invitation WHERE id = ?", (id,)).rowcount > 0


def _tried(
    connection: sqlite3.Connection,
    ids: Sequence[str],
    work: Callable[[Mapping[str, Attempts]], Mapping[str, Attempts]],
) -> None:
    was = {id: Attempts() for id in ids}
    for id in ids:
        found = connection.execute(
            "SELECT failures, until, seen FROM attempt WHERE id = ?", (id,)
        ).fetchone()
        if found:
            was[id] = Attempts(*found)
    for id, tries in work(was).items():
        if tries.failures:
            connection.execute(
                "INSERT OR REPLACE INTO attempt (id, failures, until, seen) VALUES (?, ?, ?, ?)",
                (id, tries.failures, tries.until, tries.seen),
            )
        else:
            connection.execute("DELETE FROM attempt WHERE id = ?", (id,))


def _expire(connection: sqlite3.Connection, now: float) -> None:
    for table in ("login", "token", "invitation"):
        connection.execute(f"DELETE FROM {table} WHERE ends <= ?", (now,))  # noqa: S608 - ours
    connection.execute("DELETE FROM attempt WHERE seen <= ? AND until <= ?", (now - DAY, now))
