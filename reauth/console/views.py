"""One handler a page: what the console answers, drawn by the page files beside it.

Handlers read and render; none of them changes anything, and none shows when or how much somebody
works.
"""

import ipaddress
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from reauth import __version__, ca
from reauth.access import Act
from reauth.accounts import Accounts
from reauth.alert_document import instant, rfc3339
from reauth.console.health import Readiness
from reauth.console.routes import WHO, Route
from reauth.console.subjects import Subjects
from reauth.console.words import HELD, VERDICT_WORDS
from reauth.device import USUAL
from reauth.logins import Logins
from reauth.oidc import Provider
from reauth.ports import Audit, Store
from reauth.ports.scene import Scenes
from reauth.triage import Triage

DAY = 86_400.0
QUESTIONS = {"identity": "another person", "bot": "a program", "replay": "a recording"}
"""Of each lane, whom it would find."""
TOASTS = {
    "ack": "Taken: others see that you look into it.",
    "closed": "Closed.",
    "partly": "Some were not closed: somebody else was faster, or they are gone.",
    "assigned": "Given.",
    "noted": "Noted.",
    "held": "Alerts like this one are held back from here on.",
}
"""What a page says to who has just done something, by the `done` of its query."""


@dataclass(slots=True)
class Site:
    """What the console shows, and where it is served.

    Parameters
    ----------
    store
        Read only.
    readiness
        Answer of `/readyz`.
    ca
        Folder of the CA.
    proxy
        HOST:PORT of the proxy as browsers reach it; None while nobody knows.
    accounts, logins
        Who may use it, and who does.
    local
        Whether the listener is reached from this machine only.
    url
        Its own URL as browsers write it; None where it is asked for as it listens.
    oidc
        By whose word people log in besides.
    tls
        Whether it speaks TLS.
    clock
        s since 1970.
    audit
        Where actions are noted.
    subjects
        What the pages of users and of the machine work with.
    triage
        What people do about alerts.
    scenes
        What surrounds an alert.
    """

    store: Store
    readiness: Readiness
    ca: Path
    proxy: str | None
    accounts: Accounts
    logins: Logins
    local: bool
    tls: bool
    clock: Callable[[], float]
    audit: Audit
    triage: Triage
    scenes: Scenes
    subjects: Subjects
    url: str | None = None
    oidc: Provider | None = None


SITE = web.AppKey("site", Site)
PAGES = web.AppKey("pages", Environment)


