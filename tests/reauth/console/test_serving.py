"""Rows of a table as served: refusals, checked fields, both forms of an action, the audit told."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from reauth.access import Act, Who
from reauth.alert import IllegalTransition
from reauth.console.routes import WHO, Action, Route
from reauth.console.serving import mount


async def _seen(request):
    return web.Response(text="seen")


async def _ran(request, fields):
    if fields["times"] == 3:
        raise IllegalTransition("cannot")
    return {"id": request.match_info["id"], **fields}


async def _end(request, fields):
    return {}


FIELDS = {
    "note": {"type": "string", "maxLength": 5},
    "times": {"type": "integer", "default": 1},
    "names": {"type": "array", "items": {"type": "string"}, "default": []},
    "sure": {"type": "boolean", "default": False},
}
QUERY = {"days": {"maxLength": 2}, "which": {"enum": ["a", "b"]}, "many": {"type": "integer"}}
TABLE = [
    Route("/open", None, _seen, "Open."),
    Route("/page", Act.SEE_ALERTS, _seen, "A page."),
    Route("/api/v1/things", Act.SEE_ALERTS, _seen, "Things.", query=QUERY),
    Route("/movement/{id}", Act.SEE_MOVEMENT, _seen, "Where a pointer went."),
    Action("thing.do", "/thing/{id}/do", Act.WORK_ALERTS, FIELDS, _ran, "/thing/{id}", "Do."),
    Action("thing.end", "/thing/{id}/end", Act.WORK_ALERTS, {}, _end, "/", "End.", True),
]


@pytest.fixture
async def ask():
    """Start the table for somebody; the client, and what the audit was told."""
    clients = []

    async def start(*acts, elevated=False, nobody=False):
        told = []

        async def note(request, action, answer):
            told.append((getattr(action, "name", action.path), answer))

        @web.middleware
        async def who(request, handler):
            if not nobody:
                request[WHO] = Who("eve", frozenset(acts), elevated)
            return await handler(request)

        app = web.Application(middlewares=[who])
        mount(app, TABLE, note)
        client = TestClient(TestServer(app))
        clients.append(client)
        await client.start_server()
        return client, told

    yield start
    for client in clients:
        await client.close()


@pytest.mark.parametrize(
    ("acts", "nobody", "path", "status"),
    [
        ((), True, "/open", 200),
        ((), True, "/page", 401),
        ((), False, "/page", 403),
        ((Act.SEE_ALERTS,), False, "/page", 200),
    ],
)
async def test_a_page_is_for_who_may(ask, acts, nobody, path, status):
    """Nobody, somebody without the act, somebody with it."""
    client, _ = await ask(*acts, nobody=nobody)

    assert status == (await client.get(path)).status


@pytest.mark.parametrize("path", ["/thing/a/do", "/api/v1/thing/a/do"])
@pytest.mark.parametrize(("nobody", "status"), [(True, 401), (False, 403)])
async def test_an_action_is_for_who_may(ask, path, nobody, status):
    """In both forms; that somebody tried what they may not is noted."""
    client, told = await ask(Act.SEE_ALERTS, nobody=nobody)

    assert status == (await client.post(path, data=b"{}")).status
    assert ([] if nobody else [("thing.do", None)]) == told


async def test_a_program_sends_json_and_gets_it(ask):
    """With what it left out as the table has it."""
    client, told = await ask(Act.WORK_ALERTS)

    answer = await client.post("/api/v1/thing/a/do", json={"note": "why"})

    expected = {"id": "a", "note": "why", "times": 1, "names": [], "sure": False}
    assert expected == await answer.json()
    assert [("thing.do", expected)] == told


async def test_a_form_goes_back_to_its_page(ask):
    """By 303, so that reloading does nothing twice; texts become what the fields are."""
    client, told = await ask(Act.WORK_ALERTS)
    form = [("note", "why"), ("times", "2"), ("names", "x"), ("names", "y"), ("sure", "on")]

    answer = await client.post("/thing/a/do", data=form, allow_redirects=False)

    assert (303, "/thing/a") == (answer.status, answer.headers["Location"])
    assert {"note": "why", "times": 2, "names": ["x", "y"], "sure": True, "id": "a"} == told[0][1]


@pytest.mark.parametrize(
    "came", [b"", b"{", b"[]", b'{"note": 1}', b'{"note": "longer"}', b'{"note": "a", "more": 1}']
)
async def test_what_does_not_fit_is_refused_by_name(ask, came):
    """Nothing is done with half of it."""
    client, told = await ask(Act.WORK_ALERTS)

    assert 400 == (await client.post("/api/v1/thing/a/do", data=came)).status
    assert [] == told


async def test_a_form_with_a_word_for_a_number_is_refused(ask):
    """As JSON would be."""
    client, _ = await ask(Act.WORK_ALERTS)

    answer = await client.post("/thing/a/do", data={"note": "a", "times": "many"})

    assert 400 == answer.status
    assert "times is no integer" in await answer.text()


async def test_what_cannot_be_done_is_told_and_audited(ask):
    """409: the same may be right at another time."""
    client, told = await ask(Act.WORK_ALERTS)

    answer = await client.post("/api/v1/thing/a/do", json={"note": "a", "times": 3})

    assert 409 == answer.status
    assert [("thing.do", None)] == told


@pytest.mark.parametrize(("elevated", "status"), [(False, 403), (True, 200)])
async def test_a_sensitive_act_wants_a_fresh_proof(ask, elevated, status):
    """A browser that was left open is not enough."""
    client, told = await ask(Act.WORK_ALERTS, elevated=elevated)
    assert status == (await client.post("/api/v1/thing/a/end", json={})).status
    assert [("thing.end", {} if elevated else None)] == told


@pytest.mark.parametrize(("may", "status", "noted"), [(True, 200, {}), (False, 403, None)])
async def test_a_look_at_movement_is_noted(ask, may, status, noted):
    """As nothing else that is read, and before anything is shown."""
    client, told = await ask(*([Act.SEE_MOVEMENT] if may else []))

    assert status == (await client.get("/movement/s1")).status
    assert [("/movement/{id}", noted)] == told


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/things?days=3", 200),
        ("/api/v1/things?days=333", 400),
        ("/api/v1/things?hours=3", 400),
        ("/api/v1/things?which=c", 400),
        ("/api/v1/things?which=a&many=3", 200),
        ("/api/v1/things?many=three", 400),
        ("/page?hours=3", 200),
    ],
)
async def test_a_query_that_no_schema_knows_is_refused(ask, path, status):
    """A program that misspells a parameter must not get everything; pages are for people."""
    client, _ = await ask(Act.SEE_ALERTS)

    assert status == (await client.get(path)).status
