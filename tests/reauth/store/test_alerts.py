"""Alerts in the tables; what every store does with them is in the contract."""

from dataclasses import replace

import pytest

from reauth.alert import Evidence, State, Step
from reauth.ports import Commit
from reauth.store import Options, open_store
from tests.rows import NOON, alarm

OPTIONS = Options(sinks=("a", "b"))


@pytest.fixture
async def store():
    async with open_store("sqlite://:memory:", None, OPTIONS) as opened:
        yield opened


async def test_an_alert_comes_back_as_it_went_in(store):
    """To the last field."""
    alert = alarm(
        provisional=True,
        suppressed=True,
        note="n\N{MOUSE}",
        verdict="test",
        state=State.CONFIRMED,
        evidence=(Evidence("ab", 1, NOON, -0.125, True), Evidence("cd", 2, NOON, 7.0, False)),
        history=(Step(NOON, "ack", "eva", ""), Step(NOON + 1, "confirm", "eva", "her")),
    )
    await store.commit(Commit(alerts=[alert]))

    assert alert == await store.alert("a1")


async def test_deliveries_have_names_of_their_own(store):
    """Ids go on over alerts, so that none is taken for another."""
    for n in range(3):
        await store.commit(Commit(alerts=[alarm(f"a{n}", of=f"s{n}")]))
    due = await store.due(NOON, 99)

    assert [1, 2, 3, 4, 5, 6] == [delivery.id for delivery in due]
    assert ["a0", "a0", "a1", "a1", "a2", "a2"] == [delivery.alert.id for delivery in due]


async def test_a_delivery_tells_the_alert_as_it_is_now(store):
    """What an analyst has done meanwhile is not hidden from the sink."""
    await store.commit(Commit(alerts=[alarm()]))
    seen = replace(alarm(), state=State.ACKNOWLEDGED, note="looking")
    await store.update_alert(seen, State.OPEN)

    assert [seen, seen] == [delivery.alert for delivery in await store.due(NOON, 9)]


async def test_new_alerts_go_before_old_failures(store):
    """A sink that was away for a day does not keep the newest back."""
    await store.commit(Commit(alerts=[alarm("old")]))
    for delivery in await store.due(NOON, 9):
        await store.postponed(delivery.id, NOON + 5, NOON, "away")
    await store.commit(Commit(alerts=[alarm("new", of="s2")]))

    order = [delivery.alert.id for delivery in await store.due(NOON + 9, 9)]
    assert ["new", "new", "old", "old"] == order
