"""`reauth account` and `reauth token`: who may use the console, and which programs may."""

import asyncio
import getpass
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from reauth import app
from reauth.access import SCOPES, Act, Role
from reauth.account_document import account_document, token_document
from reauth.accounts import Accounts
from reauth.cli.command import (
    Commands,
    command,
    count,
    print_json,
    print_table,
    settings_of,
    subcommands,
)
from reauth.cli.deeds import noted
from reauth.doors import Doors, access_of
from reauth.errors import AccountError
from reauth.installation import running
from reauth.logins import Logins
from reauth.secret_file import read_secret
from reauth.settings import Settings

_TEACH = f"""\
Roles add up: {", ".join(Role)}.
A password is asked for, or read from a file that only you may read (--password-file); without
either, `add` and `password` print a link by which its owner chooses one, once, within a day.

examples:
  reauth account add anna --roles analyst
  reauth account add boss --roles admin,approver --password-file boss.txt
  reauth account roles anna analyst,approver
  reauth account password anna
  reauth account first-token
"""

_TEACH_TOKENS = f"""\
A token lets a program in, as `Authorization: Bearer TOKEN`, for what its scopes say and its owner
may. It is printed once. Scopes: {", ".join(sorted(SCOPES))}.

examples:
  reauth token make anna --scopes see_alerts,work_alerts --label siem
  reauth token list
  reauth token end ID
"""


def add(commands: Commands) -> None:
    """Add the commands to the command line."""
    top = command(commands, "account", None, "keep the accounts of the console", _TEACH)
    verbs = subcommands(top)
    made = _named(verbs, "add", _add, "make an account")
    made.add_argument("--roles", type=_roles, required=True, metavar="R,R", help="what it is")
    _password(made)
    command(verbs, "list", _list, "list all accounts", _TEACH).add_argument(
        "--json", action="store_true", help="print an array"
    )
    given = _named(verbs, "roles", _set_roles, "give an account other roles")
    given.add_argument("roles", type=_roles, metavar="R,R")
    _named(verbs, "disable", _disable, "let nobody in by an account, and end its logins")
    _named(verbs, "enable", _enable, "let its owner in again")
    _named(verbs, "unlock", _unlock, "forget tries that failed")
    _password(_named(verbs, "password", _set_password, "give an account another password"))
    _named(verbs, "remove", _remove, "take an account away, with its tokens")
    first = command(verbs, "first-token", _first, "print the link that makes the first one", _TEACH)
    first.set_defaults(name="")
    top = command(commands, "token", None, "keep what lets programs in", _TEACH_TOKENS)
    verbs = subcommands(top)
    made = command(verbs, "make", _make_token, "make a token and print it", _TEACH_TOKENS)
    made.add_argument("name", metavar="ACCOUNT")
    made.add_argument("--scopes", type=_scopes, required=True, metavar="S,S", help="what it may")
    made.add_argument("--label", default="", help="what it is for")
    made.add_argument("--days", type=count, default=90, metavar="N", help="how long it holds")
    command(verbs, "list", _list_tokens, "list all tokens", _TEACH_TOKENS).add_argument(
        "--json", action="store_true", help="print an array"
    )
    ended = command(verbs, "end", _end_token, "end a token", _TEACH_TOKENS)
    ended.add_argument("id", metavar="ID", help="of `token list`, or its first letters")


def first_link(settings: Settings, url: str, secret: str) -> str:
    """Where an invitation is taken up."""
    base = settings.console.url or (url if url.startswith("http") else "http://localhost")
    return f"{base}/first?token={secret}"


def _named(verbs: Commands, name: str, call: Callable[[Namespace], int], about: str) -> Any:
    made = command(verbs, name, call, about, _TEACH)
    made.add_argument("name", metavar="NAME")
    return made


def _password(made: Any) -> None:
    how = made.add_mutually_exclusive_group()
    how.add_argument("--password-file", metavar="FILE", help="a file, mode 0600, that holds it")
    how.add_argument("--ask", action="store_true", help="ask for it")


def _roles(text: str) -> list[Role]:
    try:
        return [Role(part.strip()) for part in text.split(",")]
    except ValueError:
        raise ArgumentTypeError(f"roles are some of {', '.join(Role)}") from None


