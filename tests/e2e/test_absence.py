"""Programs that use no pointer, and people who use none either, in a real browser behind the house.

Everybody is a user of their own at one proxy, so that alerts are told apart; what is served when is
decided by the steps of each, and no spacing is asked for.
"""

import asyncio
import base64
import os
import tempfile
from contextlib import asynccontextmanager

import aiohttp
import bcrypt
import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from reauth.app import opened_store
from tests.e2e.house import PATIENCE, House
from tests.e2e.watched_site import CHROMIUM, wander
from tests.origin import Origin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LIMITS = """
[absence]
spacing_s = 0
silent_pages = 5
acts = 6
untrusted = 10
clicks = 8
[bot_lane]
on = false
[replay_lane]
on = false
[identity]
htpasswd = "people"
"""
"""Whoever acts here is a script that repeats itself, which those two lanes would rightly tell."""
PAGES = 9
"""More than any limit."""
USERS = (
    "reader", "driver", "clicker", "maker", "teleporter",
    "keys", "fingers", "mouse", "watcher",
)  # fmt: skip
PAGE = """<!doctype html><html><head><title>{n}</title></head>
<body style="margin:0;font:40px sans-serif">
<a id=next href="/{next}" style="display:block;padding:60px">next</a>
<form method=post action="/form"><button style="margin:50px;padding:60px">send</button></form>
<p style="height:1500px">text</p></body></html>"""


class Town:
    """The house, its site, and a browser."""

    def __init__(self, house, origin, browser):
        self.house = house
        self.origin = origin
        self.browser = browser
        self.proxy = f"http://127.0.0.1:{house.ports['proxy']}"

    @asynccontextmanager
    async def page(self, user, **options):
        """A page of somebody's own browser."""
        proxy = {"server": self.proxy, "username": user, "password": "p"}
        context = await self.browser.new_context(proxy=proxy, **options)
        try:
            yield await context.new_page()
        finally:
            await context.close()

    def url(self, number):
        """Of one of the pages."""
        return f"{self.origin.url}/{number}"

    async def alerts(self, user):
        """(kind, rule) of somebody's."""
        async with opened_store(self.house.settings) as store:
            return [
                (alert.kind, alert.rule) for alert in await store.alerts() if alert.user == user
            ]

    async def raised(self, user):
        """The first alert of somebody, waited for."""
        async with asyncio.timeout(PATIENCE):
            while not (found := await self.alerts(user)):  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.1)
        return found[0]

    async def is_quiet(self, user, page):
        """Nobody is told of somebody, once a page of theirs has been heard of after all."""
        before = await self.batches(user)
        await page.goto("about:blank")
        async with asyncio.timeout(PATIENCE):
            while await self.batches(user) == before:  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.1)
        assert [] == await self.alerts(user)

    async def batches(self, user):
        """How many batches of somebody are stored."""
        async with opened_store(self.house.settings) as store:
            rows = await store.desk.on(
                store.desk.writer,
                lambda _: [row for day in store._raw.days() for row in store._raw.after(day, 0)],
            )
        return sum(row.claim.user == user for row in rows)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    hashed = bcrypt.hashpw(b"p", bcrypt.gensalt(4)).decode()
    house = House(folder, lane=LIMITS)
    (folder / "people").write_text("".join(f"{user}:{hashed}\n" for user in USERS), "utf-8")
    home = tempfile.mkdtemp(dir=folder)
    async with Origin() as origin, async_playwright() as playwright:
        for number in range(PAGES + 1):
            body = PAGE.format(n=number, next=number + 1)
            origin.put(f"/{number}", body.encode())
        origin.put("/form", PAGE.format(n="form", next=0).encode())
        origin.put("/change", b"", status=204, framing="none")
        browser = await playwright.chromium.launch(**CHROMIUM, env={**os.environ, "HOME": home})
        try:
            house.start("run")
            yield Town(house, origin, browser)
        finally:
            await browser.close()
            house.close()


# Programs


