"""Who asked the console for what, without saying who or what: a sampled line for each route.

A line holds the route and never the path, as paths hold names of users. Requests that failed by a
fault of ours are all told, of the others a share.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable
from time import perf_counter

from aiohttp import web

from reauth.correlation import REQUEST

log = logging.getLogger("reauth.access")

HEADER = "X-Request-Id"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def identified(app: web.Application, share: float) -> web.Application:
    """The application, each of whose requests has an id that log lines and answers carry.

    Parameters
    ----------
    share
        Of the requests that are told, 0 to 1.
    """
    fraction = 0.0

    @web.middleware
    async def identify(request: web.Request, handler: _Handler) -> web.StreamResponse:
        nonlocal fraction
        fraction += share
        told, since, status = fraction >= 1, perf_counter(), 500
        fraction -= told
        given = secrets.token_hex(8)
        mark = REQUEST.set(given)
        try:
            response = await handler(request)
            status = response.status
            if not response.prepared:
                response.headers[HEADER] = given
            return response
        except web.HTTPException as answer:
            status = answer.status
            answer.headers[HEADER] = given
            raise
        finally:
            if told or status >= 500:
                log.info("request", extra=_line(request, status, perf_counter() - since))
            REQUEST.reset(mark)

    app.middlewares.insert(0, identify)
    return app


def _line(request: web.Request, status: int, seconds: float) -> dict[str, str | int | float]:
    resource = request.match_info.route.resource
    return {
        "method": request.method,
        "route": resource.canonical if resource is not None else "none",
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
