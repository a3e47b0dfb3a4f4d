"""Puts the table into an application: who may, what came, what is audited, what goes back.

A refusal says what is missing: 401 who you are, 403 a right, 400 a field, 409 a state.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web
from jsonschema import Draft202012Validator
from multidict import MultiDictProxy

from reauth.access import Act
from reauth.console.routes import (
    API,
    CAME,
    WHO,
    Action,
    Entrance,
    Fields,
    Handler,
    Route,
    Table,
)
from reauth.errors import Locked, ReauthError

Note = Callable[[web.Request, Route | Action, Mapping[str, Any] | None], Awaitable[None]]
"""Told of each action, and of each look at movement: its answer, or None where it was refused or
failed."""

_KINDS: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "boolean": lambda text: {"true": True, "on": True, "false": False}[text],
}


_SHOWN = web.AppKey("shown", dict[str, Mapping[str, Any]])
"""By login, the answer of a form that waits to be shown; secrets that are nowhere else."""


def shown(request: web.Request) -> Mapping[str, Any] | None:
    """The answer of the form that led here, the first time that it is asked for."""
    return request.app[_SHOWN].pop(request[WHO].login, None)

_PARAMETERS: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "boolean": lambda text: {"true": True, "false": False}[text],
}


def mount(app: web.Application, table: Table, note: Note) -> None:
    """Serve every row of a table.

    Parameters
    ----------
    note
        Keeps the audit.
    """
    app[_SHOWN] = {}
    for row in table:
        if isinstance(row, Route):
            app.router.add_get(row.path, _allowed(row, note))
        elif isinstance(row, Entrance):
            app.router.add_post(row.path, _allowed(row, note))
        else:
            app.router.add_post(API + row.path, _as_json(row, note))
            app.router.add_post(row.path, _as_form(row, note))


def schema_of(action: Action) -> dict[str, Any]:
    """JSON schema of what comes with an action."""
    return {
        "type": "object",
        "properties": dict(action.fields),
        "required": [name for name, one in action.fields.items() if "default" not in one],
        "additionalProperties": False,
    }


def _allowed(row: Route | Entrance, note: Note) -> Handler:
    async def allowed(request: web.Request) -> web.StreamResponse:
        if row.act is not None:
            await _need(request, row, row.act, note)
        if isinstance(row, Route) and row.act is Act.SEE_MOVEMENT:
            # Before it is shown: a look that could not be noted is none.
            await note(request, row, {})
        _check_query(request, row)
        return await row.handler(request)

    return allowed


def _check_query(request: web.Request, row: Route | Entrance) -> None:
    """Refuse what no schema knows or allows; what it means is its handler's to judge.

    Of a page the lengths only: it takes parameters of others, such as what a form has just done,
    and forms that send what was left empty.
    """
    known, strict = row.query if isinstance(row, Route) else {}, row.path.startswith(API)
    for name, text in request.query.items():
        if name not in known:
            if strict:
                raise web.HTTPBadRequest(text=f"There is no parameter {name[:60]}.\n")
        elif len(text) > known[name].get("maxLength", len(text)):
            raise web.HTTPBadRequest(text=f"{name} is too long.\n")
        elif strict and not _fits(known[name], text):
            raise web.HTTPBadRequest(text=f"{name} cannot be this; see {API}/openapi.json.\n")


def _fits(schema: Mapping[str, Any], text: str) -> bool:
    """Whether a parameter is of its schema; several of one name are looked at one by one."""
    each = schema.get("items", schema)
    try:
        value = _PARAMETERS.get(str(each.get("type")), str)(text)
    except (ValueError, KeyError):
        return False
    return bool(Draft202012Validator(each).is_valid(value))


async def _need(request: web.Request, row: Route | Action | Entrance, act: Act, note: Note) -> None:
    """Refuse who may not; that somebody tried to act is noted, that they tried to read is not."""
    who = request.get(WHO)
    if who is None:
        raise web.HTTPUnauthorized(
            text="Log in first, or send an API token.\n", headers={"WWW-Authenticate": "Bearer"}
        )
    if not who.may(act):
        if isinstance(row, Action) or (isinstance(row, Route) and act is Act.SEE_MOVEMENT):
            await note(request, row, None)
        raise web.HTTPForbidden(text=f"{who.name} may not do this: it needs '{act}'.\n")


def _as_json(action: Action, note: Note) -> Handler:
    check = _check_of(action)

    async def serve(request: web.Request) -> web.StreamResponse:
        await _need(request, action, action.act, note)
        came = _read(await request.read() or b"{}")
        return web.json_response(await _done(request, action, check(came), note))

    return serve


async def form_of(request: web.Request) -> MultiDictProxy[Any]:
    """The fields of a form, in the encoding that they say."""
    try:
        form = await request.post()
        for value in form.values():
            str(value).encode()
    except (ValueError, LookupError) as error:
        raise web.HTTPBadRequest(text="The form cannot be read.\n") from error
    return form


def _read(body: bytes) -> Any:
    """JSON that can be worked with: no deeper than we follow, no halves of characters."""
    try:
        came = json.loads(body)
        json.dumps(came, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise web.HTTPBadRequest(text="The body is no JSON.\n") from error
    return came


def _as_form(action: Action, note: Note) -> Handler:
    check = _check_of(action)

    async def serve(request: web.Request) -> web.StreamResponse:
        await _need(request, action, action.act, note)
        form = await form_of(request)
        came = {name: _typed(name, form.getall(name), action) for name in form}
        if action.sensitive and not request[WHO].elevated:
            back = _back(action, request.match_info)
            raise web.HTTPSeeOther(f"/login/again?{urlencode({'next': back})}")
        answer = await _done(request, action, check(came), note)
        if action.shows:
            request.app[_SHOWN][request[WHO].login] = answer
        raise web.HTTPSeeOther(_back(action, {**answer, **request.match_info}))

    return serve


def _back(action: Action, names: Mapping[str, Any]) -> str:
    """Where a form goes: names of people may hold anything that a path may not."""
    safe = {name: quote(value, safe="") for name, value in names.items() if isinstance(value, str)}
    return action.back.format(**safe)


def _file(came: Any) -> Any:
    """A file of a form as JSON has it: its name without a folder, and its text."""
    if not isinstance(came, web.FileField):
        return came
    name = PurePosixPath(came.filename.replace("\\", "/")).name
    try:
        return {"name": name, "text": came.file.read().decode("utf-8-sig")}
    except UnicodeDecodeError as error:
        raise web.HTTPBadRequest(text=f"{name[:100]} is no UTF-8 text.\n") from error


def _is_no_file(came: Any) -> bool:
    return isinstance(came, web.FileField) and not came.filename


def _typed(name: str, texts: list[Any], action: Action) -> Any:
    """A form's field as its schema wants it; a form knows texts only."""
    kind = str(action.fields.get(name, {}).get("type"))
    if kind == "array":
        # A form sends a field of files without any as one without a name.
        return [_file(each) for each in texts if not _is_no_file(each)]
    try:
        return _KINDS[kind](texts[-1]) if kind in _KINDS else texts[-1]
    except (ValueError, KeyError) as error:
        raise web.HTTPBadRequest(text=f"{name} is no {kind}.\n") from error


def _check_of(action: Action) -> Callable[[Any], Fields]:
    """What refuses fields that do not fit, and gives the others with their defaults."""
    validator = Draft202012Validator(schema_of(action))
    given = {name: one["default"] for name, one in action.fields.items() if "default" in one}

    def check(came: Any) -> Fields:
        for fault in validator.iter_errors(came):
            where = ".".join(map(str, fault.path)) or "the body"
            raise web.HTTPBadRequest(text=f"{where}: {fault.message[:200]}\n")
        return {**given, **came}

    return check


async def _done(
    request: web.Request, action: Action, fields: Fields, note: Note
) -> Mapping[str, Any]:
    request[CAME] = fields
    if action.sensitive and not request[WHO].elevated:
        await note(request, action, None)
        raise web.HTTPForbidden(text="Prove who you are once more: see /login/again.\n")
    try:
        answer = await action.run(request, fields)
    except Locked:
        await note(request, action, None)
        raise
    except ReauthError as error:
        await note(request, action, None)
        raise web.HTTPConflict(text=f"{error}\n") from error
    except web.HTTPException:
        await note(request, action, None)
        raise
    await note(request, action, answer)
    return answer
