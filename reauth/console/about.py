"""What may and may not be concluded from an alert, with the figures of the user it is about."""

from aiohttp import web

from reauth.access import Act
from reauth.alert import Alert
from reauth.console.routes import Route
from reauth.console.views import SITE, page
from reauth.ports import Store
from reauth.template import Quality

HELP = "/help/alerts"


async def conclusions(request: web.Request) -> web.Response:
    """The page; with `?alert=ID` it gives the figures of that alert's own template."""
    site, name = request.app[SITE], request.query.get("alert")
    found = None if name is None else await site.store.alert(name)
    if name is not None and found is None:
        raise web.HTTPNotFound(text="There is no such alert; it may have been deleted by age.\n")
    quality = None if found is None else await measured(site.store, found)
    return page(request, "about_alerts.html", alert=found, quality=quality)


async def measured(store: Store, alert: Alert) -> Quality | None:
    """What enrolment has measured of the template and window of an alert; None where it has not."""
    if alert.user is None or not alert.template_version:
        return None
    template = await store.template(alert.user, alert.template_version)
    quality = None if template is None else (template.quality or {}).get(alert.window)
    return None if quality is None or quality.policy != alert.rule else quality


ROUTES = (
    Route(HELP, Act.SEE_ALERTS, conclusions, "What may be concluded from an alert."),
)
