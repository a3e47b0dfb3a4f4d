"""Attacks that only a browser can carry out: names that are scripts, forms of other sites, frames.

A real Chromium logs in and looks at every page while users, hosts, labels and notes are scripts
that would run, and while pages of another site send forms, pictures and frames at the console.
"""

import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import async_playwright

from reauth.access import FIRST, Act, Role
from reauth.alert import Step, move
from reauth.console import TABLE
from reauth.console.routes import Route
from reauth.ports import Commit
from tests.e2e.watched_site import CHROMIUM
from tests.people import PASSWORD, log_in_page
from tests.rows import NOON, alarm, scored, session

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

EVIL = (
    '"><img src=x onerror="window.hit=1"><script>window.hit=1</script><a href=javascript:hit=1>'
    "'"
)
"""Breaks out of an attribute, a text and a tag; sets `hit` if any of it runs."""


@pytest.fixture
async def chromium():
    """A browser; closed with the test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**CHROMIUM)
        yield browser
        await browser.close()


@pytest.fixture
async def haunted(browse, site, store):
    """The URL of a console in whose store everything that others may write is a script."""
    keys = alarm().session
    await store.commit(
        Commit(
            sessions=[session(keys, EVIL), session("s9", EVIL + "2")],
            trajectories=[scored(1, "s9", EVIL + "2")],
            alerts=[alarm(user=EVIL, client=EVIL, site=EVIL)],
        )
    )
    alert = await store.alert("a1")
    moved = move(alert, "ack", Step(NOON, "ack", EVIL, EVIL))
    assert await store.update_alert(moved, alert.state)
    owner = await site.accounts.make("boss", [*FIRST, Role.AUDITOR], PASSWORD)
    await site.logins.make_token(owner, EVIL, [Act.LOOK], 9)
    client = await browse(roles=())
    return str(client.make_url("")).rstrip("/")


async def test_nothing_that_others_write_runs_on_any_page(chromium, haunted):
    """Each page of the table, without a word of the policy's being broken: nothing even tried."""
    page = await (await chromium.new_context()).new_page()
    broken = []
    page.on("console", lambda said: broken.append(said.text))
    page.on("dialog", lambda dialog: broken.append("dialog"))
    await log_in_page(page, haunted)
    shown = 0
    for path in pages():
        answer = await page.goto(haunted + path)
        if answer.headers.get("content-type", "").startswith("text/html"):
            shown += "onerror" in await page.content()
            assert await page.evaluate("window.hit") is None, path
            assert 0 == await page.locator("img[src=x], a[href^=javascript]").count(), path
    assert [] == [said for said in broken if "Security Policy" in said or said == "dialog"]
    assert shown >= 3, "the names were on no page"


def pages():
    """Paths of all pages, with the ids that there are; those of no page are left out."""
    for row in TABLE:
        if isinstance(row, Route) and not row.answer and not row.path.startswith("/login"):
            path = re.sub(r"\{\w+[^}]*\}", "a1", row.path)
            if not path.endswith((".pem", ".der", ".pac")):
                yield path


FORM = """<!doctype html><body><form id=f method=post action="{url}/logout"></form>
<iframe src="{url}/users"></iframe><img src="{url}/accounts"><script>
fetch("{url}/api/v1/account/logins/end", {{method: "POST", credentials: "include", mode: "no-cors",
  body: "{{}}"}}).catch(() => 0);
fetch("{url}/api/v1/account", {{credentials: "include"}}).then(r => r.text())
  .then(text => {{ document.title = "read " + text }}, () => {{ document.title = "blocked" }});
</script>"""


async def test_another_site_sends_nothing_and_reads_nothing(chromium, haunted, site):
    """A form, a fetch, a frame: of another site, and of another port of the same host."""
    context = await chromium.new_context()
    page = await context.new_page()
    await log_in_page(page, haunted)
    await site.logins.begin("boss", "192.0.2.9")

    async def attack(request):
        return web.Response(text=FORM.format(url=haunted), content_type="text/html")

    app = web.Application()
    app.router.add_get("/", attack)
    async with TestServer(app) as evil:
        for name in ("localhost", "127.0.0.1"):
            await page.goto(f"http://{name}:{evil.port}/")
            await page.wait_for_function("document.title")
            assert "blocked" == await page.title()
            for frame in page.frames[1:]:
                assert "boss" not in await frame.content()
            async with page.expect_navigation():
                await page.evaluate("document.getElementById('f').submit()")
            assert "another site" in await page.content()

    assert 2 == len(await site.logins.logins("boss"))
    await page.goto(f"{haunted}/account")
    assert "boss" in await page.content()


async def test_a_script_that_got_onto_a_page_would_not_run_nor_read_the_cookie(chromium, haunted):
    """The second wall, should the first one have a hole."""
    page = await (await chromium.new_context()).new_page()
    await log_in_page(page, haunted)

    await page.evaluate(
        """() => {
          const script = document.createElement('script')
          script.textContent = 'window.hit = 1'
          document.body.append(script)
          document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.hit = 1">')
          const frame = document.createElement('iframe')
          frame.srcdoc = '<script>parent.hit = 1<\\/script>'
          document.body.append(frame)
        }"""
    )
    await page.wait_for_timeout(200)

    assert await page.evaluate("window.hit") is None
    assert "" == await page.evaluate("document.cookie")
