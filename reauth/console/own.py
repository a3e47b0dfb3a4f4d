"""One's own account: password, second factor, logins, tokens; nobody's other than one's own."""

from io import BytesIO
from typing import Any

import segno
from aiohttp import web
from markupsafe import Markup

from reauth.access import SCOPES, Act, acts_of
from reauth.account_document import account_document, login_document, token_document
from reauth.console.guard import address_of
from reauth.console.routes import API, WHO, Action, Fields, Route
from reauth.console.serving import shown
from reauth.console.shapes import ACCOUNT, CODE, LOGIN, PASSWORD, TOKEN, shape
from reauth.console.views import SITE, page
from reauth.proof import totp_uri


async def _own(request: web.Request) -> dict[str, Any]:
    site, name = request.app[SITE], request[WHO].name
    return {
        "account": account_document(await site.accounts.one(name)),
        "logins": [login_document(row) for row in await site.logins.logins(name)],
        "tokens": [token_document(row) for row in await site.logins.tokens(name)],
    }


async def account(request: web.Request) -> web.Response:
    """The page."""
    row = await request.app[SITE].accounts.one(request[WHO].name)
    secret, scopes = row.totp_next, sorted(acts_of(row.roles) & SCOPES)
    picture = Markup(_qr(totp_uri(secret, row.name))) if secret else None  # noqa: S704 - segno's own
    letters = _letters(secret) if secret else None
    told = {"picture": picture, "letters": letters, "scopes": scopes, "shown": shown(request)}
    return page(request, "account.html", **told, **await _own(request))


async def own(request: web.Request) -> web.Response:
    """The same as JSON."""
    return web.json_response(await _own(request))


def _qr(text: str) -> str:
    """A picture that phones read, light on dark in no theme: they need it black on white."""
    out = BytesIO()
    segno.make(text, micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, light="#fff", scale=4, svgclass="qr",
        title="The secret of the second factor, for an authenticator app",
    )  # fmt: skip
    return out.getvalue().decode()


def _letters(secret: bytes) -> str:
    """The secret for who types it."""
    text = totp_uri(secret, "").partition("secret=")[2].partition("&")[0]
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


async def _password(request: web.Request, fields: Fields) -> dict[str, Any]:
    site, who = request.app[SITE], request[WHO]
    await site.logins.check(who, fields["old"], address_of(request))
    await site.accounts.set_password(who.name, fields["password"])
    return {"name": who.name}


async def _totp_begin(request: web.Request, fields: Fields) -> dict[str, Any]:
    site, name = request.app[SITE], request[WHO].name
    await site.accounts.begin_totp(name)
    secret = (await site.accounts.one(name)).totp_next
    return {"uri": totp_uri(secret or b"", name)}


async def _totp_confirm(request: web.Request, fields: Fields) -> dict[str, Any]:
    await request.app[SITE].accounts.confirm_totp(request[WHO].name, fields["code"].strip())
    return {"second_factor": True}


async def _totp_end(request: web.Request, fields: Fields) -> dict[str, Any]:
    await request.app[SITE].accounts.end_totp(request[WHO].name)
    return {"second_factor": False}


async def _token(request: web.Request, fields: Fields) -> dict[str, Any]:
    site = request.app[SITE]
    owner = await site.accounts.one(request[WHO].name)
    scopes = [Act(scope) for scope in fields["scopes"]]
    row, secret = await site.logins.make_token(owner, fields["label"], scopes, fields["days"])
    return {**token_document(row), "token": secret}


async def _token_end(request: web.Request, fields: Fields) -> dict[str, Any]:
    id = request.match_info["id"]
    await request.app[SITE].logins.end_token(id, request[WHO].name)
    return {"id": id}


async def _login_end(request: web.Request, fields: Fields) -> dict[str, Any]:
    id, who = request.match_info["id"], request[WHO]
    return {"ended": await request.app[SITE].logins.end(id=id, account=who.name)}


async def _others_end(request: web.Request, fields: Fields) -> dict[str, Any]:
    who = request[WHO]
    return {"ended": await request.app[SITE].logins.end(account=who.name, but=who.login)}


_OWN = shape(
    account=ACCOUNT,
    logins={"type": "array", "items": LOGIN},
    tokens={"type": "array", "items": TOKEN},
)
_SCOPES = {
    "type": "array",
    "items": {"enum": sorted(SCOPES)},
    "minItems": 1,
    "maxItems": len(SCOPES),
}
_TOKEN = {
    "label": {"type": "string", "maxLength": 100, "default": ""},
    "scopes": _SCOPES,
    "days": {"type": "integer", "minimum": 1, "maximum": 365, "default": 90},
}
_KEEP = Act.KEEP_SELF
_HERE = "/account"

ROUTES = (
    Route("/account", _KEEP, account, "One's own account."),
    Route(f"{API}/account", _KEEP, own, "One's own account, logins and tokens.", _OWN),
    Action("own.password", "/account/password", _KEEP, {"old": PASSWORD, "password": PASSWORD},
           _password, _HERE, "Choose another password; all logins end."),
    Action("own.totp.begin", "/account/totp/begin", _KEEP, {}, _totp_begin, _HERE,
           "Draw a secret for an authenticator app.", sensitive=True),
    Action("own.totp.confirm", "/account/totp/confirm", _KEEP, {"code": CODE}, _totp_confirm,
           _HERE, "Take the second factor up by its first code."),
    Action("own.totp.end", "/account/totp/end", _KEEP, {}, _totp_end, _HERE,
           "Ask for no second factor any more.", sensitive=True),
    Action("token.make", "/account/tokens", _KEEP, _TOKEN, _token, _HERE,
           "Make a token for a program; it is told once.", sensitive=True, shows=True),
    Action("own.token.end", "/account/tokens/{id}/end", _KEEP, {}, _token_end, _HERE,
           "End a token of one's own."),
    Action("own.login.end", "/account/logins/{id}/end", _KEEP, {}, _login_end, _HERE,
           "End a login of one's own."),
    Action("own.logins.end", "/account/logins/end", _KEEP, {}, _others_end, _HERE,
           "End all of one's logins but this one."),
)  # fmt: skip
