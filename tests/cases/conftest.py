"""One street for all cases: with a browser (`town`, each of two), or without one (`road`)."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.browsing import chromium_behind_and_beside, firefox_behind_and_beside, quiet_street

HERE = Path(__file__).parent
BROWSERS = {"chromium": chromium_behind_and_beside, "firefox": firefox_behind_and_beside}


def pytest_addoption(parser):
    """`--case 12` runs what is part of that case."""
    parser.addoption("--case", type=int, action="append", help="run this case only; repeatable")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark what needs a browser here; leave out what was not asked for.

    Others call a fixture `town`, too, such as the laboratory, whose work would take the processor
    from the browsers.
    """
    for item in items:
        if HERE in item.path.parents and "town" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    wanted = config.getoption("--case", None)
    if wanted:
        items[:] = [
            item for item in items if any(m.args[0] in wanted for m in item.iter_markers("case"))
        ]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def road(tmp_path_factory):
    """Proxy, ingest and origins; nobody who drives."""
    async with quiet_street(tmp_path_factory.mktemp("street")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def garage():
    """Browsers that were started, by name; each is started by the first test that wants it."""
    async with AsyncExitStack() as stack:
        yield stack, {}


@pytest_asyncio.fixture(params=list(BROWSERS), loop_scope="session")
async def town(request, road, garage):
    """The road, with a real browser behind the proxy and one beside it."""
    stack, cars = garage
    name = request.param
    if name not in cars:
        cars[name] = await stack.enter_async_context(BROWSERS[name](road))
    behind, direct = cars[name]
    return replace(road, behind=behind, direct=direct, name=name)
