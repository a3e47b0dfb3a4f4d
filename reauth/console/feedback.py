"""What verdicts feed back: candidates, shadows with their numbers, and the second person's word."""

from collections.abc import Awaitable, Mapping
from typing import Any, Final, TypeVar

from aiohttp import web
from markupsafe import Markup

from reauth.access import Act
from reauth.console.asking import drawn, subjects
from reauth.console.det import det
from reauth.console.routes import API, WHO, Action, Fields, Route, Table
from reauth.console.shapes import TEXT, perhaps, several, shape
from reauth.feedback import LEAST_SHARE, MOST_SHARE, Feedback
from reauth.feedback_document import label_document, shadow_document
from reauth.label import NotAllowed, Standing, same_person
from reauth.ports import ShadowState

T = TypeVar("T")

PATH: Final = "/feedback"
MOST: Final = 100
"""Shadows on one page, the newest."""
_REASON: Mapping[str, Any] = {"type": "string", "maxLength": 1000, "default": ""}
_USER: Mapping[str, Any] = {"type": "string", "minLength": 1, "maxLength": 256}
_SHARE: Mapping[str, Any] = {"type": "number", "minimum": LEAST_SHARE, "maximum": MOST_SHARE}
_LABEL = shape(
    alert=TEXT, session=TEXT, user=TEXT, verdict=TEXT, closed_by=TEXT, closed_at=TEXT,
    standing={"enum": list(Standing)}, decided_by=perhaps(TEXT), decided_at=perhaps(TEXT),
    reason=TEXT,
)  # fmt: skip
_SHADOW = shape(
    id=TEXT, user=TEXT, device=TEXT, base={"type": "integer"}, made=TEXT,
    state={"enum": list(ShadowState)}, alerts=several(TEXT), comparison={"type": "object"},
    version=perhaps({"type": "integer"}), decided_by=perhaps(TEXT), decided_at=perhaps(TEXT),
)  # fmt: skip


async def page(request: web.Request) -> web.Response:
    """Candidates that wait for a second person, shadows that wait for an approver, and the past."""
    lessons, who = _feedback(request).lessons, request[WHO]
    labels = await lessons.labels(None, (Standing.CANDIDATE, Standing.CONFIRMED))
    shadows = await lessons.shadows(None, None, MOST)
    waiting = [row for row in shadows if row.state is ShadowState.WAITING]
    told = {
        "labels": labels,
        "waiting": [(row, _picture(row.comparison)) for row in waiting],
        "past": [row for row in shadows if row.state is not ShadowState.WAITING],
        "same": lambda label: same_person(label.closed_by, who.name),
        "may": who.may(Act.APPROVE),
        "works": who.may(Act.WORK_ALERTS),
        "shares": (LEAST_SHARE, MOST_SHARE),
    }
    return drawn(request, "feedback.html", **told)


async def everything(request: web.Request) -> web.Response:
    """The same for programs, with labels that are decided."""
    lessons = _feedback(request).lessons
    labels, shadows = await lessons.labels(), await lessons.shadows(None, None, MOST)
    return web.json_response(
        {
            "labels": [label_document(label) for label in labels],
            "shadows": [shadow_document(row) for row in shadows],
        }
    )


def _picture(comparison: Mapping[str, Any]) -> Markup | None:
    rates = [(name, comparison[name]) for name in ("active", "shadow")]
    if any(found is None for _, found in rates):
        return None
    curves = [(name, [(x, y) for x, y in found["det"]]) for name, found in rates]
    return Markup(det(curves, comparison["far"]))  # noqa: S704 - det.py escapes


def _feedback(request: web.Request) -> Feedback:
    return subjects(request).feedback


async def _heeding(work: Awaitable[T]) -> T:
    """Do it; who may not, or not alone, is told so as of any other right that is missing."""
    try:
        return await work
    except NotAllowed as error:
        raise web.HTTPForbidden(text=f"{error}\n") from error


async def _confirm(request: web.Request, came: Fields) -> dict[str, Any]:
    alert, who = request.match_info["alert"], request[WHO]
    label = await _heeding(_feedback(request).confirm(alert, who, came["reason"]))
    return label_document(label)


async def _reject(request: web.Request, came: Fields) -> dict[str, Any]:
    alert, who = request.match_info["alert"], request[WHO]
    return label_document(await _heeding(_feedback(request).reject(alert, who, came["reason"])))


async def _compare(request: web.Request, came: Fields) -> dict[str, Any]:
    made = await _feedback(request).compare(came["user"])
    return {"shadows": [shadow_document(row) for row in made]}


async def _promote(request: web.Request, came: Fields) -> dict[str, Any]:
    work = _feedback(request).promote(request.match_info["shadow"], request[WHO])
    template = await _heeding(work)
    return {"user": template.user, "version": template.version}


async def _discard(request: web.Request, came: Fields) -> dict[str, Any]:
    work = _feedback(request).discard(request.match_info["shadow"], request[WHO])
    return shadow_document(await _heeding(work))


async def _nudge(request: web.Request, came: Fields) -> dict[str, Any]:
    work = _feedback(request).nudge(came["user"], came["share"], request[WHO])
    template = await _heeding(work)
    return {"user": template.user, "version": template.version}


ROUTES: Table = (
    Route(PATH, Act.SEE_ALERTS, page, "What false alarms may teach, and what was learnt of them."),
    Route(
        f"{API}{PATH}",
        Act.SEE_ALERTS,
        everything,
        "Labels of sessions and shadow templates with their comparisons.",
        shape(labels=several(_LABEL), shadows=several(_SHADOW)),
    ),
    Action(
        "feedback.confirm", f"{PATH}/labels/{{alert}}/confirm", Act.APPROVE, {"reason": _REASON},
        _confirm, PATH, "Say as a second person that it was the user.",
    ),
    Action(
        "feedback.reject", f"{PATH}/labels/{{alert}}/reject", Act.WORK_ALERTS, {"reason": _REASON},
        _reject, PATH, "Say that it may not have been the user: the session never trains.",
    ),
    Action(
        "feedback.compare", f"{PATH}/compare", Act.APPROVE, {"user": _USER},
        _compare, PATH, "Learn a user's shadows and compare them now.",
    ),
    Action(
        "feedback.promote", f"{PATH}/shadows/{{shadow}}/promote", Act.APPROVE, {},
        _promote, PATH, "Make a shadow the active template.", sensitive=True,
    ),
    Action(
        "feedback.discard", f"{PATH}/shadows/{{shadow}}/reject", Act.APPROVE, {},
        _discard, PATH, "Reject a shadow; the sessions that it brought never train.",
    ),
    Action(
        "feedback.nudge", f"{PATH}/nudge", Act.APPROVE, {"user": _USER, "share": _SHARE},
        _nudge, PATH, "Want fewer false alarms of a user, within bounds.", sensitive=True,
    ),
)  # fmt: skip
