"""What a page is asked for."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from reauth.console.asking import Pager, choice, page_of
from reauth.person import Enrolled


@pytest.mark.parametrize(
    ("page", "total", "wanted"),
    [(1, 0, (0, 0, False, False)), (1, 50, (1, 50, False, False)), (2, 101, (51, 100, True, True))],
)
def test_a_pager_knows_its_neighbours(page, total, wanted):
    """And no others."""
    pager = Pager("/users", {"search": "a&b"}, page, total)

    assert wanted == (pager.first, pager.last, bool(pager.before), bool(pager.after))
    assert pager.after in (None, "/users?search=a%26b&page=3")


@pytest.mark.parametrize("asked", ["0", "-1", "x", "٣", "1" * 30, "200001"])
def test_a_page_is_a_number(asked):
    """Within bounds."""
    with pytest.raises(web.HTTPBadRequest):
        page_of(make_mocked_request("GET", f"/users?page={asked}"))


def test_a_choice_is_one_of_those_that_there_are():
    """None where nothing is asked."""
    assert None is choice(make_mocked_request("GET", "/users?state="), "state", Enrolled)
    assert Enrolled.ACTIVE is choice(
        make_mocked_request("GET", "/users?state=active"), "state", Enrolled
    )
    with pytest.raises(web.HTTPBadRequest):
        choice(make_mocked_request("GET", "/users?state=x"), "state", Enrolled)
