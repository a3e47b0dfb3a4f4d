"""An Adaptive Card; Microsoft's own library for the browser reads it where node has it."""

import json
import subprocess
from pathlib import Path

import pytest

from reauth.errors import SettingsError
from reauth.news import Event, Letterhead, News
from reauth.settings import Sinks
from reauth.sinks import open_sink
from reauth.sinks.teams import card, plain
from tests.contracts.test_sink import ALERTS, HEAD, HOSTILE
from tests.rows import alarm

CLIENTS = Path(__file__).parents[2] / "clients"
READ = """
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
const cards = createRequire(import.meta.url)('adaptivecards/dist/adaptivecards.js');
for (const json of JSON.parse(readFileSync(0, 'utf8'))) {
  const card = new cards.AdaptiveCard();
  const context = new cards.SerializationContext();
  card.parse(json, context);
  const found = card.validateProperties();
  const faults = [...Array(context.eventCount).keys()].map((at) => context.getEventAt(at).message);
  const failed = found.validationEvents.map((event) => event.message);
  console.log(JSON.stringify([card.getItemCount(), card.toJSON().type, [...faults, ...failed]]));
}
"""


@pytest.mark.skipif(
    not (CLIENTS / "node_modules" / "adaptivecards").exists(), reason="make setup brings it"
)
def test_microsoft_s_own_library_reads_every_card():
    """Without a fault; one that is none has some."""
    made = [card(News(alert, event), HEAD) for alert in ALERTS.values() for event in Event]
    wrong = {**made[0], "body": [{"type": "Mouse"}]}
    told = subprocess.run(
        ["node", "--input-type=module", "--eval", READ],
        input=json.dumps([*made, wrong]),
        capture_output=True, check=True, cwd=CLIENTS, text=True,
    )  # fmt: skip
    *read, refused = map(json.loads, told.stdout.splitlines())

    assert [[len(one["body"]), "AdaptiveCard", []] for one in made] == read
    assert refused[2]


def test_a_card_is_a_message_s_only_attachment():
    """As Workflows takes it; below Teams' 28 kB."""
    sink = open_sink("teams+https://flow.example/x?users=name", Sinks(), HEAD)
    for alert in ALERTS.values():
        payload = sink.render(News(alert))
        [attachment] = json.loads(payload)["attachments"]

        assert "application/vnd.microsoft.card.adaptive" == attachment["contentType"]
        assert len(payload) < 28_000


def test_a_name_links_nowhere():
    """Its Markdown is escaped, and long text cut."""
    value = card(News(HOSTILE), HEAD)["body"][1]["facts"][0]["value"]

    assert r"\[x\]\(https://evil.example\)" in value
    assert len(plain("x" * 5000)) == 1000


def test_without_a_console_there_is_no_button():
    """A link that leads nowhere helps nobody."""
    assert "actions" not in card(News(alarm()), Letterhead())
    assert "https://reauth.example/alerts/a1" == card(News(alarm()), HEAD)["actions"][0]["url"]


@pytest.mark.parametrize("url", ["teams+https://", "teams+https://flow.example/"])
def test_a_webhook_without_its_path_is_refused(url):
    """The path is the secret."""
    with pytest.raises(SettingsError, match=r"sinks\.urls"):
        open_sink(url, Sinks())
