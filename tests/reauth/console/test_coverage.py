"""Coverage as it is shown: shares always, amounts only where they are nobody's own."""

from reauth.coverage import Covered, Seen
from tests.reauth.console.test_views import page
from tests.rows import NOON


async def seen(site, users=("anna",), **sites):
    """Have pages of users counted: `a=(watched, silent)`."""
    told = Seen()
    for name, (watched, silent) in sites.items():
        told.sites[name, "", Covered.WATCHED] = watched
        told.sites[name, "", Covered.SILENT] = silent
    told.people.update((user, what) for user in users for what in (Covered.WATCHED, Covered.SILENT))
    await site.subjects.coverage.add(told, NOON)


async def test_nothing_is_said_to_be_nothing(browse):
    """And when to look again."""
    assert "Nothing yet" in await page(await browse(), "/coverage")


async def test_sites_are_told_by_shares_and_by_amounts_of_many_only(browse, site):
    """With four users an amount may be one user's own work."""
    await seen(site, "abcd", aa=(30, 10), bb=(7, 0))
    client = await browse()
    few = await page(client, "/coverage")
    told = await (await client.get("/api/v1/coverage")).json()
    await seen(site, "e", bb=(0, 0))
    many = await page(client, "/coverage")

    assert "75.0 %" in few and "25.0 %" in few and "100.0 %" in few
    assert '<span class="note">30</span>' not in few and "from 5 users on" in few
    assert [None, None] == [row["amounts"] for row in told["sites"]]
    assert ["aa", "bb"] == [row["site"] for row in told["sites"]]
    assert '<span class="note">30</span>' in many


async def test_of_a_user_it_is_told_what_there_is_and_nothing_more(browse, site):
    """No amount, no day."""
    await seen(site, aa=(30, 10))
    client = await browse()
    before = await page(client, "/coverage")
    await seen(site, aa=(1, 1))
    after = await page(client, "/coverage")

    assert "cover-silent" in before.partition("<h2>Users</h2>")[2]
    assert before.partition("<h2>Users</h2>")[2] == after.partition("<h2>Users</h2>")[2]
    assert "anna" not in (await page(client, "/coverage?kind=tunnelled"))
    assert 400 == (await client.get("/coverage?kind=idle")).status


async def test_why_pages_went_unwatched_is_told(browse):
    """As the proxy counts it."""
    text = await page(await browse(), "/coverage")

    assert "<code>csp-sandbox</code></dt><dd>3 since the start" in text
