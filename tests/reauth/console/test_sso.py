"""Logging in by a real OpenID provider that we did not write (panva's oidc-provider, in node)."""

import html
import json
import re
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from reauth import console
from reauth.access import Role
from reauth.installation import now
from reauth.oidc import Provider, Relying
from tests.people import PASSWORD, access_to

FOLDER = Path(__file__).parents[2] / "oidc"
PEOPLE = {
    "anna": {"preferred_username": "Anna", "groups": ["soc", "staff"]},
    "bert": {"preferred_username": "bert", "groups": ["soc-leads"]},
    "carl": {"preferred_username": "carl", "groups": ["staff"]},
    "dora": {"preferred_username": "Dora D.", "groups": ["soc"]},
}
ROLES = {"soc": frozenset([Role.ANALYST]), "soc-leads": frozenset([Role.APPROVER, Role.ADMIN])}


@pytest.fixture(scope="module")
def port():
    """Where the console will be: the provider must know it before."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def issuer(port):
    """The provider's URL."""
    if shutil.which("node") is None or not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("there is no OpenID provider: npm ci --prefix tests/oidc")
    here = f"http://127.0.0.1:{port}"
    words = [f"{here}/login/oidc/back", f"{here}/login", json.dumps(PEOPLE)]
    with subprocess.Popen(
        ["node", str(FOLDER / "provider.mjs"), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.fixture
def trusting(site, store, issuer):
    """What a console shows that trusts the provider."""
    scopes = ("openid", "profile", "groups")
    told = Relying(issuer, "reauth", "a secret of thirty-two characters", scopes, "groups", ROLES)
    accounts, logins = access_to(store, now)
    provider = Provider(told, now)
    return replace(site, accounts=accounts, logins=logins, oidc=provider, clock=now)


@pytest.fixture
async def here(trusting, port):
    """Its URL, served."""
    server = TestServer(console.application(trusting), port=port)
    await server.start_server()
    yield f"http://127.0.0.1:{port}"
    await server.close()


@pytest.fixture
async def browser():
    """A browser without a screen: it keeps cookies and sends forms."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield session


async def follow(session, here, path, name, stop=""):
    """Go to the provider and log in there by its forms, until we are back.

    Returns
    -------
    (int, str, str)
        Status, path and text of the console's page; of the provider's if `stop` is on it.
    """
    answer = await session.get(here + path)
    for _ in range(6):
        text, url = await answer.text(), str(answer.url)
        if url.startswith(here) or (stop and stop in text):
            return answer.status, url.removeprefix(here), text
        action = html.unescape(re.search(r'action="([^"]+)"', text)[1])
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
        if 'name="login"' in text:
            fields |= {"login": name, "password": "any"}
        answer = await session.post(urljoin(url, action), data=fields)
    raise AssertionError(f"the provider does not let {name} go: {text[:2000]}")


async def who(session, here):
    """Whom the console takes a browser for; None is nobody."""
    answer = await session.get(f"{here}/api/v1/me")
    return await answer.json() if answer.status == 200 else None


async def test_members_of_a_group_come_in_by_their_organisation(browser, here, trusting):
    """To where they wanted; the account is the provider's, with the roles of their groups."""
    assert "/login/oidc?next=%2Falerts" in await (await browser.get(f"{here}/alerts")).text()

    status, path, _ = await follow(browser, here, "/login/oidc?next=/alerts", "anna")

    assert (200, "/alerts") == (status, path)
    row = await trusting.accounts.one("anna")
    assert ({Role.ANALYST}, None) == (row.roles, row.password)
    assert "identity provider" in await (await browser.get(f"{here}/account")).text()
    assert not any("oidc" in cookie.key for cookie in browser.cookie_jar)


async def test_other_groups_give_other_roles_with_the_next_login(browser, here, trusting, issuer):
    """The provider says who is what."""
    await follow(browser, here, "/login/oidc", "anna")
    provider = trusting.oidc
    provider._relying = replace(provider._relying, roles={"staff": frozenset([Role.VIEWER])})

    await follow(browser, here, "/login/oidc", "anna")

    assert {Role.VIEWER} == (await trusting.accounts.one("anna")).roles
    assert 1 == len(await trusting.accounts.all())


@pytest.mark.parametrize(
    ("name", "told"),
    [("carl", "groups of &#39;carl&#39; give no role"), ("dora", "name has 1 to 64")],
)
async def test_who_may_not_come_in_is_told_why(browser, here, trusting, name, told):
    """Plainly, as a page; no account is made."""
    browser.headers["Accept"] = "text/html"

    status, _, text = await follow(browser, here, "/login/oidc", name)

    assert 403 == status
    assert told in text
    assert [] == await trusting.accounts.all()
    assert await who(browser, here) is None


async def test_an_account_of_ours_is_not_taken_over_by_a_name(browser, here, trusting):
    """Whoever may choose a name at the provider is not our admin."""
    await trusting.accounts.make("bert", [Role.ADMIN], PASSWORD)

    status, _, text = await follow(browser, here, "/login/oidc", "bert")

    assert (403, True) == (status, "another account" in text)
    assert (await trusting.accounts.one("bert")).subject is None


async def test_a_disabled_account_stays_outside(browser, here, trusting):
    """Although the provider vouches for it."""
    await trusting.accounts.make("boss", [Role.ADMIN], PASSWORD)
    await follow(browser, here, "/login/oidc", "anna")
    await trusting.accounts.disable("anna")

    status, _, text = await follow(browser, here, "/login/oidc", "anna")

    assert (403, True) == (status, "disabled here" in text)


async def test_a_login_that_another_browser_began_is_not_taken_up(browser, here, trusting):
    """An attacker who sends his own code must not make somebody work in his account."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as attacker:
        answer = await attacker.get(f"{here}/login/oidc", allow_redirects=False)
        state = re.search(r"state=([\w-]+)", answer.headers["Location"])[1]
        cookie = answer.cookies["reauth-oidc"]

    for kept in ("", "another"):
        browser.cookie_jar.clear()
        if kept:
            browser.cookie_jar.update_cookies({"reauth-oidc": kept}, answer.url)
        back = await browser.get(f"{here}/login/oidc/back", params={"state": state, "code": "x"})
        assert 403 == back.status
        assert "not begun in this browser" in await back.text()
    assert ("Lax", True) == (cookie["samesite"], cookie["httponly"])


async def test_a_way_back_works_once(browser, here):
    """A page that is reloaded, or stolen from a log, lets nobody in."""
    answer = await browser.get(f"{here}/login/oidc", allow_redirects=False)
    state = answer.cookies["reauth-oidc"].value
    for told in ("provider let nobody in: access_denied", "not begun here, or too long ago"):
        asked = {"state": state, "error": "access_denied"}
        back = await browser.get(f"{here}/login/oidc/back", params=asked)
        assert 403 == back.status
        assert told in await back.text()


async def test_a_code_that_the_provider_does_not_know_is_told(browser, here):
    """By its own word."""
    answer = await browser.get(f"{here}/login/oidc", allow_redirects=False)
    asked = {"state": answer.cookies["reauth-oidc"].value, "code": "guess"}

    back = await browser.get(f"{here}/login/oidc/back", params=asked)

    assert (403, True) == (back.status, "invalid_grant" in await back.text())


async def test_a_fresh_proof_asks_for_the_password_although_one_is_logged_in_there(browser, here):
    """And lifts the login for a while; somebody else's password does not."""
    await follow(browser, here, "/login/oidc", "anna")
    assert not (await who(browser, here))["elevated"]
    status, _, form = await follow(browser, here, "/login/oidc/again", "anna", 'name="login"')
    assert (200, True) == (status, 'name="password"' in form)

    status, path, _ = await follow(browser, here, "/login/oidc/again?next=/account", "anna")

    assert (200, "/account") == (status, path)
    assert (await who(browser, here))["elevated"]
    status, _, text = await follow(browser, here, "/login/oidc/again", "bert")
    assert 403 == status
    assert "this is" in text.lower() or "another account" in text


async def test_one_logs_out_there_too(browser, here):
    """By a link, as a form may not lead to another site."""
    await follow(browser, here, "/login/oidc", "anna")
    out = await browser.post(f"{here}/logout", headers={"Origin": here})
    assert "/login/oidc/leave" in await out.text()

    answer = await browser.get(f"{here}/login/oidc/leave")

    assert not str(answer.url).startswith(here)
    assert 200 == answer.status


async def test_a_house_without_a_provider_has_no_such_way(browse):
    """404, and where it is set."""
    client = await browse(roles=())

    for path in ("", "/back?state=x", "/leave"):
        answer = await client.get(f"/login/oidc{path}")
        assert answer.status in (403, 404)
    assert "organisation" not in await (await client.get("/login")).text()
