"""What a page is asked for, and how it is drawn: the page of a list, a choice, the doors."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from aiohttp import web

from reauth.console.subjects import Subjects
from reauth.console.views import SITE, page

E = TypeVar("E", bound=StrEnum)

PAGE = 50
"""Rows of a page."""
LAST = 200_000
"""Pages that may be asked for: beyond any list, within any integer."""


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
    return request.app[SITE].subjects


def page_of(request: web.Request) -> int:
    """Which page is asked for, from 1."""
    asked = request.query.get("page", "1")
    if not asked.isascii() or not asked.isdecimal() or not 1 <= int(asked[:9]) <= LAST:
        raise web.HTTPBadRequest(text=f"page is a number from 1 to {LAST}.\n")
    return int(asked)


def choice(request: web.Request, name: str, of: type[E]) -> E | None:
    """One of the values of an enumeration that a query asks for; None where it asks for none."""
    asked = request.query.get(name, "")
    if asked == "":
        return None
    if asked not in [each.value for each in of]:
        raise web.HTTPBadRequest(text=f"{name} is one of {', '.join(each.value for each in of)}.\n")
    return of(asked)


def drawn(request: web.Request, name: str, **told: Any) -> web.Response:
    """A page, which also knows what time it is."""
    return page(request, name, now=now(request), **told)


def now(request: web.Request) -> float:
    """s since 1970."""
    return request.app[SITE].clock()
