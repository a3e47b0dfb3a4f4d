"""The list of alerts: its URL, its pages, and what is done to many at once."""

import re

import pytest

from reauth.access import Role
from reauth.alert import VERDICTS, Severity, State, hold
from reauth.console.alerts import PAGE
from tests.people import from_here
from tests.reauth.console.test_views import keep, page
from tests.rows import DAY, NOON, alarm


def listed(text):
    """The alerts of a page, in order."""
    return re.findall(r'href="/alerts/(a\d+)"', text)


async def test_the_list_is_newest_first_and_narrowed_by_state_and_time(browse, store):
    """By links, so that they work without a script."""
    ages = {"a0": 1, "a1": 2, "a2": 60}
    await keep(
        store,
        *(alarm(name, name, raised_at=NOON - age * DAY) for name, age in ages.items()),
    )
    client = await browse()

    assert ["a0", "a1"] == listed(await page(client, "/alerts"))
    assert ["a0", "a1", "a2"] == listed(await page(client, "/alerts?days=365"))
    assert [] == listed(await page(client, "/alerts?state=expired"))
    for wrong in (
        "state=shut",
        "days=x",
        "days=9",
        "severity=loud",
        "kind=odd",
        "test=maybe",
        "before=a99",
    ):
        assert 400 == (await client.get(f"/alerts?{wrong}")).status


FILTERS = {
    "severity=high": ["a2"],
    "kind=bot": ["a3"],
    "user=berta": ["a4"],
    "client=10.9.9.9": ["a5"],
    "assignee=me": ["a6"],
    "suppressed=yes": ["a7"],
    "test=yes": ["a8"],
    "suppressed=no&test=no&kind=impostor&severity=medium": ["a1", "a4", "a5", "a6"],
    "state=waiting": ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"],
    "user=%20&client=": ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"],
}


@pytest.mark.parametrize(("query", "found"), FILTERS.items(), ids=FILTERS)
async def test_every_filter_narrows_by_what_it_says(browse, store, query, found):
    """An empty field of the form asks for nothing."""
    rows = [
        alarm("a1", "s1"),
        alarm("a2", "s2", severity=Severity.HIGH),
        alarm("a3", "s3", lane="bot", kind="bot"),
        alarm("a4", "s4", user="berta"),
        alarm("a5", "s5", client="10.9.9.9"),
        alarm("a6", "s6", assignee="me"),
        hold(alarm("a7", "s7"), "budget"),
        alarm("a8", "s8", test=True),
    ]
    await keep(store, *rows)

    assert found == sorted(listed(await page(await browse(), f"/alerts?{query}")))


async def test_pages_are_walked_without_a_gap_or_a_repetition(browse, store):
    """By the last one seen, which a new alert does not move."""
    count = PAGE + 3
    await keep(store, *(alarm(f"a{n}", f"s{n}", raised_at=NOON - n) for n in range(count)))
    client = await browse()
    first = await page(client, "/alerts?user=anna")
    [older] = re.findall(r'href="([^"]+)" rel="next"', first)
    second = await page(client, older.replace("&amp;", "&"))

    assert [f"a{n}" for n in range(PAGE)] == listed(first)
    assert [f"a{n}" for n in range(PAGE, count)] == listed(second)
    assert 'rel="next"' not in second and 'rel="first"' in second and 'rel="first"' not in first


async def test_alerts_of_one_story_are_shown_as_one(browse, store):
    """Of one user and lane, one soon after the other; with how many wait."""
    rows = [alarm(f"a{n}", f"s{n}", raised_at=NOON - 60 * n) for n in range(3)]
    await keep(store, *rows, alarm("a9", "s9", user="berta"))
    text = await page(await browse(), "/alerts?view=groups")

    assert ["a9", "a0"] == listed(text)
    assert 'data-label="Alerts" class="number">3<' in text


async def send(client, path, form):
    """A form, as a page of the console sends it."""
    return await client.post(path, data=form, headers=from_here(client), allow_redirects=False)


@pytest.mark.parametrize("verdict", VERDICTS)
async def test_one_verdict_closes_many(browse, store, verdict):
    """Taken before or not; what is closed already stays, and who asked is told so."""
    await keep(store, alarm("a1", "s1"), alarm("a2", "s2"))
    client = await browse(roles=[Role.ANALYST])
    form = [("ids", "a1"), ("ids", "a2"), ("verdict", verdict), ("note", "seen")]
    answer = await send(client, "/alerts/bulk/close", form)
    again = await send(client, "/alerts/bulk/close", form)

    assert (303, "/alerts?state=waiting&done=closed") == (answer.status, answer.headers["Location"])
    assert "/alerts?state=waiting&done=partly" == again.headers["Location"]
    found = [await store.alert(name) for name in ("a1", "a2")]
    foreign = verdict in {"true_positive", "suspicious", "security_risk"}
    state = State.CONFIRMED if foreign else State.DISMISSED
    assert [(state, verdict, "seen")] * 2 == [(one.state, one.verdict, one.note) for one in found]
    assert ["ack", found[0].history[-1].action] == [step.action for step in found[0].history]
    assert "Closed." in await page(client, "/alerts?done=closed")


async def test_closing_wants_a_verdict_and_the_right_to_close(browse, store):
    """A viewer may look; nobody closes without saying what it was."""
    await keep(store, alarm())
    analyst, viewer = await browse(roles=[Role.ANALYST]), await browse(roles=[Role.VIEWER])

    assert 400 == (await send(analyst, "/alerts/a1/close", {"note": "seen"})).status
    assert 400 == (await send(analyst, "/alerts/a1/close", {"verdict": "fine"})).status
    assert 404 == (await send(analyst, "/alerts/a9/close", {"verdict": "benign"})).status
    assert 403 == (await send(viewer, "/alerts/a1/close", {"verdict": "benign"})).status
    assert "/alerts/bulk/close" not in await page(viewer, "/alerts")
    assert State.OPEN is (await store.alert("a1")).state
    answer = await send(analyst, "/alerts/a1/close", {"verdict": "benign"})
    assert "/alerts/a1?done=closed" == answer.headers["Location"]
