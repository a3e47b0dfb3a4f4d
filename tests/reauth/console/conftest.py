"""A console on a real store, and a browser without a screen in front of it."""

from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from reauth import ca, console
from reauth.access import FIRST
from reauth.console.health import Readiness
from reauth.console.subjects import Machine, Subjects
from reauth.doors import doors_of
from reauth.enrol import Enroller
from reauth.enrolling import Cut, Enrolling, Lists
from reauth.feedback import Feedback
from reauth.integrations import Integrations
from reauth.lanes import identity_recipe
from reauth.settings import Settings
from reauth.sinks import open_sink
from reauth.triage import Triage
from reauth.watching import Watching
from tests.people import access_to, log_in
from tests.rows import NOON


async def well():
    """A probe that is well."""
    return None


@pytest.fixture
def site(store, tmp_path):
    """What a console on loopback shows."""
    ca.create(tmp_path / "ca")
    doors = doors_of(store)
    enroller = Enroller(store, Settings(), lambda: NOON)
    accounts, logins = access_to(store, lambda: NOON)
    settings = Settings()
    cut = Cut(identity_recipe(settings), settings.identity_lane.session_gap)
    enrolling = Enrolling(store, doors.roster, enroller, cut, lambda: NOON)
    subjects = Subjects(
        settings=settings,
        roster=doors.roster,
        enrolling=enrolling,
        lists=Lists(enrolling, doors.runs, lambda: NOON),
        coverage=doors.coverage,
        films=doors.films,
        watching=Watching(),
        feedback=Feedback(store, doors.lessons, settings, lambda: NOON, enroller),
        integrations=Integrations(
            doors.deliveries,
            [open_sink(f"jsonl:{tmp_path}/alerts.jsonl", settings.sinks)],
            lambda: NOON,
        ),
        machine=lambda: Machine("http://127.0.0.1:8083", 1, {"csp-sandbox": 3}, NOON - 50),
    )
    return console.Site(
        store=store,
        readiness=Readiness({"store": well}),
        ca=tmp_path / "ca",
        proxy="127.0.0.1:8080",
        local=True,
        tls=False,
        clock=lambda: NOON,
        audit=doors.audit,
        scenes=doors.scenes,
        triage=Triage(store, doors.cases, doors.suppressions, lambda: NOON),
        accounts=accounts,
        logins=logins,
        subjects=subjects,
    )


@pytest.fixture
async def browse(site):
    """Start a console whose site differs in some things; a client that has logged in, as the first.

    With `roles` as an account of these, with none of them as nobody. Over TLS, which the client
    does not speak, it is nobody too.
    """
    clients = []

    async def start(roles=FIRST, **changes):
        client = TestClient(TestServer(console.application(replace(site, **changes))))
        clients.append(client)
        await client.start_server()
        if roles and not changes.get("tls"):
            name = f"boss{len(clients)}"
            assert 303 == (await log_in(client, site.accounts, roles, name)).status
        return client

    yield start
    for client in clients:
        await client.close()
