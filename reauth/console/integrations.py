"""Integrations: every sink with how it goes, a test, what was told, and once more."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from reauth.access import Act
from reauth.console.asking import PAGE, drawn, subjects
from reauth.console.routes import API, Action, Fields, Route
from reauth.errors import SinkError
from reauth.integrations import attempt_document, integration_document

LONGEST = 2048
"""Letters of a sink's name, which is a URL without its secrets."""
_NAME = {"type": "string", "minLength": 1, "maxLength": LONGEST}
_ATTEMPT = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "delivery": {"type": ["integer", "null"]},
        "alert": {"type": ["string", "null"]},
        "sink": {"type": "string"},
        "event": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "number": {"type": "integer"},
        "result": {"type": "string"},
        "fault": {"type": "string"},
    },
}


async def integrations(request: web.Request) -> web.Response:
    """Every sink, and the newest attempts, of one of them or of all."""
    doors, sink = subjects(request).integrations, request.query.get("sink", "")[:LONGEST]
    found = await doors.log(sink or None, PAGE + 1, _before(request))
    more = found[PAGE - 1].id if len(found) > PAGE else None
    listed = await doors.listed()
    return drawn(
        request, "integrations.html", sinks=listed, attempts=found[:PAGE], sink=sink, more=more
    )


async def integrations_json(request: web.Request) -> web.Response:
    """The sinks, for programs."""
    listed = await subjects(request).integrations.listed()
    return web.json_response({"sinks": [integration_document(each) for each in listed]})


async def deliveries_json(request: web.Request) -> web.Response:
    """Attempts, for programs."""
    sink = request.query.get("sink", "")[:LONGEST]
    found = await subjects(request).integrations.log(sink or None, PAGE, _before(request))
    return web.json_response({"attempts": [attempt_document(each) for each in found]})


def _before(request: web.Request) -> int | None:
    asked = request.query.get("before", "")
    if asked and not (asked.isascii() and asked.isdecimal() and len(asked) <= 18):
        raise web.HTTPBadRequest(text="before is the number of an attempt.\n")
    return int(asked) if asked else None


async def test(request: web.Request, fields: Fields) -> Mapping[str, Any]:
    """Send a test alert to a sink now; one that does not arrive is a failure, and in the log."""
    fault = await subjects(request).integrations.test(fields["sink"])
    if fault is not None:
        raise SinkError(f"The test did not arrive: {fault}")
    return {"sink": fields["sink"], "arrived": True}


async def again(request: web.Request, fields: Fields) -> Mapping[str, Any]:
    """Let a delivery begin anew, under the id that it had."""
    await subjects(request).integrations.again(fields["delivery"])
    return {"delivery": fields["delivery"]}


_LOG: Mapping[str, Mapping[str, Any]] = {
    "before": {"type": "integer", "minimum": 0},
    "sink": {"type": "string"},
}
ROUTES = (
    Route("/integrations", Act.SEE_SETTINGS, integrations, "Where alerts go, and how that goes."),
    Route(
        f"{API}/integrations", Act.SEE_SETTINGS, integrations_json, "Where alerts go.",
        answer={
            "type": "object",
            "properties": {"sinks": {"type": "array", "items": {"type": "object"}}},
        },
    ),
    Route(
        f"{API}/deliveries", Act.SEE_SETTINGS, deliveries_json, "Attempts, newest first.",
        answer={
            "type": "object",
            "properties": {"attempts": {"type": "array", "items": _ATTEMPT}},
        },
        query=_LOG,
    ),
    Action(
        "sink.test", "/integrations/test", Act.INTEGRATE, {"sink": _NAME}, test, "/integrations",
        "Send a test alert to a sink.",
    ),
    Action(
        "sink.redeliver", "/integrations/redeliver", Act.INTEGRATE,
        {"delivery": {"type": "integer", "minimum": 1, "maximum": 2**62}}, again, "/integrations",
        "Let a delivery begin anew.",
    ),
)  # fmt: skip
