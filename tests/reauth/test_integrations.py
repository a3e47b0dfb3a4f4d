"""Sinks as people see them: listed, tested, told again."""

import pytest

from reauth.errors import ReauthError, SinkError
from reauth.integrations import Integrations
from reauth.news import Event
from reauth.ports import Commit
from reauth.settings import StoreSettings
from reauth.store import Options, open_store
from reauth.store.deliveries import SqliteDeliveries
from tests.reauth.sinks.test_outbox import Ear
from tests.rows import NOON, alarm


@pytest.fixture
async def store():
    options = Options(("ear", "gone"), StoreSettings())
    async with open_store("sqlite://:memory:", None, options) as opened:
        yield opened


@pytest.fixture
def ears():
    return [Ear("ear"), Ear("eagle")]


@pytest.fixture
def integrations(store, ears):
    return Integrations(SqliteDeliveries(store.desk), ears, lambda: NOON)


async def test_those_of_the_settings_and_those_that_something_waits_for_are_listed(
    store, integrations
):
    """Whoever took a sink out of the settings sees what it has not had."""
    await store.commit(Commit(alerts=[alarm()]))
    found = {each.name: each for each in await integrations.listed()}

    assert ["ear", "eagle", "gone"] == [*found]
    assert (True, 1, (Event.RAISED,)) == (
        found["ear"].configured, found["ear"].backlog.waiting, found["ear"].events,
    )  # fmt: skip
    assert (False, 1) == (found["gone"].configured, found["gone"].backlog.waiting)


async def test_a_test_is_sent_at_once_and_kept_in_the_log(integrations, ears):
    """By the sink's name, or by a beginning that only one has."""
    assert await integrations.test("eag") is None
    ears[0].fault = SinkError("away")
    assert "away" == await integrations.test("ear")

    assert 1 == len(ears[1].heard)
    assert [("ear", "failed"), ("eagle", "delivered")] == [
        (attempt.sink, attempt.result) for attempt in await integrations.log()
    ]
    assert ["eagle"] == [attempt.sink for attempt in await integrations.log("eagle")]


@pytest.mark.parametrize(("name", "told"), [("ea", "several"), ("owl", "no sink"), ("", "several")])
async def test_a_name_that_is_not_one_sink_s_is_refused(integrations, name, told):
    """Nothing is sent then."""
    with pytest.raises(ReauthError, match=told):
        await integrations.test(name)


async def test_a_delivery_that_there_is_not_cannot_begin_anew(store, integrations):
    """One that there is can."""
    await store.commit(Commit(alerts=[alarm()]))
    [first, *_] = await store.due(NOON, 9)
    await integrations.again(first.id)
    with pytest.raises(ReauthError, match="no delivery 999"):
        await integrations.again(999)
