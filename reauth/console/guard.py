"""Who is let in: the name that was asked for, where a change comes from, whose cookie it is.

Every request goes through here before any handler sees it. Refused is what came under a foreign
name (DNS rebinding), what another site had a browser send (CSRF), and who is nobody.
"""

import ipaddress
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from reauth.access import Who
from reauth.console import views
from reauth.console.routes import API, WHO, Handler
from reauth.errors import Locked, ReauthError, Refused

SAFE = {"GET", "HEAD", "OPTIONS"}
"""Methods that change nothing (RFC 9110, section 9.2.1)."""
BEARER = "Bearer "

OPEN = web.AppKey("open", frozenset[str])
"""Paths that serve devices and load balancers, under whatever name they are asked for."""
ENTRANCES = web.AppKey("entrances", frozenset[str])
"""Paths by which people come in."""


def cookie_of(request: web.Request, name: str = "reauth") -> str:
    """What a cookie of ours is called: with TLS no other host of the domain can set it."""
    return f"__Host-{name}" if request.app[views.SITE].tls else name


def set_cookie(
    request: web.Request, response: web.StreamResponse, secret: str, name: str = "reauth"
) -> None:
    """Give a browser a cookie until it closes; how long it counts is decided here.

    Lax, as people come from links in messages, and back from the identity provider: a Strict one
    would not come with them. What changes anything is a POST, for which Lax is as good.
    """
    response.set_cookie(
        cookie_of(request, name),
        secret,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=request.app[views.SITE].tls,
    )


def drop_cookie(request: web.Request, response: web.StreamResponse, name: str = "reauth") -> None:
    """Take a cookie back."""
    secure = request.app[views.SITE].tls
    response.del_cookie(cookie_of(request, name), path="/", secure=secure, httponly=True)


def base_of(request: web.Request) -> str:
    """Our own origin as this browser writes it."""
    site = request.app[views.SITE]
    return site.url or f"{'https' if site.tls else 'http'}://{request.host}"


def address_of(request: web.Request) -> str:
    """Where a request comes from; empty on a Unix socket."""
    return request.remote or ""


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse, or find out who asks; and give every fault of ours its status."""
    if request.match_info.http_exception is None and not _is_open(request):
        _check_name(request)
        if not _by_token(request):
            _check_origin(request)
    try:
        who = await _who(request)
        if who is not None:
            request[WHO] = who
        elif _is_for_people(request):
            raise web.HTTPSeeOther(f"/login?{urlencode({'next': request.path_qs})}")
        return await handler(request)
    except Locked as error:
        wait = {"Retry-After": f"{error.wait:.0f}"}
        raise web.HTTPTooManyRequests(text=f"{error}\n", headers=wait) from error
    except Refused as error:
        raise web.HTTPForbidden(text=f"{error}\n") from error
    except ReauthError as error:
        raise web.HTTPServiceUnavailable(text=f"{error}\n") from error


def _is_open(request: web.Request) -> bool:
    return request.path in request.app[OPEN] or request.path.startswith("/static/")


def _is_for_people(request: web.Request) -> bool:
    """Whether somebody who is nobody yet had better log in than be told a number."""
    found = request.match_info.http_exception is None
    inside = not _is_open(request) and request.path not in request.app[ENTRANCES]
    return found and inside and request.method in SAFE and not request.path.startswith(f"{API}/")


def _by_token(request: web.Request) -> bool:
    """Whether a program asks: no browser adds this header by itself."""
    told = request.headers.get("Authorization", "")
    return request.path.startswith(f"{API}/") and told.startswith(BEARER)


async def _who(request: web.Request) -> Who | None:
    logins = request.app[views.SITE].logins
    if _by_token(request):
        return await logins.program(request.headers["Authorization"].removeprefix(BEARER))
    secret = request.cookies.get(cookie_of(request))
    return await logins.who(secret, address_of(request)) if secret else None


def _check_name(request: web.Request) -> None:
    """Refuse a name that is not ours: a foreign page whose name points here could read all of it.

    Beyond loopback there is TLS, and no browser takes our certificate for a foreign name.
    """
    site = request.app[views.SITE]
    transport = request.transport
    by_socket = transport is not None and isinstance(transport.get_extra_info("sockname"), str)
    name = views.host_of(request)
    ours = site.url is not None and name == urlsplit(site.url).hostname
    if by_socket or ours or (site.local and _is_loopback(name)):
        return
    if not site.local and site.url is None:
        return
    raise web.HTTPForbidden(
        text="Ask for this page as localhost or 127.0.0.1, or as [console] url names it: under"
        " another name it could be read by a foreign site (DNS rebinding).\n"
    )


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _check_origin(request: web.Request) -> None:
    """Refuse a change that did not come from a page of ours (Fetch metadata, then Origin).

    Browsers that know no `Sec-Fetch-Site`, or do not send it over plain http, send `Origin` with
    every POST. Who sends neither is no browser, and uses a token.
    """
    if request.method in SAFE:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    from_here = origin == base_of(request)
    if site == "same-origin" and (origin is None or from_here):
        return
    if site is None and from_here:
        return
    raise web.HTTPForbidden(
        text="This came from another site, or from no page at all: use the console's own forms,"
        " or an API token.\n"
    )
