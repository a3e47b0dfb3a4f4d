"""The pages of users, coverage, movement and the machine, with data that came through the proxy.

One house and one story for two browsers: people are enrolled by the wizard, one of them moves
behind the proxy while somebody looks on, and every page is looked at.
"""

import asyncio
import json
import os
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from reauth.app import opened_store
from reauth.lab.synth import draw_person, recording
from reauth.recording import write_recording
from tests.e2e.house import PAGE, PATIENCE, House
from tests.e2e.looked_at import complaints, grave
from tests.e2e.watched_site import CHROMIUM, steps, wander
from tests.firefox.driver import firefox
from tests.origin import Origin
from tests.people import PASSWORD, log_in_page, make_account

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PICTURES = os.environ.get("REAUTH_PICTURES")
"""A folder for pictures of every page; none are made without."""
WIDTHS = (390, 820, 1440)
MORE = """
[identity]
default_user = "alice"
[enrolment]
min_trajectories = 40
automatic = false
[absence]
spacing_s = 0
"""
SANDBOXED = {"Content-Security-Policy": "sandbox"}
"""A page in which no script runs: ours neither."""
PAGES = (
    "/users", "/users/alice", "/enrol", "/enrol/{run}", "/coverage", "/users/alice/live",
    "/users/alice/sessions/{session}", "/settings", "/system", "/audit", "/audit/check",
    "/integrations",
)  # fmt: skip


class Town:
    """The house, its site, browsers, and what the story has brought about."""

    def __init__(self, house, origin, browser, folder):
        self.house = house
        self.origin = origin
        self.browser = browser
        self.folder = folder
        self.console = f"http://127.0.0.1:{house.ports['console']}"
        self.proxy = f"http://127.0.0.1:{house.ports['proxy']}"
        self.names = {}

    def url(self, path):
        """Of a page of the console."""
        return self.console + path.format(**self.names)


def recordings(folder):
    """Files of five people, the first of whom is alice."""
    made = []
    for seed, name in enumerate(("alice", "ben", "cleo", "dan", "eve")):
        rng = np.random.default_rng(seed)
        file = folder / f"{name}.csv"
        file.write_text(write_recording(recording(draw_person(rng), 60, rng)), "utf-8")
        made.append(file)
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("users")
    house = House(folder, lane=MORE)
    home = tempfile.mkdtemp(dir=folder)
    async with Origin() as origin, async_playwright() as playwright:
        origin.put("/", PAGE)
        origin.put("/sandbox", PAGE, headers=list(SANDBOXED.items()))
        browser = await playwright.chromium.launch(**CHROMIUM, env={**os.environ, "HOME": home})
        try:
            await asyncio.to_thread(make_account, house.config)
            await asyncio.to_thread(house.start, "run")
            told = Town(house, origin, browser, folder)
            await story(told)
            yield told
        finally:
            await browser.close()
            house.close()


async def story(town):
    """People are enrolled, alice moves, somebody looks on; pages come through the proxy."""
    context = await town.browser.new_context()
    page = await context.new_page()
    town.said = complaints(page)
    await log_in_page(page, town.console)
    await enrol(town, page)
    await look_on(town, page)
    await page.close()
    town.state = await context.storage_state()
    await context.close()


async def enrol(town, page):
    """By the wizard, with recordings; the last line has none."""
    files = recordings(town.folder)
    await page.goto(town.url("/enrol"))
    lines = [f"{file.stem},{file.stem} of the night shift,{file.name}" for file in files]
    await page.fill("#people", "\n".join(["user,note,file", *lines, "frida,,"]))
    await page.set_input_files("input[name=files]", list(map(str, files)))
    await page.click("form.tall button")
    await page.wait_for_function(
        "() => !document.querySelector('[data-again]') && document.querySelector('#run')",
        timeout=120_000,
    )
    town.names["run"] = page.url.rpartition("/")[2]
    town.enrolled = await page.inner_text("#run")


async def look_on(town, page):
    """Alice moves behind the proxy while somebody looks; what was moved, what was seen of it."""
    await page.goto(town.url("/users/alice/live"))
    await page.wait_for_function("() => /waiting|live/.test(state.textContent)")
    theirs = await town.browser.new_page(proxy={"server": town.proxy})
    await theirs.goto(f"{town.origin.url}/")
    town.moved = await wander(theirs, 60)
    await page.wait_for_function(
        "() => Number(document.querySelector('#film').dataset.moved) > 40", timeout=60_000
    )
    town.seen = await page.evaluate(
        "() => [...document.querySelectorAll('.way')].map((way) => way.getAttribute('points'))"
    )
    for _ in range(6):
        await asyncio.sleep(0.6)  # a pause ends a movement
        await wander(theirs, 20, 300, 200)
    await page.wait_for_selector("#scores li", timeout=60_000)
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / "live-moving.png", full_page=True)
    await theirs.goto(f"{town.origin.url}/sandbox")
    await theirs.close()
    async with opened_store(town.house.settings) as store, asyncio.timeout(PATIENCE):
        while not (session := await store.session("alice", "127.0.0.1")):  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.1)
    town.names["session"] = session.id
    await page.goto(town.url("/coverage"))
    async with asyncio.timeout(PATIENCE):
        while "cover-unwatched" not in (await page.content()).partition("<h2>Users")[2]:
            await asyncio.sleep(0.5)  # it is written down every few seconds
            await page.reload()


async def test_a_list_is_enrolled_in_the_browser(town):
    """Five are trained on their recordings, the sixth waits; each line says so."""
    assert 5 == town.enrolled.count("trained: template 1")
    assert "waits for movement: 40 trajectories are missing" in town.enrolled
    assert "6 done" in town.enrolled


