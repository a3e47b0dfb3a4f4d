"""Cases 52 to 58: what browsers keep of pages, before us and with us, and what they show again."""

import asyncio
import contextlib
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Error as PlaywrightError

from tests.cases.registry import case, plant
from tests.cases.served import got, put, tag_in, untagged
from tests.cases.workers import asked_for
from tests.e2e.browsing import SYMBOL, quiet_street
from tests.firefox.driver import FirefoxError
from tests.proxy_addon.harness import DOCUMENT, OBS, PATIENCE, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEADERS, POLICY = "proxy_addon/headers.py", "proxy_addon/policy.py"
PAGE = b"""<!doctype html><html lang=en><head><meta charset=utf-8><title>kept</title></head>
<body style="height:3000px"><a id=next href="%s">text</a></body></html>"""
DATE = "Mon, 01 Jan 2024 00:00:00 GMT"


def served(origin, path, *headers, body=PAGE, **fields):
    """Have a page answered with these headers; its address."""
    return put(origin, path, body, headers=headers, **fields)


def asked(origin, path):
    """What was asked to be confirmed when a path was asked for last."""
    last = [one for one in origin.seen if one.target == path][-1]
    return [*last.values("If-None-Match"), *last.values("If-Modified-Since")]


@asynccontextmanager
async def before_us(town):
    """A time in which the proxy changes no page: as it was before there was one."""
    probe = put(town.plain, "/before-us", PAGE)

    async def says(changed):
        while untagged((await got(town, probe)).body) is changed:
            pass

    town.people.control.change(observe=False)
    try:
        await says(False)
        yield
    finally:
        town.people.control.change(observe=True)
        await says(True)


OLD = f'<script src="{OBS}observer.0.0.1-0.js" integrity="sha256-0" data-k=old></script>'.encode()


@case(
    52,
    plant(HEADERS, 'return _without(fields, frozenset({b"if-none-match"}))', "return fields"),
    plant(HEADERS, 'fields = _without(fields, frozenset({b"if-modified-since"}))', "pass"),
)
@case(54, plant(HEADERS, 'prefix = b"obs" + version + b":"', 'prefix = b"obs"'))
@pytest.mark.parametrize(
    ("name", "validator", "asks"),
    [
        ("tag", ("ETag", '"one"'), ['"one"']),
        ("weak", ("ETag", 'W/"one"'), ['W/"one"']),
        ("date", ("Last-Modified", DATE), [DATE]),
        ("version", ("ETag", 'W/"obs0.0.1-0:one"'), ['W/"obs0.0.1-0:one"']),
    ],
)
async def test_a_page_stored_before_us_is_injected_when_it_is_looked_at_again(
    town, name, validator, asks
):
    """Its validators are not ours, so it is asked for whole; nor are those of another version."""
    path = f"/case52-{name}-{town.name}"
    body = PAGE.replace(b"<title>", OLD + b"<title>") if name == "version" else PAGE
    url = served(town.secure, path, validator, ("Cache-Control", "no-cache"), body=body)
    async with town.page(town.direct) as bare, town.page() as seen:
        async with before_us(town):
            await seen.goto(url)
            assert 0 == await seen.evaluate(SYMBOL)
        served(town.secure, path, validator, ("Cache-Control", "no-cache"))
        await bare.goto(url)
        await bare.goto(url)
        assert asks == asked(town.secure, path)
        await seen.goto(url)
        assert [] == asked(town.secure, path)
        assert 1 == await seen.evaluate(SYMBOL)
        await town.is_watched(seen)


@case(
    53,
    plant(POLICY, "if response.status == 304:", "if response.status == 1304:"),
    plant(HEADERS, "tags = [_unwrap(tag) for", "tags = [tag for"),
)
@pytest.mark.parametrize(
    ("name", "validator", "asks", "policy"),
    [
        ("tag", ("ETag", '"one"'), ['"one"'], "default-src 'none'"),
        ("weak", ("ETag", 'W/"one"'), ['W/"one"'], "script-src 'nonce-abc'; connect-src 'none'"),
        ("date", ("Last-Modified", DATE), [DATE], "script-src 'sha256-x'; connect-src a.example"),
    ],
)
async def test_a_page_that_is_confirmed_still_runs_the_observer(
    town, name, validator, asks, policy
):
    """The headers of a 304 replace those that were stored with the page, its policy too.

    It has no type, and so no sign of its own that it is about a page.
    """
    path = f"/case53-{name}-{town.name}"
    headers = (validator, ("Cache-Control", "no-cache"), ("Content-Security-Policy", policy))
    headers += (("X-Content-Type-Options", "nosniff"),)
    url = served(town.secure, path, *headers)
    async with town.both(url) as (bare, seen):
        assert 1 == await seen.evaluate(SYMBOL)
        served(town.secure, path, *headers, kind=None, status=304, framing="none")
        for page in (bare, seen):
            await page.goto(url)
            assert (asks, "kept") == (asked(town.secure, path), await page.title())
        assert [0, 1] == [await page.evaluate(SYMBOL) for page in (bare, seen)]
        await town.is_watched(seen)


@case(54, plant(HEADERS, '+ version + b":" + weak', '+ b"1:" + weak'))
async def test_a_pages_tag_names_the_version_of_what_was_put_into_it(road):
    """Then a new observer reaches everybody at the next visit."""
    url = served(road.plain, "/case54", ("ETag", '"one"'))
    answer = await got(road, url)
    version = tag_version(answer.body)
    assert f'W/"obs{version}:one"' == answer.value("etag")
    for told, passed in ((answer.value("etag"), ['"one"']), ('W/"obs0:one"', [])):
        await got(road, url, {**DOCUMENT, "If-None-Match": told})
        assert passed == asked(road.plain, "/case54")


