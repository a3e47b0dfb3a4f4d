"""The table of everything that the console answers: pages, endpoints, and who may ask.

A `Route` is read; an `Action` changes something. An action is served twice from one row: as JSON
under `/api/v1`, for programs, and as the form of a page, which goes back to a page by 303. What is
allowed, described and audited is decided here by the table and never by a handler.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from reauth.access import Act, Who

API = "/api/v1"

WHO = web.RequestKey("who", Who)
"""Who asks; there in every handler but those of open paths."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fields = Mapping[str, Any]
"""What came with an action, checked: by name, of the type that its field says."""
CAME = web.RequestKey("came", Mapping)
"""The fields of an action under way, for the audit."""

Run = Callable[[web.Request, Fields], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Route:
    """Something to read.

    Parameters
    ----------
    act
        What is needed; None is open to everybody.
    summary
        One line, for the OpenAPI document.
    answer
        JSON schema of the answer; empty for a page.
    query
        JSON schemas of the query parameters, by name.
    """

    path: str
    act: Act | None
    handler: Handler
    summary: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do.

    Parameters
    ----------
    name
        What the audit calls it, such as `alert.ack`.
    path
        Below `/api/v1`, and of the form.
    fields
        JSON schemas of the fields, by name; those without `default` are required. Others than
        these are refused.
    run
        Does it; what it returns is the JSON answer.
    back
        Where the form goes then: a path, `{name}` filled from the path's own names.
    sensitive
        Whether who asks must have proved anew who they are.
    """

    name: str
    path: str
    act: Act
    fields: Mapping[str, Mapping[str, Any]]
    run: Run
    back: str
    summary: str
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Entrance:
    """A form that lets somebody in or out: what it changes is who asks, and it is noted there.

    Parameters
    ----------
    act
        As of a `Route`.
    """

    path: str
    act: Act | None
    handler: Handler
    summary: str


Table = Sequence[Route | Action | Entrance]
