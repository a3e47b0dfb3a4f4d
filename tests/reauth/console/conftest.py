"""A console on a real store, and a browser without a screen in front of it."""

from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from reauth import ca, console
from reauth.access import FIRST
from reauth.console.health import Readiness
from reauth.doors import doors_of
from reauth.enrol import Enroller
from reauth.settings import Settings
from reauth.triage import Triage
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
    return console.Site(
        store=store,
        people=lambda: enroller.status(None),
        readiness=Readiness({"store": well}),
        ca=tmp_path / "ca",
        proxy="127.0.0.1:8080",
        local=True,
        tls=False,
        clock=lambda: NOON,
        audit=doors.audit,
        triage=Triage(store, doors.cases, doors.suppressions, lambda: NOON),
        accounts=accounts,
        logins=logins,
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
