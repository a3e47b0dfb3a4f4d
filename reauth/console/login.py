"""Coming in and going out: `/login`, `/login/again`, `/logout`, and `/first` for who was invited.

Each login has a new secret, whatever cookie came along, so that nobody can have been given one
before. Forms answer a refusal with themselves and the reason, which is the same for a wrong name.
"""

from typing import Any

from aiohttp import web

from reauth.access import Act
from reauth.console.guard import address_of, drop_cookie, set_cookie
from reauth.console.routes import WHO, Entrance, Route
from reauth.console.serving import form_of
from reauth.console.views import SITE, page
from reauth.errors import AccountError, Locked, Refused
from reauth.logins import Claimed


def next_of(told: object) -> str:
    """The page to go on to: one of ours, else the first.

    Examples
    --------
    >>> next_of("/alerts?days=30"), next_of("//evil.example/"), next_of("https://evil.example")
    ('/alerts?days=30', '/', '/')
    """
    path = told if isinstance(told, str) else ""
    ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if ours and path.isprintable() and "\\" not in path else "/"


async def login(request: web.Request) -> web.StreamResponse:
    """The form; who is logged in already goes on."""
    following = next_of(request.query.get("next"))
    if WHO in request:
        raise web.HTTPSeeOther(following)
    return _form(request, "login.html", next=following, out="out" in request.query)


async def log_in(request: web.Request) -> web.StreamResponse:
    """Let somebody in."""
    told = await texts(request, "name", "password", "code", "next")
    site, following = request.app[SITE], next_of(told["next"])
    try:
        secret = await site.logins.log_in(_claimed(request, told))
    except (Refused, Locked) as error:
        return _again(request, "login.html", error, next=following, out=False)
    if WHO in request:
        await site.logins.end(id=request[WHO].login)
    return entered(request, secret, following)


async def elevate(request: web.Request) -> web.StreamResponse:
    """The form that asks for the password once more."""
    following = next_of(request.query.get("next"))
    return _form(request, "again.html", next=following)


async def elevated(request: web.Request) -> web.StreamResponse:
    """Let somebody do sensitive acts for a while, under a new secret."""
    told = await texts(request, "password", "code", "next")
    following = next_of(told["next"])
    claimed = _claimed(request, told | {"name": request[WHO].name})
    try:
        secret = await request.app[SITE].logins.again(request[WHO], claimed)
    except (Refused, Locked) as error:
        return _again(request, "again.html", error, next=following)
    return entered(request, secret, following)


async def log_out(request: web.Request) -> web.StreamResponse:
    """Let somebody out; their secret is worth nothing from now on."""
    await request.app[SITE].logins.log_out(request[WHO], address_of(request))
    response = web.HTTPSeeOther("/login?out")
    drop_cookie(request, response)
    raise response


async def first(request: web.Request) -> web.StreamResponse:
    """Where who was invited chooses a password, and a name for the first account."""
    token = request.query.get("token", "")
    invitation = await request.app[SITE].accounts.invited(token)
    return _form(request, "first.html", token=token, name=invitation.account)


async def accept(request: web.Request) -> web.StreamResponse:
    """Take an invitation up, and log in."""
    told = await texts(request, "token", "name", "password", "repeated")
    site = request.app[SITE]
    invitation = await site.accounts.invited(told["token"])
    try:
        if told["password"] != told["repeated"]:
            raise AccountError("the two passwords are not the same")
        row = await site.accounts.accept(told["token"], told["name"], told["password"])
    except AccountError as error:
        shown = {"token": told["token"], "name": invitation.account}
        return _again(request, "first.html", error, **shown)
    secret = await site.logins.begin(row.name, address_of(request))
    return entered(request, secret, "/")


async def texts(request: web.Request, *names: str) -> dict[str, str]:
    """The fields of a form; one that is missing is empty, a file is none."""
    form = await form_of(request)
    found = {name: form.get(name, "") for name in names}
    return {name: text if isinstance(text, str) else "" for name, text in found.items()}


def entered(request: web.Request, secret: str, following: str) -> web.Response:
    """Go on with a new secret."""
    response = web.Response(status=303, headers={"Location": following})
    set_cookie(request, response, secret)
    return response


def _claimed(request: web.Request, told: dict[str, str]) -> Claimed:
    return Claimed(told["name"], told["password"], told["code"].strip(), address_of(request))


def _form(request: web.Request, template: str, /, **told: Any) -> web.Response:
    return page(request, template, fault=None, **_sso(request), **told)


def _sso(request: web.Request) -> dict[str, bool]:
    """Whether there is an identity provider to go to."""
    return {"sso": request.app[SITE].oidc is not None}


def _again(
    request: web.Request, template: str, error: AccountError, /, **told: Any
) -> web.Response:
    """The form once more, with what was wrong."""
    response = page(request, template, fault=str(error), **_sso(request), **told)
    response.set_status(403)
    if isinstance(error, Locked):
        response.set_status(429)
        response.headers["Retry-After"] = f"{error.wait:.0f}"
    return response


ROUTES = (
    Route("/login", None, login, "Where people log in."),
    Entrance("/login", None, log_in, "Log in."),
    Route("/login/again", Act.KEEP_SELF, elevate, "Where people prove anew who they are."),
    Entrance("/login/again", Act.KEEP_SELF, elevated, "Prove anew who you are."),
    Entrance("/logout", Act.KEEP_SELF, log_out, "Log out."),
    Route("/first", None, first, "Where who was invited chooses a password."),
    Entrance("/first", None, accept, "Take an invitation up."),
)
