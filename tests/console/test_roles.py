"""Every row of the console, asked by every role, by nobody and by tokens of every scope.

Each role has a real account that logs in by the form, and has just proved anew who it is. What is
expected stands in `rights.py`, by hand.
"""

import re
from dataclasses import dataclass

import pytest

from reauth import console
from reauth.access import FIRST, Act, Role
from reauth.access import SCOPES as GIVEN
from reauth.console.routes import API, Action, Route
from tests.console.rights import ALL, INSIDE, LETTERS, OPEN, ROWS, SCOPES
from tests.people import PASSWORD, STAY, come_in, from_here

REFUSED = 403


@dataclass(frozen=True)
class Way:
    """One way to ask a row: as a page or form, or as JSON."""

    row: str
    method: str
    path: str
    is_action: bool

    @property
    def is_api(self):
        """Whether programs ask it."""
        return self.path.startswith(f"{API}/")

    @property
    def wanted(self):
        """What whoever may gets."""
        status = ROWS[self.row][1]
        return 303 if status == 200 and self.is_action and not self.is_api else status


def name_of(row):
    """A row's name in the table."""
    return f"{'GET' if isinstance(row, Route) else 'POST'} {row.path}"


def ways():
    """All rows in all ways; what ends a login comes last."""
    for row in sorted(console.TABLE, key=lambda row: row.path in ("/logout", "/first")):
        name, is_action = name_of(row), isinstance(row, Action)
        path = re.sub(r"\{\w+[^}]*\}", "nobody-here", row.path)
        if is_action:
            yield Way(name, "POST", API + path, True)
        yield Way(name, name.split()[0], path, is_action)


WAYS = [way for way in ways() if way.row in ROWS]


async def asked(client, way, headers):
    """(status, whether it was refused for want of a right)."""
    json = {"json": {}} if way.is_action and way.is_api else {}
    answer = await client.request(way.method, way.path, headers=headers, **json, **STAY)
    if answer.status != REFUSED:
        answer.close()  # a stream would not end
        return answer.status, False
    return REFUSED, b"may not do this" in await answer.read()


async def wrongs(client, expected, headers=None):
    """Each way whose answer is not the expected one: (way, expected, got)."""
    found = []
    for way in WAYS:
        want = expected(way)
        if want is None:
            continue
        got = await asked(client, way, headers or from_here(client))
        if got != want:
            found.append((f"{way.method} {way.path}", want, got))
    return found


def test_every_row_stands_in_the_table():
    """Whoever adds one says there who may."""
    assert {name_of(row) for row in console.TABLE} == set(ROWS)
    assert set(LETTERS.values()) == set(Role)
    assert set(SCOPES) == GIVEN
    assert all(who == OPEN or set(who) <= set(ALL) for who, _ in ROWS.values())


@pytest.mark.parametrize("letter", ALL)
async def test_a_role_gets_what_is_its_and_nothing_else(browse, letter):
    """As a page, as a form, as JSON."""
    client = await browse(roles=[LETTERS[letter]])
    elevated = await client.post(
        "/login/again", data={"password": PASSWORD}, headers=from_here(client), **STAY
    )
    assert 303 == elevated.status

    def expected(way):
        who, _ = ROWS[way.row]
        if who == OPEN:
            return INSIDE.get(way.row, way.wanted), False
        return (way.wanted, False) if letter in who else (REFUSED, True)

    found = await wrongs(client, expected)
    assert [] == found, found


async def test_nobody_gets_what_is_open_and_nothing_else(browse):
    """Pages lead to the login, all else is 401."""
    client = await browse(roles=())

    def expected(way):
        if ROWS[way.row][0] == OPEN:
            return way.wanted, False
        return (401 if way.is_api or way.method == "POST" else 303), False

    found = await wrongs(client, expected)
    assert [] == found, found


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_token_gets_what_its_scope_is_for_and_nothing_else(browse, site, scope):
    """Of an owner who may do everything."""
    client = await browse(roles=())
    owner = await site.accounts.make("boss", FIRST, PASSWORD)
    _, secret = await site.logins.make_token(owner, "", [scope], 9)

    def expected(way):
        if not way.is_api:
            return None
        return (way.wanted, False) if way.row in SCOPES[scope] else (REFUSED, True)

    assert [] == await wrongs(client, expected, {"Authorization": f"Bearer {secret}"})


async def test_a_cookie_of_somebody_who_may_is_of_no_use_to_who_may_not(browse, site):
    """Two browsers, two people: an id that one knows of the other's opens nothing."""
    boss, viewer = await browse(roles=[Role.ADMIN]), await browse(roles=[Role.VIEWER])
    [login] = await site.logins.logins("boss1")
    owner = await site.accounts.one("boss1")
    token, _ = await site.logins.make_token(owner, "", [Act.LOOK], 9)

    for path in (
        f"/account/logins/{login.id}/end",
        f"/account/tokens/{token.id}/end",
        f"/logins/{login.id}/end",
        f"/tokens/{token.id}/end",
        "/accounts/boss1/logout",
    ):
        await viewer.post(f"{API}{path}", json={}, headers=from_here(viewer))

    assert 200 == (await boss.get("/account", **STAY)).status
    assert [token.id] == [row.id for row in await site.logins.tokens("boss1")]
    assert 303 == (await come_in(viewer, "boss1")).status
