"""Splunk's event collector, played strictly after its reference: nobody ships the real one."""

from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from reauth.errors import SettingsError, SinkError
from reauth.news import Event, News
from reauth.settings import Sinks
from reauth.sinks import hec as module
from reauth.sinks import open_sink
from tests.contracts.test_sink import FULL, HEAD
from tests.reauth.sinks.receivers import Strict, certified, serving
from tests.rows import NOON, alarm

CHANNEL = "FE0ECFAD-13D5-401B-847D-77833BD77131"


@asynccontextmanager
async def collecting(collector, tls=None):
    app = web.Application()
    app.router.add_post("/{path:.*}", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    yield f"127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
def settings(tmp_path):
    file = tmp_path / "hec.token"
    file.write_text("geheim-token\n")
    file.chmod(0o600)
    return {"hec_token_file": str(file), "timeout": 5.0}


async def sent(url, settings, *news):
    sink = open_sink(url, Sinks(**settings), HEAD)
    for one in news:
        await sink.deliver(one, sink.render(one), NOON)


async def test_an_event_arrives_over_tls(tmp_path, settings):
    """In its envelope: time, host, source type; and the id that a search drops doubles by."""
    collector, pair = Strict("geheim-token"), certified(tmp_path)
    async with collecting(collector, serving(*pair)) as host:
        settings["ca_file"] = pair[0]
        await sent(f"hec+https://{host}", settings, News(FULL), News(FULL, Event.CLOSED))
    raised, closed = collector.events

    assert (NOON, "reauth-1", "reauth", "reauth:alert") == tuple(
        raised[key] for key in ("time", "host", "source", "sourcetype")
    )
    assert ("a1", "a1-closed") == (
        raised["fields"]["message_id"], closed["fields"]["message_id"],
    )  # fmt: skip
    assert NOON + 90.5 == closed["time"]
    assert "anna" == raised["event"]["user"]


async def test_the_canonical_document_goes_too(settings):
    """With `format=ocsf`."""
    collector = Strict("geheim-token")
    async with collecting(collector) as host:
        await sent(f"hec+http://{host}?format=ocsf", settings, News(FULL))

    assert 2004 == collector.events[0]["event"]["class_uid"]


async def test_where_there_are_receipts_one_is_waited_for(settings, monkeypatch):
    """Asked until the indexer has it; without one it is sent again later."""
    monkeypatch.setattr(module, "POLL", 0.01)
    collector = Strict("geheim-token", receipts=True)
    async with collecting(collector) as host:
        await sent(f"hec+http://{host}?channel={CHANNEL}", settings, News(alarm()))
        assert 2 == collector.asked
        monkeypatch.setattr(module, "POLLS", 0)
        with pytest.raises(SinkError, match="not indexed yet"):
            await sent(f"hec+http://{host}?channel={CHANNEL}", settings, News(alarm()))
        with pytest.raises(SinkError, match="400"):
            await sent(f"hec+http://{host}", settings, News(alarm()))


async def test_a_wrong_token_is_a_failure_that_does_not_tell_it(settings):
    """403, as the reference says."""
    async with collecting(Strict("another")) as host:
        with pytest.raises(SinkError, match="403") as error:
            await sent(f"hec+http://{host}", settings, News(alarm()))
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize("body", [b"<html>", b"[1]"])
async def test_something_else_that_answers_is_no_collector(settings, body):
    """A login page says 200 to everything."""

    class Page:
        async def take(self, _):
            return web.Response(body=body)

    async with collecting(Page()) as host:
        with pytest.raises(SinkError, match="no event collector"):
            await sent(f"hec+http://{host}", settings, News(alarm()))


@pytest.mark.parametrize(
    "url", ["hec+https://", "hec+https://splunk/services/collector", "hec+https://splunk?channel=1"]
)
def test_an_address_is_a_host_and_perhaps_a_channel(url, settings):
    """The path is the collector's own."""
    with pytest.raises(SettingsError, match=r"sinks\.urls"):
        open_sink(url, Sinks(**settings))
