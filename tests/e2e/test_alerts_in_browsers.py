"""The pages of alerts in two browsers, with an alert that came through the proxy and the engine.

One house and one story: alice is learnt, somebody else moves as her behind the proxy, and an
analyst finds the alert, understands it and closes it, by keyboard, with and without a script.
"""

import asyncio
import json
import os
import re
import secrets
import tempfile
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from reauth.app import now, opened_store
from reauth.recording import write_recording
from tests.e2e.house import PAGE, PATIENCE, House, deliver, visit
from tests.e2e.looked_at import complaints, grave
from tests.e2e.watched_site import CHROMIUM
from tests.firefox.driver import firefox
from tests.live import INTRUDER, bodies, movement, template_of
from tests.origin import Origin
from tests.people import PASSWORD, log_in_page, make_account

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PICTURES = os.environ.get("REAUTH_PICTURES")
"""A folder for pictures of every page; none are made without."""
WIDTHS = (390, 820, 1440)
MORE = """
[identity]
default_user = "alice"
[bot_lane]
on = false
[replay_lane]
on = false
[enrolment]
automatic = false
[absence]
on = false
"""
PAGES = (
    "/", "/alerts", "/alerts?view=groups", "/alerts?state=expired", "/alerts/{alert}",
    "/alerts/{alert}/words", "/alerts/{alert}/movement", "/alerts/{test}",
    "/help/alerts?alert={alert}", "/suppressions", "/keys",
)  # fmt: skip
MOST = 10
"""Presses of a key that it may take to understand an alert and close it, and one more."""

ARRIVED = """(path) => location.pathname.startsWith(path) && document.readyState === 'complete'
  && window.htmx"""
"""Whole, with its script: Firefox calls a script that a navigation has cut off a forged one."""


class Town:
    """The house, browsers, and the alert that was raised."""

    def __init__(self, house, browser, folder):
        self.house = house
        self.browser = browser
        self.folder = folder
        self.console = f"http://127.0.0.1:{house.ports['console']}"
        self.names = {}

    def url(self, path):
        """Of a page of the console."""
        return self.console + path.format(**self.names)

    async def alert(self, name="alert"):
        """As the store has it."""
        async with opened_store(self.house.settings) as store:
            return await store.alert(self.names[name])

    async def page(self, **options):
        """A page of the analyst's; what the browser says of it is in `said`."""
        context = await self.browser.new_context(storage_state=self.state, **options)
        page = await context.new_page()
        page.said = complaints(page)
        return page


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alerts")
    house = House(folder, lane=MORE)
    home = tempfile.mkdtemp(dir=folder)
    async with Origin() as origin, async_playwright() as playwright:
        origin.put("/", PAGE)
        browser = await playwright.chromium.launch(**CHROMIUM, env={**os.environ, "HOME": home})
        try:
            told = Town(house, browser, folder)
            await learn(house, folder)
            await asyncio.to_thread(make_account, house.config, ["analyst"], "anna")
            await asyncio.to_thread(make_account, house.config, ["viewer"], "vera")
            await asyncio.to_thread(house.start, "run")
            await take_over(told, origin)
            page = await browser.new_page()
            await log_in_page(page, told.console, "anna")
            told.state = await page.context.storage_state()
            await page.context.close()
            yield told
        finally:
            await browser.close()
            house.close()


async def learn(house, folder):
    """Alice has a template, and movement of her own from other days; a window of some length."""
    text = house.config.read_text("utf-8")
    house.config.write_text(text.replace("window = 5", "window = 10"), "utf-8")
    file = folder / "alice.csv"
    file.write_text(write_recording(movement(0, 90, 1)), "utf-8")
    await house.enrol(template_of())
    said = await asyncio.to_thread(house.said, "import", "--user", "alice", str(file))
    assert 0 == said.returncode, said.stderr


async def take_over(town, origin):
    """Alice's hand for a while, then another one: an alert. And a test alert."""
    url = f"{origin.url}/"
    own = movement(0, 12, 3)
    tab, end = secrets.token_bytes(16), own[-1].t + 1
    foreign = [event._replace(t=event.t + end) for event in movement(INTRUDER, 30, 4)]
    start = now() - foreign[-1].t - 5
    async with aiohttp.ClientSession() as client:
        page = await visit(town.house, client, url)
        for _, body in bodies([*own, *foreign], tab=tab, start=start, screen=(1920, 1080)):
            assert 204 == (await deliver(town.house, client, url, page, body))[0]
    async with opened_store(town.house.settings) as store, asyncio.timeout(PATIENCE):
        while not (found := await store.alerts()):  # noqa: ASYNC110 - raised in another process
            await asyncio.sleep(0.1)
    town.names["alert"] = found[0].id
    said = await asyncio.to_thread(town.house.said, "alerts", "test", "--json")
    assert 0 == said.returncode, said.stderr
    town.names["test"] = json.loads(said.stdout)["id"]


