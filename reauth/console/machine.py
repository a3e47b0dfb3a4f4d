"""The settings as they hold, and how the machine is."""

from datetime import datetime
from typing import Any

from aiohttp import web

from reauth import ca
from reauth.access import Act
from reauth.console.asking import drawn, now, subjects
from reauth.console.routes import API, Route
from reauth.console.subjects import Subjects
from reauth.console.views import SITE
from reauth.settings import keys, redacted, written

DAY = 86_400.0


def told(doors: Subjects) -> dict[str, list[dict[str, Any]]]:
    """Every setting by section: value without secrets, default, reason, where it came from."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for key in keys():
        source = doors.sources.get((key.section, key.name), "not known")
        row = {
            "key": key.name,
            "value": redacted(key, written(doors.settings, key)),
            "source": source,
            "why": key.why,
        }
        sections.setdefault(key.section, []).append(row)
    return sections


async def settings(request: web.Request) -> web.Response:
    """The settings, secrets masked."""
    return drawn(request, "settings.html", sections=told(subjects(request)))


async def settings_json(request: web.Request) -> web.Response:
    """The same for programs."""
    return web.json_response(told(subjects(request)))


async def system(request: web.Request) -> web.Response:
    """Probes, versions, certificates, sizes, retention, proxies."""
    site, doors = request.app[SITE], subjects(request)
    keep, authority = doors.settings.store, ca.show(site.ca)
    ends = datetime.fromisoformat(authority["not_after"]).timestamp()
    return drawn(
        request,
        "system.html",
        checks=await site.readiness.ask(),
        health=await site.store.health(),
        authority=authority,
        days_left=int((ends - now(request)) // DAY),
        machine=doors.machine(),
        retention={
            "Batches as they came": keep.raw / DAY,
            "Movement, sessions": keep.trajectories / DAY,
            "Closed alerts": keep.alerts / DAY,
            "Alerts that nobody acknowledged": keep.unseen / DAY,
            "Coverage by site": keep.raw / DAY,
            "Audit": keep.audit / DAY,
        },
        up=now(request) - doors.machine().started,
    )


ROUTES = (
    Route("/settings", Act.SEE_SETTINGS, settings, "The settings, secrets masked."),
    Route(
        f"{API}/settings", Act.SEE_SETTINGS, settings_json, "The settings, secrets masked.",
        answer={"type": "object"},
    ),
    Route("/system", Act.LOOK, system, "How the machine is."),
)  # fmt: skip
