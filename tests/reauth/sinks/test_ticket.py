"""Templates of tickets: whatever is in an alert, what they make is JSON, and only what they say."""

import json
from pathlib import Path

import pytest
from aiohttp import web

from reauth.errors import SettingsError, SinkError
from reauth.news import Event, News
from reauth.settings import Sinks
from reauth.sinks import open_sink
from tests.contracts.test_sink import ALERTS, FULL, HEAD, HOSTILE
from tests.rows import NOON

SHIPPED = Path(__file__).parents[3] / "config" / "tickets"
NAMES = sorted(path.name.removesuffix(".json.j2") for path in SHIPPED.glob("*.json.j2"))


def opened(name, folder=SHIPPED, host="tickets.example", **settings):
    url = f"ticket+http://{host}/x?template={name}&x_project=SEC&kept=1"
    return open_sink(url, Sinks(ticket_templates=str(folder), **settings), HEAD)


def template(folder, text):
    (folder / "own.json.j2").write_text(text)
    return opened("own", folder)


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("alert", ALERTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_template_makes_json(name, alert, event):
    """Of every alert and every event; a name full of signs ends no string."""
    made = json.loads(opened(name).render(News(ALERTS[alert], event)))

    assert ALERTS[alert].id in json.dumps(made)


def test_the_shipped_templates_say_what_their_systems_want():
    """The keys that each API's reference calls required."""
    made = {name: json.loads(opened(name).render(News(FULL))) for name in NAMES}

    assert {"project", "issuetype", "summary"} <= set(made["jira"]["fields"])
    assert {"type": "doc", "version": 1}.items() <= made["jira"]["fields"]["description"].items()
    assert "SEC" == made["jira"]["fields"]["project"]["key"]
    assert {"short_description", "correlation_id"} <= set(made["servicenow"])
    assert {"summary", "source", "severity"} <= set(made["pagerduty"]["payload"])
    assert made["pagerduty"]["payload"]["severity"] in ("critical", "error", "warning", "info")
    [alert] = made["alertmanager"]
    assert {"labels", "annotations", "startsAt", "endsAt"} <= set(alert)


def test_pagerduty_and_alertmanager_hear_the_end_under_the_same_name():
    """So that they close what they opened."""
    acts = [
        json.loads(opened("pagerduty").render(News(FULL, event)))["event_action"] for event in Event
    ]
    assert ["trigger", "acknowledge", "resolve"] == acts
    [raised], [closed] = (
        json.loads(opened("alertmanager").render(News(FULL, event)))
        for event in (Event.RAISED, Event.CLOSED)
    )
    assert raised["labels"] == closed["labels"]
    assert raised["endsAt"] > closed["endsAt"] == "2026-05-28T20:28:10.500Z"


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ alert.pop('id') }}",
        "{{ nothing }}",
        "{{ alert.id",
        "not json",
        "{% include '/etc/passwd' %}",
    ],
    ids=["reaches out", "changes", "unknown", "no template", "no JSON", "reads"],
)
def test_a_template_reaches_nothing_and_is_tried_at_start(tmp_path, text):
    """In Jinja's sandbox; what cannot work is refused before an alert is to be told."""
    with pytest.raises(SettingsError, match=r"sinks\.(urls|ticket_templates)"):
        template(tmp_path, text)


def test_what_stands_in_an_alert_is_no_template(tmp_path):
    """`{{ 7*7 }}` in a name is text."""
    made = json.loads(template(tmp_path, '{"user": {{ alert.user }}}').render(News(HOSTILE)))

    assert {"user": HOSTILE.user} == made


@pytest.mark.parametrize("name", ["", "absent", "../secret", "a.b"])
def test_a_template_is_a_file_of_the_folder(name):
    """By a name without a stroke or a full stop."""
    with pytest.raises(SettingsError, match=r"sinks\."):
        opened(name)


async def test_the_secret_goes_where_the_template_wants_it(tmp_path):
    """Into the body, or else into the Authorization header; never into what is rendered."""
    file = tmp_path / "ticket.secret"
    file.write_text("Bearer geheim\n")
    file.chmod(0o600)
    asked = []

    async def take(request):
        asked.append((request.headers.get("authorization"), await request.json(), request.query))
        return web.Response(status=201)

    app = web.Application()
    app.router.add_post("/x", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    for name in ("servicenow", "pagerduty"):
        sink = opened(name, host=host, ticket_secret_file=str(file))
        payload = sink.render(News(FULL))
        assert b"geheim" not in payload
        await sink.deliver(News(FULL), payload, NOON)
    await runner.cleanup()
    header, body = asked

    assert ("Bearer geheim", {"kept": "1"}) == (header[0], dict(header[2]))
    assert (None, "Bearer geheim") == (body[0], body[1]["routing_key"])


async def test_nobody_there_is_a_sink_error(unused_tcp_port):
    """It comes again."""
    sink = opened("servicenow", host=f"127.0.0.1:{unused_tcp_port}")
    with pytest.raises(SinkError, match="no answer"):
        await sink.deliver(News(FULL), sink.render(News(FULL)), NOON)
