"""The observer in a real browser, on pages that are plain, old, odd and hostile."""

import asyncio

import pytest
import pytest_asyncio

from reauth.event import Kind, Mark
from tests.e2e.hostile import HOSTILE
from tests.e2e.watched_site import TOKEN, chromium, site, steps, wander

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PLAIN = (
    "<!DOCTYPE html><html><head>{tag}<title>t</title></head>"
    "<body style='height:3000px'><p>text</p>%s</body></html>"
)
PAGE = PLAIN % ""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with chromium() as launched:
        yield launched


async def rest(page, seconds):
    """Let this much time go by for a page: timers of its own that were due before have run."""
    await page.evaluate("(ms) => new Promise((done) => setTimeout(done, ms))", 1000 * seconds)


async def all_moves_arrive(browser, html, count=42, prepare=None, **others):
    """Serve the page, move over it, and compare every step."""
    async with site(index=html, **others) as served:
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        if prepare:
            await prepare(page)
        moved = await wander(page, count)
        await served.until(lambda: len(served.moves()) >= count)
        assert moved == steps(served.moves())
        await page.close()
        return served


async def test_all_that_a_hand_does_arrives_and_nothing_of_the_page(browser):
    """Moves, drags, buttons and wheel with their places; the first batch tells of the screen."""
    async with site(index=PAGE) as served:
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        moved = await wander(page, 20)
        await page.mouse.down(button="right")
        await page.mouse.move(300, 300)
        await page.mouse.up(button="right")
        await page.mouse.wheel(0, 120)
        await served.until(lambda: served.rows(Kind.WHEEL))

        moves = served.rows(Kind.MOVE)
        assert moved == steps(served.moves()[:20])
        assert [0] * 20 + [1] == [ext for *_, ext in moves]
        assert [2] == [ext for *_, ext in served.rows(Kind.DOWN)]
        assert [2] == [ext for *_, ext in served.rows(Kind.UP)]
        assert [120] == [ext for *_, ext in served.rows(Kind.WHEEL)]
        first = served.stored()[0]
        size = await page.evaluate("[screen.width, screen.height, innerWidth, innerHeight]")
        assert tuple(size[:2]) == first.header.screen
        assert tuple(size[2:]) == first.header.client
        assert (1.0, True, True) == (first.header.dpr, first.header.secure, first.header.webdriver)
        assert TOKEN.encode() == first.token
        now = await page.evaluate("Date.now()")
        assert 0 <= now - first.base_ms < 30_000


async def test_the_page_looks_as_if_nobody_were_there(browser):
    """No element, no global name, no line on the console."""
    async with site(index=PAGE, bare=PAGE.replace("{tag}", "")) as served:
        page = await browser.new_page()
        told = []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        look = "[document.documentElement.outerHTML, Object.getOwnPropertyNames(window).join()]"
        await page.goto(served.url + "/bare")
        bare = await page.evaluate(look)
        await page.goto(served.url + "/index")
        seen = await page.evaluate(look)
        await wander(page, 10)
        await served.until(lambda: len(served.moves()) >= 10)

        assert bare == seen
        symbols = "Object.getOwnPropertySymbols(window).filter(s => Symbol.keyFor(s))"
        frozen = f"Object.getOwnPropertyDescriptor(window, {symbols}[0])"
        assert 1 == await page.evaluate(symbols + ".length")
        assert {"value": True, "writable": False, "enumerable": False, "configurable": False} == (
            await page.evaluate(frozen)
        )
        assert [] == told


async def test_a_page_that_replaces_every_native_still_delivers_all(browser):
    """All of them were taken before its first script ran; times and places are true."""
    async with site(index=PLAIN % HOSTILE) as served:
        served.replies.append({"status": 200, "text": "renewed-token"})  # replies are read too
        page = await browser.new_page()
        told = []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        await page.goto(served.url + "/index")
        moved = await wander(page)
        await served.until(lambda: len(served.moves()) >= 42)
        await page.mouse.move(1, 1)
        await served.until(lambda: len(served.moves()) >= 43)
        assert moved == steps(served.moves()[:42])
        assert TOKEN.encode() == served.stored()[0].token
        assert b"renewed-token" == served.stored()[-1].token
        assert ["armed"] == told
    times = [t for batch in served.stored() for t in batch.times]
    assert len(set(times)) > 20
    assert all(batch.base_ms > 1.6e12 for batch in served.stored())


