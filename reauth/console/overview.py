"""The front page: what waits, who is covered, what is held back, what fails."""

from aiohttp import web

from reauth.access import Act
from reauth.alert import UNRESOLVED, Severity
from reauth.console.routes import WHO, Route
from reauth.console.views import SITE, page
from reauth.ports import Wanted
from reauth.ports.roster import Asked

NEWEST = 12
"""Alerts that wait, on the front page: the list has all."""


async def overview(request: web.Request) -> web.Response:
    """Everything that somebody who comes on duty asks first; counts and newest, never all."""
    site, subjects = request.app[SITE], request.app[SITE].subjects
    cases = site.triage.cases
    figures = await cases.figures()
    waiting = []
    if request[WHO].may(Act.SEE_ALERTS):
        wanted = Wanted(states=UNRESOLVED, suppressed=False, test=False)
        waiting = await cases.find(wanted, NEWEST)
    people = await subjects.roster.listing(Asked(most=0))
    return page(
        request,
        "overview.html",
        checks=await site.readiness.ask(),
        states=people.states,
        people=people.total,
        open_by={one: int(figures[f'alerts_open{{severity="{one}"}}']) for one in Severity},
        held={
            by: int(figures[f'alerts_held{{by="{by}"}}']) for by in ("population", "budget", "rule")
        },
        waiting=waiting,
        population=await cases.find(Wanted(states=UNRESOLVED, kind="population"), 3),
        sinks=[one for one in await site.scenes.backlog() if one.failing or one.given_up],
        proxies=subjects.machine().proxies,
        fragment="HX-Request" in request.headers,
    )


ROUTES = (Route("/", Act.LOOK, overview, "What waits, who is covered, what fails."),)
