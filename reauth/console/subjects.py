"""What the pages of users, coverage, movement and the machine work with, and how they are drawn."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from reauth.console.routes import WHO
from reauth.console.views import PAGES, SITE
from reauth.enrolling import Enrolling, Lists
from reauth.ports.coverage import CoverageKept
from reauth.ports.film import Films
from reauth.ports.roster import Roster
from reauth.settings import Settings
from reauth.watching import Watching

PAGE = 50
"""Rows of a page."""
LAST = 200_000
"""Pages that may be asked for: beyond any list, within any integer."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the parts of a running house tell of themselves.

    `proxies` counts the control streams that are open, `unwatched` pages by reason since the start.
    """

    metrics: str
    proxies: int
    control_version: int
    unwatched: Mapping[str, int]
    started: float


@dataclass(slots=True)
class Subjects:
    """The doors of these pages.

    Parameters
    ----------
    sources
        Where the value of each setting came from, by (section, key); empty where nobody knows.
    """

    settings: Settings
    roster: Roster
    enrolling: Enrolling
    lists: Lists
    coverage: CoverageKept
    films: Films
    watching: Watching
    machine: Callable[[], Awaitable[Machine]]
    sources: Mapping[tuple[str, str], str] = field(default_factory=dict)


SUBJECTS = web.AppKey("subjects", Subjects)


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a page stands in a list, and the links to its neighbours.

    Examples
    --------
    >>> pager = Pager("/users", {"search": "an"}, 2, 120)
    >>> pager.first, pager.last, pager.before
    (51, 100, '/users?search=an&page=1')
    """

    path: str
    query: Mapping[str, str]
    page: int
    total: int

    @property
    def first(self) -> int:
        """Number of the first row, from 1; 0 where there is none."""
        return min(PAGE * (self.page - 1) + 1, self.total)

    @property
    def last(self) -> int:
        """Number of the last row."""
        return min(PAGE * self.page, self.total)

    @property
    def before(self) -> str | None:
        """Link to the page before."""
        return self._at(self.page - 1) if self.page > 1 else None

    @property
    def after(self) -> str | None:
        """Link to the page after."""
        return self._at(self.page + 1) if self.last < self.total else None

    def _at(self, page: int) -> str:
        return f"{self.path}?{urlencode({**self.query, 'page': str(page)})}"


def subjects(request: web.Request) -> Subjects:
    """The doors."""
    return request.app[SUBJECTS]


def page_of(request: web.Request) -> int:
    """Which page is asked for, from 1."""
    asked = request.query.get("page", "1")
    if not asked.isascii() or not asked.isdecimal() or not 1 <= int(asked[:9]) <= LAST:
        raise web.HTTPBadRequest(text=f"page is a number from 1 to {LAST}.\n")
    return int(asked)


def choice(request: web.Request, name: str, of: type[Any]) -> Any:
    """One of the values of an enumeration that a query asks for; None where it asks for none."""
    asked = request.query.get(name, "")
    if asked == "":
        return None
    if asked not in set(of):
        raise web.HTTPBadRequest(text=f"{name} is one of {', '.join(of)}.\n")
    return of(asked)


def drawn(request: web.Request, name: str, **told: Any) -> web.Response:
    """A page, which also knows what who asks may do."""
    template = request.app[PAGES].get_template(name)
    text = template.render(path=request.path, who=request[WHO], now=now(request), **told)
    return web.Response(text=text, content_type="text/html")


def now(request: web.Request) -> float:
    """s since 1970."""
    return request.app[SITE].clock()
