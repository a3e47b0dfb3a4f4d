"""The table of metrics holds what is promised, and everything that is counted."""

import re
from pathlib import Path

import pytest

from reauth.families import FAMILIES, unheard
from reauth.histogram import BOUNDS

ROOT = Path(__file__).parents[2]

PROMISED = """
build_info{version} inject_total{result} inject_seconds csp_rewrites_total{action}
worker_prelude_total unwatched_total{reason} silent_total bad_tokens_total oversize_total
control_stale added_ttfb_seconds tunnelled_total{reason} obs_queue_depth obs_refused_total{reason}
proxy_event_loop_lag_seconds
ingest_requests_total{code} ingest_batches_total{format,ver} ingest_events_total ingest_bytes_total
ingest_batch_events ingest_dropped_total{cause} ingest_duplicates_total ingest_late_total
ingest_gap_total ingest_queue_depth ingest_commit_seconds ingest_commit_rows shed_total{level}
bad_claims_total client_clock_skew_seconds client_dropped_events_total untrusted_events_total
score_seconds score_total{decision} score_queue_depth model_age_seconds model_cache_hits_total
users{state}
alerts_open{severity} alerts_total{verdict} time_to_triage_seconds delivery_total{sink,result}
delivery_lag_seconds outbox_depth
db_size_bytes wal_size_bytes retention_overdue_rows audit_chain_ok event_loop_lag_seconds
""".split()
"""privacy-ops.md §3; what it describes without a name has ours."""

COUNTED = re.compile(r"""(?:counters\[|_ADD, \()f?["'](\w+)(\{+)?([^"']*?)["']""")


@pytest.mark.parametrize("promised", PROMISED)
def test_what_is_promised_is_there(promised):
    """By name and labels; more labels may be there than were promised."""
    name, _, labels = promised.partition("{")

    assert set(labels.rstrip("}").split(",")) - {""} <= set(FAMILIES[name].labels)


def counted():
    """Every name that a source counts under, with its labels."""
    for part in ("reauth", "proxy_addon"):
        for path in (ROOT / part).rglob("*.py"):
            for name, _, _ in COUNTED.findall(path.read_text("utf-8")):
                yield path.name, name


def test_everything_that_is_counted_has_its_words():
    """A metric that nobody explains is looked at by nobody: give it a line in the table."""
    known = set(FAMILIES) | {f"{name}_{part}" for name in BOUNDS for part in ("sum", "count")}
    private = {"tls_held", "tls_failed"}  # what proxies tell the ingest of tunnels, and no metric
    found = {name for _, name in counted()}

    assert set() == {name for name in found - known - private if not name.endswith("_")}
    assert 25 < len(found)


def test_the_operator_is_told_of_every_metric():
    """docs/OPERATIONS.md has a row for each, with its labels and the words of its help."""
    page = (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")
    rows = []
    for name, family in FAMILIES.items():
        labels = "{" + ", ".join(family.labels) + "}" if family.labels else ""
        rows.append(f"| `{name}{labels}` | {family.help} |")

    assert [] == [row for row in rows if row not in page]


def test_no_label_is_a_person_or_a_place():
    """privacy-ops.md §3: low cardinality, never user ids."""
    labels = {label for family in FAMILIES.values() for label in family.labels}

    assert set() == labels & {"user", "client", "address", "host", "site", "session", "alert"}


def test_a_rate_has_a_beginning():
    """Counters without labels, and histograms, are 0 from the start."""
    assert 0.0 == unheard()["bad_tokens_total"] == unheard()["score_seconds_sum"]
    assert "score_total" not in unheard()
