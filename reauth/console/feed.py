"""Alerts for a program that fetches them: oldest first, each once, from where it was.

What a list shows first is what is new; what a program wants first is what it has not had. It keeps
the cursor of its last answer, and an alert that is raised meanwhile comes with the next one.
"""

from typing import Any

from aiohttp import web

from reauth.access import Act
from reauth.alert_document import alert_document
from reauth.console.routes import API, Route, Table
from reauth.console.views import SITE
from reauth.errors import StoreError

MOST = 200
"""Alerts of one answer: with their evidence some 2 MB."""
_USUAL = 50
_QUERY: dict[str, dict[str, Any]] = {
    "cursor": {"type": "string", "maxLength": 64},
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST},
}


async def feed(request: web.Request) -> web.Response:
    """The next alerts after a cursor; without one, from the oldest that is kept."""
    cursor = request.query.get("cursor") or None
    try:
        limit = int(request.query.get("limit", str(_USUAL)))
        (cursor or "").encode()  # half a character is in no id
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"limit is 1 to {MOST}, cursor a text.\n") from error
    if not 1 <= limit <= MOST:
        raise web.HTTPBadRequest(text=f"limit is 1 to {MOST}.\n")
    try:
        found = await request.app[SITE].store.alerts(limit=limit, cursor=cursor)
    except StoreError as error:
        if cursor is not None:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        raise
    after = found[-1].id if found else cursor
    return web.json_response({"alerts": [alert_document(one) for one in found], "cursor": after})


ROUTES: Table = (
    Route(
        f"{API}/alerts/feed",
        Act.SEE_ALERTS,
        feed,
        "The next alerts after a cursor, oldest first.",
        {"type": "object", "required": ["alerts", "cursor"]},
        _QUERY,
    ),
)