async def test_a_client_that_runs_no_script_is_told_of(town):
    """It loads pages like a browser, with nothing behind them."""
    credentials = "Basic " + base64.b64encode(b"reader:p").decode()
    async with aiohttp.ClientSession() as client:
        for number in range(PAGES):
            headers = {"Accept": "text/html,*/*", "Proxy-Authorization": credentials}
            asked = client.get(town.url(number), headers=headers, proxy=town.proxy)
            async with asked as answer:
                assert b"data-k" in await answer.read()

    assert ("absence", "silent") == await town.raised("reader")


async def test_a_browser_that_goes_and_sends_without_a_hand_is_told_of(town):
    """Pages and requests that change something; the driver's own gestures are no input."""
    async with town.page("driver") as page:
        for number in range(4):
            await page.goto(town.url(number))
            await page.evaluate(f"fetch('/change?{number}', {{method: 'POST', body: 'x'}})")
            await page.evaluate(f"fetch('/change/{number}', {{method: 'DELETE'}})")
        assert ("absence", "no_input") == await town.raised("driver")


async def test_clicks_by_a_script_are_no_input(town):
    """Links are followed and forms sent, and nobody has touched anything."""
    async with town.page("clicker") as page:
        await page.goto(town.url(0))
        for _ in range(PAGES):
            async with page.expect_navigation():
                await page.evaluate("document.querySelector('#next').click()")
        assert ("absence", "no_input") == await town.raised("clicker")


async def test_synthetic_events_beside_it_are_told_as_what_they_are(town):
    """A script in the page that pretends to move and presses by itself."""
    pretend = """() => { for (let i = 0; i < 16; i++)
      window.dispatchEvent(new PointerEvent('pointermove', {screenX: i, isPrimary: true})) }"""
    async with town.page("maker") as page:
        for number in range(4):
            await page.goto(town.url(number))
            await page.evaluate(pretend)
        await page.goto(town.url(5))
        assert ("bot", "untrusted") == await town.raised("maker")


async def test_presses_where_the_pointer_never_went_are_told_of(town):
    """The usual click of an automation: there at once, down and up."""
    async with town.page("teleporter") as page:
        await page.goto(town.url(0))
        for number in range(12):
            await page.mouse.click(300 + 300 * (number % 2), 500 + 100 * (number % 2))
        await page.goto("about:blank")
        assert ("bot", "clicks") == await town.raised("teleporter")


# People


async def test_who_uses_the_keyboard_alone_is_not_told_of(town):
    """Links by Tab and Enter; a form; reading by Space."""
    async with town.page("keys") as page:
        await page.goto(town.url(0))
        for number in range(PAGES):
            await page.keyboard.press("Space")
            await page.locator("#next").focus()
            async with page.expect_navigation():
                await page.keyboard.press("Enter")
            await page.evaluate(f"fetch('/change/k{number}', {{method: 'POST'}})")
        await town.is_quiet("keys", page)


async def test_who_uses_touch_alone_is_not_told_of(town):
    """Taps come down anywhere, as fast as one likes."""
    async with town.page("fingers", has_touch=True) as page:
        await page.goto(town.url(0))
        for number in range(PAGES):
            for place in ((300, 500), (700, 600), (300, 500)):
                await page.touchscreen.tap(*place)
            await page.evaluate(f"fetch('/change/f{number}', {{method: 'POST'}})")
            async with page.expect_navigation():
                await page.touchscreen.tap(100, 80)
        await town.is_quiet("fingers", page)


async def test_who_uses_a_mouse_is_not_told_of(town):
    """There is a way to each press."""
    async with town.page("mouse") as page:
        await page.goto(town.url(0))
        for number in range(PAGES):
            await wander(page, 20, x=400 - 17 * number, y=150)
            await page.mouse.move(120, 80, steps=25)
            await page.evaluate(f"fetch('/change/m{number}', {{method: 'POST'}})")
            async with page.expect_navigation():
                await page.mouse.click(120, 80)
        await town.is_quiet("mouse", page)


async def test_a_page_that_loads_itself_before_nobody_is_not_told_of(town):
    """A board on a wall: the same page again and again, and what it asks for."""
    async with town.page("watcher") as page:
        await page.goto(town.url(0))
        for _ in range(2 * PAGES):
            await page.evaluate("fetch('/change', {method: 'POST'})")
            async with page.expect_navigation():
                await page.evaluate("location.reload()")
        await town.is_quiet("watcher", page)
