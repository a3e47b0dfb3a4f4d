"""Spans, by a collector that reads OTLP as its authors define it."""

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web

from reauth import app
from reauth.claim import seal
from reauth.errors import SettingsError
from reauth.settings import Tracing
from reauth.tracing import ALLOWED, OFF, Otlp, tracing
from tests.live import accepted, movement
from tests.reauth.test_app import settings  # noqa: F401 - a fixture

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@asynccontextmanager
async def collector():
    """A real receiver of OTLP over HTTP: its endpoint, and the spans that came."""
    message = pytest.importorskip(
        "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
        reason="the extra `otel` is not installed",
    )
    spans = []

    async def traces(request):
        told = message.ExportTraceServiceRequest.FromString(await request.read())
        for resource in told.resource_spans:
            for scope in resource.scope_spans:
                spans.extend((span, resource.resource) for span in scope.spans)
        answer = message.ExportTraceServiceResponse().SerializeToString()
        return web.Response(body=answer, content_type="application/x-protobuf")

    server = web.Application()
    server.router.add_post("/v1/traces", traces)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces", spans
    finally:
        await runner.cleanup()


async def sent(house, batches, **headers):
    """A group, as a proxy process sends it."""
    now = app.now()
    items = [(replace(one.claim, issued=now, received=now), one.body) for one in batches]
    async with aiohttp.ClientSession() as session:
        url = f"{house.urls['ingest']}/v1/batches"
        async with session.post(url, data=seal(house.keys, items, {}, now), headers=headers) as got:
            assert 200 == got.status


async def test_a_group_that_the_proxy_chose_is_traced_to_its_commit(settings):  # noqa: F811 - it
    """One trace, the proxy's; taken in, compared, committed; and nothing personal in it."""
    async with collector() as (endpoint, spans):
        traced = replace(settings, tracing=Tracing(endpoint=endpoint))
        batches = accepted(movement(0, 8))

        def work():
            return asyncio.run(within())

        async def within():
            async with app.house(traced) as house:
                await sent(house, batches[:3])
                await sent(house, batches[3:], traceparent=f"00-{TRACE}-{PARENT}-01")

        await asyncio.to_thread(work)  # its end waits for the collector, which is on this loop

    found = {span.name: span for span, _ in spans}
    assert {"ingest.batches", "engine.score", "store.commit"} == set(found)
    assert 3 == len(spans)
    assert {TRACE} == {span.trace_id.hex() for span in found.values()}
    top = found["ingest.batches"]
    assert PARENT == top.parent_span_id.hex()
    assert {top.span_id} == {found[name].parent_span_id for name in set(found) - {top.name}}
    told = {item.key for span in found.values() for item in span.attributes}
    assert {"batches"} <= told <= ALLOWED
    assert len(batches) - 3 == {i.key: i.value.int_value for i in top.attributes}["batches"]
    everything = b"".join(span.SerializeToString() for span, _ in spans)
    assert b"alice" not in everything and b"10.0.0.1" not in everything
    [name] = {i.value.string_value for i in spans[0][1].attributes if i.key == "service.name"}
    assert "reauth" == name


async def test_a_fault_is_told_by_its_kind():
    """Its text may say anything; attributes that are not on the list go nowhere."""
    async with collector() as (endpoint, spans):

        def work():
            tracer = Otlp(endpoint)
            with (
                pytest.raises(ValueError, match="anna"),
                tracer.span("engine.score", f"00-{TRACE}-{PARENT}-01", batches=1, user=7),
            ):
                raise ValueError("anna")
            tracer.close()

        await asyncio.to_thread(work)

    [(span, _)] = spans
    assert "ValueError" == span.status.message
    assert [] == list(span.events)
    assert ["batches"] == [item.key for item in span.attributes]


def test_a_collector_that_is_away_holds_nobody_up():
    """A stop has 10 s for everything."""
    pytest.importorskip("opentelemetry.sdk", reason="the extra `otel` is not installed")
    with tracing(Tracing(endpoint="http://127.0.0.1:9/v1/traces")) as tracer:
        with tracer.span("engine.score", f"00-{TRACE}-{PARENT}-01", batches=1):
            pass
        began = time.monotonic()
    assert time.monotonic() - began < 4


def test_without_the_extra_one_line_says_what_to_install(monkeypatch):
    """And nothing starts half."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with (
        pytest.raises(SettingsError, match=r"pip install 'reauth\[otel\]'"),
        tracing(Tracing(endpoint="http://127.0.0.1:4318/v1/traces")),
    ):
        pass


def test_it_is_off_by_default_and_then_nothing():
    """The same empty context each time; OpenTelemetry is not even loaded."""
    with tracing(Tracing()) as tracer:
        assert tracer is OFF
        assert tracer.span("a", None, batches=1) is tracer.span("b") is tracer.under(None)
        assert tracer.current() is None
