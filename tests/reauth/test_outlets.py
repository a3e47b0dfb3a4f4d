"""Sinks as an installation's settings name them."""

import json

import pytest

from reauth import settings
from reauth.errors import SettingsError
from reauth.news import Event, News
from reauth.outlets import letterhead, open_higher, open_sinks, subscribers
from tests.rows import alarm


def parsed(folder, text=""):
    text = f'[state]\npath = "{folder}/state"\n{text}'
    return settings.parse(text, name="mitm.toml", folder=str(folder))


def test_what_every_message_carries_is_of_this_installation(tmp_path):
    """Its feature set, its models, its console."""
    head = letterhead(parsed(tmp_path, '[console]\nurl = "https://reauth.example"'))

    assert ("medvet", "svm") == head.models["identity"]
    assert "https://reauth.example/alerts/a1" == head.link(alarm())
    assert {"identity", "bot", "replay"} == set(head.models)


def test_those_told_of_everything_and_those_told_of_what_nobody_takes(tmp_path):
    """Each list has its own sinks."""
    told = parsed(
        tmp_path,
        '[alerts]\nescalate_to = ["jsonl:/higher"]\n'
        '[sinks]\nurls = ["jsonl:/a?events=raised,closed", "jsonl:/b"]',
    )

    assert ["jsonl:/a", "jsonl:/b"] == [sink.name for sink in open_sinks(told)]
    assert ["jsonl:/higher"] == [sink.name for sink in open_higher(told)]
    assert {
        Event.RAISED: ("jsonl:/a", "jsonl:/b"), Event.ACKNOWLEDGED: (), Event.CLOSED: ("jsonl:/a",),
    } == subscribers(open_sinks(told))  # fmt: skip


def test_the_key_of_pseudonyms_is_the_installation_s_and_made_when_needed(tmp_path):
    """To look at settings makes no file; the same user is the same pseudonym after a restart."""
    told = parsed(tmp_path, '[sinks]\nurls = ["jsonl:/a"]\npseudonyms = "all"')
    [sink] = open_sinks(told)
    assert not (tmp_path / "state").exists()
    (tmp_path / "state").mkdir()
    users = {
        json.loads(one.render(News(alarm())))["user"] for one in (sink, *open_sinks(told))
    }

    assert 1 == len(users) and users.isdisjoint({"anna"})


def test_a_sink_that_is_none_is_refused(tmp_path):
    """With the key that is wrong."""
    with pytest.raises(SettingsError, match=r"sinks\.urls"):
        open_sinks(parsed(tmp_path, '[sinks]\nurls = ["mouse:hole"]'))
