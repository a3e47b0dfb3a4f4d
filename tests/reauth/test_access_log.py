"""Rules of the sampled access log: routes and never paths, ids in answers and lines."""

import logging

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from reauth.access_log import HEADER, identified
from reauth.correlation import REQUEST

SEEN = []


async def one(request):
    """A page about somebody."""
    SEEN.append(REQUEST.get())
    return web.Response(text="x")


async def broken(request):
    """A fault of ours."""
    raise ValueError("anything")


@pytest.fixture
def site():
    """An application whose paths hold names."""
    app = web.Application()
    app.router.add_get("/users/{user}", one)
    app.router.add_get("/broken/{user}", broken)
    return app


async def test_a_line_holds_the_route_and_no_name(site, caplog):
    """Neither the path nor its query; the answer carries the id that lines have."""
    with caplog.at_level(logging.INFO, "reauth.access"):
        async with TestClient(TestServer(identified(site, 1.0))) as client:
            answer = await client.get("/users/anna?secret=x")
    [record] = [each for each in caplog.records if each.name == "reauth.access"]

    assert ("GET", "/users/{user}", 200) == (record.method, record.route, record.status)
    assert 16 == len(answer.headers[HEADER]) and answer.headers[HEADER] == SEEN[-1]
    assert "anna" not in str(vars(record)) and "secret" not in str(vars(record))
    assert REQUEST.get() is None


async def test_a_share_is_told_and_every_fault_of_ours(site, caplog):
    """Of forty, ten; of paths that are none, not even those."""
    with caplog.at_level(logging.INFO, "reauth.access"):
        async with TestClient(TestServer(identified(site, 0.25))) as client:
            for _ in range(40):
                await client.get("/users/anna")
            told = [each for each in caplog.records if each.name == "reauth.access"]
            assert 10 == len(told)
            caplog.clear()
            assert 500 == (await client.get("/broken/anna")).status
            missing = await client.get("/nowhere/anna")
            assert 404 == missing.status and missing.headers[HEADER]
    told = [each for each in caplog.records if each.name == "reauth.access"]

    assert [(500, "/broken/{user}")] == [(each.status, each.route) for each in told]
