"""What the settings name is opened: the store with its doors and its key, the sinks."""

from pathlib import Path

import pytest

from reauth import opening
from reauth.audit import Deed
from reauth.errors import SettingsError
from reauth.news import Event
from reauth.ports import Sought
from reauth.settings import Alerts, Settings, Sinks
from reauth.settings import State as Folder
from tests.rows import NOON, learnt


@pytest.fixture
def settings(tmp_path):
    """Of an installation in a folder of its own."""
    return Settings(
        state=Folder(path=str(tmp_path / "state")),
        sinks=Sinks(urls=("jsonl:/tmp/a.jsonl", "jsonl:/tmp/b.jsonl?events=raised,closed")),
        alerts=Alerts(escalate_to=("jsonl:/tmp/pager.jsonl",)),
    )


async def test_the_store_is_made_with_its_key_and_opened_with_it(settings):
    """0600, and the same key ever after."""
    async with opening.opened_store(settings) as store:
        await store.save_template(learnt())
    key = Path(settings.store_key_path)
    assert 0o600 == key.stat().st_mode & 0o777  # noqa: ASYNC240 - a test
    async with opening.opened_store(settings) as store:
        assert "anna" == (await store.template("anna")).user

    key.chmod(0o644)  # noqa: ASYNC240 - a test
    with pytest.raises(SettingsError, match="chmod 600"):
        async with opening.opened_store(settings):
            pass


async def test_every_door_is_opened_on_the_same_store(settings):
    """What is noted through one process is read through another."""
    async with opening.opened_doors(settings) as doors:
        await doors.audit.append(Deed(NOON, "anna", "alert.ack", "a1", True, ""))
    async with opening.opened_doors(settings) as doors:
        assert 1 == len(await doors.audit.entries(Sought(), 9))


def test_sinks_are_opened_as_the_settings_name_them(settings):
    """Those that hear of everything, and those that hear of what nobody takes."""
    names = [sink.name for sink in opening.open_sinks(settings)]

    assert 2 == len(names)
    assert ["jsonl:/tmp/pager.jsonl"] == [sink.name for sink in opening.open_higher(settings)]


async def test_the_store_knows_who_asks_for_which_event(settings):
    """So that each is told of no more than that."""
    sinks = opening.open_sinks(settings)
    async with opening.store_of(settings, sinks) as store:
        told = store.told

    assert 2 == len(told[Event.RAISED])
    assert 1 == len(told[Event.CLOSED])
    assert () == tuple(told[Event.ACKNOWLEDGED])


async def test_integrations_are_those_of_the_settings(settings):
    """With what each was told."""
    async with opening.opened_integrations(settings) as found:
        assert 2 == len(await found.listed())


def test_what_is_sent_says_where_people_reach_the_console(settings):
    """And what judged."""
    head = opening.letterhead(settings)

    assert head.console is None
    assert {"identity", "bot", "replay"} == set(head.models)
