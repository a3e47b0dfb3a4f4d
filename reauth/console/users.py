"""Users: a page of the list, one of them, and what can be done about one.

Nothing here tells when or how much somebody works: progress ends at what enrolment needs, a device
that was not known is told without an amount, and the expected date is a day.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from reauth.access import Act
from reauth.alert_document import rfc3339
from reauth.console.asking import (
    PAGE,
    Pager,
    choice,
    drawn,
    now,
    page_of,
    subjects,
)
from reauth.console.routes import API, Action, Fields, Route
from reauth.enrolment_document import enrolment_document
from reauth.person import Enrolled, PersonRow
from reauth.ports.roster import Asked, Listing, Order, VersionRow

ALERTS = 25
"""Alerts of a user that are shown; `/alerts` has all."""
LONGEST = 256
REASON = {"type": "string", "minLength": 1, "maxLength": 500}
FILES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 200},
            "text": {"type": "string"},
        },
        "required": ["name", "text"],
        "additionalProperties": False,
    },
    "minItems": 1,
    "maxItems": 1000,
}
"""Recordings; a form sends them as files."""
_DEVICE = {
    "type": "object",
    "properties": {
        "device": {"type": "string"},
        "state": {"enum": list(Enrolled)},
        "version": {"type": "integer"},
        "unknown": {"type": "boolean"},
    },
}
_PERSON = {
    "type": "object",
    "properties": {
        "user": {"type": "string"},
        "state": {"enum": list(Enrolled)},
        "progress": {"type": "integer"},
        "needed": {"type": "integer"},
        "expected": {"type": ["string", "null"], "format": "date"},
        "version": {"type": "integer"},
        "template_made": {"type": ["string", "null"], "format": "date-time"},
        "provisional": {"type": "boolean"},
        "quality": {"type": ["object", "null"]},
        "unknown_device": {"type": "boolean"},
        "devices": {"type": "array", "items": _DEVICE},
    },
}


def told(request: web.Request, row: PersonRow) -> dict[str, Any]:
    """A user as these pages tell of one: how far enrolment is, and nothing that goes on growing."""
    document = enrolment_document(row, subjects(request).settings, now(request))
    eta = document["eta_s"]
    expected = None if eta is None or row.version else _day(now(request) + eta)
    return {
        "user": row.user,
        "state": document["state"],
        "progress": min(document["trajectories"], document["needed"]),
        "needed": document["needed"],
        "expected": expected,
        "version": row.version,
        "template_made": None if row.enrolled_at is None else rfc3339(row.enrolled_at),
        "provisional": row.provisional,
        "quality": document["quality"],
        "unknown_device": document["unknown_device"] > 0,
        "devices": [
            {
                "device": each["device"],
                "state": each["state"],
                "version": each["version"],
                "unknown": each["unknown_device"] > 0,
            }
            for each in document["devices"]
        ],
    }


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def _asked(request: web.Request) -> Asked:
    search = request.query.get("search", "").strip()
    if len(search) > LONGEST:
        raise web.HTTPBadRequest(text=f"search has {LONGEST} characters at most.\n")
    order = choice(request, "order", Order) or Order.USER
    return Asked(
        search=search,
        state=choice(request, "state", Enrolled),
        order=order,
        descending=request.query.get("down") == "1",
        needed=subjects(request).settings.enrolment.min_trajectories,
        first=PAGE * (page_of(request) - 1),
        most=PAGE,
    )


async def _listing(request: web.Request) -> tuple[Asked, Listing]:
    asked = _asked(request)
    return asked, await subjects(request).roster.listing(asked)


async def users(request: web.Request) -> web.Response:
    """A page of users: searched, of one state or all, sorted."""
    asked, found = await _listing(request)
    query = {name: text for name, text in request.query.items() if name != "page" and text}
    pager = Pager("/users", query, page_of(request), found.total)
    return drawn(
        request,
        "users.html",
        people=[told(request, row) for row in found.people],
        states=Counter(found.states),
        known=list(Enrolled),
        asked=asked,
        pager=pager,
        orders=list(Order),
        usual_order=Order.USER,
    )


async def users_json(request: web.Request) -> web.Response:
    """The same for programs."""
    _, found = await _listing(request)
    people = [told(request, row) for row in found.people]
    return web.json_response({"users": people, "total": found.total, "states": found.states})


async def user(request: web.Request) -> web.Response:
    """One user: how far, how good, which templates, which alerts, what can be done."""
    name, doors = request.match_info["user"], subjects(request)
    row = await _row(request, name)
    versions = await doors.roster.versions(name)
    return drawn(
        request,
        "user.html",
        user=told(request, row),
        remarks=await doors.roster.remarks(name),
        versions=versions,
        report=_report(versions),
        window=doors.settings.identity_lane.window,
        alerts=await doors.roster.alerts_of(name, ALERTS),
        covered=sorted(await doors.coverage.of_user(name)),
        kept=doors.settings.store.trajectories,
    )


async def user_json(request: web.Request) -> web.Response:
    """The same for programs."""
    name = request.match_info["user"]
    row = await _row(request, name)
    versions = await subjects(request).roster.versions(name)
    known = [_version(each) for each in versions]
    return web.json_response({**told(request, row), "versions": known})


async def _row(request: web.Request, name: str) -> PersonRow:
    """A user as enrolment sees them."""
    found = await subjects(request).enrolling.person(name)
    if found is None:
        raise web.HTTPNotFound(text="Nobody is called so; they may have been deleted.\n")
    return found


def _version(row: VersionRow) -> dict[str, Any]:
    return {
        "version": row.version,
        "device": row.device,
        "provisional": row.provisional,
        "made": rfc3339(row.enrolled_at),
        "active": row.active,
        "quality": row.quality,
    }


def _report(versions: list[VersionRow]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The quality of each active template by window: (device, rows), the newest template first."""
    return [
        (row.device, [row.quality[window] for window in sorted(row.quality, key=int)])
        for row in versions
        if row.active and row.quality
    ]