async def test_what_is_seen_live_is_what_was_moved_at_that_moment(town):
    """Step for step: the picture's points differ as the mouse's did."""
    drawn = [
        step
        for points in town.seen
        for step in steps([tuple(map(int, pair.split(","))) for pair in points.split()])
    ]

    run = max(
        sum(1 for _ in common)
        for start in range(len(town.moved))
        for common in [list(_alike(drawn, town.moved[start:]))]
    )
    assert run >= 20, (drawn, town.moved)


def _alike(drawn, moved):
    """The steps that two ways share from some place of the first on."""
    best = []
    for start in range(len(drawn)):
        both = zip(drawn[start:], moved, strict=False)
        same = []
        for one, other in both:
            if one != other:
                break
            same.append(one)
        best = max(best, same, key=len)
    return best


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_sound_in_chromium(town, scheme):
    """No complaint of the browser, nothing blocked by policy, nothing grave for axe."""
    context = await town.browser.new_context(storage_state=town.state, color_scheme=scheme)
    page = await context.new_page()
    said = complaints(page)
    found = {}
    for path in PAGES:
        answer = await page.goto(town.url(path))
        assert 200 == answer.status, path
        found[path] = await grave(page)
        for width in WIDTHS if PICTURES else ():
            await page.set_viewport_size({"width": width, "height": 900})
            name = re.sub(r"\W+", "-", path.format(run="run", session="session")).strip("-")
            file = Path(PICTURES) / f"{name}-{width}-{scheme}.png"
            await page.screenshot(path=file, full_page=True)
    await context.close()

    assert {} == {path: faults for path, faults in found.items() if faults}
    assert [] == said + town.said


async def test_no_page_is_wider_than_a_phone(town):
    """Tables scroll within themselves."""
    context = await town.browser.new_context(
        storage_state=town.state, viewport={"width": 390, "height": 800}
    )
    page = await context.new_page()
    wide = {}
    for path in PAGES:
        await page.goto(town.url(path))
        wide[path] = await page.evaluate("() => document.documentElement.scrollWidth")
    await context.close()

    assert {} == {path: width for path, width in wide.items() if width > 390}


async def test_every_page_is_readable_without_javascript(town):
    """A replay is a picture then; only what moves needs a script, and says so."""
    context = await town.browser.new_context(storage_state=town.state, java_script_enabled=False)
    page = await context.new_page()
    texts = {}
    for path in PAGES:
        await page.goto(town.url(path))
        texts[path] = await page.inner_text("main")
    ways = await page.goto(town.url("/users/alice/sessions/{session}"))
    picture = await ways.text()
    await page.goto(town.url("/users/alice"))
    await page.fill("input[name=reason]", "away")
    await page.click("text=Pause")
    paused = await page.inner_text("main")
    await page.click("text=Resume")
    await context.close()

    assert all(len(text) > 80 for text in texts.values())
    assert "40 trajectories of each" in texts["/enrol"]
    assert "needs JavaScript" in texts["/users/alice/live"]
    assert picture.count('<polyline class="way"') >= 3
    assert "Paused: away" in paused


async def test_a_replay_plays(town):
    """Ways appear in order, faster if that is wished; it may be stopped and moved."""
    context = await town.browser.new_context(storage_state=town.state)
    page = await context.new_page()
    await page.goto(town.url("/users/alice/sessions/{session}"))
    shown = "() => document.querySelectorAll('.way:not([points=\"\"])').length"
    all_ways = await page.evaluate(shown)
    await page.select_option("#speed", "4")
    await page.click("#play")
    await page.wait_for_function("() => Number(document.querySelector('#place').value) > 300")
    await page.click("#play")
    at = await page.evaluate("() => Number(document.querySelector('#place').value)")
    some = await page.evaluate(shown)
    still = await page.evaluate("() => document.querySelector('#play').textContent")
    await page.fill("#place", await page.get_attribute("#place", "max"))
    assert all_ways == await page.evaluate(shown)
    await context.close()

    assert 0 < some < all_ways and at > 300
    assert "Play" == still


async def test_each_look_at_movement_is_in_the_audit(town):
    """Who looked, at whom; and no page tells when alice moved."""
    context = await town.browser.new_context(storage_state=town.state)
    page = await context.new_page()
    await page.goto(town.url("/api/v1/audit?action=movement."))
    told = json.loads(await page.inner_text("body"))["entries"]
    await page.goto(town.url("/users/alice"))
    text = await page.inner_text("main")
    await context.close()

    assert {"boss"} == {row["who"] for row in told}
    assert {"alice", f"alice {town.names['session']}"} == {row["subject"] for row in told}
    assert not re.search(r"last (seen|active)|idle|\d\d:\d\d:\d\d", text.partition("Alerts")[0])


async def test_every_page_is_sound_in_firefox(town):
    """The same in the other browser, on its own login."""
    async with firefox(town.folder / "firefox", [town.house.state / "ca" / "ca.pem"]) as context:
        page = await context.new_page()
        said = complaints(page)
        await page.goto(town.url("/login"))
        await page.evaluate(
            "(word) => { document.querySelector('#name').value = 'boss';"
            " document.querySelector('#password').value = word; }", PASSWORD,
        )  # fmt: skip
        await page.click("button.main")
        await page.wait_for_function("() => location.pathname === '/'")
        found = {}
        for path in PAGES:
            assert 200 == (await page.goto(town.url(path))).status, path
            found[path] = await grave(page)
        await page.goto(town.url("/users/alice/sessions/{session}"))
        await page.click("#play")
        await page.wait_for_function("() => Number(document.querySelector('#place').value) > 200")

    assert {} == {path: faults for path, faults in found.items() if faults}
    assert [] == said
