"""Who may see what: open paths for everybody, people's pages on loopback only, strict headers."""

import pytest

from reauth.console import OPEN
from reauth.errors import StoreError

PEOPLE = ["/", "/users", "/alerts", "/alerts/a1"]


@pytest.mark.parametrize("path", sorted(OPEN))
async def test_open_paths_are_open_beyond_loopback(browse, path):
    """Devices and load balancers have no login."""
    client = await browse(local=False)

    assert 200 == (await client.get(path)).status


@pytest.mark.parametrize("path", PEOPLE)
async def test_people_are_shown_on_loopback_only(browse, path):
    """Until there is a login; the answer says why and what to do."""
    client = await browse(local=False)

    answer = await client.get(path)

    assert 403 == answer.status
    assert "no login yet" in await answer.text()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8082", "10.0.0.1", "127.0.0.1.x"])
async def test_a_foreign_name_is_refused(browse, host):
    """A page of another site that had its name point here could read all of it."""
    client = await browse()

    answer = await client.get("/users", headers={"Host": host})

    assert 403 == answer.status
    assert "DNS rebinding" in await answer.text()


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:8082", "[::1]:8082"])
async def test_this_machine_has_several_names(browse, host):
    """All of which only it resolves to itself."""
    client = await browse()

    assert 200 == (await client.get("/users", headers={"Host": host})).status


@pytest.mark.parametrize("path", ["/nothing", "/.well-known/ssf-configuration", "/challenge"])
@pytest.mark.parametrize("local", [True, False])
async def test_what_is_not_there_is_404(browse, path, local):
    """Until its issue comes, wherever it is asked from."""
    client = await browse(local=local)

    assert 404 == (await client.get(path)).status


@pytest.mark.parametrize("path", [*PEOPLE, *sorted(OPEN), "/nothing"])
async def test_every_answer_is_locked_down(browse, path):
    """Nothing runs, nothing is framed, nothing is kept; errors too."""
    answer = await (await browse()).get(path)

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
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


async def test_nothing_can_be_changed(browse):
    """The pages are for reading."""
    client = await browse()

    for path in PEOPLE:
        assert 405 == (await client.post(path)).status


async def test_a_store_that_fails_is_told(browse):
    """503 and the reason, not a trace."""

    async def fails():
        raise StoreError("the store cannot go on: disk I/O error")

    answer = await (await browse(people=fails)).get("/")

    assert 503 == answer.status
    assert "disk I/O error" in await answer.text()
