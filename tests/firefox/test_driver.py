"""Firefox, driven without a proxy: what its automation mistakes does not fail a test."""

import asyncio

import pytest
import pytest_asyncio

from tests.cases.served import raw_origin
from tests.firefox.driver import FirefoxError, firefox
from tests.origin import Origin
from tests.proxy_addon.harness import free_port, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]

PAGE = """<!doctype html><iframe src=/refused onload="{then}"></iframe>
<script src=/held></script><p>whole"""
LEFT = b"""<!doctype html><script>const look = setInterval(async () => {
  if (!(await fetch("/asked")).ok) return;
  clearInterval(look);
  const frame = document.body.appendChild(document.createElement("iframe"));
  frame.onload = () => fetch("/told", {method: "POST", body: "1"}), frame.src = "/refused";
}, 50)</script><p>left"""
DENIED = [("Content-Type", "text/html"), ("X-Frame-Options", "DENY")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def context(tmp_path_factory):
    """A Firefox without a proxy."""
    async with firefox(tmp_path_factory.mktemp("firefox"), ()) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def origin():
    """An origin whose page is read to its end once its frame has shown an error page."""
    async with Origin() as served:
        shown = asyncio.Event()
        served.put("/refused", b"never shown", headers=DENIED)
        served.put("/held", shown, b"1", headers=[("Content-Type", "text/javascript")])
        served.put("/told", b"").arrived = shown
        yield served


@pytest.mark.parametrize("wait_until", ["load", "domcontentloaded"])
async def test_the_error_page_of_a_frame_is_not_the_pages_own(context, origin, wait_until):
    """The browser takes it for that until the page has been read."""
    told = "fetch('/told', {method: 'POST', body: '1'})"
    origin.put("/", PAGE.format(then=told).encode())
    page = await context.new_page()

    assert 200 == (await page.goto(origin.url + "/", wait_until=wait_until)).status
    assert "whole" == await page.evaluate("document.body.textContent.trim()")
    await page.close()


async def test_an_error_page_behind_a_mistake_is_an_error(context, origin):
    """The page that is left shows a refused frame, and the one that is awaited breaks off."""
    origin.put("/left", LEFT)
    page = await context.new_page()
    await page.goto(origin.url + "/left")

    async with raw_origin() as broken:
        url = broken.put("/broken", origin.pages["/told"].arrived)
        going = asyncio.ensure_future(page.goto(url))
        await until(lambda: broken.asked)
        origin.put("/asked")
        with pytest.raises(FirefoxError, match=r"(netReset|NS_ERROR_NET_RESET)"):
            await going
    await page.close()


@pytest.mark.parametrize("wait_until", ["load", "domcontentloaded"])
async def test_an_error_page_is_an_error(context, wait_until):
    """With the browser's own name for it."""
    page = await context.new_page()

    with pytest.raises(FirefoxError, match="NS_ERROR_CONNECTION_REFUSED"):
        await page.goto(f"http://127.0.0.1:{free_port()}/", wait_until=wait_until)
    await page.close()
