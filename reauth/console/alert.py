"""One alert on one screen: what happened, how strong it is, what speaks for and against it.

What a pointer did is a page of its own, `/alerts/{id}/movement`, which the alert's page brings in:
each look at it is written into the audit by the table, as any look at movement is.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from markupsafe import Markup

from reauth.access import Act
from reauth.alert import UNRESOLVED, Alert, Evidence
from reauth.change_point import Change, change_of
from reauth.console.about import measured
from reauth.console.overlay import overlay
from reauth.console.routes import WHO, Route
from reauth.console.svg import Mark, timeline
from reauth.console.views import DAY, SITE, page
from reauth.console.words import AGAINST, devices, integrity, known_by, sentence
from reauth.explain import Explanation, explain, mechanical_words
from reauth.features import FEATURE_SETS
from reauth.ports import Wanted
from reauth.ports.scene import Footage, Scene
from reauth.template import Template

OWN = 150
"""The user's own movements that anomalous ones are held against: enough for a usual range."""
OTHERS = 10
"""Other alerts of the same user about that time."""
ABOUT = DAY
"""s before and behind an alert in which others belong to the same story."""


@dataclass(frozen=True, slots=True)
class Course:
    """The scores as a picture, and what it tells in words.

    Parameters
    ----------
    change
        Where they changed; None where nothing stands out, or there are too few.
    number, at
        Of the first movement after the change; `at` in s since 1970.
    """

    picture: Markup
    change: Change | None
    number: int = 0
    at: float = 0.0


def course_of(found: Alert, scene: Scene | None) -> Course:
    """Draw the session's scores, as far as they are kept; else those that the alert rests on."""
    points = list(found.evidence)
    if scene is not None:
        kept = [point for point in scene.points if point.score is not None]
        if len(kept) >= len(points):
            points = [
                Evidence("", each.number, each.at, each.score, each.score < found.threshold)
                for each in kept
                if each.score is not None
            ]
    change = change_of([point.score for point in points])
    marks = []
    if found.evidence and points:
        last = found.evidence[-1].number
        place = next((n for n, each in enumerate(points) if each.number > last), len(points))
        first = [n for n, each in enumerate(points) if each.at >= found.first_anomaly_at]
        marks = [Mark(first[0] if first else 0, "event", "first anomaly")]
        marks.append(Mark(place, "event", "alert"))
    picture = Markup(timeline(points, found.threshold, marks, change))  # noqa: S704 - svg.py escapes
    if change is None:
        return Course(picture, None)
    return Course(picture, change, points[change.place].number, points[change.place].at)


async def _found(request: web.Request) -> Alert:
    found = await request.app[SITE].store.alert(request.match_info["id"])
    if found is None:
        raise web.HTTPNotFound(text="There is no such alert; it may have been deleted by age.\n")
    return found


async def _others(request: web.Request, found: Alert) -> list[Alert]:
    """What else was raised of the same user (of nobody known: of the client) about that time."""
    wanted = Wanted(
        user=found.user,
        client=found.client if found.user is None else None,
        since=found.raised_at - ABOUT,
        until=found.raised_at + ABOUT,
        test=found.test,
    )
    near = await request.app[SITE].triage.cases.find(wanted, OTHERS + 1)
    return [one for one in near if one.id != found.id][:OTHERS]


async def alert(request: web.Request) -> web.Response:
    """Everything but movement."""
    found = await _found(request)
    site, who = request.app[SITE], request[WHO]
    scene = await site.scenes.scene(found)
    others = await _others(request, found)
    told: dict[str, Any] = {
        "alert": found,
        "sentence": sentence(found),
        "units": AGAINST.get(found.lane or "", ("movements", ""))[0],
        "course": course_of(found, scene) if found.evidence else None,
        "scene": scene,
        "known_by": known_by(scene) if scene else None,
        "devices": devices(scene.points) if scene else [],
        "flags": integrity(scene, others) if scene else [],
        "others": others,
        "quality": await measured(site.store, found),
        "now": site.clock(),
        "may_work": who.may(Act.WORK_ALERTS) and found.state in UNRESOLVED,
        "may_note": who.may(Act.WORK_ALERTS),
        "may_look": who.may(Act.SEE_MOVEMENT),
    }
    return page(request, "alert.html", **told)


async def differs(request: web.Request) -> web.Response:
    """In what the movement differs, in words; no path, no place."""
    found = await _found(request)
    footage, template = await _footage(request, found)
    words = await asyncio.to_thread(_words, found, footage, template)
    return _part(request, "alert_words.html", found, **words)


async def movement(request: web.Request) -> web.Response:
    """The anomalous paths over the user's own."""
    found = await _found(request)
    footage, _ = await _footage(request, found)
    picture = await asyncio.to_thread(overlay, footage.own, footage.seen)
    seen = len(footage.seen)
    return _part(request, "alert_movement.html", found, picture=Markup(picture), seen=seen)  # noqa: S704 - overlay.py draws numbers only


def _part(request: web.Request, name: str, found: Alert, **told: Any) -> web.Response:
    """A page of its own, or a piece of the alert's where that has asked for it."""
    return page(request, name, alert=found, piece="HX-Request" in request.headers, **told)


async def _footage(request: web.Request, found: Alert) -> tuple[Footage, Template | None]:
    site = request.app[SITE]
    template = None
    if found.user is not None and found.template_version:
        template = await site.store.template(found.user, found.template_version)
    return await site.scenes.footage(found, OWN), template


def _words(found: Alert, footage: Footage, template: Template | None) -> dict[str, Any]:
    features = FEATURE_SETS.get(template.feature_set) if template else None
    told: Explanation | None = None
    if found.lane == "identity" and features is not None:
        told = explain(features, footage.own, footage.seen, template)
    rules: Sequence[str] = mechanical_words(footage.seen) if found.lane == "bot" else ()
    return {"told": told, "rules": rules}


ROUTES = (
    Route("/alerts/{id}", Act.SEE_ALERTS, alert, "One alert with what surrounds it."),
    Route("/alerts/{id}/words", Act.SEE_ALERTS, differs, "In what its movement differs, in words."),
    Route("/alerts/{id}/movement", Act.SEE_MOVEMENT, movement, "Its movement over the user's own."),
)
