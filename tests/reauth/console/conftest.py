"""A console on a real store, and a browser without a screen in front of it."""

from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from reauth import ca, console
from reauth.console.health import Readiness
from reauth.console.subjects import Machine, Subjects
from reauth.doors import doors_of
from reauth.enrol import Enroller
from reauth.enrolling import Cut, Enrolling, Lists
from reauth.lanes import identity_recipe
from reauth.settings import Settings
from reauth.watching import Watching
from tests.rows import NOON


async def well():
    """A probe that is well."""
    return None


@pytest.fixture
def site(store, tmp_path):
    """What a console on loopback shows."""
    ca.create(tmp_path / "ca")
    enroller = Enroller(store, Settings(), lambda: NOON)
    kept, settings = doors_of(store), Settings()
    cut = Cut(identity_recipe(settings), settings.identity_lane.session_gap)
    enrolling = Enrolling(store, kept.roster, enroller, cut, lambda: NOON)
    subjects = Subjects(
        settings=settings,
        roster=kept.roster,
        enrolling=enrolling,
        lists=Lists(enrolling, kept.runs, lambda: NOON),
        coverage=kept.coverage,
        films=kept.films,
        watching=Watching(),
        machine=lambda: Machine("http://127.0.0.1:8083", 1, {"csp-sandbox": 3}, NOON - 50),
    )
    return console.Site(
        store=store,
        people=lambda: enroller.status(None),
        readiness=Readiness({"store": well}),
        ca=tmp_path / "ca",
        proxy="127.0.0.1:8080",
        local=True,
        tls=False,
        clock=lambda: NOON,
        audit=doors_of(store).audit,
        subjects=subjects,
    )


@pytest.fixture
async def browse(site):
    """Start a console whose site differs in some things; a client for it."""
    clients = []

    async def start(**changes):
        client = TestClient(TestServer(console.application(replace(site, **changes))))
        clients.append(client)
        await client.start_server()
        return client

    yield start
    for client in clients:
        await client.close()
