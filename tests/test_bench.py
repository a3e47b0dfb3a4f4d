"""Rules of the benches and of the page that quotes them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import capacity

ROOT = Path(__file__).parent.parent


def test_every_number_of_the_capacity_page_is_one_that_was_measured():
    """The page is what `bench/capacity.py` makes of the kept figures, and nothing else."""
    found = json.loads(capacity.RESULTS.read_text())

    assert capacity.PAGE.read_text() == capacity.page(found)


def test_a_missed_goal_is_said():
    """A figure that is not good enough stands there all the same."""
    assert capacity.verdict(0.1, 0.2) == "**missed**"
    assert capacity.verdict(0.2, 0.2) == "met"
    assert capacity.verdict(30.0, 20.0, at_least=False) == "**missed**"


@pytest.mark.parametrize("bench", ["ingest", "whole_path", "memory"])
def test_a_bench_runs_in_small_and_writes_its_figures(bench, tmp_path):
    """What nobody runs for a month still works when it is needed."""
    told = [sys.executable, f"bench/{bench}.py", "--tiny", "--out", str(tmp_path)]
    subprocess.run(told, cwd=ROOT, check=False, capture_output=True, timeout=200)

    found = json.loads((tmp_path / f"{bench}.json").read_text())
    assert found["machine"]["cores"] >= 1
    assert {"ratio", "resident_kb"} & set(found)
