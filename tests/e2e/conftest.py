"""Fixtures of the tests with real processes: houses, a site, somebody who is enrolled."""

import pytest

from tests.e2e.house import PAGE, House
from tests.live import template_of
from tests.origin import Origin


@pytest.fixture(scope="module")
def template():
    """Of person 0, as alice."""
    return template_of()


@pytest.fixture
def houses(tmp_path):
    """Makes houses; none of them outlives the test."""
    made = []

    def make(name, **settings):
        made.append(House(tmp_path / name, **settings))
        return made[-1]

    yield make
    for house in made:
        house.close()


@pytest.fixture
async def origin():
    """A site of one page."""
    async with Origin() as served:
        served.put("/", PAGE)
        yield served


