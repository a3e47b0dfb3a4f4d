"""Coming in and going out, as a browser does it: forms, refusals, invitations, a fresh proof."""

import re

import pytest

from reauth.access import FIRST, Role
from tests.people import PASSWORD, STAY, come_in, from_here

INSIDE = 200


async def post(client, path, **form):
    """Send a form of a page of ours."""
    return await client.post(path, data=form, headers=from_here(client), **STAY)


async def test_who_logs_in_comes_to_where_they_wanted(browse, site):
    """With their name on each page."""
    await site.accounts.make("anna", [Role.VIEWER], PASSWORD)
    client = await browse(roles=())
    sent = await client.get("/alerts?days=365")
    text = await sent.text()
    following = re.search(r'name="next" value="([^"]*)"', text)[1]

    answer = await post(client, "/login", name="anna", password=PASSWORD, next=following)

    assert (303, "/alerts?days=365") == (answer.status, answer.headers["Location"])
    assert "anna" in await (await client.get("/alerts")).text()
    again = await client.get("/login", **STAY)
    assert (303, "/") == (again.status, again.headers["Location"])


@pytest.mark.parametrize(
    "following", ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\nb", "evil", ""]
)
async def test_nobody_is_sent_to_another_site(browse, site, following):
    """A link to the login page may come from anywhere."""
    await site.accounts.make("anna", [Role.VIEWER], PASSWORD)
    client = await browse(roles=())

    answer = await post(client, "/login", name="anna", password=PASSWORD, next=following)

    assert "/" == answer.headers["Location"]


async def test_a_refusal_shows_the_form_again_without_what_was_typed(browse):
    """And says nothing that it should not."""
    client = await browse(roles=())

    answer = await come_in(client, "<b>nobody", "secret words of mine")

    text = await answer.text()
    assert 403 == answer.status
    assert "Name, password or code are not right." in text
    assert "secret words" not in text and "nobody" not in text
    assert "Set-Cookie" not in answer.headers


async def test_too_many_tries_wait(browse):
    """429, and how long."""
    client = await browse(roles=())
    for _ in range(6):
        await come_in(client, "anna", "guess")

    answer = await come_in(client, "anna", PASSWORD)

    assert (429, "5") == (answer.status, answer.headers["Retry-After"])


async def test_who_logs_out_is_nobody(browse):
    """The cookie is taken back, and worth nothing if somebody kept it."""
    client = await browse()
    [kept] = [cookie.value for cookie in client.session.cookie_jar]

    answer = await post(client, "/logout")

    assert (303, "/login?out") == (answer.status, answer.headers["Location"])
    assert "logged out" in await (await client.get("/login?out")).text()
    client.session.cookie_jar.update_cookies({"reauth": kept}, client.make_url("/"))
    assert 303 == (await client.get("/users", **STAY)).status


async def test_logging_in_again_ends_the_login_before(browse, site):
    """A browser has one."""
    client = await browse()
    await come_in(client, "boss1")

    assert 1 == len(await site.logins.logins("boss1"))


@pytest.mark.parametrize("came", [b"\x00", b"name=%ff&password=%00", b"=" * 1000])
async def test_forms_that_are_none_are_refused(browse, came):
    """By a status, not by a trace."""
    client = await browse(roles=())
    headers = from_here(client) | {"Content-Type": "application/x-www-form-urlencoded"}

    assert 403 == (await client.post("/login", data=came, headers=headers)).status


async def test_a_file_is_no_password(browse):
    """Nor a name."""
    client = await browse(roles=())
    boundary = (
        b'--b\r\nContent-Disposition: form-data; name="name"; filename="n"\r\n\r\nx\r\n--b--\r\n'
    )
    headers = from_here(client) | {"Content-Type": "multipart/form-data; boundary=b"}

    assert 403 == (await client.post("/login", data=boundary, headers=headers)).status


# Invitations


async def test_the_first_account_is_made_in_the_browser(browse, site):
    """By a link that works once; then one is in, and may do everything."""
    client = await browse(roles=())
    token = await site.accounts.invite(None)
    text = await (await client.get("/first", params={"token": token})).text()
    assert "Make the first account" in text and token in text

    form = {"token": token, "name": "Anna", "password": PASSWORD}
    refused = await post(client, "/first", **form, repeated="another")
    assert 403 == refused.status and "not the same" in await refused.text()
    answer = await post(client, "/first", **form, repeated=PASSWORD)

    assert (303, "/") == (answer.status, answer.headers["Location"])
    assert INSIDE == (await client.get("/users", **STAY)).status
    assert frozenset(FIRST) == (await site.accounts.one("anna")).roles
    for again in (
        await client.get("/first", params={"token": token}),
        await post(client, "/first", **form),
    ):
        assert 403 == again.status


async def test_who_is_invited_chooses_a_password_and_no_name(browse, site):
    """Not somebody else's account."""
    await site.accounts.make("boss", FIRST, PASSWORD)
    await site.accounts.make("bert", [Role.VIEWER])
    client = await browse(roles=())
    token = await site.accounts.invite("bert")

    form = {"token": token, "name": "boss", "password": PASSWORD + "2", "repeated": PASSWORD + "2"}
    assert 303 == (await post(client, "/first", **form)).status

    assert "bert" in await (await client.get("/")).text()
    assert 403 == (await come_in(await browse(roles=()), "boss", PASSWORD + "2")).status


@pytest.mark.parametrize("token", ["", "guess", "%00", "\u00e9"])
async def test_a_guessed_link_invites_nobody(browse, token):
    """Neither to see the form nor to send it."""
    client = await browse(roles=())

    assert 403 == (await client.get("/first", params={"token": token})).status
    assert 403 == (await post(client, "/first", token=token, name="eve", password=PASSWORD)).status


# A fresh proof


async def test_a_fresh_proof_gives_a_new_secret(browse, site):
    """And goes on to where one was."""
    client = await browse()
    before = (await site.logins.logins())[0].id

    assert 403 == (await post(client, "/login/again", password="guess")).status
    answer = await post(client, "/login/again", password=PASSWORD, next="/users")

    assert (303, "/users") == (answer.status, answer.headers["Location"])
    [login] = await site.logins.logins()
    assert before != login.id
    assert login.elevated_until > site.clock()


async def test_a_fresh_proof_is_for_who_is_in(browse):
    """Others log in first."""
    client = await browse(roles=())

    assert (
        "/login?next=/login/again" == (await client.get("/login/again", **STAY)).headers["Location"]
    )
    assert 401 == (await post(client, "/login/again", password=PASSWORD)).status