async def train(request: web.Request, _: Fields) -> Mapping[str, Any]:
    """Learn a user now."""
    return _briefly(await subjects(request).enrolling.train(request.match_info["user"]))


async def pause(request: web.Request, fields: Fields) -> Mapping[str, Any]:
    """Compare a user no more, for a reason."""
    name, why = request.match_info["user"], fields["reason"]
    return {**_briefly(await subjects(request).enrolling.pause(name, why)), "reason": why}


async def resume(request: web.Request, _: Fields) -> Mapping[str, Any]:
    """Compare a user again."""
    return _briefly(await subjects(request).enrolling.resume(request.match_info["user"]))


async def rollback(request: web.Request, fields: Fields) -> Mapping[str, Any]:
    """Make an older template the active one."""
    name = request.match_info["user"]
    return _briefly(await subjects(request).enrolling.rollback(name, fields["version"]))


async def delete(request: web.Request, fields: Fields) -> Mapping[str, Any]:
    """Forget all about a user."""
    deleted = await subjects(request).enrolling.delete(request.match_info["user"])
    return {**deleted, "reason": fields["reason"]}


async def take(request: web.Request, fields: Fields) -> Mapping[str, Any]:
    """Import recordings of a user: each whole or not at all; the first bad one ends it."""
    name, enrolling = request.match_info["user"], subjects(request).enrolling
    taken = [
        await enrolling.take(name, each["name"], each["text"].encode()) for each in fields["files"]
    ]
    return {"user": name, "files": taken}


def _briefly(status: Mapping[str, Any]) -> dict[str, Any]:
    """What an action answers: where the user stands now."""
    return {name: status[name] for name in ("user", "state", "version", "quality")}


_HERE = "/users/{user}"
ROUTES = (
    Route("/users", Act.SEE_USERS, users, "A page of users."),
    Route(_HERE, Act.SEE_USERS, user, "One user."),
    Route(
        f"{API}/users",
        Act.SEE_USERS,
        users_json,
        "A page of users: searched, of one state, sorted.",
        answer={
            "type": "object",
            "properties": {
                "users": {"type": "array", "items": _PERSON},
                "total": {"type": "integer"},
                "states": {"type": "object"},
            },
        },
        query={
            "search": {"type": "string", "maxLength": LONGEST},
            "state": {"enum": list(Enrolled)},
            "order": {"enum": list(Order)},
            "down": {"enum": ["0", "1"]},
            "page": {"type": "integer", "minimum": 1, "maximum": 200000},
        },
    ),
    Route(f"{API}{_HERE}", Act.SEE_USERS, user_json, "One user, with templates.", answer=_PERSON),
    Action("enrol.train", f"{_HERE}/train", Act.ENROL, {}, train, _HERE, "Learn a user now."),
    Action(
        "enrol.pause", f"{_HERE}/pause", Act.ENROL, {"reason": REASON}, pause, _HERE,
        "Compare a user no more, for a reason.",
    ),
    Action(
        "enrol.resume", f"{_HERE}/resume", Act.ENROL, {}, resume, _HERE, "Compare a user again."
    ),
    Action(
        "enrol.rollback", f"{_HERE}/rollback", Act.ENROL,
        {"version": {"type": "integer", "minimum": 1, "maximum": 2**31}}, rollback, _HERE,
        "Make an older template the active one.",
    ),
    Action(
        "enrol.delete", f"{_HERE}/delete", Act.DELETE_USER, {"reason": REASON}, delete, "/users",
        "Forget a user: templates, movement, sessions.", sensitive=True,
    ),
    Action(
        "enrol.import", f"{_HERE}/import", Act.ENROL, {"files": FILES}, take, _HERE,
        "Import recordings of a user.",
    ),
)  # fmt: skip
