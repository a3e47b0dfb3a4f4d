"""Every row of the console's table, asked by every role, by nobody and by tokens: what comes of it.

`TABLE` below is written by hand. It is not reckoned from the roles, so that a right that is given or
taken by mistake turns a cell red; and a row of the console that is not in it fails, too. Each role
has a real account that logs in by the form; actions are asked of something that is not there, as
what is looked at here is who may, and not what then happens.

A letter is a role: v viewer, a analyst, p approver, m admin, o privacy officer, u auditor. In front
of it is whom a row lets in; all others are refused by 403, nobody by 401 or a way to the login.
"""

import re
from dataclasses import dataclass

import pytest

from reauth import console
from reauth.access import Act, Role
from reauth.console.routes import API, Action, Route

LETTERS = {
    "v": Role.VIEWER,
    "a": Role.ANALYST,
    "p": Role.APPROVER,
    "m": Role.ADMIN,
    "o": Role.PRIVACY_OFFICER,
    "u": Role.AUDITOR,
}
EVERYBODY = "vapmou"
OPEN = "open"
"""To nobody, too."""

TABLE = {
    # devices and load balancers
    "GET /livez": OPEN,
    "GET /readyz": OPEN,
    "GET /proxy.pac": OPEN,
    "GET /ca.pem": OPEN,
    "GET /ca.der": OPEN,
    "GET /setup": OPEN,
    # coming in
    "GET /login": OPEN,
    "POST /login": OPEN,
    "GET /login/oidc": OPEN,
    "GET /login/oidc/back": OPEN,
    "GET /login/oidc/leave": OPEN,
    "GET /first": OPEN,
    "POST /first": OPEN,
    "GET /login/again": EVERYBODY,
    "POST /login/again": EVERYBODY,
    "GET /login/oidc/again": EVERYBODY,
    "POST /logout": EVERYBODY,
    # one's own account
    "GET /account": EVERYBODY,
    "GET /api/v1/account": EVERYBODY,
    "POST /account/password": EVERYBODY,
    "POST /account/totp/begin": EVERYBODY,
    "POST /account/totp/confirm": EVERYBODY,
    "POST /account/totp/end": EVERYBODY,
    "POST /account/tokens": EVERYBODY,
    "POST /account/tokens/{id}/end": EVERYBODY,
    "POST /account/logins/{id}/end": EVERYBODY,
    "POST /account/logins/end": EVERYBODY,
    "GET /api/v1/me": EVERYBODY,
    "GET /api/v1/openapi.json": EVERYBODY,
    # everybody's accounts
    "GET /accounts": "m",
    "GET /api/v1/accounts": "m",
    "GET /api/v1/accounts/{name}": "m",
    "POST /accounts": "m",
    "POST /accounts/{name}/roles": "m",
    "POST /accounts/{name}/disable": "m",
    "POST /accounts/{name}/enable": "m",
    "POST /accounts/{name}/unlock": "m",
    "POST /accounts/{name}/reset": "m",
    "POST /accounts/{name}/remove": "m",
    "POST /accounts/{name}/logout": "m",
    "POST /logins/{id}/end": "m",
    "POST /tokens/{id}/end": "m",
    # what is watched
    "GET /": EVERYBODY,
    "GET /users": "vapmo",
    "GET /alerts": "vapm",
    "GET /alerts/{id}": "vapm",
}
"""Method and path of a row, and whom it lets in."""

SCOPE_OF = {
    "GET /api/v1/me": Act.LOOK,
    "GET /api/v1/openapi.json": Act.LOOK,
    "GET /api/v1/accounts": Act.KEEP_ACCOUNTS,
    "GET /api/v1/accounts/{name}": Act.KEEP_ACCOUNTS,
    "POST /accounts": Act.KEEP_ACCOUNTS,
    "POST /accounts/{name}/roles": Act.KEEP_ACCOUNTS,
    "POST /accounts/{name}/disable": Act.KEEP_ACCOUNTS,
    "POST /accounts/{name}/enable": Act.KEEP_ACCOUNTS,
    "POST /accounts/{name}/unlock": Act.KEEP_ACCOUNTS,
    "POST /accounts/{name}/reset": Act.KEEP_ACCOUNTS,
    "POST /accounts/{name}/remove": Act.KEEP_ACCOUNTS,
    "POST /accounts/{name}/logout": Act.KEEP_ACCOUNTS,
    "POST /logins/{id}/end": Act.KEEP_ACCOUNTS,
    "POST /tokens/{id}/end": Act.KEEP_ACCOUNTS,
}
"""Of what programs may ask, the one scope that lets them; one's own account no token opens."""


@dataclass(frozen=True)
class Asked:
    """One way to ask a row: as a page or form, or as JSON."""

    row: str
    method: str
    path: str

    def __str__(self):
        return f"{self.method} {self.path}"


def name_of(row):
    """A row's name in the tables above."""
    return f"{'GET' if isinstance(row, Route) else 'POST'} {row.path}"


def ways(row):
    """All ways to ask a row."""
    method, path = row.split(" ", 1)
    found = {name_of(one): one for one in console.TABLE}.get(row)
    filled = re.sub(r"\{(\w+)[^}]*\}", "nobody-here", path)
    yield Asked(row, method, filled)
    if isinstance(found, Action):
        yield Asked(row, method, API + filled)


WAYS = [one for row in TABLE for one in ways(row)]


def test_every_row_of_the_console_stands_in_the_table():
    """Whoever adds one says here who may; whoever takes one away, too."""
    assert {name_of(row) for row in console.TABLE} == set(TABLE)


@pytest.fixture(scope="module")
def event_loop_policy():
    """Of this platform."""
    import asyncio  # noqa: PLC0415 - a fixture of the plugin

    return asyncio.DefaultEventLoopPolicy()