def pages() -> Environment:
    """The page files, with everything that they may use; escaped unless they are our own SVG."""
    environment = Environment(
        loader=PackageLoader("reauth.console", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(moment=moment, span=span, share=share, hours=hours, rfc3339=rfc3339)
    environment.filters.update(path=partial(quote, safe=""), days=lambda s: f"{s / DAY:g} days")
    environment.globals.update(version=__version__, usual=USUAL, questions=QUESTIONS)
    environment.globals.update(held_by=HELD, verdicts=VERDICT_WORDS)
    return environment


def moment(at: float) -> str:
    """Write seconds since 1970 for a reader.

    Examples
    --------
    >>> moment(0.0)
    '1970-01-01 00:00:00'
    """
    return f"{instant(at):%Y-%m-%d %H:%M:%S}"


def span(seconds: float) -> str:
    """Write a span of time roughly, as one says it.

    Examples
    --------
    >>> span(50), span(5000), span(200000)
    ('1 min', '1.4 h', '2.3 days')
    """
    if seconds < 3600:
        return f"{max(1, math.ceil(seconds / 60))} min"
    return f"{seconds / 3600:.1f} h" if seconds < 2 * DAY else f"{seconds / DAY:.1f} days"


def share(value: float | None) -> str:
    """Write a share as a percentage, or a dash where nobody knows it.

    Examples
    --------
    >>> share(0.051), share(None)
    ('5.1 %', '–')
    """
    return "–" if value is None else f"{value * 100:.1f} %"


def hours(value: float | None) -> str:
    """Write hours to the full one, or a dash where nobody knows them.

    Examples
    --------
    >>> hours(8.3), hours(None)
    ('8 h', '–')
    """
    return "–" if value is None else f"{value:.0f} h"


def host_of(request: web.Request) -> str:
    """Name or address that the client asked for, without the port."""
    host = request.host
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] or host


async def livez(request: web.Request) -> web.Response:
    """The event loop turns: no more is said."""
    return web.Response(text="ok\n")


async def keys(request: web.Request) -> web.Response:
    """What the keyboard does."""
    return page(request, "keys.html")


async def readyz(request: web.Request) -> web.Response:
    """Whether data can be taken, and by which probe not."""
    readiness = request.app[SITE].readiness
    checks = await readiness.ask()
    ready = readiness.allows(checks)
    body = {"ready": ready, "checks": {name: why or "ok" for name, why in checks.items()}}
    return web.json_response(body, status=200 if ready else 503)


async def startupz(request: web.Request) -> web.Response:
    """Whether everything has accepted once, the proxy too where it is ours."""
    begun = request.app[SITE].readiness.begun
    return web.json_response({"started": begun}, status=200 if begun else 503)


async def proxy_pac(request: web.Request) -> web.Response:
    """Proxy auto-configuration: everything through the proxy but this machine's own names."""
    proxy = _proxy(request)
    if proxy is None:
        raise web.HTTPServiceUnavailable(
            text="Nobody knows the proxy's port: it does not run, and [proxy] listen has port 0.\n"
        )
    text = (
        "function FindProxyForURL(url, host) {\n"
        '  if (host === "localhost" || host === "::1" || shExpMatch(host, "127.*")) {\n'
        '    return "DIRECT";\n'
        "  }\n"
        f'  return "PROXY {proxy}";\n'
        "}\n"
    )
    return web.Response(text=text, content_type="application/x-ns-proxy-autoconfig")


async def ca_pem(request: web.Request) -> web.Response:
    """The certificates that a device is to trust, never a key."""
    return _certificate(request, "pem", "application/x-pem-file")


async def ca_der(request: web.Request) -> web.Response:
    """The certificate that signs, as phones take it."""
    return _certificate(request, "der", "application/x-x509-ca-cert")


async def setup(request: web.Request) -> web.Response:
    """How a device joins, platform by platform, with the fingerprint to compare."""
    site = request.app[SITE]
    about = ca.show(site.ca)
    base = f"{'https' if site.tls else 'http'}://{request.host}"
    return page(request, "setup.html", about=about, base=base, proxy=_proxy(request))


def _proxy(request: web.Request) -> str | None:
    """The proxy as this client reaches it: where it listens everywhere, by our own name."""
    proxy = request.app[SITE].proxy
    if proxy is None:
        return None
    host, _, port = proxy.rpartition(":")
    if host.strip("[]") not in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return proxy
    return f"{_named(host_of(request))}:{port}"


def _named(host: str) -> str:
    """A host fit to stand in a script: an address or a DNS name and nothing else."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not host.replace("-", "").replace(".", "").isascii() or not all(
            label.replace("-", "").isalnum() for label in host.split(".")
        ):
            raise web.HTTPBadRequest(text="The Host header is no name.\n") from None
        return host
    return f"[{address}]" if address.version == 6 else str(address)


def _certificate(request: web.Request, form: str, content_type: str) -> web.Response:
    body = ca.export(request.app[SITE].ca, form)
    named = {"Content-Disposition": f'attachment; filename="reauth-ca.{form}"'}
    return web.Response(body=body, content_type=content_type, headers=named)


def page(request: web.Request, template: str, /, **told: Any) -> web.Response:
    """A page of `pages/`, with who asks."""
    who = request.get(WHO)
    toast = TOASTS.get(request.query.get("done", ""))
    shown = {"path": request.path, "who": who, "toast": toast, **told}
    text = request.app[PAGES].get_template(template).render(**shown)
    return web.Response(text=text, content_type="text/html")


ROUTES = (
    Route("/livez", None, livez, "The event loop turns."),
    Route("/readyz", None, readyz, "Whether data can be taken."),
    Route("/startupz", None, startupz, "Whether the start is over."),
    Route("/proxy.pac", None, proxy_pac, "Proxy auto-configuration."),
    Route("/ca.pem", None, ca_pem, "Certificates that devices are to trust."),
    Route("/ca.der", None, ca_der, "The certificate that signs."),
    Route("/setup", None, setup, "How a device joins."),
    Route("/keys", Act.LOOK, keys, "What the keyboard does."),
)