STOP = """<script>
for (const type of ['pointermove', 'mousemove', 'wheel'])
  window.addEventListener(type, e => { e.stopImmediatePropagation(); e.preventDefault() },
    {capture: true, passive: false});
</script>"""
SHADOW = """<div id=h style='position:fixed;inset:0'></div><script>
h.attachShadow({mode: 'closed'}).innerHTML = '<div style="position:fixed;inset:0">deep</div>';
</script>"""
TIMERS = """<script>
const last = setTimeout(() => {}, 1e6);
for (let i = 0; i <= last; i++) { clearTimeout(i); clearInterval(i) }
</script>"""
SRCDOC = """<iframe style='position:fixed;inset:0;width:100%;height:100%;border:0'
 srcdoc='<body>inner</body>'></iframe>"""
BLANK = """<script>
const frame = document.createElement('iframe');
frame.style = 'position:fixed;inset:0;width:100%;height:100%;border:0';
document.body.append(frame);
frame.contentDocument.write('<body>inner</body>'); frame.contentDocument.close();
</script>"""


@pytest.mark.parametrize(
    "odd", [STOP, SHADOW, SRCDOC, BLANK], ids=["stop", "shadow", "srcdoc", "blank"]
)
async def test_no_way_of_building_a_page_hides_a_move(browser, odd):
    """We are the first listener at the window, and in frames that no tag can reach."""
    await all_moves_arrive(browser, PLAIN % odd)


async def test_document_open_is_survived(browser):
    """It removes every listener; ours is added again within a second."""

    async def reopen(page):
        await page.evaluate(
            "document.open(); document.write('<body style=height:3000px>new</body>');"
            "document.close()"
        )
        await rest(page, 1.2)

    await all_moves_arrive(browser, PAGE, prepare=reopen)


async def test_a_page_that_clears_all_timers_is_flushed_from_its_events(browser):
    """What is left waits for the next event, or for the page to go."""
    async with site(index=PLAIN % TIMERS, other=PAGE) as served:
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        moved = await wander(page, 20)
        await rest(page, 1)
        held = list(served.batches)  # on a slow machine the later moves send the earlier ones
        await rest(page, 1)
        assert held == served.batches
        await page.mouse.move(500, 400)
        await served.until(lambda: len(served.moves()) >= 20)
        assert moved == steps(served.moves()[:20])


async def test_a_sandboxed_frame_of_opaque_origin_delivers_what_nobody_may_read(browser):
    """Its replies are unreadable: treated as sent, each batch once."""
    frame = (
        "<iframe sandbox='allow-scripts' src='/inner'"
        " style='position:fixed;inset:0;width:100%;height:100%;border:0'></iframe>"
    )
    served = await all_moves_arrive(browser, PLAIN % frame, inner=PAGE)
    keys = [(batch.tab, batch.seq) for batch in served.stored()]
    assert len(keys) == len(set(keys))


async def test_what_is_held_is_delivered_as_the_page_goes(browser):
    """By beacon, with the marker that ends the movement."""
    async with site(index=PAGE, other=PAGE) as served:
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        moved = await wander(page, 12)
        await page.goto(served.url + "/other")
        await served.until(lambda: len(served.moves()) >= 12)

        assert moved == steps(served.moves())
        assert Mark.PAGEHIDE in [ext for *_, ext in served.rows(Kind.MARKER)]


async def test_a_page_back_from_the_cache_is_a_new_segment(browser):
    """What was held at pagehide is gone: another tab id, another sequence."""
    async with site(index=PAGE, other=PAGE) as served:
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        await page.evaluate("window.kept = 1")
        await wander(page, 8)
        await page.goto(served.url + "/other")
        await page.go_back(wait_until="commit")
        if await page.evaluate("window.kept") != 1:
            pytest.skip("this browser did not keep the page in its back/forward cache")
        await wander(page, 8, x=300)
        await served.until(lambda: len(served.moves()) >= 16)

        before, after = served.stored()[0], served.stored()[-1]
        assert before.tab != after.tab
        assert 0 == next(b.seq for b in served.stored() if b.tab == after.tab)
        assert Mark.PAGESHOW in [ext for *_, ext in served.rows(Kind.MARKER)]


