"""The front page: what waits and what fails, in counts and newest, for who may see which."""

import asyncio
import re

import pytest

from reauth.access import Role
from reauth.alert import Severity, Step, hold, move
from reauth.console import overview
from reauth.console.health import Readiness
from reauth.errors import StoreError
from reauth.ports.roster import Listing
from tests.reauth.console.test_views import keep, page
from tests.rows import NOON, alarm


async def test_the_front_page_shows_what_waits(browse, store):
    """Open and acknowledged, newest first; closed ones not."""
    await keep(store, *(alarm(f"a{n}", f"s{n}", raised_at=NOON - n) for n in range(3)))
    for actions in (["ack"], ["ack", "dismiss"]):
        for action in actions:
            alert = await store.alert(f"a{len(actions)}")
            moved = move(alert, action, Step(NOON, action, "me", ""))
            assert await store.update_alert(moved, alert.state)

    text = await page(await browse(), "/")

    assert ["/alerts/a0", "/alerts/a1"] == re.findall(r'href="(/alerts/a\d)"', text)
    assert "<b>1</b> open alert waits" in text


async def test_what_is_wrong_stands_on_the_front_page(browse):
    """Failing open is shown, not hidden."""

    async def full():
        return "2 % free"

    text = await page(await browse(readiness=Readiness({"disk": full})), "/")

    assert "<b>disk</b>: 2 % free" in text


async def test_what_is_held_back_is_counted_and_never_hidden(browse, store):
    """By what holds it; it is not among those that wait to be looked at."""
    await keep(store, hold(alarm(), "budget"), hold(alarm("a2", "s2"), "population"))

    text = await page(await browse(), "/")

    assert "<b>2</b> open, but held back: 0 by rules, 1 by the day's budget, 1 as many came" in text
    assert "None. An alert appears here" in text


async def test_the_severest_colours_the_tile(browse, store):
    """With how many of each."""
    await keep(store, alarm(severity=Severity.CRITICAL), alarm("a2", "s2"))

    text = await page(await browse(), "/")

    assert 'class="tile bad" href="/alerts?state=open"' in text
    assert "1 critical" in text and "1 medium" in text


async def test_many_at_once_are_told_above_the_list(browse, store):
    """Before anybody looks at one of them."""
    many = {"user": None, "client": "", "session": None, "lane": None, "evidence": ()}
    await keep(store, alarm(kind="population", rule="population", low=5, window=40, **many))

    assert "Many people move unlike themselves at once" in await page(await browse(), "/")


async def test_a_sink_that_fails_is_named_with_what_it_has_not_been_told(browse, store):
    """Tried again or given up; one that takes everything is not there."""
    await keep(store, alarm())

    def fail(raw):
        rows = (
            ("jsonl:a", 2, "waiting"),
            ("webhook:b", 9, "given_up"),
            ("jsonl:c", 1, "delivered"),
        )
        for number, (sink, attempts, state) in enumerate(rows, 50):
            raw.execute(
                "INSERT INTO outbox (id, alert, sink, event, attempts, due, state)"
                " VALUES (?, 'a1', ?, 'alert.raised', ?, 0, ?)",
                (number, sink, attempts, state),
            )

    await store.desk.on(store.desk.writer, fail)
    text = await page(await browse(), "/")

    assert "not told to jsonl:a: 1 tried again, 0 given up" in text
    assert "not told to webhook:b: 0 tried again, 1 given up" in text
    assert "jsonl:c" not in text


async def test_who_may_not_see_alerts_sees_their_number_only(browse, store):
    """An auditor's front page names nobody."""
    await keep(store, alarm())
    text = await page(await browse(roles=[Role.AUDITOR]), "/")

    assert "<b>1</b> open alert waits" in text
    assert "anna" not in text and "Newest alerts" not in text


async def test_the_piece_that_is_brought_anew_is_the_page_without_its_frame(browse):
    """As htmx asks for it."""
    client = await browse()
    answer = await client.get("/", headers={"HX-Request": "true"})
    text = await answer.text()

    assert text.lstrip().startswith('<div id="overview"')
    assert "<html" not in text


class Slow:
    """A roster that is counted when it is let; how often it was asked."""

    def __init__(self):
        self.asked = 0
        self.gate = asyncio.Event()

    async def listing(self, asked):
        """So many users as it was asked."""
        self.asked += 1
        await self.gate.wait()
        if self.asked == 3:
            raise StoreError("the disk is gone")
        return Listing([], self.asked, {})


async def test_users_are_counted_beside_who_asks(monkeypatch):
    """The first waits, later ones have the last count at once; a fault is told and tried again."""
    monkeypatch.setattr(overview, "FRESH", 0.0)
    roster = Slow()
    covered = overview.Covered(roster)
    first = asyncio.create_task(covered.ask())
    await asyncio.sleep(0)
    roster.gate.set()
    assert 1 == (await first).total
    roster.gate.clear()
    assert 1 == (await covered.ask()).total
    await asyncio.sleep(0)
    assert 2 == roster.asked
    roster.gate.set()
    await covered.stop(None)
    covered = overview.Covered(roster)
    roster.asked = 2
    with pytest.raises(StoreError):
        await covered.ask()
    assert 4 == (await covered.ask()).total
    await covered.stop(None)
