"""What every sink does, wherever it tells alerts.

A further sink is one more line in `SINKS`, and one golden file of what it sends.
"""

import base64
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from aiohttp import web

from reauth.alert import Alert, Evidence, Reason, Resemblance, Risk, State, Step
from reauth.errors import SinkError
from reauth.settings import Sinks
from reauth.sinks import open_sink
from tests.rows import NOON, alarm

GOLDEN = Path(__file__).parents[1] / "golden" / "sinks"
SINKS = ["jsonl", "webhook"]
SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()

INTERFACE = [
    "id", "user", "client", "session", "lane", "kind", "state", "first_anomaly_at", "raised_at",
    "score", "threshold", "window", "evidence", "note", "verdict",
]  # fmt: skip
"""Keys that scripts outside rely on (interfaces.md §6)."""

NEVER = re.compile(r'"(x|y|t|dx|dy|points|page|features?|token|host|url|body)"')
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


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "webhook.secret"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    return str(path)


@pytest.fixture(params=SINKS)
async def sink(request, tmp_path, secret_file, unused_tcp_port):
    """A sink whose other side works; `sink.other` gives what arrived there."""
    arrived = []

    async def take(asked):
        arrived.append(await asked.read())
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook/geheim", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    urls = {
        "jsonl": f"jsonl:{tmp_path}/alerts.jsonl",
        "webhook": f"webhook+http://siem:geheim@127.0.0.1:{unused_tcp_port}/hook/geheim?key=geheim",
    }
    opened = open_sink(urls[request.param], Sinks(webhook_secret_file=secret_file))
    file = tmp_path / "alerts.jsonl"
    opened.other = lambda: (
        file.read_bytes().splitlines(keepends=True) if request.param == "jsonl" else arrived
    )
    opened.kind = request.param
    yield opened
    await runner.cleanup()


@pytest.fixture(params=SINKS)
def broken(request, secret_file, unused_tcp_port):
    """A sink whose other side is not there."""
    urls = {
        "jsonl": "jsonl:/nonexistent/folder/alerts.jsonl",
        "webhook": f"webhook+http://siem:geheim@127.0.0.1:{unused_tcp_port}/hook/geheim",
    }
    settings = Sinks(webhook_secret_file=secret_file, timeout=5.0)
    return open_sink(urls[request.param], settings)


@pytest.mark.parametrize("alert", [FULL, UNKNOWN], ids=["full", "unknown"])
async def test_what_is_rendered_is_what_arrives(sink, alert):
    """Rendering is pure: the same bytes each time, and no others are sent."""
    payload = sink.render(alert)
    await sink.deliver(alert, payload, NOON)

    assert payload == sink.render(alert)
    assert [payload] == sink.other()


async def test_a_repetition_has_the_same_id(sink):
    """Delivery is at least once: the receiver drops what it has by the id."""
    for now in (NOON, NOON + 5):
        await sink.deliver(FULL, sink.render(FULL), now)

    assert [FULL.id, FULL.id] == [json.loads(line)["id"] for line in sink.other()]


@pytest.mark.parametrize("alert", [FULL, UNKNOWN], ids=["full", "unknown"])
def test_the_promised_keys_are_there(sink, alert):
    """Scripts outside rely on them; times are RFC 3339, UTC."""
    document = json.loads(sink.render(alert))

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
    text = sink.render(alert).decode()

    assert not NEVER.search(text)
    assert "geheim" not in text
    assert not {field.name for field in fields(Alert)} & {"x", "y", "trajectory", "features"}


def test_no_secret_of_an_address_is_in_the_name(sink):
    """The name stands in the store, in logs and in metrics; secrets stand in paths as well."""
    assert "geheim" not in sink.name
    assert "siem" not in sink.name
    assert sink.name.startswith(sink.kind)


async def test_what_does_not_arrive_is_a_sink_error(broken):
    """It names neither a secret nor an address with one in it."""
    with pytest.raises(SinkError) as error:
        await broken.deliver(FULL, broken.render(FULL), NOON)

    assert "geheim" not in str(error.value)


@pytest.mark.parametrize("alert", ["full", "unknown"])
def test_what_is_sent_is_the_golden_file(sink, alert):
    """A change of what others read is seen in review."""
    rendered = sink.render({"full": FULL, "unknown": UNKNOWN}[alert])
    golden = GOLDEN / f"{sink.kind}_{alert}.json"

    assert golden.read_bytes().strip() == rendered.strip()
