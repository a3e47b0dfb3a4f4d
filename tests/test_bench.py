"""The benches run, say what they promise, and the published numbers are theirs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RATES = {"batches_per_s", "p50_ms", "p99_ms", "server_us_a_batch"}
COMPARED = {
    "ratio", "processor_ratio", "ratio_grouped", "wanted_ratio", "rounds", "bare",
    "one_a_request", "half_rate", "grouped", "users", "connections",
}  # fmt: skip
KEYS = {
    "ingest": COMPARED,
    "whole_path": COMPARED | {"support_vectors"},
    "console": {"pages_p95_s", "pages_p50_s", "ingest_p99_ms", "missed", "scale", "wanted"},
    "engine": {"ratio", "wanted_ratio", "largest_difference", "shipped_us", "scikit_learn_us"},
    "memory": {
        "resident_kb", "allocated_kb", "state_bytes", "template_kb", "raw_bytes_a_batch",
        "wanted_kb",
    },
}  # fmt: skip
PROXIES = ("injected", "h2", "batches", "stalled")
"""Rows of `bench/proxy.py` that between them ask in every way."""


def run(name, *options):
    """A bench as `make bench` starts it; its exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, f"bench/{name}.py", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_bench_prints_a_table_and_writes_its_figures(tmp_path, name):
    """Small enough to measure nothing: what is tested is that it works from end to end."""
    code, said = run(name, "--tiny", "--out", str(tmp_path))
    assert code == 0, said
    figures = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))

    assert KEYS[name] <= figures.keys()
    assert {"processor", "cores", "date", "python"} <= figures["machine"].keys()
    assert "---" in said
    if name in ("ingest", "whole_path"):
        assert figures["grouped"].keys() == RATES
        assert [path.name for path in tmp_path.iterdir()] == [f"{name}.json"]


@pytest.mark.slow
def test_the_verifiers_bench_compares_every_live_verifier_with_a_peer(tmp_path):
    """Of an SVM the peer is the same machine: it decides alike to 1e-9, or nothing is compared."""
    code, said = run("verifiers", "--tiny", "--out", str(tmp_path))
    assert code == 0, said
    figures = json.loads((tmp_path / "verifiers.json").read_text("utf-8"))
    found = figures["verifiers"]

    assert {"processor", "cores", "date", "python"} <= figures["machine"].keys()
    assert {"movement", "svm", "weibull"} == found.keys()
    assert "---" in said
    for name, each in found.items():
        assert each["same_machine"] == (name != "weibull")
        assert each["largest_difference"] <= 1e-9
        for key in ("features_us", "score_us", "peer_us", "ratio"):
            assert {"one", "batch"} == each[key].keys()


@pytest.mark.slow
def test_the_lanes_bench_compares_all_with_one(tmp_path):
    """Small enough to measure nothing."""
    code, said = run("lanes", "--tiny", "--out", str(tmp_path))
    assert code == 0, said
    figures = json.loads((tmp_path / "lanes.json").read_text("utf-8"))

    assert {"lanes", "wanted_ratio", "aim_ratio", "machine"} == figures.keys()
    assert {"svm", "movement"} == figures["lanes"].keys()


@pytest.mark.slow
def test_the_replays_bench_compares_a_look_up_with_a_scan(tmp_path):
    """Both find every exact replay among the same movements, or nothing is compared."""
    code, said = run("replays", "--tiny", "--out", str(tmp_path))
    assert code == 0, said
    figures = json.loads((tmp_path / "replays.json").read_text("utf-8"))

    assert {"processor", "cores", "date", "python"} <= figures["machine"].keys()
    assert {"library": figures["asked"], "scan": figures["asked"]} == figures["found"]
    assert figures["ratio"] > 0
    assert (
        figures["ms"]["library"].keys() == {"median_ms", "p95_ms"} == figures["ms"]["scan"].keys()
    )
    assert "---" in said


def test_every_number_of_the_capacity_document_is_a_published_result():
    """It is written by `bench/capacity.py --publish`, never by hand."""
    code, said = run("capacity", "--check")

    assert code == 0, said


def test_the_published_results_name_the_machine_and_every_bench():
    """A number without its machine says nothing."""
    published = json.loads((ROOT / "bench" / "results.json").read_text("utf-8"))

    assert KEYS.keys() | {"observer", "proxy"} == published.keys()
    for name, keys in KEYS.items():
        assert keys <= published[name].keys()
        assert published[name]["machine"]["processor"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("go") is None, reason="its load generator is built by go")
def test_the_proxies_bench_compares_and_checks_every_answer(tmp_path):
    """Small enough to measure nothing; an answer that is not to the byte would end it."""
    code, said = run("proxy", "--tiny", "--out", str(tmp_path), "--only", *PROXIES)
    assert code == 0, said
    figures = json.loads((tmp_path / "proxy.json").read_text("utf-8"))

    assert set(PROXIES) == figures["rows"].keys()
    assert {"mitmproxy", "go", "nginx"} <= figures["versions"].keys()
    assert all(row["goals"] for row in figures["rows"].values())
    assert "naive" in figures["rows"]["injected"]["medians"]
    assert [path.name for path in tmp_path.iterdir()] == ["proxy.json"]
