"""The audit: who did what, newest first, and whether the chain still holds."""

from typing import Any

from aiohttp import web

from reauth.access import Act
from reauth.audit import Fault, entry_document
from reauth.console.asking import PAGE, drawn
from reauth.console.routes import API, Route
from reauth.console.views import SITE
from reauth.ports.audit import Sought

LONGEST = 256
_ENTRY = {
    "type": "object",
    "properties": {
        "number": {"type": "integer"},
        "at": {"type": "number"},
        "who": {"type": "string"},
        "action": {"type": "string"},
        "subject": {"type": "string"},
        "done": {"type": "boolean"},
        "address": {"type": "string"},
        "reason": {"type": "string"},
        "digest": {"type": "string"},
    },
}


def _sought(request: web.Request) -> Sought:
    who, action, subject = (
        request.query.get(name, "").strip()[:LONGEST] for name in ("who", "action", "subject")
    )
    before = request.query.get("before", "")
    if before and not (before.isascii() and before.isdecimal() and len(before) <= 15):
        raise web.HTTPBadRequest(text="before is the number of an entry.\n")
    return Sought(
        who=who or None,
        action=action,
        subject=subject or None,
        before=int(before) if before else None,
    )


async def audit(request: web.Request) -> web.Response:
    """A page of entries, newest first."""
    sought = _sought(request)
    found = await request.app[SITE].audit.entries(sought, PAGE + 1)
    entries = found[:PAGE]
    query = {name: text for name, text in request.query.items() if name != "before" and text}
    more = {**query, "before": str(entries[-1].number)} if len(found) > PAGE else None
    return drawn(request, "audit.html", entries=entries, sought=sought, more=more, checked=None)


async def audit_json(request: web.Request) -> web.Response:
    """The same for programs."""
    entries = await request.app[SITE].audit.entries(_sought(request), PAGE)
    return web.json_response({"entries": [entry_document(each) for each in entries]})


async def check(request: web.Request) -> web.Response:
    """Go through the whole chain, and tell whether it holds."""
    audit = request.app[SITE].audit
    checked = await audit.check()
    entries = await audit.entries(Sought(), PAGE)
    told = {"entries": entries, "sought": Sought(), "more": None, "checked": checked}
    return drawn(request, "audit.html", **told)


async def check_json(request: web.Request) -> web.Response:
    """The same for programs."""
    checked = await request.app[SITE].audit.check()
    fault = _fault(checked.fault)
    return web.json_response({"entries": checked.entries, "ok": fault is None, "fault": fault})


def _fault(fault: Fault | None) -> dict[str, Any] | None:
    return None if fault is None else {"number": fault.number, "why": fault.why}


_QUERY = {
    "who": {"type": "string", "maxLength": LONGEST},
    "action": {"type": "string", "maxLength": LONGEST},
    "subject": {"type": "string", "maxLength": LONGEST},
    "before": {"type": "integer", "minimum": 0},
}
ROUTES = (
    Route("/audit", Act.SEE_AUDIT, audit, "Who did what, newest first."),
    Route("/audit/check", Act.SEE_AUDIT, check, "Whether the audit is as it was written."),
    Route(
        f"{API}/audit", Act.SEE_AUDIT, audit_json, "Who did what, newest first.", query=_QUERY,
        answer={
            "type": "object",
            "properties": {"entries": {"type": "array", "items": _ENTRY}},
        },
    ),
    Route(
        f"{API}/audit/check", Act.SEE_AUDIT, check_json, "Whether the audit is as it was written.",
        answer={
            "type": "object",
            "properties": {
                "entries": {"type": "integer"},
                "ok": {"type": "boolean"},
                "fault": {"type": ["object", "null"]},
            },
        },
    ),
)  # fmt: skip
