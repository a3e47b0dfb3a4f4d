"""Alerts as people work on them: what programs read of them, and every action on one or many.

The same service stands behind `reauth alerts`, `reauth suppress` and `reauth maintenance`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from aiohttp import web

from reauth.access import Act
from reauth.alert import LONGEST_TAG, MOST_TAGS, VERDICTS, Alert, Severity, State
from reauth.alert_document import alert_document, group_document, rule_document
from reauth.console.routes import API, WHO, Action, Fields, Route, Table
from reauth.console.views import SITE, page
from reauth.drill import EVERY
from reauth.errors import StoreError
from reauth.grouping import grouped
from reauth.ports import Wanted
from reauth.suppression import MAINTENANCE, RULE, Rule, Scope
from reauth.triage import Closing, NoAlert, Triage

MOST = 200
"""Alerts in one answer: with a hundred scores each they are read in 0.2 s (measured on two busy
cores)."""
HELD = "/suppressions"
"""The page of what holds alerts back."""
BULK = 100
"""Alerts in one action: a page of them; the audit names each."""

_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_FLAG = {"type": "string", "enum": ["true", "false"]}
_ID = {"type": "string", "minLength": 1, "maxLength": 64}
_NAME = {"type": "string", "maxLength": 256}
_NOTE = {"type": "string", "maxLength": 4000}
_OPTIONAL_NOTE = {**_NOTE, "default": ""}
_VERDICT = {"type": "string", "enum": list(VERDICTS)}
_TAGS = {
    "type": "array",
    "items": {"type": "string", "maxLength": LONGEST_TAG},
    "maxItems": MOST_TAGS,
    "default": [],
}
_REASON = {"type": "string", "minLength": 1, "maxLength": 1000}
_HOURS = {"type": "number", "exclusiveMinimum": 0, "maximum": 8784}
_ALERT = {"type": "object", "required": ["id", "state", "severity", "test"]}

_QUERY: Mapping[str, Mapping[str, Any]] = {
    "state": {"type": "string", "enum": [*map(str, State)]},
    "severity": {"type": "string", "enum": [*map(str, Severity)]},
    "kind": _TEXT,
    "lane": _TEXT,
    "user": _TEXT,
    "client": _TEXT,
    "session": _TEXT,
    "site": _TEXT,
    "assignee": _TEXT,
    "tag": _TEXT,
    "suppressed": _FLAG,
    "held": _TEXT,
    "test": _FLAG,
    "since": _TIME,
    "until": _TIME,
    "before": _TEXT,
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST},
}
"""What a list of alerts is narrowed by; `state` and `severity` may be given several times."""
_PLAIN = (
    "kind", "lane", "user", "client", "session", "site", "assignee", "tag", "held", "before"
)  # fmt: skip


def wanted(query: Any) -> tuple[Wanted, int]:
    """What a query asks for, and how many.

    Raises
    ------
    HTTPBadRequest
        If a parameter is none of `_QUERY`, or its value does not fit.
    """
    unknown = [name for name in query if name not in _QUERY]
    if unknown:
        raise web.HTTPBadRequest(text=f"There is no parameter {unknown[0][:60]}.\n")
    try:
        for value in query.values():
            value.encode()  # half a character is in no alert
        asked = Wanted(
            states=tuple(map(State, query.getall("state", ()))),
            severities=tuple(map(Severity, query.getall("severity", ()))),
            suppressed=_flag(query.get("suppressed")),
            test=_flag(query.get("test")),
            since=_moment(query.get("since")),
            until=_moment(query.get("until")),
        )
        asked = replace(asked, **{name: query.get(name) for name in _PLAIN})
        limit = int(query.get("limit", "50"))
    except (ValueError, KeyError) as error:
        raise web.HTTPBadRequest(text=f"{str(error)[:200]}\n") from error
    if not 1 <= limit <= MOST:
        raise web.HTTPBadRequest(text=f"limit is 1 to {MOST}.\n")
    return asked, limit


def _flag(text: str | None) -> bool | None:
    return None if text is None else {"true": True, "false": False}[text]


def _moment(text: str | None) -> float | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("times are RFC 3339, with a zone")
    return found.timestamp()


def _triage(request: web.Request) -> Triage:
    return request.app[SITE].triage


async def _found(request: web.Request) -> tuple[list[Alert], int]:
    asked, limit = wanted(request.query)
    try:
        return await _triage(request).cases.find(asked, limit), limit
    except StoreError as error:
        if asked.before is not None:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        raise


async def held(request: web.Request) -> web.Response:
    """What holds alerts back, and what each has held back."""
    doors = _triage(request).suppressions
    who, now = request[WHO], request.app[SITE].clock()
    tables = [
        (RULE, HELD, who.may(Act.WORK_ALERTS), await doors.rules(RULE)),
        (MAINTENANCE, "/maintenance", who.may(Act.INTEGRATE), await doors.rules(MAINTENANCE)),
    ]
    return page(request, "suppressions.html", tables=tables, kinds=EVERY, now=now)


async def alerts(request: web.Request) -> web.Response:
    """Alerts, newest first; `next` goes on as `before`."""
    found, limit = await _found(request)
    more = found[-1].id if len(found) == limit else None
    return web.json_response({"alerts": [alert_document(one) for one in found], "next": more})


async def alert(request: web.Request) -> web.Response:
    """One alert, whole."""
    name = request.match_info["id"]
    found = await request.app[SITE].store.alert(name)
    if found is None:
        raise web.HTTPNotFound(text="There is no such alert; it may have been deleted by age.\n")
    return web.json_response(alert_document(found))


async def groups(request: web.Request) -> web.Response:
    """The same alerts, put together by user and lane within rolling 30 minutes."""
    found, _ = await _found(request)
    return web.json_response({"groups": [group_document(one) for one in grouped(found)]})


def _rules(kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def rules(request: web.Request) -> web.Response:
        found = await _triage(request).suppressions.rules(kind)
        return web.json_response({"rules": [rule_document(one) for one in found]})

    return rules


Do = Callable[[Triage, str, str, Fields], Awaitable[Alert]]
"""An action on one alert: the service, its id, who asks, what came."""


def _move(action: str) -> Do:
    async def do(triage: Triage, name: str, by: str, came: Fields) -> Alert:
        return await triage.move(name, action, by, Closing(came["note"], came.get("verdict")))

    return do


async def _assign(triage: Triage, name: str, by: str, came: Fields) -> Alert:
    return await triage.assign(name, came["to"], by)


async def _tag(triage: Triage, name: str, by: str, came: Fields) -> Alert:
    return await triage.tag(name, came["add"], came["remove"], by)


async def _note(triage: Triage, name: str, by: str, came: Fields) -> Alert:
    return await triage.note(name, came["note"], by)


_DO: Mapping[str, tuple[Do, Mapping[str, Mapping[str, Any]], str]] = {
    "ack": (_move("ack"), {"note": _OPTIONAL_NOTE}, "Take an open alert."),
    "confirm": (
        _move("confirm"),
        {"verdict": _VERDICT, "note": _OPTIONAL_NOTE},
        "Close an acknowledged alert: it was somebody else. Its movement never trains.",
    ),
    "dismiss": (
        _move("dismiss"),
        {"verdict": _VERDICT, "note": _OPTIONAL_NOTE},
        "Close an acknowledged alert: it was the user.",
    ),
    "assign": (_assign, {"to": {**_NAME, "default": ""}}, "Put an alert in somebody's hands."),
    "tag": (_tag, {"add": _TAGS, "remove": _TAGS}, "Put tags on an alert and take some off."),
    "note": (_note, {"note": {**_NOTE, "minLength": 1}}, "Write a note on an alert."),
}
"""What is done to one alert, with what; closing wants a verdict (alerts-console.md section 5)."""


def _one(verb: str) -> Action:
    do, fields, summary = _DO[verb]

    async def run(request: web.Request, came: Fields) -> dict[str, Any]:
        by = request[WHO].name
        try:
            return alert_document(await do(_triage(request), request.match_info["id"], by, came))
        except NoAlert as error:
            raise web.HTTPNotFound(text=f"{error}\n") from error

    path = f"/alerts/{{id}}/{verb}"
    return Action(f"alert.{verb}", path, Act.WORK_ALERTS, fields, run, "/alerts/{id}", summary)


def _many(verb: str) -> Action:
    do, fields, summary = _DO[verb]

    async def run(request: web.Request, came: Fields) -> dict[str, Any]:
        triage, by = _triage(request), request[WHO].name
        many = await triage.many(came["ids"], lambda name: do(triage, name, by, came))
        return {"done": [one.id for one in many.done], "refused": many.refused}

    ids: dict[str, Mapping[str, Any]] = {
        "ids": {"type": "array", "items": _ID, "minItems": 1, "maxItems": BULK}
    }
    told = f"{summary[:-1]}, for each of many."
    path = f"/alerts/bulk/{verb}"
    return Action(
        f"alerts.{verb}", path, Act.WORK_ALERTS, {**ids, **fields}, run, "/alerts", told
    )


async def _drill(request: web.Request, came: Fields) -> dict[str, Any]:
    alert = await _triage(request).drill(came["kind"], Severity(came["severity"]))
    return alert_document(alert)


_TEST: Mapping[str, Mapping[str, Any]] = {
    "kind": {"type": "string", "enum": list(EVERY), "default": "impostor"},
    "severity": {"type": "string", "enum": [*map(str, Severity)], "default": "medium"},
}
_SCOPE: Mapping[str, Mapping[str, Any]] = {
    "user": {**_NAME, "default": ""},
    "lane": {"type": "string", "enum": ["", "identity", "bot", "replay"], "default": ""},
    "kind": {"type": "string", "enum": ["", *EVERY], "default": ""},
    "site": {"type": "string", "maxLength": 64, "default": ""},
    "network": {"type": "string", "maxLength": 64, "default": ""},
}
"""Which alerts; empty asks for nothing, as a form's empty field does."""
_HOLDING: Mapping[str, Mapping[str, Any]] = {
    **_SCOPE,
    "begins": {**_TIME, "default": ""},
    "hours": _HOURS,
    "reason": _REASON,
    "owner": {**_NAME, "default": ""},
}


