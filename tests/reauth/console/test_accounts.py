"""Accounts in the browser, for who keeps them: links shown once, changes that count at once."""

import re

import pytest

from reauth.access import Act, Role
from reauth.ports import Sought
from tests.people import PASSWORD, STAY, come_in, from_here
from tests.reauth.console.test_own import elevated, post


@pytest.fixture
async def boss(browse):
    """An admin who has just proved who they are."""
    return await elevated(browse, [Role.ADMIN])


async def test_an_account_is_made_with_a_link_that_is_shown_once(boss, browse, site):
    """Whoever opens it chooses a password and is in."""
    form = [("name", "Anna"), ("roles", "viewer"), ("roles", "analyst")]
    answer = await boss.post("/accounts", data=form, headers=from_here(boss), **STAY)
    assert (303, "/accounts") == (answer.status, answer.headers["Location"])
    text = await (await boss.get("/accounts")).text()
    token = re.search(r"/first\?token=([\w-]{43})<", text)[1]
    assert token not in await (await boss.get("/accounts")).text()

    anna = await browse(roles=())
    told = {"token": token, "password": PASSWORD, "repeated": PASSWORD}
    assert 303 == (await post(anna, "/first", **told)).status

    assert "anna" in await (await anna.get("/account")).text()
    row = await site.accounts.one("anna")
    assert {Role.VIEWER, Role.ANALYST} == row.roles
    [entry] = await site.audit.entries(Sought(action="account.make"), 9)
    assert ("boss1", "Anna", True) == (entry.deed.who, entry.deed.subject, entry.deed.done)
    assert token not in repr(await site.audit.entries(Sought(), 99))


@pytest.mark.parametrize(
    ("path", "form", "state"),
    [
        ("roles", {"roles": "auditor"}, ("auditor", False, True)),
        ("disable", {}, ("viewer", True, False)),
        ("logout", {}, ("viewer", False, False)),
        ("reset", {}, ("viewer", False, False)),
    ],
)
async def test_a_change_counts_at_once(boss, browse, site, path, form, state):
    """Roles, whether it is disabled, whether whoever was in still is."""
    anna = await browse(roles=[Role.VIEWER])

    assert 303 == (await post(boss, f"/accounts/boss2/{path}", **form)).status

    row = await site.accounts.one("boss2")
    inside = 200 == (await anna.get("/account", **STAY)).status
    assert state == (", ".join(row.roles), row.disabled, inside)


async def test_what_is_disabled_is_enabled_and_what_is_locked_unlocked(boss, browse, site):
    """And what is removed is gone."""
    await browse(roles=[Role.VIEWER])
    await post(boss, "/accounts/boss2/disable")
    await post(boss, "/accounts/boss2/enable")
    client = await browse(roles=())
    for _ in range(7):
        await come_in(client, "boss2", "guess")
    await post(boss, "/accounts/boss2/unlock")
    assert 303 == (await come_in(client, "boss2")).status

    assert 303 == (await post(boss, "/accounts/boss2/remove")).status
    assert 404 == (await boss.get("/api/v1/accounts/boss2")).status


async def test_the_last_admin_stays(boss):
    """Told in words, as a page."""
    headers = from_here(boss) | {"Accept": "text/html"}

    answer = await boss.post("/accounts/boss1/disable", headers=headers, **STAY)

    assert 409 == answer.status
    text = await answer.text()
    assert "<h1>Conflict</h1>" in text and "last account" in text
    assert 409 == (await post(boss, "/accounts/boss1/roles", roles="viewer")).status


@pytest.mark.parametrize("name", ["disable", "remove", "reset", "unlock", "logout"])
async def test_an_account_that_is_not_there_is_told(boss, name):
    """409, as its state is that it is not."""
    assert 409 == (await post(boss, f"/accounts/nobody/{name}")).status


async def test_logins_and_tokens_of_others_are_ended(boss, browse, site):
    """By their ids."""
    anna = await browse(roles=[Role.VIEWER])
    owner = await site.accounts.one("boss2")
    token, _ = await site.logins.make_token(owner, "", [Act.LOOK], 9)
    [login] = await site.logins.logins("boss2")

    assert 303 == (await post(boss, f"/logins/{login.id}/end")).status
    assert 303 == (await post(boss, f"/tokens/{token.id}/end")).status

    assert 303 == (await anna.get("/account", **STAY)).status
    assert [] == await site.logins.tokens()
    assert 409 == (await post(boss, f"/tokens/{token.id}/end")).status


async def test_what_gives_somebody_rights_wants_a_fresh_proof(browse):
    """An admin's browser that was left open makes no account."""
    client = await browse(roles=[Role.ADMIN])

    roles = {"roles": ["admin"]}
    made = {"name": "eve", **roles}
    for path, told in (("", made), ("/boss1/roles", roles), ("/boss1/remove", {})):
        answer = await client.post(
            f"/api/v1/accounts{path}", json=told, headers=from_here(client), **STAY
        )
        assert 403 == answer.status
        assert "/login/again" in await answer.text()
