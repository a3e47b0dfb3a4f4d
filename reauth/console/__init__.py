"""The console: what devices need to join, and pages of users and alerts for who may see them.

Two kinds of path live on one port. The open ones (interfaces.md §8) serve devices and load
balancers and tell nothing of anybody. Everything else tells of people and needs a login.
"""

import logging
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from aiohttp import web

from reauth.audit import Deed
from reauth.console import (
    about,
    accounts,
    alert,
    alerts,
    api,
    auditing,
    coverage,
    enrolling,
    feed,
    feedback,
    guard,
    integrations,
    login,
    machine,
    movement,
    openapi,
    overview,
    own,
    sso,
    triage,
    users,
    views,
)
from reauth.console.navigation import Navigation
from reauth.console.routes import CAME, WHO, Action, Route, Table
from reauth.console.serving import mount
from reauth.console.views import Site

log = logging.getLogger(__name__)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Server": "reauth",
}
"""No page of ours runs a script but our own files, is framed or is kept by a browser.

With `no-referrer` browsers would send `Origin: null` from our own forms (Fetch, section 3.2).
"""

LARGEST = 16 << 20
"""Bytes of a request: recordings of one person, or some hundred short ones of a list."""

_HSTS = "max-age=31536000"
"""A year, RFC 6797 section 6.1.1; sent over TLS only, where browsers heed it."""

LOOK = "movement.look"
"""What the audit calls that somebody saw where a pointer went."""

_SUBJECTS = ("ids", "id", "user", "name", "sink")
"""Fields that name what an action is about."""

TABLE: Table = (
    *views.ROUTES,
    *overview.ROUTES,
    *alerts.ROUTES,
    *alert.ROUTES,
    *triage.ROUTES,
    *feed.ROUTES,
    *feedback.ROUTES,
    *about.ROUTES,
    *login.ROUTES,
    *sso.ROUTES,
    *own.ROUTES,
    *accounts.ROUTES,
    *api.ROUTES,
    *openapi.ROUTES,
    *users.ROUTES,
    *enrolling.ROUTES,
    *coverage.ROUTES,
    *movement.ROUTES,
    *machine.ROUTES,
    *integrations.ROUTES,
    *auditing.ROUTES,
)
"""Everything that the console answers, module by module."""

OPEN = frozenset(
    {row.path for row in views.ROUTES if row.act is None}
    | {"/static/console.css", "/static/icon.svg"}
)
"""Paths of devices and load balancers; style sheet and icon are those of `/setup`."""

ENTRANCES = frozenset(row.path for row in (*login.ROUTES, *sso.ROUTES) if row.act is None)
"""Paths by which people come in."""


def application(site: Site) -> web.Application:
    """Make the console.

    Parameters
    ----------
    site
        What it shows, and where it is served.
    """
    app = web.Application(middlewares=[guard.guard], client_max_size=LARGEST)
    app[guard.OPEN], app[guard.ENTRANCES] = OPEN, ENTRANCES
    app[views.SITE], app[openapi.TABLE] = site, TABLE
    app[views.PAGES] = views.pages()
    app[views.PAGES].globals["navigation"] = Navigation(TABLE)
    app[overview.COVERED] = overview.Covered(site.subjects.roster)
    app.on_cleanup.append(app[overview.COVERED].stop)
    mount(app, TABLE, _note)
    app.router.add_static("/static", str(files("reauth.console") / "static"))
    app.on_response_prepare.append(_add_headers)
    return app


async def _note(
    request: web.Request, row: Route | Action, answer: Mapping[str, Any] | None
) -> None:
    """Keep in the audit who did what, or was refused; of what came with it the reason only."""
    site, came = request.app[views.SITE], request.get(CAME, {})
    name = row.name if isinstance(row, Action) else LOOK
    deed = Deed(
        at=site.clock(),
        who=request[WHO].name,
        action=name,
        subject=_subject(request, came),
        done=answer is not None,
        address=request.remote or "",
        reason=str(came.get("reason", "")),
    )
    await site.audit.append(deed)
    log.info("acted", extra={"act": name, "by": deed.who, "done": deed.done})


def _subject(request: web.Request, came: Mapping[str, Any]) -> str:
    """What an action was about: what its path names, or the field that does."""
    named = [*request.match_info.values()]
    for name in _SUBJECTS:
        value = came.get(name)
        named += value if isinstance(value, list) else [] if value is None else [str(value)]
    return " ".join(named) or request.path


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers[name] = value
    if request.app[views.SITE].tls:
        response.headers["Strict-Transport-Security"] = _HSTS


__all__ = ["ENTRANCES", "LARGEST", "OPEN", "TABLE", "Site", "application"]
