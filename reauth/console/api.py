"""What programs read: the same as on the pages, as JSON, under `/api/v1`."""

from aiohttp import web

from reauth.access import Act
from reauth.console.routes import API, WHO, Route

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}


def shape(**properties: object) -> dict[str, object]:
    """JSON schema of an object that has all of these."""
    return {"type": "object", "properties": properties, "required": sorted(properties)}


async def me(request: web.Request) -> web.Response:
    """Who asks, and what they may do."""
    who = request[WHO]
    told = {"name": who.name, "acts": sorted(who.acts), "elevated": who.elevated}
    return web.json_response(told)


_ME = shape(name=TEXT, acts=TEXTS, elevated={"type": "boolean"})

ROUTES = (Route(f"{API}/me", Act.LOOK, me, "Who asks, and what they may do.", _ME),)
