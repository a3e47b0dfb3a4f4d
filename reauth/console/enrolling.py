"""Enrolling: choose people, see what is needed, import or wait, train, see how good it is."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from reauth.access import Act
from reauth.alert_document import rfc3339
from reauth.console.asking import PAGE, Pager, drawn, page_of, subjects
from reauth.console.routes import API, WHO, Action, Fields, Route
from reauth.console.users import FILES, told
from reauth.enrolling import read_list
from reauth.ports.roster import LineState, Order, Run

_LONGEST_LIST = 2_000_000
"""Characters: 5000 users with their notes."""


async def wizard(request: web.Request) -> web.Response:
    """The first step, and the lists that were given of late."""
    doors = subjects(request)
    needed = doors.settings.enrolment.min_trajectories
    runs = await doors.lists.kept.runs()
    return drawn(request, "enrol.html", needed=needed, runs=runs, orders=list(Order))


async def run(request: web.Request) -> web.Response:
    """What became of a list, and where each of its users stands."""
    found, doors = await _run(request), subjects(request)
    page = page_of(request)
    lines = found.lines[PAGE * (page - 1) : PAGE * page]
    rows = [(line, await doors.enrolling.person(line.user)) for line in lines]
    people = [(line, told(request, row) if row else None) for line, row in rows]
    pager = Pager(request.path, {}, page, len(found.lines))
    counts = {state: sum(line.state is state for line in found.lines) for state in LineState}
    return drawn(
        request, "enrol_run.html", run=found, lines=people, pager=pager, counts=counts,
        waiting=counts[LineState.WAITING],
    )  # fmt: skip


async def run_json(request: web.Request) -> web.Response:
    """The same for programs."""
    found = await _run(request)
    lines = [
        {"user": each.user, "file": each.file, "state": each.state.value, "told": each.told}
        for each in found.lines
    ]
    begun = rfc3339(found.begun)
    return web.json_response({"id": found.id, "begun": begun, "by": found.begun_by, "lines": lines})


async def _run(request: web.Request) -> Run:
    found = await subjects(request).lists.kept.run(request.match_info["run"])
    if found is None:
        raise web.HTTPNotFound(text="There is no such list; they are deleted by age.\n")
    return found


async def begin(request: web.Request, fields: Fields) -> Mapping[str, Any]:
    """Take a list of users, with recordings of some of them."""
    files = {each["name"]: each["text"].encode() for each in fields["files"]}
    lines = read_list(fields["people"], tuple(files))
    begun = await subjects(request).lists.begin(lines, files, request[WHO].name)
    return {"run": begun.id, "lines": len(lines)}


ROUTES = (
    Route("/enrol", Act.ENROL, wizard, "Enrol users."),
    Route("/enrol/{run}", Act.ENROL, run, "What became of a list of users."),
    Route(
        f"{API}/enrol/{{run}}", Act.ENROL, run_json, "What became of a list of users.",
        answer={
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "begun": {"type": "string", "format": "date-time"},
                "by": {"type": "string"},
                "lines": {"type": "array", "items": {"type": "object"}},
            },
        },
    ),
    Action(
        "enrol.bulk",
        "/enrol",
        Act.ENROL,
        {
            "people": {"type": "string", "minLength": 1, "maxLength": _LONGEST_LIST},
            "files": {**FILES, "minItems": 0, "default": []},
        },
        begin,
        "/enrol/{run}",
        "Enrol the users of a list.",
    ),
)  # fmt: skip