def tag_version(body):
    """The version that our tag names."""
    at, _ = tag_in(body)
    return body[at:].split(b"observer.")[1].split(b".js")[0].decode()


SAID = ("Cache-Control", "public, no-transform, max-age=60")


@case(
    55,
    plant(
        POLICY,
        "return wanted if transform else Decision(wanted.action,",
        "return wanted if transform else Decision(Action.PASS,",
    ),
)
async def test_a_page_does_not_opt_its_user_out(town):
    """By default: `no-transform` is injected and counted."""
    url = served(town.secure, "/case55", SAID)
    counted = "no_transform_total"
    before = town.people.counters[counted]
    async with town.both(url) as (_, seen):
        await town.is_watched(seen)
    await until(lambda: town.people.counters[counted] > before)


@case(55, plant(POLICY, "if not transform and site.honour_no_transform and", "if False and"))
async def test_a_page_is_left_alone_where_the_operator_honours_no_transform(tmp_path):
    """Byte for byte, with its own validators."""
    async with quiet_street(tmp_path, "honour_no_transform = true") as own:
        url = served(own.plain, "/case55", SAID, ("ETag", '"one"'))
        answer = await got(own, url)
        assert (PAGE, '"one"') == (answer.body, answer.value("etag"))
        assert not untagged((await got(own, served(own.plain, "/other"))).body)


LONG = ("Cache-Control", "max-age=31536000")
UNSTORED = plant(HEADERS, 'capped = b"max-age=%d" % AGE_CAP', 'capped = b"no-store"')
HEAR = """() => { window.alive = true;
  addEventListener("pageshow", (event) => { window.back = event.persisted; }); }"""


async def is_at(page, path):
    """Wait until a page that goes there by itself has come to a path."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(FirefoxError, PlaywrightError):  # on its way
                if path == await page.evaluate("location.pathname"):
                    return
            await asyncio.sleep(0.05)


@case(56, UNSTORED)
async def test_a_page_that_the_browser_kept_alive_goes_on_being_watched(town):
    """It is kept alive with us where it is without, and moves go on from there."""
    first = served(town.secure, f"/case56-{town.name}", LONG)
    second = served(town.secure, "/case56-next", LONG)
    async with town.both(first) as (bare, seen):
        await town.is_watched(seen)
        told = []
        for page in (bare, seen):
            await page.evaluate(HEAR)
            await page.goto(second)
            await page.evaluate("void setTimeout(() => history.back())")  # none is loaded
            await is_at(page, f"/case56-{town.name}")
            told.append(await page.evaluate("[window.alive ?? null, window.back ?? null]"))
        assert told[0] == told[1] == [True, True], told
        assert 1 == await seen.evaluate(SYMBOL)
        await town.is_watched(seen)


SHOWN = "document.readyState == 'complete' && !document.prerendering"
RULES = b"""<script type=speculationrules>{"prerender": [{"source": "list", "urls": ["%s"]}]}
</script>"""


@case(
    57,
    plant(
        POLICY,
        "return destination.lower() in _DOCUMENTS or _is_handed_on(request)",
        "return destination.lower() in _DOCUMENTS and 'sec-purpose' not in request.headers",
    ),
)
@pytest.mark.parametrize("purpose", ["prefetch;prerender", "prefetch"])
async def test_a_page_fetched_before_it_is_wanted_is_injected(road, purpose):
    """What the browser shows later is what came now."""
    answer = await got(
        road, served(road.plain, "/case57"), {**DOCUMENT, "Sec-Purpose": purpose}
    )  # fmt: skip
    assert PAGE == tag_in(answer.body)[1]


@case(57)
async def test_a_page_that_was_announced_is_watched_once_it_is_shown(town):
    """By speculation rules, which Firefox has not, and Chromium heeds less under automation."""
    target = served(town.secure, f"/case57-next-{town.name}", LONG)
    page = PAGE.replace(b"</head>", RULES % target.encode() + b"</head>") % target.encode()
    first = served(town.secure, f"/case57-{town.name}", body=page)
    async with town.both(first) as (_, seen):
        await town.is_watched(seen)
        await seen.click("#next")
        await seen.wait_for_function(f"location.href == '{target}' && {SHOWN}")
        assert 1 == await seen.evaluate(SYMBOL)
        await town.is_watched(seen)


@case(58, UNSTORED)
async def test_a_page_shown_again_out_of_the_disk_cache_is_watched(town):
    """Its tag is the stored one, with its old token; the origin is not asked."""
    path = f"/case58-{town.name}"
    first, second = served(town.secure, path, LONG), served(town.secure, "/case58-next", LONG)
    async with town.both(first) as (bare, seen):
        for page in (bare, seen):
            await page.evaluate("addEventListener('unload', () => {}), window.alive = true")
            await page.goto(second)
            before = asked_for(town.secure, path)
            await page.go_back()
            await page.wait_for_function(f"location.pathname == '{path}' && {SHOWN}")
            again = asked_for(town.secure, path) - before
            assert [0, None] == [again, await page.evaluate("window.alive ?? null")]
        assert 1 == await seen.evaluate(SYMBOL)
        await town.is_watched(seen)
