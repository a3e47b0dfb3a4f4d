"""Coverage: which sites are watched, silent, unwatched or tunnelled, and what there is of users.

Amounts are over all users and all days that are kept, and are told only where so many users share
them that they are nobody's own; of a user nothing is told but that there was such a page.
"""


from typing import Any

from aiohttp import web

from reauth.access import Act
from reauth.console.asking import PAGE, Pager, choice, drawn, page_of, subjects
from reauth.console.routes import API, Route
from reauth.coverage import OTHERS, Covered
from reauth.ports.coverage import SiteRow

SITES = 200
"""Sites that are shown."""
MANY = 5
"""Users from which on an amount is nobody's own (privacy-ops.md section 2, k >= 5)."""
WORDS = {
    Covered.WATCHED: "pages that told that they were there",
    Covered.SILENT: "pages with the observer in them of which nothing was heard",
    Covered.UNWATCHED: "pages that the observer could not be put into",
    Covered.TUNNELLED: "connections that are not decrypted",
}


async def coverage(request: web.Request) -> web.Response:
    """Sites with the most pages, and a page of users."""
    doors = subjects(request)
    kind, page = choice(request, "kind", Covered), page_of(request)
    people = await doors.coverage.people(kind, PAGE * (page - 1), PAGE)
    query = {"kind": kind.value} if kind else {}
    machine = doors.machine()
    return drawn(
        request,
        "coverage.html",
        sites=await _sites(request),
        people=people.people,
        pager=Pager("/coverage", query, page, people.total),
        kinds=list(Covered),
        kind=kind,
        words=WORDS,
        many=MANY,
        unwatched=machine.unwatched,
        days=round(doors.settings.store.raw / 86_400),
    )


async def coverage_json(request: web.Request) -> web.Response:
    """Sites alone, for programs."""
    return web.json_response({"sites": await _sites(request)})


async def _sites(request: web.Request) -> list[dict[str, Any]]:
    doors = subjects(request)
    somebody = await doors.coverage.people(None, 0, 1)
    amounts = somebody.total >= MANY
    return [_told(row, amounts) for row in await doors.coverage.sites(SITES)]


def _told(row: SiteRow, amounts: bool) -> dict[str, Any]:
    """A site: shares always, amounts where they are nobody's own."""
    total = sum(row.amounts.values())
    shares = {kind.value: row.amounts.get(kind, 0) / total for kind in Covered}
    told = {kind.value: row.amounts.get(kind, 0) for kind in Covered}
    return {
        "site": row.site or "others",
        "apart": row.site != OTHERS,
        "host": row.host or None,
        "shares": shares,
        "amounts": told if amounts else None,
    }


ROUTES = (
    Route("/coverage", Act.SEE_USERS, coverage, "What is watched, by site and by user."),
    Route(
        f"{API}/coverage", Act.LOOK, coverage_json, "What is watched, by site.",
        answer={
            "type": "object",
            "properties": {"sites": {"type": "array", "items": {"type": "object"}}},
        },
    ),
)  # fmt: skip
