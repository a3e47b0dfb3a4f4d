"""People with accounts: made in a store, and logged in as a browser does, by the form.

In one process: `access_to` for a console, `log_in` for a client of it. Of an installation with a
settings file: `make_account`, then `opener` (urllib) or `log_in_page` (Playwright).
"""

import http.cookiejar
import io
import urllib.parse
import urllib.request
from contextlib import redirect_stdout

from reauth.access import FIRST
from reauth.accounts import Accounts
from reauth.cli import main
from reauth.doors import doors_of
from reauth.logins import Logins
from reauth.proof import Cost, Passwords

PASSWORD = "a mouse that knows its hand"
CHEAP = Cost(memory=8, passes=1, lanes=1)
"""A hash in a millisecond: what guesses cost is tested where it is decided."""


def access_to(store, clock, note=None, **more):
    """Accounts and logins on an open store, with cheap passwords."""
    kept, passwords = doors_of(store).accounts, Passwords(CHEAP)

    async def unnoted(*told):
        """Where nobody looks at the audit."""

    logins = Logins(kept, clock, passwords, note or unnoted, **more)
    return Accounts(kept, clock, passwords), logins


async def log_in(client, accounts, roles=FIRST, name="boss"):
    """Make an account and log a client (aiohttp) in; its cookies are kept by it."""
    await accounts.make(name, roles, PASSWORD)
    return await come_in(client, name)


async def come_in(client, name="boss", password=PASSWORD, code=""):
    """Log a client in by the form; the answer."""
    form = {"name": name, "password": password, "code": code}
    answer = await client.post("/login", data=form, headers=from_here(client), **STAY)
    return answer


STAY = {"allow_redirects": False}


def from_here(client):
    """The header that a browser adds to what a page of the console sends."""
    return {"Origin": str(client.make_url("/").origin())}


def make_account(config, roles=FIRST, name="boss"):
    """Make an account of an installation, running or not, by the command line."""
    file = config.parent / f"{name}.password"
    file.write_text(PASSWORD, "utf-8")
    file.chmod(0o600)
    words = ["account", "add", name, "--roles", ",".join(roles), "--password-file", str(file)]
    with redirect_stdout(io.StringIO()):
        assert 0 == main([*words, "--config", str(config)])


def opener(console, name="boss"):
    """A client (urllib) that is logged in at a console's URL."""
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    opened = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)
    form = urllib.parse.urlencode({"name": name, "password": PASSWORD}).encode()
    asked = urllib.request.Request(f"{console}/login", form, {"Origin": console})
    with opened.open(asked, timeout=20):
        return opened


async def log_in_page(page, console, name="boss"):
    """Log a browser's page (Playwright) in; it is on the front page then."""
    await page.goto(f"{console}/login")
    await page.fill("#name", name)
    await page.fill("#password", PASSWORD)
    await page.click("button.main")
    await page.wait_for_url(f"{console}/")
