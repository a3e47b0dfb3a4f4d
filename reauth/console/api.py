"""What programs read: the same as on the pages, as JSON, under `/api/v1`."""

from aiohttp import web

from reauth.access import Act
from reauth.console.routes import API, WHO, Route
from reauth.console.shapes import TEXT, TRUTH, several, shape


async def me(request: web.Request) -> web.Response:
    """Who asks, and what they may do."""
    who = request[WHO]
    told = {"name": who.name, "acts": sorted(who.acts), "elevated": who.elevated}
    return web.json_response(told)


_ME = shape(name=TEXT, acts=several(TEXT), elevated=TRUTH)

ROUTES = (Route(f"{API}/me", Act.LOOK, me, "Who asks, and what they may do.", _ME),)