async def test_a_machine_that_slept_begins_a_new_segment_at_the_time_it_woke(browser):
    """The page's clock missed the sleep: what comes is hours later, and not one trajectory."""
    slept = "{ const real = Date.now; window.slept = 0; Date.now = () => real() + window.slept }"
    async with site(index=PAGE) as served:
        page = await browser.new_page()
        await page.add_init_script(slept)  # the wall clock of this machine, as the page sees it
        await page.goto(served.url + "/index")
        first = await wander(page, 8)
        await page.evaluate("window.slept = 8 * 3600e3")
        second = await wander(page, 8, x=300)
        await served.until(lambda: len(served.moves()) >= 16)

        assert (first, second) == (steps(served.moves()[:8]), steps(served.moves()[8:]))
        before, after = served.stored()[0], served.stored()[-1]
        assert before.tab != after.tab
        assert 0 == next(b.seq for b in served.stored() if b.tab == after.tab)
        assert 8 * 3600e3 <= after.base_ms - before.base_ms < 8 * 3600e3 + 60e3
        assert 1 == [ext for *_, ext in served.rows(Kind.MARKER)].count(Mark.RESET)


PRERENDERED = """<script>
Object.defineProperty(document, 'prerendering', {get: () => !window.shown, configurable: true});
</script>{tag}"""


async def test_a_page_that_is_rendered_ahead_is_observed_once_it_is_shown(browser):
    """Nobody moves in it before. Under automation Chromium prerenders nothing: the page plays."""
    show = "window.shown = true; document.dispatchEvent(new Event('prerenderingchange'))"
    async with site(index=PAGE.replace("{tag}", PRERENDERED)) as served:
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        await wander(page, 5)
        await page.evaluate(show)
        moved = await wander(page, 8, x=300)
        await served.until(lambda: len(served.moves()) >= 8)
        assert moved == steps(served.moves())


async def test_a_second_copy_on_the_page_does_nothing(browser):
    """Turbo and document.write bring one: no move is told twice."""
    served = await all_moves_arrive(browser, PLAIN.replace("{tag}", "{tag}{tag}") % "{tag}")
    assert 42 == len(served.moves())
    assert 1 == len({batch.tab for batch in served.stored()})


async def test_synthetic_events_are_counted_and_not_recorded(browser):
    """A page or a bot that makes moves of its own is a signal, not a person."""
    synthetic = """() => { for (let i = 0; i < 5; i++)
        window.dispatchEvent(new PointerEvent('pointermove', {screenX: i, isPrimary: true})) }"""
    async with site(index=PAGE) as served:
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        await page.evaluate(synthetic)
        await served.until(served.stored)
        assert [] == served.moves()
        await wander(page, 5)
        await served.until(lambda: len(served.moves()) >= 5)
        told = [b.header.untrusted for b in served.stored() if b.header.untrusted is not None]
        assert 5 == told[-1]
        assert 5 == len(served.moves())


async def test_an_ingest_that_was_away_gets_all_once_it_is_back(browser):
    """503 keeps the ring; the order is in the sequence numbers, and none is missing."""
    async with site(index=PAGE) as served:
        served.replies.extend([{"status": 503, "headers": {"Retry-After": "1"}}] * 2)
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        moved = await wander(page, 30)
        await served.until(lambda: len(served.moves()) >= 30)

        assert moved == steps(served.moves())
        sequence = sorted({batch.seq for batch in served.stored()})
        assert list(range(len(sequence))) == sequence


async def test_a_refused_token_with_a_fresh_one_begins_a_new_segment(browser):
    """403 with a token is renewal: what was held is dropped, and no strike is counted."""
    async with site(index=PAGE) as served:
        served.replies.extend([{"status": 403, "text": f"fresh{i}"} for i in range(4)])
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        for i in range(5):
            await wander(page, 4, x=100 + 20 * i)
            await served.until(lambda i=i: len(served.batches) > i)
        await served.until(served.stored)

        last = served.stored()[-1]
        assert b"fresh3" == last.token
        assert 0 == served.stored()[0].seq
        assert 5 == len({batch.tab for batch, _ in served.batches})
        assert Mark.RESET in [ext for *_, ext in served.rows(Kind.MARKER)]


async def test_a_page_without_a_token_asks_for_one_before_anything_is_lost(browser):
    """A service worker knows none to put into its pages."""
    bare = PAGE.replace("{tag}", "{bare}")
    async with site(index=bare) as served:
        served.pages["/index"] = bare.replace("{bare}", served.tag.replace(TOKEN, ""))
        served.replies.append({"status": 403, "text": "first"})
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        await served.until(lambda: len(served.batches) == 1)
        moved = await wander(page, 10)
        await served.until(lambda: len(served.moves()) >= 10)

        assert moved == steps(served.moves())
        assert (b"", 0) == (served.batches[0][0].token, len(served.batches[0][0].kinds))
        assert {b"first"} == {batch.token for batch in served.stored()}


