"""The console as a whole: open paths for everybody, a login for the rest, strict headers."""

import pytest

from reauth.console import OPEN
from reauth.errors import StoreError
from tests.people import from_here

PEOPLE = ["/", "/users", "/alerts", "/alerts/a1"]


@pytest.mark.parametrize("path", sorted(OPEN))
@pytest.mark.parametrize("host", ["127.0.0.1", "reauth.example.org", "10.0.0.1"])
async def test_open_paths_are_open_to_everybody(browse, path, host):
    """Devices and load balancers have no login, and know us by any name."""
    client = await browse(roles=(), local=False)

    assert 200 == (await client.get(path, headers={"Host": host})).status


@pytest.mark.parametrize("path", PEOPLE)
async def test_people_are_shown_to_who_has_logged_in(browse, path):
    """Who has not is sent to do so, and comes back."""
    client = await browse(roles=())

    answer = await client.get(path, allow_redirects=False)

    assert 303 == answer.status
    assert f"/login?next={path}" == answer.headers["Location"]


@pytest.mark.parametrize("path", ["/nothing", "/.well-known/ssf-configuration", "/challenge"])
@pytest.mark.parametrize("local", [True, False])
async def test_what_is_not_there_is_404(browse, path, local):
    """Until its issue comes, wherever it is asked from."""
    client = await browse(roles=(), local=local)

    assert 404 == (await client.get(path)).status


@pytest.mark.parametrize("path", [*PEOPLE, *sorted(OPEN), "/nothing", "/login"])
async def test_every_answer_is_locked_down(browse, path):
    """Nothing runs but our own files, nothing is framed, nothing is kept; errors too."""
    answer = await (await browse()).get(path)

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "nosniff" == answer.headers["X-Content-Type-Options"]
    assert "no-store" == answer.headers["Cache-Control"]
    assert "aiohttp" not in answer.headers["Server"]
    assert "Strict-Transport-Security" not in answer.headers


async def test_tls_is_asked_for_where_it_is_spoken(browse):
    """And only there: browsers would lock themselves out of plain http."""
    answer = await (await browse(tls=True)).get("/livez")

    assert "max-age" in answer.headers["Strict-Transport-Security"]


async def test_pages_are_for_reading(browse):
    """What changes something has a path of its own."""
    client = await browse()

    for path in PEOPLE:
        assert 405 == (await client.post(path, headers=from_here(client))).status


async def test_a_store_that_fails_is_told(browse):
    """503 and the reason, not a trace."""

    async def fails():
        raise StoreError("the store cannot go on: disk I/O error")

    answer = await (await browse(people=fails)).get("/users")

    assert 503 == answer.status
    assert "disk I/O error" in await answer.text()
