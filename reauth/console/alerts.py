"""The list of alerts: narrowed by its URL, walked by a cursor, worked through in bulk."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from reauth.access import Act
from reauth.alert import UNRESOLVED, VERDICTS, Alert, Severity, State
from reauth.alert_document import alert_document
from reauth.console.asking import choice
from reauth.console.routes import WHO, Action, Fields, Route, Table
from reauth.console.triage import BULK
from reauth.console.views import DAY, SITE, page
from reauth.console.words import CONFIRMS
from reauth.drill import EVERY
from reauth.errors import StoreError
from reauth.grouping import grouped
from reauth.ports import Wanted
from reauth.triage import Closing, NoAlert

PAGE = 50
"""Alerts of a page."""
GROUPED = 200
"""Alerts that are put together on one page."""
DAYS = (1, 7, 30, 365)
"""How far back a list may look: as far as alerts are kept on request."""
LONGEST = 256


class Which(StrEnum):
    """What a list shows by state; `waiting` is whatever somebody has yet to close."""

    ALL = "all"
    WAITING = "waiting"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    EXPIRED = "expired"


class Flag(StrEnum):
    """Whether a list shows what has a mark."""

    YES = "yes"
    NO = "no"


Kind = StrEnum("Kind", {kind.upper(): kind for kind in EVERY})  # type: ignore[misc] # made of a table

_FLAGS: Mapping[Flag | None, bool | None] = {Flag.YES: True, Flag.NO: False, None: None}


def asked(request: web.Request) -> tuple[Wanted, dict[str, str]]:
    """What a URL asks for, and the same as words for the form and for links.

    Raises
    ------
    HTTPBadRequest
        If a value is none that there is.
    """
    which = choice(request, "state", Which) or Which.ALL
    severity, kind = choice(request, "severity", Severity), choice(request, "kind", Kind)
    flags = {name: choice(request, name, Flag) for name in ("suppressed", "test")}
    days = request.query.get("days", "30")
    if days not in map(str, DAYS):
        raise web.HTTPBadRequest(text=f"days is one of {', '.join(map(str, DAYS))}.\n")
    named = {name: request.query.get(name, "").strip() for name in ("user", "client", "assignee")}
    if any(len(value) > LONGEST or not _is_text(value) for value in named.values()):
        raise web.HTTPBadRequest(text=f"A name has {LONGEST} characters at most.\n")
    wanted = Wanted(
        states=_states(which),
        severities=(severity,) if severity else (),
        kind=None if kind is None else kind.value,
        suppressed=_FLAGS[flags["suppressed"]],
        test=_FLAGS[flags["test"]],
        since=request.app[SITE].clock() - int(days) * DAY,
        before=request.query.get("before") or None,
        user=named["user"] or None,
        client=named["client"] or None,
        assignee=named["assignee"] or None,
    )
    words = {"state": which.value, "days": days, **named}
    for name, value in (("severity", severity), ("kind", kind), *flags.items()):
        words[name] = "" if value is None else value.value
    return wanted, words


def _is_text(value: str) -> bool:
    """Whether it is whole characters: half of one is in no name."""
    return value.isprintable()


def _states(which: Which) -> tuple[State, ...]:
    if which is Which.ALL:
        return ()
    return UNRESOLVED if which is Which.WAITING else (State(which.value),)


async def alerts(request: web.Request) -> web.Response:
    """A page of alerts, newest first, or the same put together by user and lane."""
    wanted, words = asked(request)
    groups = request.query.get("view") == "groups"
    most = GROUPED if groups else PAGE
    try:
        found = await request.app[SITE].triage.cases.find(wanted, most + 1)
    except StoreError as error:
        if wanted.before is None:
            raise
        raise web.HTTPBadRequest(text=f"{error}\n") from error
    query = {name: value for name, value in words.items() if value}
    more = {**query, **({"view": "groups"} if groups else {})}
    shown = found[:most]
    older = {**more, "before": shown[-1].id} if len(found) > most else None
    return page(
        request,
        "alerts.html",
        alerts=shown,
        groups=grouped(shown) if groups else None,
        asked=words,
        more=f"/alerts?{urlencode(older)}" if older else None,
        newest=f"/alerts?{urlencode(more)}" if wanted.before else None,
        other=f"/alerts?{urlencode(query if groups else {**query, 'view': 'groups'})}",
        which=list(Which),
        severities=list(Severity),
        kinds=list(EVERY),
        days=DAYS,
        may_work=request[WHO].may(Act.WORK_ALERTS),
    )


async def close(request: web.Request, name: str, came: Fields) -> Alert:
    """Close an alert by its verdict; one that nobody took is taken first.

    Raises
    ------
    IllegalTransition
        If it is closed.
    NoAlert
        If there is none.
    """
    site, by, verdict = request.app[SITE], request[WHO].name, came["verdict"]
    found = await site.store.alert(name)
    if found is not None and found.state is State.OPEN:
        await site.triage.move(name, "ack", by, Closing())
    action = "confirm" if verdict in CONFIRMS else "dismiss"
    return await site.triage.move(name, action, by, Closing(came["note"], verdict))


async def _close_one(request: web.Request, came: Fields) -> Mapping[str, Any]:
    try:
        return alert_document(await close(request, request.match_info["id"], came))
    except NoAlert as error:
        raise web.HTTPNotFound(text=f"{error}\n") from error


async def _close_many(request: web.Request, came: Fields) -> Mapping[str, Any]:
    many = await request.app[SITE].triage.many(came["ids"], lambda name: close(request, name, came))
    told = "partly" if many.refused else "closed"
    return {"done": [one.id for one in many.done], "refused": many.refused, "told": told}


_CLOSING: Mapping[str, Mapping[str, Any]] = {
    "verdict": {"type": "string", "enum": list(VERDICTS)},
    "note": {"type": "string", "maxLength": 4000, "default": ""},
}
_MANY: Mapping[str, Mapping[str, Any]] = {
    "ids": {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": 64},
        "minItems": 1,
        "maxItems": BULK,
    },
    **_CLOSING,
}

ROUTES: Table = (
    Route("/alerts", Act.SEE_ALERTS, alerts, "Alerts, newest first."),
    # Before that of one alert, or "bulk" would be taken for an id.
    Action(
        "alerts.close", "/alerts/bulk/close", Act.WORK_ALERTS, _MANY, _close_many,
        "/alerts?state=waiting&done={told}", "Close many alerts with one verdict.",
    ),
    Action(
        "alert.close", "/alerts/{id}/close", Act.WORK_ALERTS, _CLOSING, _close_one,
        "/alerts/{id}?done=closed", "Close an alert with a verdict, acknowledged before or not.",
    ),
)  # fmt: skip