def _scopes(text: str) -> list[Act]:
    try:
        return [Act(part.strip()) for part in text.split(",")]
    except ValueError:
        raise ArgumentTypeError(f"scopes are some of {', '.join(sorted(SCOPES))}") from None


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a command works with."""

    settings: Settings
    doors: Doors
    accounts: Accounts
    logins: Logins

    def link(self, secret: str) -> str:
        """An invitation, as one opens it: on the console that runs, or where it will."""
        here = (running(self.settings) or {}).get("console") or ""
        listen = self.settings.console.listen
        scheme = "https" if self.settings.console.tls_cert else "http"
        return first_link(self.settings, here or f"{scheme}://{listen}", secret)


@asynccontextmanager
async def _opened(args: Namespace) -> AsyncIterator[_Desk]:
    settings = settings_of(args)
    async with app.opened_doors(settings) as doors:
        yield _Desk(settings, doors, *access_of(doors, settings, app.now))


def _done(
    args: Namespace, action: str, subject: str, work: Callable[[_Desk], Awaitable[str]]
) -> int:
    """Do something, note it in the audit, say what was done."""

    async def do() -> str:
        async with _opened(args) as desk, noted(desk.doors.audit, action, subject):
            return await work(desk)

    print(asyncio.run(do()))
    return 0


def _typed(args: Namespace) -> str | None:
    """The password that was given; None where its owner is to choose it."""
    if args.password_file:
        return read_secret(args.password_file, "--password-file").strip("\r\n")
    if not args.ask:
        return None
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip("\r\n")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("The same again: "):
        raise AccountError("the two passwords are not the same")
    return first


def _add(args: Namespace) -> int:
    password = _typed(args)

    async def work(desk: _Desk) -> str:
        row = await desk.accounts.make(args.name, args.roles, password)
        if password is not None:
            return f"{row.name}: made, {_told(row.roles)}"
        link = desk.link(await desk.accounts.invite(row.name))
        return f"{row.name}: made, {_told(row.roles)}; its owner chooses a password at\n{link}"

    return _done(args, "account.make", args.name, work)


def _told(roles: frozenset[Role]) -> str:
    return ", ".join(sorted(roles))


def _set_roles(args: Namespace) -> int:
    async def work(desk: _Desk) -> str:
        row = await desk.accounts.set_roles(args.name, args.roles)
        return f"{row.name}: {_told(row.roles)}"

    return _done(args, "account.roles", args.name, work)


def _disable(args: Namespace) -> int:
    async def work(desk: _Desk) -> str:
        return f"{(await desk.accounts.disable(args.name)).name}: disabled, its logins ended"

    return _done(args, "account.disable", args.name, work)


def _enable(args: Namespace) -> int:
    async def work(desk: _Desk) -> str:
        return f"{(await desk.accounts.enable(args.name)).name}: enabled"

    return _done(args, "account.enable", args.name, work)


def _remove(args: Namespace) -> int:
    async def work(desk: _Desk) -> str:
        return f"{(await desk.accounts.remove(args.name)).name}: removed"

    return _done(args, "account.remove", args.name, work)


def _unlock(args: Namespace) -> int:
    async def work(desk: _Desk) -> str:
        await desk.accounts.one(args.name)
        await desk.logins.unlock(args.name)
        return f"{args.name}: unlocked"

    return _done(args, "account.unlock", args.name, work)


def _set_password(args: Namespace) -> int:
    password = _typed(args)

    async def work(desk: _Desk) -> str:
        if password is None:
            link = desk.link(await desk.accounts.reset(args.name))
            return f"{args.name}: let nobody in; its owner chooses a password at\n{link}"
        await desk.accounts.set_password(args.name, password)
        return f"{args.name}: has another password, its logins ended"

    return _done(args, "account.password", args.name, work)


def _first(args: Namespace) -> int:
    async def work(desk: _Desk) -> str:
        return desk.link(await desk.accounts.invite(None))

    return _done(args, "account.invite", "first", work)


def _list(args: Namespace) -> int:
    return asyncio.run(_listed(args))


async def _listed(args: Namespace) -> int:
    async with _opened(args) as desk:
        rows = await desk.accounts.all()
    if args.json:
        print_json([account_document(row) for row in rows])
        return 0
    print_table(
        ("account", "roles", "second factor", "state"),
        [
            (row.name, _told(row.roles), "yes" if row.totp else "no", document["state"])
            for row in rows
            for document in [account_document(row)]
        ],
    )
    return 0


def _make_token(args: Namespace) -> int:
    async def work(desk: _Desk) -> str:
        owner = await desk.accounts.one(args.name)
        _, secret = await desk.logins.make_token(owner, args.label, args.scopes, args.days)
        return secret

    return _done(args, "token.make", args.name, work)


def _list_tokens(args: Namespace) -> int:
    return asyncio.run(_tokens_listed(args))


async def _tokens_listed(args: Namespace) -> int:
    async with _opened(args) as desk:
        rows = [token_document(row) for row in await desk.logins.tokens()]
    if args.json:
        print_json(rows)
        return 0
    head = ("id", "account", "label", "scopes", "ends", "used")
    print_table(
        head,
        [
            (row["id"][:12], row["account"], row["label"], ",".join(row["scopes"]), row["ends"],
             row["used"] or "never")
            for row in rows
        ],
    )  # fmt: skip
    return 0


def _end_token(args: Namespace) -> int:
    async def work(desk: _Desk) -> str:
        ids = [row.id for row in await desk.logins.tokens() if row.id.startswith(args.id)]
        if len(ids) != 1:
            raise AccountError(f"{len(ids)} tokens begin with '{args.id}': see `reauth token list`")
        await desk.logins.end_token(ids[0])
        return f"{ids[0][:12]}: ended"

    return _done(args, "token.end", args.id, work)
