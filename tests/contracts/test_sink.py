"""What every sink does, wherever it tells alerts.

A further sink is one more line in `SINKS`, one in `urls`, and one golden file of what it sends.
"""

import asyncio
import base64
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from aiohttp import web

from reauth.alert import Alert, Evidence, Reason, Resemblance, Risk, State, Step
from reauth.errors import SinkError
from reauth.news import Event, Letterhead, News
from reauth.settings import Sinks
from reauth.sinks import CHANNELS, open_sink
from tests.reauth.sinks.receivers import Letters, certified
from tests.rows import NOON, alarm

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "sinks"
SINKS = {
    "jsonl": "jsonl:{folder}/alerts.jsonl",
    "jsonl_ecs": "jsonl:{folder}/alerts.jsonl?format=ecs",
    "jsonl_ocsf": "jsonl:{folder}/alerts.jsonl?format=ocsf",
    "webhook": "webhook+http://siem:geheim@{http}/hook/geheim?key=geheim",
    "syslog": "syslog+tcp://{stream}?format=json",
    "syslog_cef": "syslog+tcp://{stream}",
    "hec": "hec+http://{http}",
    "slack": "slack+http://{http}/hook/geheim?users=name",
    "teams": "teams+http://{http}/hook/geheim?users=name",
    "smtp": "smtp://{mail}?users=name",
    "ticket_jira": "ticket+http://{http}/hook/geheim?template=jira&x_project=SEC",
    "ticket_servicenow": "ticket+http://{http}/hook/geheim?template=servicenow",
    "ticket_pagerduty": "ticket+http://{http}/hook/geheim?template=pagerduty",
    "ticket_alertmanager": "ticket+http://{http}/hook/geheim?template=alertmanager",
}
OWN = ("jsonl", "webhook", "syslog", "hec")
"""Those that send documents in our own words."""
SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
HEAD = Letterhead("reauth-1", "https://reauth.example/", {"identity": ("medvet", "svm")}, "0.1.0")

INTERFACE = [
    "id", "user", "client", "session", "lane", "kind", "state", "first_anomaly_at", "raised_at",
    "score", "threshold", "window", "evidence", "note", "verdict",
]  # fmt: skip
"""Keys that scripts outside rely on (interfaces.md §6)."""

NEVER = re.compile(r'"(x|y|t|dx|dy|points|page|features|token|host|body)":')
"""Keys under which movement, features or an address would stand."""

FULL = alarm(
    user="anna",
    provisional=True,
    state=State.CONFIRMED,
    note='she said: "no"\nand left',
    verdict="true_positive",
    evidence=tuple(
        Evidence(f"{n:032x}", n, NOON - 100 + n + 0.25, -1.5 + n / 8, n < 12) for n in range(30)
    ),
    history=(Step(NOON + 60, "ack", "eva", ""), Step(NOON + 90.5, "confirm", "eva", "no")),
    resembles=Resemblance("berta", 0.75),
    risk=Risk(96, (Reason("identity", 0.9), Reason("bot", 0.625))),
)
UNKNOWN = alarm("b2", of=None, user=None, lane=None, kind="tokens", evidence=())
HOSTILE = alarm(
    "c3",
    user='<!channel> "an=na"|\\ ]\r\n*_[x](https://evil.example) {{ 7*7 }}',
    client="2001:db8::1",
    evidence=FULL.evidence[:3],
)
ALERTS = {"full": FULL, "unknown": UNKNOWN, "hostile": HOSTILE}


def secret(folder, name, text):
    """The path of a secret file."""
    path = folder / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def settings(tmp_path):
    """Everything that any sink needs."""
    return {
        "webhook_secret_file": secret(tmp_path, "webhook.secret", SECRET),
        "hec_token_file": secret(tmp_path, "hec.token", "geheim-token"),
        "ticket_secret_file": secret(tmp_path, "ticket.secret", "Bearer geheim"),
        "ticket_templates": str(ROOT / "config" / "tickets"),
        "mail_from": "reauth@example.org",
        "mail_to": ("night@example.org", "eva@example.org"),
        "timeout": 10.0,
    }


class Other:
    """The other sides, all of them, on this machine."""

    def __init__(self):
        self.arrived = []

    async def take(self, asked):
        self.arrived.append(await asked.read())
        return web.json_response({"text": "Success", "code": 0})

    async def listen(self, reader, writer):
        length = int(await reader.readuntil(b" "))
        self.arrived.append(await reader.readexactly(length))
        assert b"" == await reader.read()
        writer.close()


@pytest.fixture(params=SINKS)
def sink(request, settings):
    """A sink that is only asked what it would send."""
    where = dict.fromkeys(("http", "stream", "mail"), "127.0.0.1:9")
    url = SINKS[request.param].format(folder="/nowhere", **where)
    opened = open_sink(url, Sinks(**settings), HEAD)
    opened.kind = request.param
    return opened


