"""The front page: what waits, who is covered, what is held back, what fails."""

import asyncio

from aiohttp import web

from reauth.access import Act
from reauth.alert import UNRESOLVED, Severity
from reauth.console.routes import WHO, Route
from reauth.console.views import SITE, page
from reauth.errors import ReauthError
from reauth.ports import Wanted
from reauth.ports.roster import Asked, Listing, Roster

NEWEST = 12
"""Alerts that wait, on the front page: the list has all."""
FRESH = 10.0
"""s after which users are counted again."""


class Covered:
    """How many users there are in each state, as counted some seconds ago.

    Among ten thousand users counting takes longer than all else of the page: whoever asks is given
    the last count at once, and the next one is begun.
    """

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._last: Listing | None = None
        self._until = float("-inf")
        self._counting: asyncio.Task[None] | None = None

    async def ask(self) -> Listing:
        """The last count; the first one is waited for.

        Raises
        ------
        StoreError
            If nobody could be counted yet.
        """
        loop = asyncio.get_running_loop()
        if loop.time() >= self._until:
            self._until = loop.time() + FRESH
            self._counting = loop.create_task(self._count())
        if self._last is None and self._counting is not None:
            await asyncio.shield(self._counting)
        assert self._last is not None
        return self._last

    async def _count(self) -> None:
        try:
            self._last = await self._roster.listing(Asked(most=0))
        except ReauthError:
            self._last, self._until = None, float("-inf")
            raise

    async def stop(self, _: web.Application) -> None:
        """Count no more."""
        if self._counting is not None:
            self._counting.cancel()
            await asyncio.gather(self._counting, return_exceptions=True)


COVERED = web.AppKey("covered", Covered)


async def overview(request: web.Request) -> web.Response:
    """Everything that somebody who comes on duty asks first; counts and newest, never all."""
    site, subjects = request.app[SITE], request.app[SITE].subjects
    cases = site.triage.cases
    figures = await cases.figures()
    waiting = []
    if request[WHO].may(Act.SEE_ALERTS):
        wanted = Wanted(states=UNRESOLVED, suppressed=False, test=False)
        waiting = await cases.find(wanted, NEWEST)
    people = await request.app[COVERED].ask()
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
