"""Looking at movement: as it is made, and as it was (WIDAM's two displays).

Gamboa and Fred (2004, section 2) have a synchronous and an asynchronous display. Who looks at whom
is audited at each look. Times are relative: neither shows when or how long somebody worked, and
pauses are shortened.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiohttp import web
from markupsafe import Markup

from reauth.access import Act
from reauth.console.asking import drawn, subjects
from reauth.console.paths import drawing
from reauth.console.routes import Route

HEARTBEAT = 15.0
"""s between signs of life (alerts-console.md section 6)."""


async def live(request: web.Request) -> web.Response:
    """A user's movement as it is made; the picture fills by a script."""
    name, doors = await _known(request), subjects(request)
    return drawn(request, "live.html", user=name, kept=doors.settings.store.trajectories)


async def _known(request: web.Request) -> str:
    """Whom the path names, if they are somebody: nothing would ever come of anybody else."""
    name = request.match_info["user"]
    if await subjects(request).enrolling.person(name) is None:
        raise web.HTTPNotFound(text="Nobody is called so; they may have been deleted.\n")
    return name


async def stream(request: web.Request) -> web.StreamResponse:
    """Pieces of a user's movement, as server-sent events, until one of the two goes."""
    name = await _known(request)
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    with subjects(request).watching.look(name) as onlooker:
        with suppress(ConnectionResetError):
            await answer.write(b"retry: 3000\n\n")
            while True:
                try:
                    piece = await onlooker.next(HEARTBEAT)
                except TimeoutError:
                    await answer.write(b": still here\n\n")
                    continue
                if piece is None:
                    break
                await answer.write(_event(piece))
    return answer


def _event(piece: Mapping[str, Any]) -> bytes:
    told = json.dumps(piece, separators=(",", ":"))
    return f"event: {piece['kind']}\ndata: {told}\n\n".encode()


async def replay(request: web.Request) -> web.Response:
    """A stored session: a picture of it, which a script plays."""
    found = await subjects(request).films.film(request.match_info["session"])
    if found is None or found.user != request.match_info["user"]:
        raise web.HTTPNotFound(text="There is no such session; it may have been deleted by age.\n")
    picture = drawing(found.movements)
    return drawn(
        request,
        "replay.html",
        user=found.user,
        movements=len(found.movements),
        cut=found.cut,
        picture=Markup(picture.svg),  # noqa: S704 - paths.py writes numbers only
        length=picture.length,
        kept=subjects(request).settings.store.trajectories,
    )


ROUTES = (
    Route("/users/{user}/live", Act.SEE_MOVEMENT, live, "A user's movement as it is made."),
    Route(
        "/users/{user}/live/stream", Act.SEE_MOVEMENT, stream,
        "A user's movement as server-sent events.",
    ),
    Route(
        "/users/{user}/sessions/{session}", Act.SEE_MOVEMENT, replay, "A stored session, played.",
    ),
)  # fmt: skip
