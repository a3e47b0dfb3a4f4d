"""The door: which names it answers to, whose changes it takes, whose cookie and token it knows."""

from dataclasses import replace

import pytest
from aiohttp import ClientSession, UnixConnector, web

from reauth import console
from reauth.access import Act, Role
from tests.people import PASSWORD, STAY, come_in


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8082", "10.0.0.1", "127.0.0.1.x"])
@pytest.mark.parametrize("path", ["/users", "/login", "/api/v1/me"])
async def test_a_foreign_name_is_refused(browse, host, path):
    """A page of another site that had its name point here could read all of it."""
    client = await browse()

    answer = await client.get(path, headers={"Host": host})

    assert 403 == answer.status
    assert "DNS rebinding" in await answer.text()


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:8082", "[::1]:8082"])
async def test_this_machine_has_several_names(browse, host):
    """All of which only it resolves to itself."""
    client = await browse()

    assert 200 == (await client.get("/users", headers={"Host": host})).status


async def test_a_console_that_has_a_name_answers_to_it(browse):
    """And to loopback where it listens there; to no other."""
    named = await browse(roles=(), url="https://reauth.example.org:8443", local=False)

    for host, status in (
        ("reauth.example.org:8443", 200),
        ("reauth.example.org", 200),
        ("evil.example", 403),
        ("127.0.0.1", 403),
    ):
        assert status == (await named.get("/login", headers={"Host": host})).status


async def test_over_tls_the_certificate_vouches_for_the_name(browse):
    """No browser takes ours for a foreign one."""
    client = await browse(roles=(), local=False, tls=True)

    assert 200 == (await client.get("/login", headers={"Host": "any.example"})).status


OURS = "http://127.0.0.1:{port}"
SENT = [
    ({"Origin": OURS}, True),
    ({"Origin": OURS, "Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "http://127.0.0.1:1"}, False),
    ({"Origin": OURS, "Sec-Fetch-Site": "cross-site"}, False),
    ({"Origin": OURS, "Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "none"}, False),
    ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
    ({"Referer": OURS + "/"}, False),
]


@pytest.mark.parametrize(("headers", "taken"), SENT)
@pytest.mark.parametrize("path", ["/login", "/logout"])
async def test_a_change_comes_from_a_page_of_ours(browse, headers, taken, path):
    """Another site's form is refused, and so is a neighbour's on the same host."""
    client = await browse()
    sent = {name: text.format(port=client.port) for name, text in headers.items()}

    answer = await client.post(path, data={"name": "x"}, headers=sent, **STAY)

    assert taken == ("another site" not in await answer.text())
    assert taken or 403 == answer.status
    still = await client.get("/users", **STAY)
    assert 200 == still.status or (taken and path == "/logout")


async def test_a_change_at_a_named_console_comes_from_that_name(browse):
    """Where TLS ends in front of us, our own idea of the scheme is wrong."""
    client = await browse(roles=(), url="https://reauth.example.org")
    form = {"name": "nobody", "password": "x"}

    for origin, status in (
        (client.make_url("/").origin(), 403),
        ("https://reauth.example.org", 403),
    ):
        answer = await client.post("/login", data=form, headers={"Origin": str(origin)})
        assert status == answer.status
        ours = str(origin).startswith("https")
        assert ours == ("not right" in await answer.text())


# Cookies


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browse, site):
    """And lives as long as the browser."""
    client = await browse(roles=())
    await site.accounts.make("anna", [Role.VIEWER], PASSWORD)

    told = (await come_in(client, "anna")).headers["Set-Cookie"]

    assert told.startswith("reauth=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} == {one.strip() for one in told.split(";")[1:]}


async def test_over_tls_the_cookie_is_bound_to_host_and_tls(browse, site):
    """No other host of the domain can set or read it (RFC 6265bis, section 4.1.3.2)."""
    client = await browse(roles=(), tls=True)
    await site.accounts.make("anna", [Role.VIEWER], PASSWORD)
    form, origin = {"name": "anna", "password": PASSWORD}, str(client.make_url("/").origin())

    answer = await client.post(
        "/login", data=form, headers={"Origin": origin.replace("http:", "https:")}, **STAY
    )

    told = answer.headers["Set-Cookie"]
    assert told.startswith("__Host-reauth=")
    assert "Secure" in told
    assert "Domain" not in told


async def test_a_secret_that_somebody_was_given_before_is_not_taken_up(browse, site):
    """Session fixation: a login has a new secret, and the old one gets nobody in."""
    await site.accounts.make("anna", [Role.VIEWER], PASSWORD)
    victim, attacker = await browse(roles=()), await browse(roles=())
    known = "planted-by-somebody-else-00000000000000000000"
    victim.session.cookie_jar.update_cookies({"reauth": known}, victim.make_url("/"))

    answer = await come_in(victim, "anna")

    assert known not in answer.headers["Set-Cookie"]
    attacker.session.cookie_jar.update_cookies({"reauth": known}, attacker.make_url("/"))
    assert 303 == (await attacker.get("/users", **STAY)).status
    assert 200 == (await victim.get("/users", **STAY)).status


# Tokens


@pytest.fixture
async def token(site):
    """Anna's, who may look at alerts only by it."""
    owner = await site.accounts.make("anna", [Role.ANALYST], PASSWORD)
    return (await site.logins.make_token(owner, "siem", [Act.LOOK, Act.SEE_ALERTS], 30))[1]


async def test_a_token_opens_the_api_and_no_page(browse, token):
    """No browser may be made to send it."""
    client = await browse(roles=())
    sent = {"Authorization": f"Bearer {token}"}

    assert 200 == (await client.get("/api/v1/me", headers=sent)).status
    assert 303 == (await client.get("/alerts", headers=sent, **STAY)).status


@pytest.mark.parametrize("sent", ["Bearer x", "Bearer ", "Basic eDp5", "Bearer \udcc3"])
async def test_what_is_no_token_is_nobody(browse, sent):
    """401, and how to come in."""
    answer = await (await browse(roles=())).get("/api/v1/me", headers={"Authorization": sent})

    assert (401, "Bearer") == (answer.status, answer.headers["WWW-Authenticate"])


async def test_with_a_token_a_cookie_counts_for_nothing(browse):
    """A program that sends a bad one must not act as whoever is logged in."""
    client = await browse()

    answer = await client.get("/api/v1/me", headers={"Authorization": "Bearer x"})

    assert 401 == answer.status


async def test_a_unix_socket_needs_no_name_but_a_login(site, tmp_path):
    """Whoever reaches it has no address, and is somebody all the same."""
    runner = web.AppRunner(console.application(replace(site)))
    await runner.setup()
    await web.UnixSite(runner, f"{tmp_path}/c.sock").start()
    try:
        async with ClientSession(connector=UnixConnector(f"{tmp_path}/c.sock")) as http:
            answer = await http.get("http://whatever/users", allow_redirects=False)
            assert 303 == answer.status
    finally:
        await runner.cleanup()
