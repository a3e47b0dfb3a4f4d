"""Slack's blocks, read by Slack's own library (PyPI's `slack-sdk`), which knows their limits."""

import json

import pytest
from slack_sdk.models.blocks import Block

from reauth.alert import Evidence, Reason, Risk
from reauth.errors import SettingsError
from reauth.news import Event, Letterhead, News
from reauth.settings import Sinks
from reauth.sinks import open_sink
from reauth.sinks.slack import blocks, escaped
from tests.contracts.test_sink import ALERTS, HEAD, HOSTILE
from tests.rows import NOON, alarm


def read(news, head=HEAD):
    """The blocks as the library has them; it raises where one breaks a rule."""
    made = json.loads(json.dumps(blocks(news, head)))
    parsed = Block.parse_all(made)
    for block in parsed:
        block.validate_json()
    return made


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("alert", ALERTS)
def test_slack_s_own_library_takes_every_block(alert, event):
    """Header, facts, chart, caution, link."""
    kinds = [block["type"] for block in read(News(ALERTS[alert], event))]

    assert "header" == kinds[0]
    assert "actions" == kinds[-1]
    assert "actions" not in [block["type"] for block in read(News(alarm()), Letterhead())]


def test_the_largest_alert_keeps_the_limits():
    """A name of 256 signs that grow when they are escaped, all facts there are, many scores."""
    alert = alarm(
        user="&" * 256,
        kind="impostor",
        provisional=True,
        verdict="insufficient_data",
        evidence=tuple(Evidence("", n, NOON, -1.0, True) for n in range(500)),
        risk=Risk(99, tuple(Reason("&" * 99, 0.5) for _ in range(99))),
    )
    for block in read(News(alert)):
        assert len(block.get("fields", [])) <= 10
        for text in [*block.get("fields", []), block.get("text", {"text": ""})]:
            assert len(text["text"]) <= {"header": 150}.get(block["type"], 3000)


def test_a_name_calls_nobody_and_links_nowhere():
    """`<!channel>` would wake everybody; in a heading, which is plain text, it wakes nobody."""
    made = read(News(HOSTILE))
    marked = [text for block in made for text in block.get("fields", [])]

    assert all("<" not in text["text"] and text["verbatim"] for text in marked)
    assert "plain_text" == made[0]["text"]["type"]


def test_what_is_cut_halves_no_entity():
    """It is cut before it is escaped."""
    for most in range(1, 30):
        found = escaped("&<>" * 9, most)
        assert len(found) <= most
        assert found.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "") == ""


@pytest.mark.parametrize("url", ["slack+https://", "slack+https://hooks.slack.com/"])
def test_a_webhook_without_its_path_is_refused(url):
    """The path is the secret."""
    with pytest.raises(SettingsError, match=r"sinks\.urls"):
        open_sink(url, Sinks())