@pytest.fixture(params=SINKS)
async def heard(request, tmp_path, settings):
    """A sink whose other side works; `heard.other` gives what arrived there."""
    kind, other = request.param, Other()
    app = web.Application()
    app.router.add_post("/{path:.*}", other.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stream = await asyncio.start_server(other.listen, "127.0.0.1", 0)
    where = {
        "folder": tmp_path,
        "http": f"127.0.0.1:{runner.addresses[0][1]}",
        "stream": f"127.0.0.1:{stream.sockets[0].getsockname()[1]}",
        "mail": "",
    }
    letters = None
    if kind == "smtp":
        pair = certified(tmp_path)
        settings["ca_file"] = pair[0]
        letters = Letters(pair)
        where["mail"] = letters.come()
    opened = open_sink(SINKS[kind].format(**where), Sinks(**settings), HEAD)
    file = tmp_path / "alerts.jsonl"
    opened.other = lambda: (
        file.read_bytes().splitlines(keepends=True)
        if kind.startswith("jsonl")
        else letters.contents
        if letters
        else other.arrived
    )
    opened.kind = kind
    yield opened
    if letters:
        letters.go()
    stream.close()
    await runner.cleanup()


@pytest.fixture(params=SINKS)
def broken(request, settings):
    """A sink whose other side is not there."""
    nobody = "127.0.0.1:1"  # a port that no test is given
    where = dict.fromkeys(("http", "stream", "mail"), nobody)
    url = SINKS[request.param].format(folder="/nonexistent/folder", **where)
    return open_sink(url, Sinks(**settings), HEAD)


def test_every_kind_of_sink_is_looked_at_here():
    """What opens by another scheme is another sink; over TLS it is the same one."""
    here = {url.partition(":")[0].partition("+")[0].removesuffix("s") for url in SINKS.values()}

    assert here == {scheme.partition("+")[0].removesuffix("s") for scheme in CHANNELS}


@pytest.mark.parametrize("alert", ALERTS.values(), ids=ALERTS)
async def test_what_is_rendered_is_what_arrives(heard, alert):
    """Rendering is pure: the same bytes each time, and no others are sent but for a secret."""
    payload = heard.render(News(alert))
    await heard.deliver(News(alert), payload, NOON)
    [arrived] = heard.other()
    if heard.kind == "ticket_pagerduty":
        arrived = arrived.replace(b'"Bearer geheim"', b"null")

    assert payload == heard.render(News(alert))
    assert payload.rstrip() == arrived.rstrip()


def test_a_repetition_has_the_same_id_and_what_follows_another(sink):
    """Delivery is at least once: the receiver drops what it has by the id."""
    raised, closed = (sink.render(News(FULL, event)) for event in (Event.RAISED, Event.CLOSED))

    assert b"a1" in raised and raised != closed
    if sink.kind not in ("jsonl", "webhook", "hec", "ticket_pagerduty", "ticket_alertmanager",
                         "ticket_servicenow"):  # fmt: skip
        assert b"a1-closed" in closed and b"a1-closed" not in raised


@pytest.mark.parametrize("alert", [FULL, UNKNOWN], ids=["full", "unknown"])
def test_the_promised_keys_are_there(sink, alert):
    """Scripts outside rely on them; times are RFC 3339, UTC."""
    if sink.kind not in OWN:
        return
    text = sink.render(News(alert)).decode()
    document = json.loads(text[text.index("{") :])
    document = document.get("event", document)

    assert [] == [key for key in INTERFACE if key not in document]
    assert 1 == document["schema_version"]
    assert (alert.user, alert.session, alert.lane) == (
        document["user"],
        document["session"],
        document["lane"],
    )
    stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
    assert stamp.fullmatch(document["raised_at"])
    assert all(stamp.fullmatch(item["at"]) for item in document["evidence"])


@pytest.mark.parametrize("alert", [FULL, UNKNOWN], ids=["full", "unknown"])
def test_no_coordinate_leaves_the_house(sink, alert):
    """Nor a feature, an address of a page, or a secret; an alert has no place for them either."""
    text = sink.render(News(alert)).decode()

    envelope = {"hec": {"host"}, "teams": {"body"}}.get(sink.kind, set())
    assert set(NEVER.findall(text)) <= envelope
    assert "geheim" not in text
    assert not {field.name for field in fields(Alert)} & {"x", "y", "trajectory", "features"}


def test_no_secret_of_an_address_is_in_the_name(sink):
    """The name stands in the store, in logs and in metrics; secrets stand in paths as well."""
    assert "geheim" not in sink.name
    assert "siem" not in sink.name
    assert sink.name.startswith(sink.kind.partition("_")[0])


async def test_what_does_not_arrive_is_a_sink_error(broken):
    """It names neither a secret nor an address with one in it."""
    with pytest.raises(SinkError) as error:
        await broken.deliver(News(FULL), broken.render(News(FULL)), NOON)

    assert "geheim" not in str(error.value)


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("alert", ALERTS)
def test_by_another_name_nobody_finds_the_user(sink, alert, event):
    """Nor whom somebody resembles, nor what people wrote."""
    url = "jsonl:stderr?users=pseudonym"
    hidden = open_sink(url, Sinks(), HEAD, lambda: b"k" * 32)
    hidden._channel = sink._channel
    text = hidden.render(News(ALERTS[alert], event)).decode()

    assert not re.search(r"\banna\b|berta|she said|evil", text)
    assert ALERTS[alert].user is None or text.count("user-") >= 1 or sink.kind == "smtp"


@pytest.mark.parametrize("alert", ALERTS)
def test_what_is_sent_is_the_golden_file(sink, alert):
    """A change of what others read is seen in review; a picture's bytes are its library's."""
    rendered = sink.render(News(ALERTS[alert]))
    [golden] = GOLDEN.glob(f"{sink.kind}_{alert}.*")
    if sink.kind == "smtp":
        rendered = without_picture(rendered)

    assert golden.read_bytes().strip() == rendered.strip()


def without_picture(letter):
    """A letter, its picture's letters left out."""
    return re.sub(rb"(?s)(name=\"scores.png\".*?\r\n\r\n).*?(\r\n--)", rb"\1\2", letter).replace(
        b"\r\n", b"\n"
    )
