"""Everybody's accounts, for who keeps them: made, changed, disabled; logins and tokens ended."""

from typing import Any

from aiohttp import web

from reauth.access import Act, Role
from reauth.account_document import account_document, login_document, token_document
from reauth.accounts import Accounts
from reauth.console.guard import base_of
from reauth.console.routes import API, WHO, Action, Fields, Route
from reauth.console.serving import shown
from reauth.console.shapes import ACCOUNT, LOGIN, ROLES, TOKEN, several, shape
from reauth.console.views import SITE, page
from reauth.errors import AccountError


async def _all(request: web.Request) -> dict[str, Any]:
    site = request.app[SITE]
    return {
        "accounts": [account_document(row) for row in await site.accounts.all()],
        "logins": [login_document(row) for row in await site.logins.logins()],
        "tokens": [token_document(row) for row in await site.logins.tokens()],
    }


async def accounts(request: web.Request) -> web.Response:
    """The page."""
    told = {"roles": list(Role), "shown": shown(request)}
    return page(request, "accounts.html", **told, **await _all(request))


async def listed(request: web.Request) -> web.Response:
    """The same as JSON."""
    return web.json_response(await _all(request))


async def one(request: web.Request) -> web.Response:
    """One account as JSON."""
    try:
        row = await request.app[SITE].accounts.one(request.match_info["name"])
    except AccountError as error:
        raise web.HTTPNotFound(text=f"{error}\n") from error
    return web.json_response(account_document(row))


def _keeper(request: web.Request) -> Accounts:
    return request.app[SITE].accounts


def _name(request: web.Request) -> str:
    return request.match_info["name"]


def _link(request: web.Request, secret: str) -> str:
    return f"{base_of(request)}/first?token={secret}"


async def _make(request: web.Request, fields: Fields) -> dict[str, Any]:
    keeper = _keeper(request)
    row = await keeper.make(fields["name"], [Role(role) for role in fields["roles"]])
    link = _link(request, await keeper.invite(row.name))
    return {**account_document(row), "link": link}


async def _roles(request: web.Request, fields: Fields) -> dict[str, Any]:
    wanted = [Role(role) for role in fields["roles"]]
    if _name(request) == request[WHO].name and Role.ADMIN not in wanted:
        raise AccountError("your own role admin is taken from you by another admin")
    return account_document(await _keeper(request).set_roles(_name(request), wanted))


async def _disable(request: web.Request, fields: Fields) -> dict[str, Any]:
    return account_document(await _keeper(request).disable(_name(request)))


async def _enable(request: web.Request, fields: Fields) -> dict[str, Any]:
    return account_document(await _keeper(request).enable(_name(request)))


async def _unlock(request: web.Request, fields: Fields) -> dict[str, Any]:
    row = await _keeper(request).one(_name(request))
    await request.app[SITE].logins.unlock(row.name)
    return account_document(row)


async def _reset(request: web.Request, fields: Fields) -> dict[str, Any]:
    link = _link(request, await _keeper(request).reset(_name(request)))
    row = await _keeper(request).one(_name(request))
    return {**account_document(row), "link": link}


async def _remove(request: web.Request, fields: Fields) -> dict[str, Any]:
    return account_document(await _keeper(request).remove(_name(request)))


async def _log_out(request: web.Request, fields: Fields) -> dict[str, Any]:
    row = await _keeper(request).one(_name(request))
    return {"ended": await request.app[SITE].logins.end(account=row.name)}


async def _end_login(request: web.Request, fields: Fields) -> dict[str, Any]:
    return {"ended": await request.app[SITE].logins.end(id=request.match_info["id"])}


async def _end_token(request: web.Request, fields: Fields) -> dict[str, Any]:
    await request.app[SITE].logins.end_token(request.match_info["id"])
    return {"id": request.match_info["id"]}


_KEEP = Act.KEEP_ACCOUNTS
_BACK = "/accounts"
_ALL = shape(accounts=several(ACCOUNT), logins=several(LOGIN), tokens=several(TOKEN))
_NEW = {"name": {"type": "string", "maxLength": 64}, "roles": ROLES}
_OF = "/accounts/{name}"

ROUTES = (
    Route("/accounts", _KEEP, accounts, "Everybody's accounts, logins and tokens."),
    Route(f"{API}/accounts", _KEEP, listed, "Everybody's accounts, logins and tokens.", _ALL),
    Route(f"{API}{_OF}", _KEEP, one, "One account.", ACCOUNT),
    Action("account.make", "/accounts", _KEEP, _NEW, _make, _BACK,
           "Make an account, with a link by which its owner chooses a password.",
           sensitive=True, shows=True),
    Action("account.roles", f"{_OF}/roles", _KEEP, {"roles": ROLES}, _roles, _BACK,
           "Give an account other roles.", sensitive=True),
    Action("account.disable", f"{_OF}/disable", _KEEP, {}, _disable, _BACK,
           "Let nobody in by an account, and end its logins.", sensitive=True),
    Action("account.enable", f"{_OF}/enable", _KEEP, {}, _enable, _BACK,
           "Let its owner in again.", sensitive=True),
    Action("account.unlock", f"{_OF}/unlock", _KEEP, {}, _unlock, _BACK,
           "Forget tries to log in that failed."),
    Action("account.password", f"{_OF}/reset", _KEEP, {}, _reset, _BACK,
           "Take password and second factor away, and give a link to choose anew.",
           sensitive=True, shows=True),
    Action("account.remove", f"{_OF}/remove", _KEEP, {}, _remove, _BACK,
           "Take an account away, with its tokens.", sensitive=True),
    Action("account.logout", f"{_OF}/logout", _KEEP, {}, _log_out, _BACK,
           "End all logins of an account."),
    Action("login.end", "/logins/{id}/end", _KEEP, {}, _end_login, _BACK, "End a login."),
    Action("token.end", "/tokens/{id}/end", _KEEP, {}, _end_token, _BACK, "End a token."),
)  # fmt: skip