async def whole(page):
    """Wait until a page has brought in its pieces."""
    await page.wait_for_function("() => !document.querySelector('[hx-trigger^=load] > p > a')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_sound_in_chromium(town, scheme):
    """No complaint of the browser, nothing blocked, nothing grave for axe; at three widths."""
    page = await town.page(color_scheme=scheme)
    found, wide = {}, {}
    for path in PAGES:
        answer = await page.goto(town.url(path))
        assert 200 == answer.status, path
        await whole(page)
        await page.evaluate(
            "document.querySelectorAll('details').forEach((one) => one.open = true)"
        )
        found[path] = await grave(page)
        await page.goto(town.url(path))
        await whole(page)
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            wide[path, width] = await page.evaluate(
                "document.documentElement.scrollWidth - innerWidth"
            )
            if PICTURES:
                name = re.sub(r"\W+", "-", path.format(alert="alert", test="test")).strip("-")
                file = Path(PICTURES) / f"{name or 'overview'}-{width}-{scheme}.png"
                await page.screenshot(path=file, full_page=True)
    await page.context.close()

    assert {} == {path: faults for path, faults in found.items() if faults}
    assert {} == {where: over for where, over in wide.items() if over > 0}
    assert [] == page.said


async def test_one_screen_says_what_is_known(town):
    """All of it from data that came through the proxy: scores, words, shapes, who and where."""
    page = await town.page()
    await page.goto(town.url("/alerts/{alert}"))
    await whole(page)
    text = await page.inner_text("main")
    assert "The pointer moved unlike alice" in text
    assert "Scores fell from" in text and "the likeliest moment of one change" in text
    assert "deviations)" in text and "anomalous movements against" in text
    assert "not at all: everybody here is taken for this user" in text
    assert "version 1" in text
    assert await page.locator("svg.timeline").count() and await page.locator("svg.overlay").count()
    assert await page.locator("svg.overlay .seen").count() > 3
    assert [] == page.said
    await page.context.close()


async def test_an_alert_is_understood_and_closed_in_under_ten_presses(town):
    """From the front page to the verdict; every press is counted, and nothing is clicked."""
    page, presses = await town.page(), []

    async def press(key):
        presses.append(key)
        await page.keyboard.press(key)

    await page.goto(town.url("/"))
    await press("l")
    await page.wait_for_url("**/alerts?state=waiting")
    places = await page.locator("[data-rows] a").evaluate_all("all => all.map(one => one.href)")
    wanted = next(n for n, href in enumerate(places) if town.names["alert"] in href)
    for _ in range(wanted + 1):
        await press("j")
    await press("Enter")
    await page.wait_for_url(f"**/{town.names['alert']}")
    await whole(page)
    seen = await page.inner_text("main")
    await press("a")
    await page.wait_for_selector(".state-acknowledged")
    await press("c")
    await page.wait_for_selector("details.act[open]")
    await press("1")
    await page.wait_for_url("**?done=closed")
    told = await page.inner_text("main")
    await page.context.close()

    assert len(presses) < MOST, presses
    assert "The pointer moved unlike alice" in seen
    assert "Closed." in told and "true_positive" in told
    found = await town.alert()
    assert ("confirmed", "true_positive") == (found.state.value, found.verdict)
    assert ["ack", "confirm"] == [step.action for step in found.history[-2:]]
    assert {"anna"} == {step.by for step in found.history[-2:]}
    assert [] == page.said


async def test_a_key_alone_gives_no_verdict(town):
    """Nor while somebody writes: a note that begins with "a" or "1" is a note."""
    page = await town.page()
    await page.goto(town.url("/alerts/{test}"))
    await page.keyboard.press("2")
    await page.keyboard.press("n")
    await page.keyboard.type("a1c2")
    await page.keyboard.press("Enter")
    await page.wait_for_function("() => document.querySelector('main').innerText.includes('a1c2')")
    await page.context.close()

    found = await town.alert("test")
    assert ("open", "a1c2") == (found.state.value, found.note)


async def test_an_alert_is_read_and_closed_without_javascript(town):
    """Pieces are pages of their own then; the form of a verdict opens by itself."""
    page = await town.page(java_script_enabled=False)
    await page.goto(town.url("/alerts?test=yes"))
    await page.click("[data-rows] a")
    assert "A test" in await page.inner_text("main")
    await page.click("text=Close")
    await page.fill("input[name=note] >> visible=true", "tried")
    await page.click("button[value=test]")
    assert "Closed." in await page.inner_text("main")
    await page.goto(town.url("/alerts/{alert}"))
    await page.click("text=In words")
    assert "deviations)" in await page.inner_text("main")
    await page.context.close()

    found = await town.alert("test")
    assert ("dismissed", "test", "tried") == (found.state.value, found.verdict, found.note)


async def test_a_viewer_reads_and_has_no_picture_and_no_verdict(town):
    """And every look of the analyst's at movement is in the audit."""
    page = await town.browser.new_page()
    await log_in_page(page, town.console, "vera")
    await page.goto(town.url("/alerts/{alert}"))
    text = await page.inner_text("main")
    assert 403 == (await page.goto(town.url("/alerts/{alert}/movement"))).status
    await page.context.close()

    assert "You may not see movement" in text and "Acknowledge" not in text
    said = await asyncio.to_thread(
        town.house.said, "audit", "list", "--json", "--action", "movement."
    )
    deeds = json.loads(said.stdout)
    assert {"anna", "vera"} == {deed["who"] for deed in deeds}, said
    assert {False} == {deed["done"] for deed in deeds if deed["who"] == "vera"}


async def test_every_page_is_sound_in_firefox_and_a_key_opens_an_alert(town):
    """The same in the other browser, on its own login."""
    async with firefox(town.folder / "firefox", [town.house.state / "ca" / "ca.pem"]) as context:
        page = await context.new_page()
        said = complaints(page)
        await page.goto(town.url("/login"))
        await page.evaluate(
            "(word) => { document.querySelector('#name').value = 'anna';"
            " document.querySelector('#password').value = word; }", PASSWORD,
        )  # fmt: skip
        await page.click("button.main")
        await page.wait_for_function(ARRIVED, "/")
        found = {}
        for path in PAGES:
            assert 200 == (await page.goto(town.url(path))).status, path
            await whole(page)
            found[path] = await grave(page)
        await page.goto(town.url("/alerts"))
        await page.keyboard.press("j")
        await page.keyboard.press("o")
        await page.wait_for_function(ARRIVED, "/alerts/")

    assert {} == {path: faults for path, faults in found.items() if faults}
    assert [] == said
