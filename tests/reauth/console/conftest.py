"""A console on a real store, and a browser without a screen in front of it."""

from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from reauth import ca, console
from reauth.console.health import Readiness
from reauth.doors import doors_of
from reauth.enrol import Enroller
from reauth.settings import Settings
from tests.rows import NOON


async def well():
    """A probe that is well."""
    return None


@pytest.fixture
def site(store, tmp_path):
    """What a console on loopback shows."""
    ca.create(tmp_path / "ca")
    enroller = Enroller(store, Settings(), lambda: NOON)
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
