"""One handler a page: what the console answers, drawn by the page files beside it.

Handlers read and render; none of them changes anything, and none shows when or how much somebody
works.
"""

import ipaddress
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reauth import __version__, ca
from reauth.access import Act
from reauth.accounts import Accounts
from reauth.alert import Alert, State
from reauth.alert_document import instant, rfc3339
from reauth.console.health import Readiness
from reauth.console.routes import WHO, Route
from reauth.console.svg import timeline
from reauth.detect.absence import WORDS
from reauth.device import USUAL
from reauth.logins import Logins
from reauth.ports import Audit, Store
from reauth.triage import Triage

DAY = 86_400.0
DAYS = (30, 365)
"""How far back the list may look: a month by default, as far as alerts are kept on request."""
LEVELS = {
    "mean": "The mean score, in nats,",
    "sprt": "The evidence against the user, in nats,",
    "cusum": "The evidence against the user, in nats since it was last none,",
    "trust": "The trust in the user, of 100,",
}
"""What the `level` of an alert's rule is."""
AGAINST = {
    "identity": ("trajectories", "unlike the user"),
    "bot": ("movements", "unlike a hand's"),
    "replay": ("movements", "like one that was seen before"),
}
"""Of each lane, what it judges, and what a low score says."""
QUESTIONS = {"identity": "another person", "bot": "a program", "replay": "a recording"}
"""Of each lane, whom it would find."""
MOST = 1000
"""Alerts on one page; who has more reads them with `reauth alerts list`."""


@dataclass(slots=True)
class Site:
    """What the console shows, and where it is served.

    Parameters
    ----------
    store
        Read only.
    people
        Everybody's enrolment, as interfaces.md §4 has it.
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
    tls
        Whether it speaks TLS.
    clock
        s since 1970.
    audit
        Where actions are noted.
    triage
        What people do about alerts.
    """

    store: Store
    people: Callable[[], Awaitable[Sequence[dict[str, Any]]]]
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
    url: str | None = None


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
    environment.globals.update(version=__version__, levels=LEVELS, usual=USUAL)
    environment.globals.update(against=AGAINST, questions=QUESTIONS, counted=WORDS)
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


async def readyz(request: web.Request) -> web.Response:
    """Whether data can be taken, and by which probe not."""
    checks = await request.app[SITE].readiness.ask()
    ready = not any(checks.values())
    body = {"ready": ready, "checks": {name: why or "ok" for name, why in checks.items()}}
    return web.json_response(body, status=200 if ready else 503)


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


async def overview(request: web.Request) -> web.Response:
    """Health, people by state, alerts that wait for somebody."""
    site = request.app[SITE]
    checks = await site.readiness.ask()
    people = await site.people()
    waiting = [
        alert
        for state in (State.OPEN, State.ACKNOWLEDGED)
        for alert in await site.store.alerts(state=state, limit=MOST)
    ]
    waiting.sort(key=lambda alert: alert.raised_at, reverse=True)
    states = Counter(person["state"] for person in people)
    unknown = sum(person["unknown_device"] for person in people)
    figures = await site.triage.cases.figures()
    held = {name: int(n) for name, n in figures.items() if name.startswith("alerts_held")}
    told = {"checks": checks, "states": states, "alerts": waiting, "unknown": unknown, "held": held}
    return page(request, "overview.html", people=len(people), **told)


async def users(request: web.Request) -> web.Response:
    """Everybody's enrolment: how far, how good, since which version."""
    return page(request, "users.html", people=await request.app[SITE].people())


async def alerts(request: web.Request) -> web.Response:
    """Alerts of the last days, newest first, of one state or all."""
    site = request.app[SITE]
    state, days = _state(request), _days(request)
    found = await site.store.alerts(state=state, since=site.clock() - days * DAY, limit=MOST)
    return page(
        request,
        "alerts.html",
        alerts=found[::-1],
        state=state,
        states=list(State),
        days=days,
        choices=DAYS,
        most=MOST,
    )


async def alert(request: web.Request) -> web.Response:
    """One alert with the evidence that it rests on."""
    found = await request.app[SITE].store.alert(request.match_info["id"])
    if found is None:
        raise web.HTTPNotFound(text="There is no such alert; it may have been deleted by age.\n")
    picture = Markup(timeline(found.evidence, found.threshold))  # noqa: S704 - svg.py escapes
    return page(request, "alert.html", alert=found, picture=picture, next=_next(found))


def _next(found: Alert) -> list[tuple[str, str]]:
    """What a person can do about an alert: command and meaning."""
    if found.state is State.OPEN:
        return [(f"reauth alerts ack {found.id}", "take it: others see that you look into it")]
    if found.state is State.ACKNOWLEDGED:
        return [
            (f"reauth alerts confirm {found.id}", "it was somebody else"),
            (f"reauth alerts dismiss {found.id}", "it was the user"),
        ]
    return []


def _state(request: web.Request) -> State | None:
    asked = request.query.get("state")
    if asked is None:
        return None
    if asked not in set(State):
        raise web.HTTPBadRequest(text=f"state is one of {', '.join(State)}.\n")
    return State(asked)


def _days(request: web.Request) -> int:
    asked = request.query.get("days", str(DAYS[0]))
    if asked not in map(str, DAYS):
        raise web.HTTPBadRequest(text=f"days is one of {', '.join(map(str, DAYS))}.\n")
    return int(asked)


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
    text = request.app[PAGES].get_template(template).render(path=request.path, who=who, **told)
    return web.Response(text=text, content_type="text/html")


ROUTES = (
    Route("/livez", None, livez, "The event loop turns."),
    Route("/readyz", None, readyz, "Whether data can be taken."),
    Route("/proxy.pac", None, proxy_pac, "Proxy auto-configuration."),
    Route("/ca.pem", None, ca_pem, "Certificates that devices are to trust."),
    Route("/ca.der", None, ca_der, "The certificate that signs."),
    Route("/setup", None, setup, "How a device joins."),
    Route("/", Act.LOOK, overview, "Health, people by state, alerts that wait."),
    Route("/users", Act.SEE_USERS, users, "Everybody's enrolment."),
    Route("/alerts", Act.SEE_ALERTS, alerts, "Alerts, newest first."),
    Route("/alerts/{id}", Act.SEE_ALERTS, alert, "One alert with its evidence."),
)