async def test_what_a_hand_does_before_the_first_token_arrives_too(browser):
    """The answer to who asks for one may be late; a page that is full does not wait for it."""
    bare = PAGE.replace("{tag}", "{bare}")
    async with site(index=bare) as served:
        late = asyncio.Event()
        served.pages["/index"] = bare.replace("{bare}", served.tag.replace(TOKEN, ""))
        served.replies.append({"status": 403, "text": "first", "when": late.wait})
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        moved = await wander(page, 10)
        rested = await page.evaluate("performance.now() + 2000")  # by then it would have sent
        await page.wait_for_function("rested => performance.now() > rested", arg=rested)
        assert 1 == len(served.batches)
        late.set()
        await served.until(lambda: len(served.moves()) >= 10)

        assert moved == steps(served.moves())
        assert [0, 0] == [batch.seq for batch, _ in served.batches]
        assert served.stored()[0].header.screen


async def test_a_renewal_in_a_reply_is_taken_and_nothing_is_dropped(browser):
    """200 with a token: stored, and from now on the new one."""
    async with site(index=PAGE) as served:
        hurry = {"X-Obs-Interval": "1000"}
        served.replies.append({"status": 200, "text": "renewed", "headers": hurry})
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        first = await wander(page, 5)
        await served.until(served.stored)
        await wander(page, 5, x=300)
        await served.until(lambda: len(served.moves()) >= 10)

        assert first == steps(served.moves()[:5])
        assert [TOKEN.encode(), b"renewed"] == list(dict.fromkeys(b.token for b in served.stored()))
        assert 1 == len({batch.tab for batch in served.stored()})


async def test_three_refusals_in_a_row_silence_the_page(browser):
    """Other 4xx are never retried; the page stays as it is."""
    async with site(index=PAGE) as served:
        served.replies.extend([{"status": 400}] * 3)
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        for i in range(3):
            await wander(page, 4, x=100 + 20 * i)
            await served.until(lambda i=i: len(served.batches) > i)
        await wander(page, 4)
        await rest(page, 2.5)
        assert 3 == len(served.batches)


async def test_a_keepalive_quota_that_the_page_has_used_up_loses_nothing(browser):
    """64 KiB are shared by all of a page; a refused send is tried again."""
    async with site(index=PAGE) as served:
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        await page.evaluate(
            "void fetch('/slow', {method: 'POST', keepalive: true, body: 'x'.repeat(65500)})"
        )
        moved = await wander(page, 20)
        await rest(page, 2)
        assert [] == served.batches
        served.gate.set()
        await served.until(lambda: len(served.moves()) >= 20)
        assert moved == steps(served.moves())


async def test_a_page_at_rest_sends_nothing(browser):
    """0 bytes while nobody moves, whatever else the page does."""
    async with site(index=PAGE) as served:
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        await page.set_viewport_size({"width": 700, "height": 500})
        await rest(page, 2.5)
        assert [] == served.batches


async def test_a_page_that_is_left_says_that_it_was_there(browser):
    """Else nobody could tell who only reads from a program that runs no script."""
    async with site(index=PAGE, other=PAGE) as served:
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        await page.goto(served.url + "/other")
        await served.until(served.stored)

        [batch] = served.stored()
        assert 0 == len(batch.kinds)
        assert (None, True) == (batch.header.input, batch.header.webdriver)


async def test_of_keys_the_minute_is_told_and_nothing_else(browser):
    """Once, however many are pressed, and the same for a click without a pointer."""
    async with site(index=PLAIN % "<button>b</button>") as served:
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        for key in "secret":
            await page.keyboard.press(key)
        await served.until(served.stored)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await rest(page, 2.5)

        [batch] = served.stored()
        assert 0 == len(batch.kinds)
        assert 1 == batch.header.input


async def test_a_click_that_a_script_makes_is_no_input(browser):
    """Pages click by themselves all the time; it is not counted as synthetic either."""
    async with site(index=PLAIN % "<button>b</button>", other=PAGE) as served:
        page = await browser.new_page()
        await page.goto(served.url + "/index")
        await page.evaluate("document.querySelector('button').click()")
        await page.goto(served.url + "/other")
        await served.until(served.stored)

        [batch] = served.stored()
        assert (None, 0) == (batch.header.input, batch.header.untrusted)