def _adding(kind: str, name: str, path: str, act: Act, summary: str) -> Action:
    async def run(request: web.Request, came: Fields) -> dict[str, Any]:
        site = request.app[SITE]
        try:
            begins = _moment(came["begins"] or None)
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"begins: {error}\n") from error
        begins = site.clock() if begins is None else begins
        ends = begins + came["hours"] * 3600
        scope = Scope(**{one: came[one] or None for one in _SCOPE})
        owner = came["owner"] or request[WHO].name
        rule = Rule("", kind, owner, came["reason"], begins, ends, scope)
        return rule_document(await site.triage.suppress(rule))

    return Action(f"{name}.add", path, act, _HOLDING, run, HELD, summary)


def _ending(kind: str, name: str, path: str, act: Act, summary: str) -> Action:
    async def run(request: web.Request, came: Fields) -> dict[str, Any]:
        return rule_document(await _triage(request).end(request.match_info["id"], kind))

    return Action(f"{name}.end", f"{path}/{{id}}/end", act, {}, run, HELD, summary)


_LIST = {"type": "object", "required": ["alerts", "next"]}

ROUTES: Table = (
    Route(HELD, Act.SEE_ALERTS, held, "What holds alerts back, and what each has held back."),
    Route(f"{API}/alerts", Act.SEE_ALERTS, alerts, "Alerts, newest first.", _LIST, _QUERY),
    Route(
        f"{API}/alerts/groups",
        Act.SEE_ALERTS,
        groups,
        "Alerts put together by user and lane within rolling 30 minutes.",
        {"type": "object", "required": ["groups"]},
        _QUERY,
    ),
    Route(f"{API}/alerts/{{id}}", Act.SEE_ALERTS, alert, "One alert, whole.", _ALERT),
    *(
        Route(f"{API}{path}", Act.SEE_ALERTS, _rules(kind), summary,
              {"type": "object", "required": ["rules"]})
        for kind, path, summary in (
            (RULE, "/suppressions", "Rules of suppression, and what each held back."),
            (MAINTENANCE, "/maintenance", "Windows of maintenance, and what each held back."),
        )
    ),
    Action(
        "alert.test",
        "/alerts/test",
        Act.INTEGRATE,
        _TEST,
        _drill,
        "/alerts",
        "Raise a test alert, marked as one everywhere.",
    ),
    # Before those of one alert, or "bulk" would be taken for an id.
    *map(_many, _DO),
    *map(_one, _DO),
    *(
        make(kind, name, path, act, summary)
        for kind, name, path, act in (
            (RULE, "suppression", "/suppressions", Act.WORK_ALERTS),
            (MAINTENANCE, "maintenance", "/maintenance", Act.INTEGRATE),
        )
        for make, summary in (
            (_adding, f"Make a {kind} that holds alerts back, with a reason and an end."),
            (_ending, f"End a {kind} now."),
        )
    ),
)  # fmt: skip
