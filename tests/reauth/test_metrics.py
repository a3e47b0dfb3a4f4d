"""Rules of the metrics listener; what it writes is read by Prometheus' own parsers."""

from collections import Counter

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from reauth.histogram import observe
from reauth.metrics import application, text

VALUES = {
    "sessions": 3,
    "control_stale": 2,
    'score_total{lane="bot",decision="low"}': 12_345_678,
    'delivery_total{sink="a\\"b\\\\c",result="failed"}': 1,
    "db_size_bytes": 0.5,
    "others_total": 1,
}


def timed():
    """Values with a histogram among them."""
    counters = Counter(VALUES)
    for value in (0.002, 0.002, 0.3, 77.0):
        observe(counters, "ingest_commit_seconds", value)
    return counters


def test_each_family_has_one_type_line():
    """Prometheus refuses a second one; what the table does not know is told all the same."""
    lines = text({'a_total{x="1"}': 1, 'a_total{x="2"}': 2, "b": 0.5}).splitlines()

    assert lines == [
        "# TYPE reauth_a_total counter",
        'reauth_a_total{x="1"} 1',
        'reauth_a_total{x="2"} 2',
        "# TYPE reauth_b gauge",
        "reauth_b 0.5",
    ]


@pytest.mark.parametrize("openmetrics", [False, True], ids=["prometheus", "openmetrics"])
def test_prometheus_reads_what_was_meant(openmetrics):
    """Types, help, labels, and numbers to the last digit."""
    read = openmetrics_families if openmetrics else text_string_to_metric_families
    families = {each.name: each for each in read(text(timed(), openmetrics=openmetrics))}
    samples = {
        (each.name, *sorted(each.labels.items())): each.value
        for family in families.values()
        for each in family.samples
    }

    assert "counter" == families["reauth_score"].type == families["reauth_control_stale"].type
    assert "Sessions in memory." == families["reauth_sessions"].documentation
    assert 2 == samples[("reauth_control_stale_total",)]  # the parser's name for either
    assert 12_345_678 == samples["reauth_score_total", ("decision", "low"), ("lane", "bot")]
    assert 1 == samples["reauth_delivery_total", ("result", "failed"), ("sink", 'a"b\\c')]
    assert "histogram" == families["reauth_ingest_commit_seconds"].type
    bucket = "reauth_ingest_commit_seconds_bucket"
    told = [samples[bucket, ("le", bound)] for bound in ("0.001", "0.0025", "0.5", "2.5", "+Inf")]
    assert [0, 2, 3, 3, 4] == told
    assert 4 == samples[("reauth_ingest_commit_seconds_count",)]
    assert 77.304 == pytest.approx(samples[("reauth_ingest_commit_seconds_sum",)])


@pytest.mark.parametrize(
    ("accept", "kind", "end"),
    [
        ("*/*", "text/plain; version=0.0.4", "reauth_sessions 3\n"),
        ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text", "# EOF\n"),
    ],
)
async def test_a_scraper_gets_the_format_that_it_asks_for(accept, kind, end):
    """The path and the content type that it expects."""

    async def collect():
        return {"sessions": 3}

    async with TestClient(TestServer(application(collect))) as client:
        answer = await client.get("/metrics", headers={"Accept": accept})

        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith(kind)
        assert (await answer.text()).endswith(end)
