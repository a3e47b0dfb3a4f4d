"""The OpenAPI 3.1 document of all that programs may ask, made from the table and nothing else."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from reauth import __version__
from reauth.access import Act
from reauth.console.routes import API, Action, Route, Table
from reauth.console.serving import schema_of

PATH = f"{API}/openapi.json"
TABLE = web.AppKey("table", Table)

_FAULTS = {
    400: "What came does not fit.",
    401: "Nobody is logged in, and no token that holds was sent.",
    403: "Whoever asks may not do this, or must prove anew who they are.",
    404: "There is none of this name.",
    409: "It cannot be done as things stand.",
    413: "What came is too large.",
    429: "Too many tries; `Retry-After` says how long to wait.",
    503: "The store cannot answer; try again.",
}


def document(table: Table) -> dict[str, Any]:
    """Describe a table.

    Parameters
    ----------
    table
        Its routes that have an answer, and all of its actions, are in the document.

    Returns
    -------
    dict
        JSON, as https://spec.openapis.org/oas/v3.1.1.html has it.
    """
    paths: dict[str, dict[str, Any]] = {}
    for path, method, operation in sorted(_operations(table), key=lambda found: found[:2]):
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "reauth",
            "version": __version__,
            "description": "All that the console does. Send a token as `Authorization: Bearer`; its"
            " scopes are the acts that operations name in `x-act`.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {str(status): _fault(told) for status, told in _FAULTS.items()},
        },
    }


def _operations(table: Table) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for row in table:
        if isinstance(row, Action):
            yield f"{API}{_plain(row.path)}", "post", _action(row)
        elif isinstance(row, Route) and row.answer:
            yield _plain(row.path), "get", _route(row)


def _route(row: Route) -> dict[str, Any]:
    asked = [
        {"name": name, "in": "query", "required": False, "schema": dict(schema)}
        for name, schema in row.query.items()
    ]
    return _operation(
        "read" + row.path.removeprefix(API), row.act, row.summary, asked + _named(row.path)
    ) | {"responses": _responses(row.answer)}


def _action(row: Action) -> dict[str, Any]:
    more = {"x-elevated": True} if row.sensitive else {}
    body = {"required": True, "content": {"application/json": {"schema": schema_of(row)}}}
    return (
        _operation(row.name, row.act, row.summary, _named(row.path))
        | {"requestBody": body, "responses": _responses({"type": "object"})}
        | more
    )


def _operation(
    name: str, act: Act | None, summary: str, parameters: list[dict[str, Any]]
) -> dict[str, Any]:
    told = {"operationId": re.sub(r"\W+", "_", name).strip("_"), "summary": summary}
    access: dict[str, Any] = {"security": []} if act is None else {"x-act": act.value}
    return {**told, **access, "parameters": parameters}


def _plain(path: str) -> str:
    """A path without the patterns that its names may have.

    Examples
    --------
    >>> _plain("/users/{name:.+}/pause")
    '/users/{name}/pause'
    """
    return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", path)


def _named(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)", path)
    ]


def _responses(answer: Mapping[str, Any]) -> dict[str, Any]:
    done = {"description": "Done.", "content": {"application/json": {"schema": dict(answer)}}}
    faults = {str(status): {"$ref": f"#/components/responses/{status}"} for status in _FAULTS}
    return {"200": done, **faults}


def _fault(told: str) -> dict[str, Any]:
    return {"description": told, "content": {"text/plain": {"schema": {"type": "string"}}}}


async def openapi(request: web.Request) -> web.Response:
    """The document of this very console."""
    return web.json_response(document(request.app[TABLE]))


ROUTES = (Route(PATH, Act.LOOK, openapi, "This document.", {"type": "object"}),)
