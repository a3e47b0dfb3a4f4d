"""Coverage in SQL: added up by day, bounded, forgotten with its user and by age."""

import pytest

from reauth.coverage import OTHERS, Covered, Seen
from reauth.doors import doors_of
from reauth.store import coverage
from tests.rows import DAY, NOON


@pytest.fixture
def kept(store):
    """The door."""
    return doors_of(store).coverage


def seen(*people, **sites):
    """So many watched pages of sites."""
    told = Seen(people=set(people))
    for site, amount in sites.items():
        told.sites[site, "", Covered.WATCHED] = amount
    return told


async def test_days_are_added_up(kept):
    """The sites with the most pages first; hosts where they were told."""
    await kept.add(seen(aa=1, bb=2), NOON)
    await kept.add(seen(aa=4), NOON + DAY)
    told = Seen()
    told.sites["bb", "https://b.example", Covered.SILENT] = 1
    await kept.add(told, NOON)

    rows = await kept.sites(9)
    assert [("aa", "", {Covered.WATCHED: 5})] == [(r.site, r.host, r.amounts) for r in rows[:1]]
    assert ("bb", "https://b.example") == (rows[1].site, rows[1].host)
    assert {Covered.WATCHED: 2, Covered.SILENT: 1} == rows[1].amounts
    assert ["aa"] == [row.site for row in await kept.sites(1)]


async def test_a_day_has_room_for_so_many_sites(kept, monkeypatch):
    """All beyond them are one; those that are known go on."""
    monkeypatch.setattr(coverage, "SITES", 2)
    await kept.add(seen(aa=1, bb=1), NOON)
    await kept.add(seen(aa=1, cc=5, dd=6), NOON)

    assert {"aa": 2, "bb": 1, OTHERS: 11} == {
        row.site: sum(row.amounts.values()) for row in await kept.sites(9)
    }


async def test_of_people_it_is_known_what_there_was(kept, store):
    """By name, paged; nothing of whom was deleted."""
    what = [(f"user{n}", Covered.WATCHED) for n in range(3)] + [("user1", Covered.SILENT)]
    await kept.add(seen(*what, aa=1), NOON)

    page = await kept.people(None, 1, 1)
    assert (3, [("user1", frozenset({"watched", "silent"}))]) == (page.total, list(page.people))
    page = await kept.people(Covered.SILENT, 0, 9)
    assert (1, "user1") == (page.total, page.people[0][0])
    assert {Covered.WATCHED} == await kept.of_user("user0")
    await store.delete_user("user0")
    assert frozenset() == await kept.of_user("user0")


async def test_old_days_are_forgotten(kept):
    """Of sites and of people."""
    await kept.add(seen(("anna", Covered.WATCHED), aa=1), NOON)
    await kept.expire(NOON + 7 * DAY, 7 * DAY)
    assert 1 == len(await kept.sites(9))
    await kept.expire(NOON + 8 * DAY, 7 * DAY)

    assert ([], 0) == (await kept.sites(9), (await kept.people(None, 0, 9)).total)
