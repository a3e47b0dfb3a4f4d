"""Logging in by the organisation's identity provider: there, back, and a fresh proof.

The way back is a GET from another site. It counts only in the browser that was sent there: its
state stands in a cookie, and works once.
"""

import hmac

from aiohttp import web

from reauth.access import Act
from reauth.console.guard import address_of, base_of, cookie_of, drop_cookie, set_cookie
from reauth.console.login import entered, next_of
from reauth.console.routes import WHO, Route
from reauth.console.views import SITE
from reauth.errors import AccountError, Refused
from reauth.oidc import OidcError, Pending, Provider, Vouched

BACK = "/login/oidc/back"
_COOKIE = "reauth-oidc"


async def there(request: web.Request) -> web.StreamResponse:
    """Send somebody to the provider."""
    return await _sent(request, None)


async def again(request: web.Request) -> web.StreamResponse:
    """Send somebody there who must prove anew who they are; it asks for the password now."""
    return await _sent(request, request[WHO].name)


async def back(request: web.Request) -> web.StreamResponse:
    """Take up what the provider says."""
    provider, told = _provider(request), request.query
    state = told.get("state", "")
    kept = request.cookies.get(cookie_of(request, _COOKIE), "")
    if not kept or not hmac.compare_digest(kept.encode(), state.encode()):
        raise web.HTTPForbidden(text="This login was not begun in this browser: begin it again.\n")
    try:
        pending = provider.take(state, told.get("iss"))
        if "error" in told:
            raise OidcError(f"the provider let nobody in: {told['error'][:100]}")
        code, here = told.get("code", ""), base_of(request) + BACK
        vouched = await provider.end(pending, code, here)
        secret = await _let_in(request, pending, vouched)
    except (OidcError, AccountError) as error:
        await _note_refusal(request)
        raise web.HTTPForbidden(text=f"{str(error)[:1].upper()}{str(error)[1:]}.\n") from error
    response = entered(request, secret, pending.following)
    drop_cookie(request, response, _COOKIE)
    return response


async def leave(request: web.Request) -> web.StreamResponse:
    """Send somebody who has logged out here to log out there."""
    where = await _provider(request).leave(f"{base_of(request)}/login")
    raise web.HTTPSeeOther(where or "/login?out")


async def _sent(request: web.Request, account: str | None) -> web.StreamResponse:
    following = next_of(request.query.get("next"))
    here = base_of(request) + BACK
    try:
        pending, where = await _provider(request).begin(here, following, account)
    except OidcError as error:
        raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
    response = web.Response(status=303, headers={"Location": where})
    set_cookie(request, response, pending.state, _COOKIE)
    return response


async def _let_in(request: web.Request, pending: Pending, vouched: Vouched) -> str:
    site, address = request.app[SITE], address_of(request)
    row = await site.accounts.vouched(vouched.subject, vouched.name, vouched.roles)
    if row.disabled:
        raise Refused(f"the account '{row.name}' is disabled here")
    if pending.again is None:
        if WHO in request:
            await site.logins.end(id=request[WHO].login)
        return await site.logins.begin(row.name, address)
    if WHO not in request:
        raise Refused("your login has ended meanwhile: log in again")
    return await site.logins.renewed(request[WHO], row.name, address)


async def _note_refusal(request: web.Request) -> None:
    await request.app[SITE].logins.refused("somebody vouched for", address_of(request))


def _provider(request: web.Request) -> Provider:
    provider = request.app[SITE].oidc
    if provider is None:
        raise web.HTTPNotFound(text="No identity provider is set: see [oidc] in mitm.toml.\n")
    return provider


ROUTES = (
    Route("/login/oidc", None, there, "Log in by the identity provider."),
    Route("/login/oidc/again", Act.KEEP_SELF, again, "Prove anew who you are, there."),
    Route(BACK, None, back, "The way back from the identity provider."),
    Route("/login/oidc/leave", None, leave, "Log out of the identity provider, too."),
)
