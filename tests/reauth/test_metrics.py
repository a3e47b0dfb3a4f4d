"""Rules of the metrics listener."""

from aiohttp.test_utils import TestClient, TestServer

from reauth.metrics import application, text


def test_each_family_has_one_type_line():
    """Prometheus refuses a second one."""
    lines = text({"a_total{x=\"1\"}": 1, "a_total{x=\"2\"}": 2, "b": 0.5}).splitlines()

    assert lines == [
        "# TYPE reauth_a_total counter",
        'reauth_a_total{x="1"} 1',
        'reauth_a_total{x="2"} 2',
        "# TYPE reauth_b gauge",
        "reauth_b 0.5",
    ]


async def test_metrics_are_answered_as_text():
    """The path and the content type that a scraper expects."""

    async def collect():
        return {"sessions": 3}

    async with TestClient(TestServer(application(collect))) as client:
        answer = await client.get("/metrics")

        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "reauth_sessions 3" in await answer.text()
